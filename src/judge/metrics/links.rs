//! The metrics of links: which are up, why one is down, how long a search takes over it. Pure.

use std::{collections::BTreeMap, time::Duration};

use super::{
    Searches,
    text::{Family, Sample, Text},
    unix,
};
use crate::{
    judge::{
        peers::{PeerRow, PeerState},
        status::{ClusterStatus, Status},
    },
    mesh::{Mesh, id::ClusterId, links::Link, peers::Alias},
};

const UP: Family = Family::new("mesh_link_up", "Whether searches from a cluster reach a remote.");
const DOWN: Family = Family::new("mesh_link_down", "Why a link is down, of those that are; always 1.");
const SEARCH: Family = Family::new(
    "mesh_link_search_duration_seconds",
    "How long a search over the link took that finds nothing, as the cluster measured it.",
);
const KEY: Family = Family::new(
    "mesh_peer_key_expiry_timestamp_seconds",
    "When the API key for a cluster of a mesh that was joined expires, in Unix seconds.",
);
const KEY_LOST: Family = Family::new(
    "mesh_peer_key_lost",
    "Whether the API key for a cluster of a mesh that was joined is lost, or damaged on disk.",
);

/// Why a link is down, in one of a few words: the whole reason is in `mesh status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    /// The cluster that searches does not serve.
    SearcherDown,
    RemoteDown,
    /// One of the two has no license in force.
    License,
    KeyExpired,
    /// The keys of a peer are not on disk.
    KeyLost,
    /// Both ends serve, and the one does not reach the other.
    Unreachable,
}

impl Reason {
    fn word(self) -> &'static str {
        match self {
            Self::SearcherDown => "searcher-down",
            Self::RemoteDown => "remote-down",
            Self::License => "license",
            Self::KeyExpired => "key-expired",
            Self::KeyLost => "key-lost",
            Self::Unreachable => "unreachable",
        }
    }
}

/// A link as it is shown: within the mesh, or to a cluster of a peer.
struct Shown {
    from: ClusterId,
    to: Alias,
    /// The name of the mesh that was joined; empty within this one.
    peer: String,
    down: Option<Reason>,
}

pub(super) fn metrics(text: &mut Text, mesh: &Mesh, status: &Status, searches: &Searches) {
    let known: BTreeMap<ClusterId, &ClusterStatus> = status.clusters.iter().map(|of| (of.cluster, of)).collect();
    let own = mesh.links().into_iter().filter_map(|link| own(&known, link));
    let of_peers = status.peers.iter().flat_map(|row| of_peer(&known, row));
    let links: Vec<Shown> = own.chain(of_peers).collect();
    let sample = |link: &Shown, more: Option<(&'static str, &str)>, value| {
        let names = [("from", link.from.to_string()), ("to", link.to.to_string()), ("peer", link.peer.clone())];
        let more = more.map(|(label, of)| (label, of.to_owned()));
        Sample { labels: names.into_iter().chain(more).collect(), value }
    };
    text.family(&UP, links.iter().map(|link| sample(link, None, f64::from(link.down.is_none()))));
    let why = |link: &Shown| Some(sample(link, Some(("reason", link.down?.word())), 1.0));
    text.family(&DOWN, links.iter().filter_map(why));
    let took = |link: &Shown| searches.get(&(link.from, link.to.clone())).map(Duration::as_secs_f64);
    text.family(&SEARCH, links.iter().filter_map(|link| Some(sample(link, None, took(link)?))));
    let labels = |row: &PeerRow| vec![("peer", row.peer.to_string()), ("to", row.alias.to_string())];
    let key = |row: &PeerRow| Some(Sample { labels: labels(row), value: unix(row.expires?) });
    text.family(&KEY, status.peers.iter().filter_map(key));
    let lost = |row: &PeerRow| Sample { labels: labels(row), value: f64::from(row.state == PeerState::Lost) };
    text.family(&KEY_LOST, status.peers.iter().map(lost));
}

/// `None` where neither end was looked at.
fn own(known: &BTreeMap<ClusterId, &ClusterStatus>, Link { from, to }: Link) -> Option<Shown> {
    let (searcher, remote) = (known.get(&from), known.get(&to));
    let is_down = match (searcher, remote) {
        (Some(searcher), _) => searcher.links.down.contains_key(&to),
        (None, Some(remote)) => remote.searched_by.down.contains_key(&from),
        (None, None) => return None,
    };
    let serves = |end: Option<&&ClusterStatus>| end.is_none_or(|end| end.elastic.state.serves());
    let licensed =
        |end: Option<&&ClusterStatus>| end.and_then(|end| end.license.as_ref()).is_none_or(|license| license.active);
    let has_expired = || remote.and_then(|remote| remote.api_key.as_ref()).is_some_and(|key| key.days_left < 0);
    let reason = || match () {
        () if !serves(searcher) => Reason::SearcherDown,
        () if !serves(remote) => Reason::RemoteDown,
        () if !licensed(searcher) || !licensed(remote) => Reason::License,
        () if has_expired() => Reason::KeyExpired,
        () => Reason::Unreachable,
    };
    Some(Shown { from, to: to.into(), peer: String::new(), down: is_down.then(reason) })
}

/// The links of the clusters that search a cluster of a peer.
fn of_peer(known: &BTreeMap<ClusterId, &ClusterStatus>, row: &PeerRow) -> Vec<Shown> {
    let shown = |from: &ClusterId, down| Shown { from: *from, to: row.alias.clone(), peer: row.peer.to_string(), down };
    let reason = |from: &ClusterId| match row.state {
        _ if known.get(from).is_some_and(|searcher| !searcher.elastic.state.serves()) => Reason::SearcherDown,
        PeerState::Expired => Reason::KeyExpired,
        PeerState::Lost => Reason::KeyLost,
        PeerState::Reached | PeerState::Down | PeerState::Leaving => Reason::Unreachable,
    };
    let up = row.reached_by.iter().map(|from| shown(from, None));
    up.chain(row.down.keys().map(|from| shown(from, Some(reason(from))))).collect()
}
