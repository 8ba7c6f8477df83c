//! Meshes that joined: peers, whose clusters this one searches, and guests, which search this one. Pure: no I/O.
//!
//! Neither side runs anything of the other. What passes between them is one file, the [`Invitation`].

pub mod access;
mod alias;
mod authorities;
mod digest;
mod guest;
pub mod invitation;
pub mod join;
mod name;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::{
    alias::Alias,
    authorities::Authorities,
    digest::short_digest,
    guest::{Draft, GuestKey},
    invitation::Invitation,
    name::PartnerName,
};
use super::{
    Mesh,
    cluster_set::ClusterSet,
    id::ClusterId,
    settings::{IndexPattern, KeyDays},
};

/// A mesh on another machine, or a cluster that `mesh` does not run, as it was joined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peer {
    /// The id of the mesh; `None` for a cluster that `mesh` does not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mesh: Option<String>,
    /// What the names of its clusters end with here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suffix: Option<String>,
    /// Which clusters of this mesh search it; `None` for all, also those to come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<ClusterSet>,
    /// Its clusters by the aliases that they have here; never empty.
    pub remotes: BTreeMap<Alias, Address>,
    /// Whether it is on its way out: its links are being removed, and it is forgotten when none is left.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub leaving: bool,
}

/// Where a cluster of another mesh is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// `HOST:PORT` of its remote cluster server.
    pub address: String,
    /// The name that its certificate is checked for; `None` for the host of `address`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
}

/// A mesh that was invited to search this one. What its keys allow, and until when, is asked of the servers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guest {
    /// The clusters that it was given keys of.
    pub on: ClusterSet,
    /// What it may search besides `mesh*`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub share: Vec<IndexPattern>,
    /// How long its keys last from when they are made.
    pub days: KeyDays,
}

impl Peer {
    /// Whether a cluster of this mesh is to search it.
    pub fn is_searched_by(&self, cluster: ClusterId) -> bool {
        !self.leaving && self.on.as_ref().is_none_or(|on| on.contains(cluster))
    }
}

impl Mesh {
    /// The peers that a cluster is to search.
    pub fn peers_of(&self, cluster: ClusterId) -> impl Iterator<Item = (&PartnerName, &Peer)> + Clone {
        self.peers.iter().filter(move |(_, peer)| peer.is_searched_by(cluster))
    }

    /// The remotes of a cluster that belong to peers.
    pub fn peer_remotes(&self, of: ClusterId) -> impl Iterator<Item = (&PartnerName, &Alias, &Address)> + Clone {
        self.peers_of(of).flat_map(|(name, peer)| peer.remotes.iter().map(move |(alias, at)| (name, alias, at)))
    }

    /// All remotes that a cluster is to have, by their aliases.
    pub fn aliases(&self, of: ClusterId) -> Vec<Alias> {
        let of_peers = self.peer_remotes(of).map(|(_, alias, _)| alias.clone());
        self.remotes(of).map(Alias::from).chain(of_peers).collect()
    }

    /// The peer whose cluster has this alias, also one on its way out.
    pub fn peer_of(&self, alias: &Alias) -> Option<&PartnerName> {
        self.peers.iter().find(|(_, peer)| peer.remotes.contains_key(alias)).map(|(name, _)| name)
    }

    /// Whether a remote of this alias is this mesh's business: it is named as clusters are, or a peer's. Others were
    /// set by hand, and stay as they are.
    pub fn manages(&self, alias: &Alias) -> bool {
        alias.cluster().is_some() || self.peer_of(alias).is_some()
    }

    /// The clusters that are to search other machines, and would not notice that one went silent.
    pub fn pending_span(&self) -> impl Iterator<Item = ClusterId> {
        let spans = |cluster: &ClusterId| self.peers_of(*cluster).next().is_some();
        let unaware = self.clusters.iter().filter(|(_, cluster)| !cluster.spans_machines).map(|(id, _)| *id);
        unaware.filter(spans)
    }

    /// The mesh once one more cluster notices machines that go silent.
    #[must_use]
    pub fn with_span_on(&self, cluster: ClusterId) -> Self {
        let mut mesh = self.clone();
        if let Some(cluster) = mesh.clusters.get_mut(&cluster) {
            cluster.spans_machines = true;
        }
        mesh
    }
}
