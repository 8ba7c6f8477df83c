//! Meshes that joined: peers, whose clusters this one searches, and guests, which search this one. Pure: no I/O.
//!
//! Neither side runs anything of the other. What passes between them is one file, the [`Invitation`].

pub mod access;
pub mod address;
mod alias;
mod authorities;
mod digest;
mod guest;
pub mod invitation;
pub mod join;
mod name;

use std::collections::{BTreeMap, BTreeSet};

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
    shell_word::shell_word,
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
    pub remotes: BTreeMap<Alias, Endpoint>,
    /// Whether it is on its way out: its links are being removed, and it is forgotten when none is left.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub leaving: bool,
}

/// Where a cluster of another mesh is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// `HOST:PORT` of its remote cluster server.
    pub address: String,
    /// Those of its other nodes, which stand in for one that does not answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
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

    /// Whether another account of it tells the same, whichever of a cluster's addresses is in use.
    pub fn is_joined_as(&self, noted: &Self) -> bool {
        let whole = |peer: &Self| {
            let mut peer = peer.clone();
            for at in peer.remotes.values_mut() {
                at.others.push(std::mem::take(&mut at.address));
                at.others.sort_unstable();
            }
            peer
        };
        whole(self) == whole(noted)
    }

    /// Whether `mesh` does not run it: there are no invitations to it.
    pub fn is_foreign(&self) -> bool {
        self.mesh.is_none()
    }

    /// The command that joins it again by what its owner hands over anew.
    pub fn rejoin(&self, name: &PartnerName) -> String {
        match self.remotes.values().next().filter(|_| self.is_foreign()) {
            None => format!("`mesh join FILE --peer {name}`"),
            Some(Endpoint { address, server_name, .. }) => {
                let server_name = server_name.as_ref().map(|name| format!(" --server-name {}", shell_word(name)));
                format!(
                    "`mesh join --remote {name} --address {}{} --key-file FILE [--ca FILE]`",
                    shell_word(address),
                    server_name.unwrap_or_default()
                )
            }
        }
    }

    /// How to get other keys for it, and to use them.
    pub fn renewal(&self, name: &PartnerName) -> String {
        let rejoin = self.rejoin(name);
        if self.is_foreign() {
            format!("ask the owner of {name} for a new key, and {rejoin}")
        } else {
            format!("ask {name} for a new invitation, and {rejoin}")
        }
    }
}

impl Mesh {
    /// The peers that a cluster is to search.
    pub fn peers_of(&self, cluster: ClusterId) -> impl Iterator<Item = (&PartnerName, &Peer)> + Clone {
        self.peers.iter().filter(move |(_, peer)| peer.is_searched_by(cluster))
    }

    /// The remotes of a cluster that belong to peers.
    pub fn peer_remotes(&self, of: ClusterId) -> impl Iterator<Item = (&PartnerName, &Alias, &Endpoint)> + Clone {
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

    /// The addresses of peers' clusters that have several, of those that `is_down` is about.
    pub fn addresses_to_try(&self, is_down: impl Fn(&Alias) -> bool) -> BTreeSet<String> {
        let remotes = self.peers.values().filter(|peer| !peer.leaving).flat_map(|peer| &peer.remotes);
        let several = remotes.filter(|(alias, at)| !at.others.is_empty() && is_down(alias));
        several.flat_map(|(_, at)| std::iter::once(&at.address).chain(&at.others).cloned()).collect()
    }

    /// This mesh with each peer's cluster reached by an address that answers, where that which is used does not.
    #[must_use]
    pub fn reaching_peers_by(mut self, answering: &BTreeSet<String>) -> Self {
        let remotes = self.peers.values_mut().flat_map(|peer| peer.remotes.values_mut());
        for at in remotes.filter(|at| !answering.contains(&at.address)) {
            if let Some(other) = at.others.iter_mut().find(|other| answering.contains(*other)) {
                std::mem::swap(&mut at.address, other);
            }
        }
        self
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

#[cfg(test)]
mod tests {
    use super::{access::RemoteAccess, join::ForeignCluster, *};

    #[test]
    fn a_peer_is_joined_again_as_it_was_joined() {
        let at = |address: &str, server_name: Option<&str>| -> BTreeMap<Alias, Endpoint> {
            let server_name = server_name.map(str::to_owned);
            [("x".parse().unwrap(), Endpoint { address: address.to_owned(), others: Vec::new(), server_name })].into()
        };
        let renewal = |mesh: Option<&str>, remotes: BTreeMap<Alias, Endpoint>| {
            let mesh = mesh.map(str::to_owned);
            let peer = Peer { mesh, suffix: None, on: None, remotes, leaving: false };
            peer.renewal(&"archive".parse().unwrap())
        };
        let found = [
            renewal(Some("0123"), at("192.0.2.20:9443", Some("cluster01-elastic"))),
            renewal(None, at("192.0.2.20:9443", None)),
            renewal(None, at("[2001:db8::20]:9443", Some("es.example"))),
        ];
        insta::assert_snapshot!(found.join("\n"), @r"
        ask archive for a new invitation, and `mesh join FILE --peer archive`
        ask the owner of archive for a new key, and `mesh join --remote archive --address 192.0.2.20:9443 --key-file FILE [--ca FILE]`
        ask the owner of archive for a new key, and `mesh join --remote archive --address '[2001:db8::20]:9443' --server-name es.example --key-file FILE [--ca FILE]`
        ");
    }

    /// In a settings file, a remote without `on` is for all clusters, whichever it was for before.
    #[test]
    fn a_list_of_remotes_says_which_clusters_search_each() {
        let access = RemoteAccess {
            authorities: String::new(),
            encoded: "key".to_owned(),
            expires: None,
            shares: Vec::new(),
            version: None,
        };
        let at = Endpoint { address: "192.0.2.20:9443".to_owned(), others: Vec::new(), server_name: None };
        let foreign = ForeignCluster { name: "archive".parse().unwrap(), at, access };
        let joined = |mesh: Mesh, on: Option<&str>| {
            let on = on.map(|on| on.parse().unwrap());
            mesh.join_all_foreign(vec![(foreign.clone(), on)], None).ok().unwrap().0
        };
        let searchers = |mesh: &Mesh| mesh.clusters().filter(|of| mesh.peers_of(*of).next().is_some()).count();
        let one = joined(Mesh::example(3), Some("2"));
        assert_eq!((searchers(&one), searchers(&joined(one.clone(), None))), (1, 3));
        assert_eq!(searchers(&one.join_all_foreign(Vec::new(), None).ok().unwrap().0), 0, "it is left");
    }

    #[test]
    fn an_address_that_answers_takes_the_place_of_one_that_does_not() {
        let node = |number: u8| format!("192.0.2.12:{}", 8405 + u16::from(number) * 1000);
        let at = Endpoint { address: node(1), others: vec![node(2), node(3)], server_name: None };
        let remotes = [("cluster05".parse().unwrap(), at)].into();
        let mut mesh = Mesh::example(1);
        let peer = Peer { mesh: None, suffix: None, on: None, remotes, leaving: false };
        mesh.peers.insert("london".parse().unwrap(), peer);
        assert_eq!(mesh.addresses_to_try(|_| false), BTreeSet::new());
        assert_eq!(mesh.addresses_to_try(|_| true).len(), 3);
        let address = |answering: &[u8]| {
            let answering = answering.iter().map(|number| node(*number)).collect();
            let mesh = mesh.clone().reaching_peers_by(&answering);
            mesh.peer_remotes(ClusterId::FIRST).map(|(_, _, at)| at.address.clone()).collect::<Vec<_>>()
        };
        assert_eq!(address(&[]), [node(1)], "where none answers, it stays");
        assert_eq!(address(&[1, 2]), [node(1)]);
        assert_eq!(address(&[3]), [node(3)]);
        let moved = mesh.clone().reaching_peers_by(&[node(3)].into());
        let [peer, of_moved] = [&mesh, &moved].map(|mesh| mesh.peers.values().next().unwrap());
        assert!(peer != of_moved && peer.is_joined_as(of_moved), "it is no change of the peer");
        assert!(!peer.is_joined_as(&Peer { on: "1".parse().ok(), ..of_moved.clone() }));
        assert_eq!(moved.addresses_to_try(|_| true), mesh.addresses_to_try(|_| true), "none is forgotten");
    }
}
