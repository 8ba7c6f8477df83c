//! What is renewed because it is about to expire, of a mesh of which nothing else is changed. Pure.

use super::{PlanInputs, Reconciler};
use crate::{
    facts::observed::{Answer, Observed},
    mesh::{
        Mesh, certs,
        gateway::own_files::without_digest,
        id::{ClusterId, NodeId, ServiceId, ServiceKind},
        links::Key,
    },
    plan::{GatewayStep, LinkStep, Plan, Step, Subject, TrustStep, renew::Renewal},
};

/// Extends the API keys and replaces the certificates that have too little time left, where that needs nothing else,
/// and has services read the certificates that were replaced before.
///
/// Every step stands for itself: a cluster that is stopped, or differs from what was asked for, keeps no other from
/// being renewed, and stays as it is. So keys are extended rather than replaced, and an authority is left to `mesh
/// create`: both would need every cluster.
pub fn renew_due(mesh: &Mesh, there: &Observed, inputs: &PlanInputs) -> Plan {
    let renewal = Renewal::default();
    let due = Reconciler::new(mesh, there, inputs, &renewal);
    let certificates = mesh.services().filter(|service| due.has_due_certificate(*service) && due.can_read(*service));
    let nodes = mesh.all_nodes().filter(|node| due.is_to_read(*node));
    let kibanas = || mesh.services_of(ServiceKind::Kibana).filter(|service| due.is_to_restart(*service));
    Plan::of(mesh.name.as_ref())
        .stage(
            "extend API keys",
            mesh.clusters().flat_map(|of| due.keys_due(of)).map(|key| LinkStep::ExtendKey(key).into()),
        )
        .stage("issue certificates", certificates.map(|of| TrustStep::IssueCertificate(of).into()))
        // before anything is waited for: a node that hangs keeps no other service from its certificate
        .stage("restart Kibana", kibanas().map(Step::RestartContainer))
        .lanes("renew the gateway's certificate", 1, due.gateway_due())
        .stage("wait for certificates", nodes.map(|node| TrustStep::AwaitCertificate(node).into()))
        .stage("wait for Kibana", kibanas().map(Step::AwaitReady))
}

/// What runs, and shows another certificate than the renewed one on disk.
pub fn unread_certificates(mesh: &Mesh, there: &Observed, inputs: &PlanInputs) -> Vec<Subject> {
    let renewal = Renewal::default();
    let due = Reconciler::new(mesh, there, inputs, &renewal);
    let services = mesh.services().filter(|service| due.is_unread(*service)).map(Subject::Service);
    services.chain(due.is_gateway_unread().then_some(Subject::Gateway)).collect()
}

impl Reconciler<'_> {
    /// The keys of a cluster that answers that are about to expire, and have not. One whose license has ended refuses
    /// to extend them, which would end the run before anything else is renewed.
    fn keys_due(&self, of: ClusterId) -> Vec<Key> {
        let Some(server) = self.there.server(of).filter(|server| server.license.allows_links()) else {
            return Vec::new();
        };
        let end = |key: Key| {
            let saved = self.key_file(key)?;
            server.keys.iter().find(|facts| facts.id == saved.id)?.expires
        };
        let soon = self.inputs.now + self.mesh.key_margin();
        let is_due = |key: &Key| end(*key).is_some_and(|end| end > self.inputs.now && end <= soon);
        self.mesh.keys(of).into_iter().filter(is_due).collect()
    }

    /// Whether a certificate is about to expire or has, and the authority that signed it can sign another that lasts
    /// longer.
    fn has_due_certificate(&self, service: ServiceId) -> bool {
        let certificate = self.service_files(service).and_then(|files| files.certificate.as_ref());
        let authority = self.files(service.cluster()).and_then(|files| files.authority.as_ref());
        let may_last = |certificate: &str| authority.is_none_or(|authority| !certs::ends_with(certificate, authority));
        self.authority_good(service.cluster())
            && certificate.is_some_and(|certificate| !self.lasts(certificate, certs::MARGIN) && may_last(certificate))
    }

    /// Whether a service can have another certificate without any other change. A Kibana that runs has to start again
    /// for it, which would put edits of its settings in force.
    fn can_read(&self, service: ServiceId) -> bool {
        service.node().is_some() || !self.there.runs(service) || self.start(service).is_none()
    }

    fn is_to_restart(&self, kibana: ServiceId) -> bool {
        self.there.runs(kibana) && self.can_read(kibana) && (self.has_due_certificate(kibana) || self.is_unread(kibana))
    }

    /// Whether a node that answers has yet to read its certificate, which it does by itself.
    fn is_to_read(&self, node: NodeId) -> bool {
        self.is_unread(node.into()) || (self.has_due_certificate(node.into()) && self.shown_by(node).is_some())
    }

    /// Whether a service shows another certificate than the one on disk, which its authority signed and which is not
    /// due: so it was renewed, and not put there by a user. What a service shows that is not ready is unknown.
    fn is_unread(&self, service: ServiceId) -> bool {
        let file = || self.service_files(service).and_then(|files| certs::fingerprint(files.certificate.as_ref()?));
        let differs = match service {
            ServiceId::Node(node) => self.shown_by(node).is_some_and(|shown| Some(shown) != file().as_ref()),
            ServiceId::Kibana(cluster) => match self.there.kibanas.get(&cluster) {
                Some(Answer::Ready(kibana)) => Some(&kibana.certificate) != file().as_ref(),
                // it has expired meanwhile
                Some(Answer::Untrusted(_)) => true,
                _ => false,
            },
        };
        differs && self.there.runs(service) && self.certificate_good(service)
    }

    /// The certificate that a node shows, of one that answers, however its cluster differs from what was asked for.
    fn shown_by(&self, node: NodeId) -> Option<&String> {
        match self.there.nodes.get(&node) {
            Some(answer) => Some(&answer.ready()?.certificate),
            None if self.mesh.has_several_nodes(node.cluster) => None,
            None => Some(&self.there.server(node.cluster)?.certificate),
        }
    }

    /// The steps that renew the certificate of the mesh's own gateway, where its authority can sign another, and have
    /// nginx read it. Where its files or its container differ in anything else, it stays as it is: to write its files
    /// would revert an edit, and to read them would put it in force.
    fn gateway_due(&self) -> Vec<Step> {
        let gateway = &self.there.gateway;
        let replaced = gateway.runs() && self.gateway_stale();
        if !self.mesh.has_gateway_authority() || self.gateway_authority().is_some() || replaced {
            return Vec::new();
        }
        let certificate = gateway.files.certificate.as_ref();
        let issues = certificate.is_some_and(|certificate| !self.lasts(certificate, certs::MARGIN));
        let Some(written) = self.gateway_has_digest().filter(|_| issues || self.is_gateway_renewed()) else {
            return Vec::new();
        };
        let writes = issues || !written;
        let reads = gateway.runs() && (writes || self.is_gateway_unread());
        let steps = [
            issues.then_some(GatewayStep::IssueCertificate),
            writes.then_some(GatewayStep::WriteFiles),
            reads.then_some(GatewayStep::Reload),
        ];
        steps.into_iter().flatten().map(Step::from).collect()
    }

    fn is_gateway_renewed(&self) -> bool {
        self.mesh.has_gateway_authority() && self.gateway_certificate_good(certs::MARGIN)
    }

    /// Whether the gateway answers and shows another certificate than the renewed one on disk.
    fn is_gateway_unread(&self) -> bool {
        let gateway = &self.there.gateway;
        let shown = gateway.answer.as_ref().and_then(Answer::ready).map(|answer| &answer.certificate);
        let file = || certs::fingerprint(gateway.files.certificate.as_ref()?);
        gateway.runs() && self.is_gateway_renewed() && shown.is_some_and(|shown| Some(shown) != file().as_ref())
    }

    /// Whether the gateway's files have the digest that they are to have with the certificate on disk; `None` where
    /// they differ in anything else.
    fn gateway_has_digest(&self) -> Option<bool> {
        let wanted = self.gateway_files_with(|cluster| self.files(cluster)?.trusted())?;
        let found = &self.there.gateway.files.texts;
        let same = |(name, text): &(String, String)| {
            found.get(name).is_some_and(|found| without_digest(found) == without_digest(text))
        };
        (found.len() == wanted.texts.len() && wanted.texts.iter().all(same))
            .then(|| wanted.texts.iter().all(|(name, text)| found.get(name) == Some(text)))
    }
}
