//! What makes the mesh of a model the one that was asked for. Pure.

use std::collections::BTreeSet;

use super::{Model, inputs};
use crate::{
    facts::observed::{AllocationFacts, LinkFacts},
    mesh::{Mesh, id::NodeId, keystore, peers::Alias},
    plan::reconcile::reconcile,
};

impl Model {
    /// Everything that makes a mesh the one that was asked for.
    pub(in crate::plan::converge) fn assert_is(&self, mesh: &Mesh) {
        assert!(reconcile(mesh, &self.observe_for(mesh), &inputs()).is_empty());
        assert_eq!(self.there.containers.keys().copied().collect::<Vec<_>>(), mesh.services().collect::<Vec<_>>());
        assert_eq!(self.servers.keys().copied().collect::<Vec<_>>(), mesh.clusters().collect::<Vec<_>>());
        self.assert_gateway_is(mesh);
        for on in mesh.clusters() {
            let (wanted, found) = (mesh.keys(on), &self.servers[&on].keys);
            assert_eq!(found.len(), wanted.len(), "keys on {on}");
            assert_eq!(self.there.files[&on].keys(on).map(|(key, _)| key).collect::<BTreeSet<_>>(), wanted);
            for key in wanted {
                let file = self.there.files[&on].key(key).expect("should be saved");
                let known = found.iter().find(|facts| facts.id == file.id).expect("should be known");
                assert_eq!(known.names, mesh.shared_by(key), "{key}");
            }
            assert_eq!(
                self.there.files[&on].nodes.keys().collect::<Vec<_>>(),
                mesh.clusters[&on].nodes.keys().collect::<Vec<_>>(),
                "directories of nodes of {on}"
            );
            for node in mesh.nodes(on) {
                self.assert_node_is(mesh, node);
            }
            let server = &self.servers[&on];
            assert_eq!(server.voters, mesh.clusters[&on].nodes.keys().copied().collect(), "voters of {on}");
            assert_eq!(server.holders, server.voters, "nodes of {on} with shards");
            assert_eq!(server.allocation, AllocationFacts::default(), "allocation of {on}");
            assert_eq!(self.servers[&on].remotes, mesh.remote_settings(on));
            if let Some(repository) = mesh.repository(on, self.there.repository_owner(on)) {
                assert_eq!(self.servers[&on].repository.as_ref(), Some(&repository), "repository of {on}");
                assert_eq!(self.servers[&on].registered, self.mounted_for_snapshots(on), "its directory");
            }
            self.assert_users_are(mesh, on);
            self.assert_tokens_are(mesh, on);
            for (_, alias, _) in mesh.peer_remotes(on) {
                for node in mesh.nodes(on) {
                    assert_eq!(self.link_to(node, alias), LinkFacts::Connected, "{node} → {alias}");
                }
            }
            for to in mesh.searchable(on) {
                for node in mesh.nodes(on) {
                    assert_eq!(self.link_from(node, to), LinkFacts::Connected, "{node} → {to}");
                }
            }
        }
    }

    fn assert_node_is(&self, mesh: &Mesh, node: NodeId) {
        let (on, files) = (node.cluster, &self.there.files[&node.cluster].nodes[&node.number]);
        let entries = files.keystore.as_ref().expect("should have a keystore").keys();
        let held: BTreeSet<Alias> = entries.filter_map(|name| keystore::remote_of(name)).collect();
        assert_eq!(held, mesh.aliases(on).into_iter().collect(), "credentials on {node}");
        if let Some(wanted) = self.there.secure_settings.get(&on).and_then(|facts| facts.wanted()) {
            let managed = files.managed.clone().unwrap_or_default();
            assert_eq!(managed.names, wanted.keys().cloned().collect(), "secure settings of {node}");
            let booted = &self.processes[&node].booted;
            assert!(
                wanted.iter().all(|(name, digest)| booted.get(name) == Some(digest)),
                "{node} should have read them"
            );
        }
        let authorities = files.bundle.as_ref().expect("should have a bundle");
        assert_eq!(*authorities, self.bundle(mesh, on), "bundle of {node}");
        assert_eq!(self.processes[&node].discovery, mesh.discovery(on), "discovery of {node}");
    }
}
