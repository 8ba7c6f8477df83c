//! Other meshes in the model: they are always there, and let in whoever has their key and trusts their authority. Pure.

use super::Model;
use crate::{
    facts::observed::LinkFacts,
    mesh::{
        Mesh,
        id::NodeId,
        keystore,
        peers::{Alias, access::RemoteAccessFacts},
    },
    plan::PeerStep,
};

impl Model {
    /// What is on disk of a peer's cluster.
    pub(in crate::plan::converge) fn peer_access(&self, alias: &Alias) -> Option<&RemoteAccessFacts> {
        self.there.peers.values().find_map(|remotes| remotes.get(alias))
    }

    pub(super) fn carry_out_of_peers(&mut self, mesh: &Mesh, step: &PeerStep) {
        match step {
            PeerStep::SaveAccess(name) => {
                self.there.peers.insert(name.clone(), self.offered[name].clone());
                self.there.joined.insert(name.clone(), mesh.peers[name].clone());
            }
            PeerStep::Note(name) => {
                let noted = self.there.joined.get_mut(name).expect("should have a file first");
                noted.clone_from(&mesh.peers[name]);
            }
            PeerStep::Prove { on, to } => {
                let running: Vec<NodeId> = mesh.nodes(*on).filter(|node| self.there.runs((*node).into())).collect();
                for node in &running {
                    self.read_certificates(*node);
                }
                for (node, alias) in running.iter().flat_map(|node| to.iter().map(move |alias| (node, alias))) {
                    assert_eq!(self.link_to(*node, alias), LinkFacts::Connected, "{node} → {alias}");
                }
            }
            PeerStep::Forget(name) => {
                let record = self.there.record.as_mut().expect("should be recorded");
                record.peers.remove(name);
                self.there.peers.remove(name);
                self.there.joined.remove(name);
            }
        }
    }

    /// Whether a node reaches a peer's cluster, by what it has read and what is set.
    pub(in crate::plan::converge) fn link_to_peer(&self, node: NodeId, alias: &Alias) -> LinkFacts {
        let (process, server) = (&self.processes[&node], &self.servers[&node.cluster]);
        let offered = self.offered.values().find_map(|remotes| remotes.get(alias));
        let is_set = server.remotes.contains_key(&format!("cluster.remote.{alias}.proxy_address"));
        let reached = offered.is_some_and(|offered| {
            process.loaded.get(&keystore::credentials_of(alias)) == Some(&offered.digest)
                && process.bundle.contains(offered.authorities.trim())
        });
        if is_set && reached { LinkFacts::Connected } else { LinkFacts::Down("down".to_owned()) }
    }
}
