//! What joining another mesh means for this one: its peers, and what reaching them takes. Pure: no I/O.

use std::collections::BTreeMap;

use super::{
    Alias, Endpoint, Invitation, PartnerName, Peer,
    access::{PeerAccess, RemoteAccess},
};
use crate::{
    exit::Exit,
    explain::Explain,
    mesh::{
        Mesh,
        cluster_set::{ClusterSet, NoSuchCluster},
        id::ClusterId,
        settings::StackVersion,
    },
};

/// How a mesh is to be joined.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JoinOptions {
    /// What it is called here; without one, what it calls itself.
    pub peer: Option<PartnerName>,
    /// What its clusters' names end with here; without one, as before, at first nothing.
    pub suffix: Option<String>,
    /// Which clusters are to search it; without any, as before, at first all.
    pub on: Option<ClusterSet>,
}

/// A cluster that `mesh` does not run, as its owner describes it.
#[derive(Clone)]
pub struct ForeignCluster {
    pub name: PartnerName,
    pub at: Endpoint,
    pub access: RemoteAccess,
}

/// A mesh that has joined another, and what is saved to reach that.
pub struct Joined {
    pub mesh: Mesh,
    pub name: PartnerName,
    pub access: PeerAccess,
}

/// A mesh that cannot be joined.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    #[error("the invitation is one of this mesh itself")]
    Itself,
    #[error("{alias} is {} already", taken_by.as_ref().map_or("a cluster of this mesh".to_owned(), |peer| format!("a cluster of the peer {peer}")))]
    AliasTaken { alias: Alias, taken_by: Option<PartnerName>, suffix: Option<PartnerName> },
    #[error("another mesh is called {0} here")]
    NameTaken(PartnerName),
    /// For a cluster that `mesh` does not run.
    #[error("another mesh is called {0} here")]
    RemoteNameTaken(PartnerName),
    #[error("this mesh was joined already, as {0}")]
    Known(PartnerName),
    #[error("{alias}, as a cluster of {peer} is called here, would be left behind")]
    LeftBehind { alias: Alias, peer: PartnerName },
    #[error("`{suffix}` cannot end the name of a cluster: {reason}")]
    Suffix { suffix: String, reason: String },
    #[error("{from} on {on} would search {to} on {alias}, which Elastic does not support")]
    Version { on: ClusterId, from: StackVersion, alias: Alias, to: StackVersion },
    #[error(transparent)]
    NoSuchCluster(#[from] NoSuchCluster),
}

impl Explain for JoinError {
    fn exit(&self) -> Exit {
        Exit::Request
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Itself => "join with it on the mesh that it was made for".to_owned(),
            Self::AliasTaken { suffix: Some(suffix), .. } => {
                format!("`mesh join FILE --suffix {suffix}` gives its clusters names such as cluster01-{suffix}")
            }
            // its name is its alias
            Self::AliasTaken { suffix: None, .. } | Self::RemoteNameTaken(_) => {
                "give it another name: after `--remote`, or as `name` in `remotes` of the settings file".to_owned()
            }
            Self::NameTaken(name) => format!(
                "give this one another name: `mesh join FILE --peer {name:.28}-2`; or first `mesh leave {name}`"
            ),
            Self::Known(name) => {
                format!("`mesh join FILE --peer {name}` takes the new keys; or first `mesh leave {name}`")
            }
            Self::LeftBehind { peer, .. } => format!("first `mesh leave {peer}`; then type the same command again"),
            Self::Suffix { .. } => "a short word of `a-z`, `0-9` and `-` will do: `--suffix london`".to_owned(),
            Self::Version { from, to, .. } if from < to => {
                format!("`mesh upgrade {to}` brings this mesh to that version; or leave the cluster out with `--on`")
            }
            Self::Version { .. } => "ask its owner for an upgrade; or leave the cluster out with `--on`".to_owned(),
            Self::NoSuchCluster(error) => return error.hint(),
        })
    }
}

/// A mesh has no such peer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the mesh has no peer {name}: {}", if has.is_empty() { "it has joined none".to_owned() } else { format!("its peers are {}", has.join(", ")) })]
pub struct NoSuchPeer {
    name: PartnerName,
    has: Vec<String>,
}

impl Explain for NoSuchPeer {
    fn exit(&self) -> Exit {
        Exit::Request
    }

    fn hint(&self) -> Option<String> {
        Some("`mesh peers ls` lists them".to_owned())
    }
}

impl Mesh {
    /// This mesh with that of an invitation as a peer. A peer that is joined again keeps what is not asked otherwise.
    pub fn join(mut self, invitation: &Invitation, options: JoinOptions) -> Result<Joined, JoinError> {
        if invitation.mesh == self.id {
            return Err(JoinError::Itself);
        }
        let JoinOptions { peer, suffix, on } = options;
        let known = self.peers.iter().find(|(_, peer)| peer.mesh.as_ref() == Some(&invitation.mesh));
        let known = known.map(|(name, peer)| (name.clone(), peer.clone()));
        let name = match (&known, peer) {
            (Some((known, _)), Some(asked)) if *known != asked => return Err(JoinError::Known(known.clone())),
            (Some((known, _)), _) => known.clone(),
            (None, asked) => asked.unwrap_or_else(|| invitation.host.clone()),
        };
        let before = known.map(|(_, peer)| peer);
        let aliases_before: Vec<Alias> = before.iter().flat_map(|peer| peer.remotes.keys().cloned()).collect();
        if before.is_none() && self.peers.contains_key(&name) {
            return Err(JoinError::NameTaken(name));
        }
        let (suffix_before, on_before) = before.map(|peer| (peer.suffix, peer.on)).unwrap_or_default();
        let (suffix, on) = (suffix.or(suffix_before), on.or(on_before));
        let (mut remotes, mut access) = (BTreeMap::new(), BTreeMap::new());
        for cluster in &invitation.clusters {
            let alias = alias_of(cluster.name, suffix.as_deref())?;
            let server_name = Some(cluster.server_name.clone());
            let mut others = cluster.addresses.clone();
            let address = others.remove(0);
            remotes.insert(alias.clone(), Endpoint { address, others, server_name });
            let of = RemoteAccess {
                authorities: cluster.authorities.clone(),
                encoded: cluster.encoded.clone(),
                expires: Some(invitation.expires),
                shares: cluster.shares.clone(),
                version: Some(cluster.stack_version),
            };
            access.insert(alias, of);
        }
        // only what is recorded is known as this mesh's, unless it is named as clusters are
        let is_left = |alias: &Alias| alias.cluster().is_none() && !remotes.contains_key(alias);
        if let Some(alias) = aliases_before.into_iter().find(is_left) {
            return Err(JoinError::LeftBehind { alias, peer: name });
        }
        let peer = Peer { mesh: Some(invitation.mesh.clone()), suffix, on, remotes, leaving: false };
        self.require_room_for(&name, &peer)?;
        let access = PeerAccess { peer: peer.clone(), remotes: access };
        self.require_versions(&peer, &access)?;
        self.peers.insert(name.clone(), peer);
        Ok(Joined { mesh: self, name, access })
    }

    /// This mesh with a cluster as a peer that `mesh` does not run.
    pub fn join_foreign(mut self, foreign: ForeignCluster, on: Option<ClusterSet>) -> Result<Joined, JoinError> {
        let ForeignCluster { name, at, access } = foreign;
        let alias: Alias = name.to_string().parse().expect("should be an alias: every name of a peer is one");
        let before = self.peers.get(&name);
        if before.is_some_and(|peer| !peer.is_foreign()) {
            return Err(JoinError::RemoteNameTaken(name));
        }
        let on = on.or_else(|| before.and_then(|peer| peer.on.clone()));
        let remotes = [(alias.clone(), at)].into();
        let peer = Peer { mesh: None, suffix: None, on, remotes, leaving: false };
        self.require_room_for(&name, &peer)?;
        let access = PeerAccess { peer: peer.clone(), remotes: [(alias, access)].into() };
        self.peers.insert(name.clone(), peer);
        Ok(Joined { mesh: self, name, access })
    }

    /// This mesh with exactly these clusters as peers that `mesh` does not run, each with what reaching it takes.
    /// Clusters that are not in `recorded` are made so that they notice machines that go silent.
    pub fn join_all_foreign(
        self,
        remotes: Vec<(ForeignCluster, Option<ClusterSet>)>,
        recorded: Option<&Mesh>,
    ) -> Result<(Self, BTreeMap<PartnerName, PeerAccess>), JoinError> {
        let (mut mesh, mut access) = (self, BTreeMap::new());
        for peer in mesh.peers.values_mut().filter(|peer| peer.mesh.is_none()) {
            (peer.leaving, peer.on) = (true, None);
        }
        for (foreign, on) in remotes {
            let joined = mesh.join_foreign(foreign, on)?;
            mesh = joined.mesh;
            access.insert(joined.name, joined.access);
        }
        let new = |cluster: &ClusterId| recorded.is_none_or(|recorded| !recorded.has_cluster(*cluster));
        let spanning: Vec<ClusterId> = mesh.pending_span().filter(new).collect();
        Ok((spanning.into_iter().fold(mesh, |mesh, cluster| mesh.with_span_on(cluster)), access))
    }

    /// This mesh with a peer on its way out.
    pub fn leave(mut self, name: &PartnerName) -> Result<Self, NoSuchPeer> {
        let Some(peer) = self.peers.get_mut(name) else {
            return Err(NoSuchPeer { name: name.clone(), has: self.peers.keys().map(ToString::to_string).collect() });
        };
        peer.leaving = true;
        Ok(self)
    }

    /// Whether no other remote has an alias of this peer, and its searchers exist.
    fn require_room_for(&self, name: &PartnerName, peer: &Peer) -> Result<(), JoinError> {
        peer.on.as_ref().map_or(Ok(()), |on| self.require(on))?;
        for alias in peer.remotes.keys() {
            let of_mesh = alias.cluster().is_some_and(|cluster| self.has_cluster(cluster));
            let of_peer = self.peer_of(alias).filter(|other| *other != name);
            if of_mesh || of_peer.is_some() {
                let (alias, suffix) = (alias.clone(), (!peer.is_foreign()).then(|| name.clone()));
                return Err(JoinError::AliasTaken { alias, taken_by: of_peer.cloned(), suffix });
            }
        }
        Ok(())
    }

    fn require_versions(&self, peer: &Peer, access: &PeerAccess) -> Result<(), JoinError> {
        for on in self.clusters().filter(|cluster| peer.is_searched_by(*cluster)) {
            for (alias, of) in &access.remotes {
                let (from, to) = (self.version(on), of.version);
                if let Some(to) = to.filter(|to| !from.searches(*to)) {
                    return Err(JoinError::Version { on, from, alias: alias.clone(), to });
                }
            }
        }
        Ok(())
    }
}

/// What a peer's cluster is called here.
fn alias_of(cluster: ClusterId, suffix: Option<&str>) -> Result<Alias, JoinError> {
    let Some(suffix) = suffix else { return Ok(cluster.into()) };
    let refused =
        |reason: &dyn std::fmt::Display| JoinError::Suffix { suffix: suffix.to_owned(), reason: reason.to_string() };
    format!("{cluster}-{suffix}").parse().map_err(|error| refused(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = include_str!("../../../tests/fixtures/invitation-v1.json");

    #[test]
    fn a_peer_that_is_joined_again_leaves_no_remote_behind() {
        let invitation = Invitation::read(FILE).unwrap();
        let mesh = Mesh::example(1).with_clusters("90-90");
        let mesh = Mesh { id: "f".repeat(16), ..mesh };
        let suffix = |suffix: &str| JoinOptions { suffix: Some(suffix.to_owned()), ..JoinOptions::default() };
        let joined = mesh.join(&invitation, suffix("a")).ok().unwrap().mesh;
        let again = joined.clone().join(&invitation, JoinOptions::default()).ok().unwrap().mesh;
        assert_eq!(again.peers, joined.peers, "what is not asked otherwise stays");
        let refused = joined.join(&invitation, suffix("b")).err().unwrap();
        assert!(matches!(refused, JoinError::LeftBehind { .. }), "{refused}");
    }

    #[test]
    fn a_cluster_that_mesh_does_not_run_is_joined_by_a_name_of_its_own() {
        let foreign = |name: &str, encoded: &str| ForeignCluster {
            name: name.parse().unwrap(),
            at: Endpoint { address: "192.0.2.20:9443".to_owned(), others: Vec::new(), server_name: None },
            access: RemoteAccess {
                authorities: String::new(),
                encoded: encoded.to_owned(),
                expires: None,
                shares: Vec::new(),
                version: None,
            },
        };
        let mesh = Mesh { id: "f".repeat(16), ..Mesh::example(1).with_clusters("90-90") };
        let options = JoinOptions { peer: Some("london".parse().unwrap()), ..JoinOptions::default() };
        let mesh = mesh.join(&Invitation::read(FILE).unwrap(), options).ok().unwrap().mesh;
        let mesh = mesh.join_foreign(foreign("archive", "old"), None).ok().unwrap().mesh;
        let again = mesh.clone().join_foreign(foreign("archive", "new"), None).ok().unwrap();
        assert_eq!(again.mesh.peers, mesh.peers);
        assert_eq!(again.access.remotes.values().next().unwrap().encoded, "new", "its key is another one");
        let refused = ["cluster90", "london"].map(|name| {
            let refused = mesh.clone().join_foreign(foreign(name, "old"), None).err().unwrap();
            format!("{refused}; {}", refused.hint().unwrap())
        });
        insta::assert_snapshot!(refused.join("\n"), @r"
        cluster90 is a cluster of this mesh already; give it another name: after `--remote`, or as `name` in `remotes` of the settings file
        another mesh is called london here; give it another name: after `--remote`, or as `name` in `remotes` of the settings file
        ");
    }
}
