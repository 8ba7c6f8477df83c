//! A plan as data, for programs. Pure: no I/O.

use serde::Serialize;
use serde_json::Value;

use super::{Description, Effect, Order, Plan, Stage, Step};
use crate::mesh::{
    Mesh,
    id::{ClusterId, ServiceKind},
    name::MeshName,
    settings::StackVersion,
};

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
    effect: Effect,
    step: &'static str,
    /// What it is done to.
    subject: String,
    /// The cluster that the subject belongs to, if it is one cluster's.
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<ClusterId>,
    /// As people read it.
    text: String,
    /// The reason that a mesh needs such a step.
    why: &'static str,
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
            stages: plan.stages.iter().map(|stage| StageData::new(stage, plan.mesh.as_ref())).collect(),
            destroys: plan.destroys(),
        }
    }
}

impl StageData {
    fn new(stage: &Stage, mesh: Option<&MeshName>) -> Self {
        let clusters_at_once = match stage.order {
            Order::Together => None,
            Order::ByCluster { at_once } => Some(at_once),
        };
        let steps = stage.steps.iter().map(|step| StepData::new(step, mesh)).collect();
        Self { title: stage.title, clusters_at_once, steps }
    }
}

impl StepData {
    fn new(step: &Step, mesh: Option<&MeshName>) -> Self {
        let Description { code, effect, subject, text, why, differences, .. } = step.describe(mesh);
        Self { effect, step: code, subject: subject.to_string(), cluster: subject.cluster(), text, why, differences }
    }
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng as _, rngs::StdRng};
    use time::OffsetDateTime;

    use super::*;
    use crate::{
        facts::observed::Observed,
        mesh::{credentials::Credentials, defaults::Revision, service_token::ServiceToken},
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
          "cluster": "cluster01",
          "effect": "adds",
          "step": "create-container",
          "subject": "cluster01-elastic",
          "text": "container cluster01-elastic",
          "why": "the service has no container, or one that is made from something else"
        }
        "#);
    }

    #[test]
    fn no_secret_is_in_it() {
        let (old, rng) = (Mesh::example(3), &mut StdRng::seed_from_u64(1));
        for mesh in [old.clone().with_defaults(Revision::NEWEST, None), old] {
            let credentials = mesh.complete(Credentials::generate(6, rng), rng);
            let there = Observed { credentials: Some(credentials.clone()), ..Observed::default() };
            let text = data(&mesh, &there).to_string();
            assert!(text.contains("set-passwords") || text.contains("write-service-token"), "{text}");
            let tokens = credentials.kibana_tokens.values().map(ServiceToken::text);
            let secrets = [&credentials.elastic, &credentials.kibana_encryption_key].into_iter();
            for secret in secrets.chain(&credentials.kibana_system).chain(tokens) {
                assert!(!text.contains(secret.expose()));
            }
        }
    }
}
