//! A plan as data, for programs. Pure: no I/O.

use serde::Serialize;
use serde_json::Value;

use super::{Effect, Order, Plan, Stage, Step};
use crate::mesh::{Mesh, id::ServiceKind, links::Key, network, settings::StackVersion};

/// The cluster of a key, and the one that it is for if it is one link's.
fn of_key(key: Key) -> String {
    key.searcher.map_or_else(|| key.of.to_string(), |searcher| format!("{} {searcher}", key.of))
}

/// The version of this form: it changes when a reader has to.
const VERSION: u32 = 2;

/// A plan and the mesh that it leads to.
#[derive(Debug, Serialize)]
pub struct PlanData {
    version: u32,
    mesh: MeshData,
    stages: Vec<StageData>,
    /// Whether carrying it out deletes data.
    destroys: bool,
}

#[derive(Debug, Serialize)]
struct MeshData {
    dir: String,
    /// A number for 1 to that many, else a set as a text.
    clusters: Value,
    stack_version: StackVersion,
    kibana: bool,
    network: String,
    subnet: String,
}

#[derive(Debug, Serialize)]
struct StageData {
    title: &'static str,
    /// How many clusters are worked on at the same time, each step by step; all steps together if it is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    clusters_at_once: Option<usize>,
    steps: Vec<StepData>,
}

#[derive(Debug, Serialize)]
struct StepData {
    effect: &'static str,
    step: &'static str,
    /// What it is done to.
    subject: String,
    /// As people read it.
    text: String,
    /// In what a container that is replaced differs from the one that takes its place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    differences: Vec<String>,
}

impl PlanData {
    pub fn new(mesh: &Mesh, plan: &Plan) -> Self {
        Self {
            version: VERSION,
            mesh: MeshData {
                dir: mesh.dir.display().to_string(),
                clusters: mesh.cluster_set().to_mesh_json(),
                stack_version: mesh.spec.stack_version,
                kibana: mesh.services_of(ServiceKind::Kibana).next().is_some(),
                network: mesh.network_name(),
                subnet: mesh.subnet.to_string(),
            },
            stages: plan.stages.iter().map(StageData::new).collect(),
            destroys: plan.destroys(),
        }
    }
}

impl StageData {
    fn new(stage: &Stage) -> Self {
        let clusters_at_once = match stage.order {
            Order::Together => None,
            Order::ByCluster { at_once } => Some(at_once),
        };
        Self { title: stage.title, clusters_at_once, steps: stage.steps.iter().map(StepData::new).collect() }
    }
}

impl StepData {
    fn new(step: &Step) -> Self {
        let effect = match step.effect() {
            Effect::Adds => "adds",
            Effect::Changes => "changes",
            Effect::Removes => "removes",
            Effect::Waits => "waits",
        };
        let (name, subject) = parts(step);
        let differences = match step {
            Step::RemoveContainer { differs, .. } => differs.clone(),
            Step::UpdateContainer { from, to, .. } => from.changes(to),
            _ => Vec::new(),
        };
        Self { effect, step: name, subject, text: step.to_string(), differences }
    }
}

/// A step's name and its subject.
fn parts(step: &Step) -> (&'static str, String) {
    match step {
        Step::PullImage(image) => ("pull-image", image.clone()),
        Step::ProveDirectory => ("prove-directory", "all".to_owned()),
        Step::TryImage { image, .. } => ("try-image", image.clone()),
        Step::Record => ("record", "mesh.json".to_owned()),
        Step::Rebuild => ("rebuild-record", "mesh.json".to_owned()),
        Step::RecoverCredentials => ("recover-credentials", "credentials.txt".to_owned()),
        Step::RemoveRecoveryUser(cluster) => ("remove-recovery-user", cluster.to_string()),
        Step::ResetPassword(cluster) => ("reset-password", cluster.to_string()),
        Step::CreateAccount { uid } => ("create-account", uid.to_string()),
        Step::SetPermissions(misfit) => ("set-permissions", misfit.path.clone()),
        Step::WriteCredentials => ("write-credentials", "credentials.txt".to_owned()),
        Step::IssueAuthority(cluster) => ("issue-authority", cluster.to_string()),
        Step::IssueNextAuthority(cluster) => ("issue-next-authority", cluster.to_string()),
        Step::PromoteAuthority(cluster) => ("promote-authority", cluster.to_string()),
        Step::RetireAuthority(cluster) => ("retire-authority", cluster.to_string()),
        Step::AwaitCertificate(cluster) => ("await-certificate", cluster.first_node().to_string()),
        Step::IssueCertificate(service) => ("issue-certificate", service.to_string()),
        Step::WriteBundle(cluster) => ("write-bundle", cluster.to_string()),
        Step::WriteBrowserBundle => ("write-browser-bundle", "ca.crt".to_owned()),
        Step::SeedConfig(service) => ("seed-config", service.to_string()),
        Step::WriteSettings(service) => ("write-settings", service.to_string()),
        Step::WriteKeystore(cluster) => ("write-keystore", cluster.to_string()),
        Step::CreateNetwork => ("create-network", network::NAME.to_owned()),
        Step::RemoveNetwork { .. } => ("remove-network", network::NAME.to_owned()),
        Step::CreateContainer(service) => ("create-container", service.to_string()),
        Step::UpdateContainer { service, .. } => ("update-container", service.to_string()),
        Step::StartContainer(service) => ("start-container", service.to_string()),
        Step::StopContainer(service) => ("stop-container", service.to_string()),
        Step::RestartContainer(service) => ("restart-container", service.to_string()),
        Step::RemoveContainer { service, .. } => ("remove-container", service.to_string()),
        Step::RemoveOrphan(name) => ("remove-stray", name.clone()),
        Step::AwaitReady(service) => ("await-ready", service.to_string()),
        Step::ApplyLicense(cluster) => ("apply-license", cluster.to_string()),
        Step::StartTrial(cluster) => ("start-trial", cluster.to_string()),
        Step::SetPasswords(cluster) => ("set-passwords", cluster.to_string()),
        Step::IssueKey(key) => ("issue-key", of_key(*key)),
        Step::UpdateKey(key) => ("update-key", of_key(*key)),
        Step::ExtendKey(key) => ("extend-key", of_key(*key)),
        Step::RevokeKeys(cluster) => ("revoke-keys", cluster.to_string()),
        Step::StoreCredentials { on, .. } => ("store-credentials", on.to_string()),
        Step::Connect { on, .. } => ("connect", on.to_string()),
        Step::Disconnect { on, .. } => ("disconnect", on.to_string()),
        Step::ProveLinks { on, .. } => ("prove-links", on.to_string()),
        Step::RemoveFiles(cluster) => ("remove-files", cluster.to_string()),
        Step::WriteHosts => ("write-hosts", "/etc/hosts".to_owned()),
        Step::RemoveHosts => ("remove-hosts", "/etc/hosts".to_owned()),
        Step::RemoveDirectory => ("remove-directory", "all".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng as _, rngs::StdRng};
    use time::OffsetDateTime;

    use super::*;
    use crate::{
        facts::observed::Observed,
        mesh::credentials::Credentials,
        plan::reconcile::{PlanInputs, reconcile},
    };

    fn data(mesh: &Mesh, there: &Observed) -> serde_json::Value {
        let inputs = PlanInputs::new(OffsetDateTime::UNIX_EPOCH, 2);
        serde_json::to_value(PlanData::new(mesh, &reconcile(mesh, there, &inputs))).unwrap()
    }

    #[test]
    fn a_plan_is_data() {
        let data = data(&Mesh::example(2), &Observed::default());
        insta::assert_snapshot!(serde_json::to_string_pretty(&data["mesh"]).unwrap(), @r#"
        {
          "clusters": 2,
          "dir": "/mnt/data/mesh",
          "kibana": true,
          "network": "data-mesh-network",
          "stack_version": "9.5.3",
          "subnet": "10.213.0.0/24"
        }
        "#);
        assert_eq!((&data["version"], &data["destroys"]), (&2.into(), &false.into()));
        let containers = data["stages"].as_array().unwrap().iter().find(|stage| stage["title"] == "create containers");
        insta::assert_snapshot!(serde_json::to_string_pretty(&containers.unwrap()["steps"][0]).unwrap(), @r#"
        {
          "effect": "adds",
          "step": "create-container",
          "subject": "cluster01-elastic",
          "text": "container cluster01-elastic"
        }
        "#);
    }

    #[test]
    fn no_secret_is_in_it() {
        let credentials = Credentials::generate(6, &mut StdRng::seed_from_u64(1));
        let there = Observed { credentials: Some(credentials.clone()), ..Observed::default() };
        let text = data(&Mesh::example(3), &there).to_string();
        assert!(text.contains("set-passwords"), "{text}");
        for secret in [&credentials.elastic, &credentials.kibana_system, &credentials.kibana_encryption_key] {
            assert!(!text.contains(secret.expose()));
        }
    }
}
