//! What to think of the meshes that were joined: whether their clusters are reached, and for how long they may be
//! searched. Pure.

use std::collections::BTreeMap;

use serde::Serialize;
use time::OffsetDateTime;

use super::{
    check::Finding,
    expiry::{SOON, days_between},
    hindrance::Hindrance,
    links::down_to_peer,
    verify::LinkCause,
};
use crate::{
    exit::Exit,
    explain::Explain,
    facts::observed::{DamagedFile, Observed},
    mesh::{
        Mesh,
        counted::counted,
        id::ClusterId,
        peers::{Alias, PartnerName, Peer},
    },
};

/// Raised when a field of the document changes its meaning.
const VERSION: u32 = 1;

/// The documented form of `mesh peers ls -o json`.
#[derive(Debug, Serialize)]
pub struct PeerList {
    pub version: u32,
    pub remotes: Vec<PeerRow>,
}

/// A cluster of a peer.
#[derive(Debug, Serialize)]
pub struct PeerRow {
    pub peer: PartnerName,
    pub alias: Alias,
    pub address: String,
    /// What its key lets search; empty where that is unknown.
    pub shares: Vec<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires: Option<OffsetDateTime>,
    /// Whole days; below 0 when the key has expired.
    pub days_left: Option<i64>,
    /// The clusters that reach it.
    pub reached_by: Vec<ClusterId>,
    /// The clusters that do not, with the reason.
    pub down: BTreeMap<ClusterId, String>,
    pub state: PeerState,
    /// How to get other keys for it, for people.
    #[serde(skip)]
    pub renewal: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PeerState {
    /// Every cluster that is to search it reaches it.
    Reached,
    /// Some do not.
    Down,
    Expired,
    /// Its keys are not on disk any more, or their file is damaged.
    Lost,
    /// It is being left.
    Leaving,
}

impl PeerState {
    pub fn word(self) -> &'static str {
        match self {
            Self::Reached => "reached",
            Self::Down => "down",
            Self::Expired => "expired",
            Self::Lost => "keys lost",
            Self::Leaving => "leaving",
        }
    }
}

impl PeerList {
    pub fn new(mesh: &Mesh, there: &Observed, now: OffsetDateTime) -> Self {
        let rows = mesh.peers.iter().flat_map(|(name, peer)| {
            peer.remotes.keys().map(move |alias| PeerRow::new(mesh, there, (name, peer, alias), now))
        });
        Self { version: VERSION, remotes: rows.collect() }
    }

    pub fn all_reached(&self) -> bool {
        self.remotes.iter().all(|row| row.state == PeerState::Reached)
    }
}

impl PeerRow {
    fn new(
        mesh: &Mesh,
        there: &Observed,
        (name, peer, alias): (&PartnerName, &Peer, &Alias),
        now: OffsetDateTime,
    ) -> Self {
        let access = there.peers.get(name).and_then(|remotes| remotes.get(alias));
        let expires = access.and_then(|access| access.expires);
        let searching = mesh.clusters().filter(|cluster| peer.is_searched_by(*cluster));
        let links = searching.map(|cluster| (cluster, down_to_peer(mesh, there, cluster, alias)));
        let (reached, down): (Vec<_>, Vec<_>) = links.partition(|(_, why)| why.is_none());
        let down: BTreeMap<ClusterId, String> =
            down.into_iter().filter_map(|(cluster, why)| Some((cluster, why?))).collect();
        let state = match access {
            _ if peer.leaving => PeerState::Leaving,
            None => PeerState::Lost,
            Some(_) if expires.is_some_and(|expires| expires <= now) => PeerState::Expired,
            Some(_) if !down.is_empty() => PeerState::Down,
            Some(_) => PeerState::Reached,
        };
        Self {
            peer: name.clone(),
            alias: alias.clone(),
            address: peer.remotes[alias].address.clone(),
            shares: access.map(|access| access.shares.clone()).unwrap_or_default(),
            expires,
            days_left: expires.map(|expires| days_between(now, expires)),
            reached_by: reached.into_iter().map(|(cluster, _)| cluster).collect(),
            down,
            state,
            renewal: there.damaged_peers.get(name).map_or_else(|| peer.renewal(name), |file| file.remedy.clone()),
        }
    }
}

/// A remote that was set by hand has a name that a peer's cluster would have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{alias} is a remote of {on} that mesh did not set")]
pub struct AliasByHand {
    alias: Alias,
    on: ClusterId,
    peer: PartnerName,
    /// Whether `mesh` does not run the peer.
    foreign: bool,
}

impl Explain for AliasByHand {
    fn exit(&self) -> Exit {
        Exit::Request
    }

    fn hint(&self) -> Option<String> {
        let Self { peer, foreign, .. } = self;
        Some(if *foreign {
            "join it by another name after `--remote`; or remove the remote".to_owned()
        } else {
            format!("`mesh join FILE --suffix {peer}` gives the peer's clusters other names; or remove the remote")
        })
    }
}

/// Whether no remote that was set by hand would become a peer's.
pub fn require_free_aliases(mesh: &Mesh, name: &PartnerName, there: &Observed) -> Result<(), AliasByHand> {
    let known = |alias: &Alias| there.record.as_ref().is_some_and(|record| record.manages(alias));
    let Some(peer) = mesh.peers.get(name) else { return Ok(()) };
    for (on, server) in there.answering() {
        let set = server.remotes.keys().filter_map(|setting| Alias::of_setting(setting));
        if let Some(alias) = set.into_iter().find(|alias| peer.remotes.contains_key(alias) && !known(alias)) {
            return Err(AliasByHand { alias, on, peer: name.clone(), foreign: peer.is_foreign() });
        }
    }
    Ok(())
}

/// Whether the clusters that are to search a peer have licenses for it; the other side's is known when a link is tried.
pub fn require_licenses(mesh: &Mesh, name: &PartnerName, there: &Observed) -> Result<(), Hindrance> {
    let Some(peer) = mesh.peers.get(name) else { return Ok(()) };
    let searching = mesh.clusters().filter(|cluster| peer.is_searched_by(*cluster));
    let lacking = searching.into_iter().find_map(|cluster| LinkCause::of_license(there, cluster));
    lacking.map_or(Ok(()), |cause| Err(Hindrance::License(cause)))
}

/// The files of peers that are damaged.
pub fn damaged(there: &Observed) -> Vec<Finding> {
    let finding = |file: &DamagedFile| {
        let message = format!("{}; until it is mended, what changes the mesh is refused", file.reason);
        Finding::warning(message, &file.remedy)
    };
    there.damaged_peers.values().map(finding).collect()
}

/// Files that are damaged, and what is to be renewed within a month, or has expired: only the other side can.
pub fn warnings(mesh: &Mesh, there: &Observed, now: OffsetDateTime) -> Vec<Finding> {
    let first = |name: &PartnerName| there.peers.get(name)?.values().filter_map(|access| access.expires).min();
    let soon = |(name, peer): (&PartnerName, &Peer)| {
        let days = days_between(now, first(name)?);
        let when = match days {
            ..0 => "have expired".to_owned(),
            0 => "expire today".to_owned(),
            1..SOON => format!("expire in {}", counted(days.unsigned_abs(), "day")),
            _ => return None,
        };
        (!peer.leaving).then(|| Finding::warning(format!("keys of the peer {name} {when}"), peer.renewal(name)))
    };
    damaged(there).into_iter().chain(mesh.peers.iter().filter_map(soon)).collect()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::mesh::{cluster_set::ClusterSet, peers::Endpoint};

    #[test]
    fn a_damaged_file_is_named_with_what_mends_it() {
        let (mut mesh, mut there) = (Mesh::example(1), Observed::default());
        let london: PartnerName = "london".parse().unwrap();
        let at = Endpoint { address: "192.0.2.7:9443".to_owned(), others: Vec::new(), server_name: None };
        let remotes = BTreeMap::from([("cluster05".parse().unwrap(), at)]);
        let peer = Peer { mesh: None, suffix: None, on: ClusterSet::first(1), remotes, leaving: false };
        mesh.peers.insert(london.clone(), peer);
        let file = DamagedFile { reason: "london.json is damaged".to_owned(), remedy: "move it away".to_owned() };
        there.damaged_peers.insert(london, file);
        let now = datetime!(2026-11-26 12:00 UTC);
        let row = PeerList::new(&mesh, &there, now).remotes.swap_remove(0);
        assert_eq!((row.state, row.renewal.as_str()), (PeerState::Lost, "move it away"));
        let found: Vec<String> = warnings(&mesh, &there, now).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["london.json is damaged; until it is mended, what changes the mesh is refused"]);
    }
}
