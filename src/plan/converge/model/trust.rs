//! What the steps of authorities, certificates and bundles change, and what they need. Pure.

use super::{Model, NOW};
use crate::{
    mesh::{Mesh, certs::Authority},
    plan::TrustStep,
};

impl Model {
    pub(super) fn carry_out_of_trust(&mut self, mesh: &Mesh, step: &TrustStep) {
        match step {
            TrustStep::IssueAuthority(cluster) => {
                let authority = Authority::issue(&cluster.to_string(), NOW);
                let files = self.files(*cluster);
                files.authority = Some(authority.certificate().to_owned());
                files.authority_key = Some(authority.key().clone());
            }
            TrustStep::IssueCertificate(service) => {
                let authority = self.authority(service.cluster());
                let identity =
                    authority.sign(&mesh.certificate_names(*service).expect("should be a service of the mesh"), NOW);
                let files = self.files(service.cluster()).services.entry(*service).or_default();
                files.certificate = Some(identity.certificate);
                files.certificate_key = Some(identity.key);
            }
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
                (files.next_authority, files.next_authority_key, files.old_authority) = (None, None, None);
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
}
