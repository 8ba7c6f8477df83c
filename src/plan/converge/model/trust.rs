//! What the steps of authorities, certificates and bundles change, and what they need. Pure.

use time::{Duration, OffsetDateTime};

use super::{Model, NOW};
use crate::{
    facts::trust::{known_authorities, lacks_access},
    mesh::{
        Mesh,
        certs::{self, Authority},
        gateway::own_files::{STAMP, without_digest},
        id::{ClusterId, ServiceId, ServiceKind},
    },
    plan::{GatewayStep, TrustStep},
};

impl Model {
    pub(super) fn carry_out_of_trust(&mut self, mesh: &Mesh, step: &TrustStep) {
        match step {
            TrustStep::IssueAuthority(cluster) => {
                let authority = Authority::issue(&cluster.to_string(), NOW);
                let replaced = self.files(*cluster).authority.take();
                self.note_retired(*cluster, &[replaced, None]);
                let files = self.files(*cluster);
                files.authority = Some(authority.certificate().to_owned());
                files.authority_key = Some(authority.key().clone());
            }
            TrustStep::IssueCertificate(service) => self.sign(mesh, *service, NOW),
            TrustStep::IssueNextAuthority(cluster) => {
                let authority = Authority::issue(&cluster.to_string(), NOW);
                let files = self.files(*cluster);
                files.next_authority = Some(authority.certificate().to_owned());
                files.next_authority_key = Some(authority.key().clone());
            }
            TrustStep::PromoteAuthority(cluster) => {
                let files = self.files(*cluster);
                if let (Some(certificate), Some(key)) = (files.next_authority.take(), files.next_authority_key.take()) {
                    files.old_authority = files.old_authority.take().or(files.authority.take());
                    (files.authority, files.authority_key) = (Some(certificate), Some(key));
                }
            }
            TrustStep::RetireAuthority(cluster) => {
                let files = self.files(*cluster);
                files.next_authority_key = None;
                let gone = [files.next_authority.take(), files.old_authority.take()];
                self.note_retired(*cluster, &gone);
            }
            TrustStep::AwaitCertificate(node) => self.read_certificates(*node),
            TrustStep::WriteBundle(cluster) => {
                let (bundle, trusted) = (self.bundle(mesh, *cluster), self.trusted(*cluster));
                for service in mesh.services_in(*cluster) {
                    if let Some(node) = service.node() {
                        self.node_files(node).bundle = Some(bundle.clone());
                    }
                    self.files(*cluster).services.entry(service).or_default().authority = Some(trusted.clone());
                }
            }
            TrustStep::WriteBrowserBundle => self.there.browser_bundle = Some(self.browser_bundle(mesh)),
        }
    }

    /// The bundle that a cluster is to have, with the authorities of peers; those of a peer whose file is gone stay.
    pub(super) fn bundle(&self, mesh: &Mesh, cluster: ClusterId) -> String {
        let (files, kept) = (&self.there.files, &self.there.peers);
        let trusted: Vec<String> = mesh.trusted_by(cluster).map(|of| self.trusted(of)).collect();
        let of_peers = mesh.peer_remotes(cluster).filter_map(|(_, alias, _)| self.peer_access(alias));
        let of_peers = of_peers.map(|access| access.authorities.as_str());
        let bundle = certs::bundle(trusted.iter().map(String::as_str).chain(of_peers));
        if !lacks_access(mesh, cluster, kept) {
            return bundle;
        }
        let before = files[&cluster].nodes.values().filter_map(|node| node.bundle.as_deref());
        let before: String = before.collect();
        certs::keeping(&bundle, &before, &known_authorities(mesh, files.values(), kept))
    }

    /// Notes authorities that are about to go.
    fn note_retired(&mut self, cluster: ClusterId, gone: &[Option<String>; 2]) {
        let files = self.files(cluster);
        let all = certs::bundle(files.retired_authorities.iter().chain(gone.iter().flatten()).map(String::as_str));
        files.retired_authorities = Some(all).filter(|all| !all.is_empty());
    }

    /// Gives a service a certificate that was signed at that time.
    fn sign(&mut self, mesh: &Mesh, service: ServiceId, at: OffsetDateTime) {
        let names = mesh.certificate_names(service).expect("should be a service of the mesh");
        let identity = self.authority(service.cluster()).sign(&names, at);
        let files = self.files(service.cluster()).services.entry(service).or_default();
        (files.certificate, files.certificate_key) = (Some(identity.certificate), Some(identity.key));
    }

    /// Every service and the gateway show certificates that were signed so many days ago.
    pub(in super::super) fn with_certificates_of(mut self, mesh: &Mesh, days_ago: i64) -> Self {
        let at = NOW - Duration::days(days_ago);
        for service in mesh.services() {
            self.sign(mesh, service, at);
            match service {
                ServiceId::Node(node) => self.read_certificates(node),
                ServiceId::Kibana(cluster) => {
                    let certificate = self.there.files[&cluster].services[&service].certificate.clone();
                    self.shown.insert(cluster, certificate.expect("should have been signed"));
                }
            }
        }
        if mesh.gateway.is_some() {
            self.sign_gateway(mesh, at);
            self.carry_out_of_gateway(mesh, &GatewayStep::WriteFiles);
            self.carry_out_of_gateway(mesh, &GatewayStep::Reload);
        }
        self
    }

    /// What services of a cluster show is what their files have.
    pub(in super::super) fn assert_shows_its_certificates(&self, mesh: &Mesh, cluster: ClusterId) {
        for service in mesh.services_in(cluster) {
            let shown = match service {
                ServiceId::Node(node) => &self.processes[&node].certificate,
                ServiceId::Kibana(cluster) => &self.shown[&cluster],
            };
            let file = self.there.files[&cluster].services[&service].certificate.as_ref();
            assert_eq!(Some(shown), file, "{service} should show its certificate");
        }
    }

    /// A model in which certificates, and what follows from one that is renewed, are left out: all that a renewal of
    /// what is due must not change.
    pub(in super::super) fn without_certificates(mut self) -> Self {
        (self.made, self.proved) = (0, false);
        self.shown.clear();
        for service in self.there.files.values_mut().flat_map(|files| files.services.values_mut()) {
            (service.certificate, service.certificate_key) = (None, None);
        }
        for process in self.processes.values_mut() {
            process.certificate.clear();
        }
        for (service, container) in &mut self.there.containers {
            container.started = container.started.take().filter(|_| service.kind() != ServiceKind::Kibana);
        }
        let gateway = &mut self.there.gateway.files;
        (gateway.certificate, gateway.certificate_key, self.gateway_read) = (None, None, None);
        gateway.texts.remove(STAMP);
        for text in gateway.texts.values_mut() {
            *text = without_digest(text);
        }
        self
    }
}
