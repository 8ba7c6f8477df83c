//! When a link of the [`Model`] is up: what both servers have read, and what they may read at any moment. Pure.

use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap},
};

use super::model::{Model, NOW};
use crate::{
    facts::observed::LinkFacts,
    mesh::{
        Mesh, certs,
        digest::digest_of,
        id::{ClusterId, NodeId},
        keystore,
        links::Key,
        peers::Alias,
    },
    plan::{LinkStep, Step, TrustStep},
};

impl Model {
    /// A node that runs reads its certificate and its bundle again, as it does by itself every five seconds.
    pub(super) fn read_certificates(&mut self, node: NodeId) {
        let files = &self.there.files[&node.cluster];
        let (elastic, of_node) = (&files.services[&node.into()], &files.nodes[&node.number]);
        let (certificate, bundle) = (elastic.certificate.clone(), of_node.bundle.clone());
        assert!(self.there.runs(node.into()), "{node} should run before it reads anything");
        let process = self.processes.get_mut(&node).expect("should run");
        process.certificate = certificate.expect("should have a certificate first");
        process.bundle = bundle.expect("should have a bundle first");
    }

    /// Whether a certificate is trusted by a bundle, which may be several PEM texts. Each pair is verified once, since
    /// models ask for the same ones at every step.
    pub(super) fn trusts(bundle: &str, certificate: &str) -> bool {
        thread_local! {
            static VERIFIED: RefCell<HashMap<(String, String), bool>> = RefCell::default();
        }
        let verify = || {
            let end = "-----END CERTIFICATE-----";
            let signed_it = |authority: &str| certs::verify_trusted(certificate, None, authority, NOW).is_ok();
            bundle.split_inclusive(end).any(signed_it)
        };
        let pair = (bundle.to_owned(), certificate.to_owned());
        VERIFIED.with_borrow_mut(|verified| *verified.entry(pair).or_insert_with(verify))
    }

    fn accepted(&self, on: NodeId, to: ClusterId) -> bool {
        self.processes[&on].loaded.get(&keystore::credentials_of(&to.into())).is_some_and(|digest| {
            self.servers[&to]
                .keys
                .iter()
                .any(|key| key.expires.is_none_or(|on| on > NOW) && digest_of(&[key.id.as_bytes()]) == *digest)
        })
    }

    /// Whether a link is up from the node of a cluster that is asked.
    pub(super) fn link(&self, on: ClusterId, to: &Alias) -> LinkFacts {
        let node = self.there.running_nodes(on).next().expect("should run before it is asked");
        self.link_to(node, to)
    }

    /// Whether a link is up to a remote of either kind.
    pub(super) fn link_to(&self, node: NodeId, to: &Alias) -> LinkFacts {
        match to.cluster().filter(|cluster| self.servers.contains_key(cluster)) {
            Some(cluster) => self.link_from(node, cluster),
            None => self.link_to_peer(node, to),
        }
    }

    /// Whether a link is up, by the facts that Elasticsearch goes by: what both servers have read, and where a node of
    /// the remote is expected.
    pub(super) fn link_from(&self, node: NodeId, to: ClusterId) -> LinkFacts {
        let on = node.cluster;
        let shown = || self.there.running_nodes(to).map(|remote| &self.processes[&remote].certificate);
        let trusts = || shown().all(|shown| Self::trusts(&self.processes[&node].bundle, shown));
        let compatible = || self.servers[&on].version.searches(self.servers[&to].version);
        let set = |field: &str| self.servers[&on].remotes.get(&format!("cluster.remote.{to}.{field}"));
        let is_there = || {
            let place = set("seeds").or_else(|| set("proxy_address")).map(String::as_str).unwrap_or_default();
            let addresses: BTreeSet<&str> = place.split(',').filter_map(|at| Some(at.split_once(':')?.0)).collect();
            let mut nodes = self.there.running_nodes(to).filter_map(|node| self.there.containers[&node.into()].address);
            nodes.any(|address| addresses.contains(address.to_string().as_str()))
        };
        if self.runs(to) && is_there() && compatible() && self.accepted(node, to) && trusts() {
            LinkFacts::Connected
        } else {
            LinkFacts::Down("down".to_owned())
        }
    }

    /// The first half of a step, for those that have two; `None` for the others.
    pub(super) fn torn(mut self, mesh: &Mesh, step: &Step) -> Option<Self> {
        let before = self.clone();
        match step {
            Step::Links(LinkStep::StoreCredentials { on, .. }) => {
                self.carry_out(mesh, step);
                for (node, process) in self.processes.iter_mut().filter(|(node, _)| node.cluster == *on) {
                    process.loaded.clone_from(&before.processes[node].loaded);
                }
            }
            Step::Links(LinkStep::IssueKey(Key { of, .. }) | LinkStep::ExtendKey(Key { of, .. })) => {
                self.carry_out(mesh, step);
                let (files, before) = (self.files(*of), &before.there.files[of]);
                files.key.clone_from(&before.key);
                files.link_keys.clone_from(&before.link_keys);
            }
            Step::Trust(TrustStep::PromoteAuthority(cluster)) => {
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
        for on in mesh.all_nodes() {
            for to in mesh.remotes(on.cluster).flat_map(|to| mesh.nodes(to)) {
                assert!(self.accepted(on, to.cluster), "{at}: {to} should accept the key that {on} has");
                let client = &self.there.files[&on.cluster].nodes[&on.number];
                let server = &self.there.files[&to.cluster].services[&to.into()];
                let bundles = [Some(&self.processes[&on].bundle), client.bundle.as_ref()];
                let certificates = [Some(&self.processes[&to].certificate), server.certificate.as_ref()];
                for bundle in bundles.into_iter().flatten().collect::<BTreeSet<_>>() {
                    for certificate in certificates.iter().copied().flatten().collect::<BTreeSet<_>>() {
                        assert!(Self::trusts(bundle, certificate), "{at}: {on} should trust {to}");
                    }
                }
            }
        }
    }
}
