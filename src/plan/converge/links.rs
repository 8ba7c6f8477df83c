//! When a link of the [`Model`] is up: what both servers have read, and what they may read at any moment. Pure.

use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap},
};

use super::model::{Model, NOW};
use crate::{
    facts::observed::LinkFacts,
    mesh::{Mesh, certs, digest::digest_of, id::ClusterId, keystore, links::Key},
    plan::Step,
};

impl Model {
    /// The server reads its certificate and its bundle again, as it does by itself every five seconds.
    pub(super) fn read_certificates(&mut self, cluster: ClusterId) {
        let files = &self.there.files[&cluster];
        let elastic = &files.services[&cluster.first_node()];
        let (certificate, bundle) = (elastic.certificate.clone(), files.bundle.clone());
        let server = self.answering(cluster);
        server.certificate = certificate.expect("should have a certificate first");
        server.bundle = bundle.expect("should have a bundle first");
    }

    /// Whether a certificate is trusted by a bundle, which may be several PEM texts. Each pair is verified once, since
    /// models ask for the same ones at every step.
    pub(super) fn trusts(bundle: &str, certificate: &str) -> bool {
        thread_local! {
            static VERIFIED: RefCell<HashMap<(String, String), bool>> = RefCell::default();
        }
        let verify = || {
            let end = "-----END CERTIFICATE-----";
            bundle.split_inclusive(end).any(|authority| certs::verify(certificate, None, authority, NOW).is_ok())
        };
        let pair = (bundle.to_owned(), certificate.to_owned());
        VERIFIED.with_borrow_mut(|verified| *verified.entry(pair).or_insert_with(verify))
    }

    fn accepted(&self, on: ClusterId, to: ClusterId) -> bool {
        self.servers[&on].loaded.get(&keystore::credentials_of(to)).is_some_and(|digest| {
            self.servers[&to]
                .keys
                .iter()
                .any(|key| key.expires.is_none_or(|on| on > NOW) && digest_of(&[key.id.as_bytes()]) == *digest)
        })
    }

    /// Whether a link is up, by the facts that Elasticsearch goes by: what both servers have read.
    pub(super) fn link(&self, on: ClusterId, to: ClusterId) -> LinkFacts {
        let trusts = || Self::trusts(&self.servers[&on].bundle, &self.servers[&to].certificate);
        let compatible = || self.servers[&on].version.searches(self.servers[&to].version);
        if self.runs(to) && compatible() && self.accepted(on, to) && trusts() {
            LinkFacts::Connected
        } else {
            LinkFacts::Down("down".to_owned())
        }
    }

    /// The first half of a step, for those that have two; `None` for the others.
    pub(super) fn torn(mut self, mesh: &Mesh, step: &Step) -> Option<Self> {
        let before = self.clone();
        match step {
            Step::StoreCredentials { on, .. } => {
                self.carry_out(mesh, step);
                self.servers.get_mut(on)?.loaded.clone_from(&before.servers[on].loaded);
            }
            Step::IssueKey(Key { of, .. }) | Step::ExtendKey(Key { of, .. }) => {
                self.carry_out(mesh, step);
                let (files, before) = (self.files(*of), &before.there.files[of]);
                files.key.clone_from(&before.key);
                files.link_keys.clone_from(&before.link_keys);
            }
            Step::PromoteAuthority(cluster) => {
                let files = self.files(*cluster);
                files.old_authority.clone_from(&files.authority);
                files.authority_key.clone_from(&files.next_authority_key);
            }
            _ => return None,
        }
        Some(self)
    }

    /// Every link is up, and would be whichever server reads its files again at this very moment.
    pub(super) fn assert_unbroken(&self, mesh: &Mesh, at: &str) {
        for on in mesh.clusters() {
            for to in mesh.remotes(on) {
                assert!(self.accepted(on, to), "{at}: {to} should accept the key that {on} has");
                let (client, server) = (&self.there.files[&on], &self.there.files[&to].services[&to.first_node()]);
                let bundles = [Some(&self.servers[&on].bundle), client.bundle.as_ref()];
                let certificates = [Some(&self.servers[&to].certificate), server.certificate.as_ref()];
                for bundle in bundles.into_iter().flatten().collect::<BTreeSet<_>>() {
                    for certificate in certificates.iter().copied().flatten().collect::<BTreeSet<_>>() {
                        assert!(Self::trusts(bundle, certificate), "{at}: {on} should trust {to}");
                    }
                }
            }
        }
    }
}
