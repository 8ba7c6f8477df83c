//! What is renewed because it is about to expire, of a mesh of which nothing else is changed. Pure.

use super::{PlanInputs, Reconciler};
use crate::{
    facts::observed::{ContainerState, Observed},
    mesh::{
        Mesh, certs,
        id::{ClusterId, NodeId, ServiceId, ServiceKind},
        links::Key,
    },
    plan::{GatewayStep, LinkStep, Plan, Step, TrustStep, renew::Renewal},
};

/// Extends the API keys and replaces the certificates that have too little time left, where that needs nothing else.
///
/// Every step stands for itself: a cluster that is stopped, or differs from what was asked for, keeps no other from
/// being renewed, and stays as it is. So keys are extended rather than replaced, and an authority is left to `mesh
/// create`: both would need every cluster.
pub fn renew_due(mesh: &Mesh, there: &Observed, inputs: &PlanInputs) -> Plan {
    let renewal = Renewal::default();
    let due = Reconciler::new(mesh, there, inputs, &renewal);
    let certificates: Vec<ServiceId> = mesh.services().filter(|service| due.has_due_certificate(*service)).collect();
    let running = |service: &ServiceId| {
        there.containers.get(service).is_some_and(|container| container.state == ContainerState::Running)
    };
    let kibanas = || certificates.iter().copied().filter(|of| of.kind() == ServiceKind::Kibana && running(of));
    let answers = |node: NodeId| match there.nodes.get(&node) {
        Some(answer) => answer.ready().is_some(),
        None => there.server(node.cluster).is_some() && !mesh.has_several_nodes(node.cluster),
    };
    let nodes = mesh.all_nodes().filter(|node| certificates.contains(&(*node).into()) && answers(*node));
    Plan::of(mesh.name.as_ref())
        .stage(
            "extend API keys",
            mesh.clusters().flat_map(|of| due.keys_due(of)).map(|key| LinkStep::ExtendKey(key).into()),
        )
        .stage("issue certificates", certificates.iter().copied().map(|of| TrustStep::IssueCertificate(of).into()))
        .lanes("renew the gateway's certificate", 1, due.gateway_due())
        .stage("wait for certificates", nodes.map(|node| TrustStep::AwaitCertificate(node).into()))
        .stage("restart Kibana", kibanas().map(Step::RestartContainer))
        .stage("wait for Kibana", kibanas().map(Step::AwaitReady))
}

impl Reconciler<'_> {
    /// The keys of a cluster that answers that are about to expire, and have not.
    fn keys_due(&self, of: ClusterId) -> Vec<Key> {
        let end = |key: Key| {
            let saved = self.key_file(key)?;
            self.there.server(of)?.keys.iter().find(|facts| facts.id == saved.id)?.expires
        };
        let soon = self.inputs.now + self.mesh.key_margin();
        let is_due = |key: &Key| end(*key).is_some_and(|end| end > self.inputs.now && end <= soon);
        self.mesh.keys(of).into_iter().filter(is_due).collect()
    }

    /// The steps that renew the certificate of the mesh's own gateway, where its authority can sign another.
    fn gateway_due(&self) -> Vec<Step> {
        let files = &self.there.gateway.files;
        let due = files.certificate.as_ref().is_some_and(|certificate| !self.lasts(certificate, certs::MARGIN));
        if !due || !self.mesh.has_gateway_authority() || self.gateway_authority().is_some() {
            return Vec::new();
        }
        let reload = self.there.gateway.runs().then_some(GatewayStep::Reload);
        let steps = [GatewayStep::IssueCertificate, GatewayStep::WriteFiles].into_iter().chain(reload);
        steps.map(Step::from).collect()
    }

    /// Whether a certificate is about to expire or has, and the authority that signed it can sign another.
    fn has_due_certificate(&self, service: ServiceId) -> bool {
        let certificate = self.service_files(service).and_then(|files| files.certificate.as_ref());
        self.authority_good(service.cluster())
            && certificate.is_some_and(|certificate| !self.lasts(certificate, certs::MARGIN))
    }
}

#[cfg(test)]
mod tests {
    use time::{Duration, OffsetDateTime, macros::datetime};

    use super::*;
    use crate::{
        facts::observed::{Answer, ClusterFiles, ContainerFacts, KeyFacts, KeyFile, ServerFacts, ServiceFiles},
        mesh::{certs::Authority, example::cluster},
    };

    const NOW: OffsetDateTime = datetime!(2026-11-27 12:00 UTC);

    /// A cluster that runs, whose key and certificates have so many days left.
    fn add(there: &mut Observed, mesh: &Mesh, number: u8, key_days: i64, certificate_days: i64) {
        let of = cluster(number);
        let authority = Authority::issue("cluster", NOW);
        let expires = NOW + Duration::days(key_days);
        let mut files = ClusterFiles {
            authority: Some(authority.certificate().to_owned()),
            authority_key: Some(authority.key().clone()),
            key: Some(KeyFile { id: "k".to_owned(), expires, digest: String::new() }),
            ..ClusterFiles::default()
        };
        for service in mesh.services().filter(|service| service.cluster() == of) {
            let names = mesh.certificate_names(service).unwrap();
            let lifetime = Duration::days(certificate_days);
            let issued = authority.sign(&names, NOW - Duration::days(1095) + lifetime);
            let certificate = ServiceFiles { certificate: Some(issued.certificate), ..ServiceFiles::default() };
            files.services.insert(service, certificate);
            there.containers.insert(service, ContainerFacts::in_state(ContainerState::Running));
        }
        there.files.insert(of, files);
        let mut server = ServerFacts::licensed("trial", NOW + Duration::days(20));
        server.keys = vec![KeyFacts { id: "k".to_owned(), names: Vec::new(), expires: Some(expires) }];
        there.servers.insert(of, Answer::Ready(server));
    }

    fn steps(mesh: &Mesh, there: &Observed) -> String {
        let plan = renew_due(mesh, there, &PlanInputs::new(NOW, 4));
        let lines = plan.stages.iter().flat_map(|stage| {
            let steps = Plan { mesh: None, stages: vec![stage.clone()] };
            steps.descriptions().map(|step| format!("{}: {}", stage.title, step.text)).collect::<Vec<_>>()
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_has_time_left_is_not_touched_whatever_else_is_wrong() {
        let mesh = Mesh::example(3);
        let mut there = Observed::default();
        for number in [1, 2] {
            add(&mut there, &mesh, number, 31, 31);
        }
        there.servers.remove(&cluster(2));
        assert_eq!(steps(&mesh, &there), "", "the third is missing, the second does not answer");
    }

    #[test]
    fn what_is_due_is_renewed_where_that_needs_nothing_else() {
        let mesh = Mesh::example(4);
        let mut there = Observed::default();
        add(&mut there, &mesh, 1, 29, 100);
        add(&mut there, &mesh, 2, 100, 29);
        // a key that has expired cannot be extended
        add(&mut there, &mesh, 3, -1, 100);
        // stopped: its key is out of reach, and it reads its new certificate when it starts
        add(&mut there, &mesh, 4, 29, 29);
        there.servers.remove(&cluster(4));
        for service in mesh.services().filter(|service| service.cluster() == cluster(4)) {
            there.containers.insert(service, ContainerFacts::in_state(ContainerState::Stopped));
        }
        insta::assert_snapshot!(steps(&mesh, &there), @r"
        extend API keys: API key of cluster01, its whole life again
        issue certificates: certificate of cluster02-elastic
        issue certificates: certificate of cluster02-kibana
        issue certificates: certificate of cluster04-elastic
        issue certificates: certificate of cluster04-kibana
        wait for certificates: cluster02-elastic shows its certificate
        restart Kibana: container cluster02-kibana
        wait for Kibana: cluster02-kibana answers
        ");
    }
}
