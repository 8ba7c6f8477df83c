//! The questions about meshes that were joined. Pure.

use super::Reconciler;
use crate::{
    mesh::{
        id::ClusterId,
        peers::{Alias, PartnerName, Peer, access::RemoteAccessFacts},
    },
    plan::{PeerStep, Step},
};

impl Reconciler<'_> {
    /// The peers whose keys and authorities are to be saved, and those whose files tell another way of joining them.
    pub(super) fn saved_peers(&self) -> Vec<Step> {
        let is_new = |name: &PartnerName| {
            self.inputs.offered.get(name).is_some_and(|offered| self.there.peers.get(name) != Some(offered))
        };
        let saved = self.inputs.offered.keys().filter(|name| is_new(name)).cloned().map(PeerStep::SaveAccess);
        let differs = |name: &PartnerName, peer: &Peer| {
            !peer.leaving && self.there.joined.get(name).is_some_and(|of_file| !peer.is_joined_as(of_file))
        };
        let noted = self.mesh.peers.iter().filter(|(name, peer)| differs(name, peer) && !is_new(name));
        saved.chain(noted.map(|(name, _)| PeerStep::Note(name.clone()))).map(Step::from).collect()
    }

    /// What is kept of a peer's cluster, or will be.
    pub(super) fn peer_access(&self, peer: &PartnerName, alias: &Alias) -> Option<&RemoteAccessFacts> {
        self.inputs.offered.get(peer).or_else(|| self.there.peers.get(peer))?.get(alias)
    }

    /// The authorities of the peers that a cluster searches.
    pub(super) fn peer_authorities(&self, cluster: ClusterId) -> Vec<&str> {
        let access = self.mesh.peer_remotes(cluster).filter_map(|(peer, alias, _)| self.peer_access(peer, alias));
        access.map(|access| access.authorities.as_str()).collect()
    }

    /// Whether the file of a peer that a cluster searches is gone, and none is offered.
    pub(super) fn lacks_access(&self, cluster: ClusterId) -> bool {
        self.mesh.peer_remotes(cluster).any(|(peer, alias, _)| self.peer_access(peer, alias).is_none())
    }

    /// The links to peers, where something changes that they depend on. One that is down for another reason is no
    /// pending change: nothing here would mend it.
    pub(super) fn prove_peers(&self, on: ClusterId) -> Option<Step> {
        let unchanged =
            self.server(on).is_some() && self.stored(on) && self.connected(on).is_none() && self.turns(on).is_empty();
        let to: Vec<Alias> = self.mesh.peer_remotes(on).map(|(_, alias, _)| alias.clone()).collect();
        (!unchanged && !to.is_empty()).then_some(PeerStep::Prove { on, to }.into())
    }

    /// Peers on their way out that no cluster has anything of after this plan.
    pub(super) fn forgotten_peers(&self) -> Vec<Step> {
        let is_there = |name: &PartnerName| {
            let recorded = self.there.record.as_ref().is_some_and(|record| record.peers.contains_key(name));
            recorded || self.there.peers.contains_key(name)
        };
        let left = self.mesh.peers.iter().filter(|(name, peer)| peer.leaving && is_there(name));
        // what a server that does not answer has set is unknown
        let all_answer = self.mesh.clusters().all(|cluster| self.server(cluster).is_some());
        left.filter(|_| all_answer).map(|(name, _)| PeerStep::Forget(name.clone()).into()).collect()
    }
}
