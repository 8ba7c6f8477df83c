//! What access a change of the mesh takes away: searches that clusters lose, or parts of them. Pure: no I/O.

use std::{collections::BTreeMap, fmt};

use crate::mesh::{
    Mesh,
    cluster_set::ClusterSet,
    id::ClusterId,
    links::{Link, canary_prefix},
    pattern::covers,
    peers::PartnerName,
};

/// Access that clusters lose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LostAccess {
    /// That to a cluster of the mesh.
    Cluster {
        /// The clusters that lose it.
        searchers: ClusterSet,
        of: ClusterId,
        /// The index patterns that are shared no more; `None` for the link as a whole.
        patterns: Option<Vec<String>>,
    },
    /// That to a peer, which only its owner can give again: its keys are deleted.
    Peer(PartnerName),
}

impl fmt::Display for LostAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster { searchers, of, patterns: None } => {
                write!(f, "{} can no longer search {of}", searchers.named())
            }
            Self::Cluster { searchers, of, patterns: Some(patterns) } => {
                write!(f, "{} can no longer search {} of {of}", searchers.named(), patterns.join(", "))
            }
            Self::Peer(name) => write!(f, "no cluster can search {name} any more, and its keys are deleted"),
        }
    }
}

/// What clusters that stay lose on the way from `recorded` to `mesh`, by the cluster that is searched.
pub fn lost_access(recorded: &Mesh, mesh: &Mesh) -> Vec<LostAccess> {
    let canaries = canary_prefix(&recorded.id);
    let lost = |link: Link| -> Option<Option<Vec<String>>> {
        if !mesh.has_link(link) {
            return Some(None);
        }
        let after = mesh.shared_by(mesh.key_of(link));
        let mut before = recorded.shared_by(recorded.key_of(link));
        before.retain(|pattern| !pattern.starts_with(&canaries) && !after.iter().any(|share| covers(share, pattern)));
        (!before.is_empty()).then_some(Some(before))
    };
    let mut found: BTreeMap<(ClusterId, Option<Vec<String>>), Vec<ClusterId>> = BTreeMap::new();
    for link in recorded.links() {
        if !mesh.has_cluster(link.from) || !mesh.has_cluster(link.to) {
            continue;
        }
        if let Some(patterns) = lost(link) {
            found.entry((link.to, patterns)).or_default().push(link.from);
        }
    }
    let of_clusters = found.into_iter().filter_map(|((of, patterns), searchers)| {
        Some(LostAccess::Cluster { searchers: ClusterSet::new(searchers)?, of, patterns })
    });
    let stays = |name: &PartnerName| mesh.peers.get(name).is_some_and(|peer| !peer.leaving);
    let left = recorded.peers.iter().filter(|(name, peer)| !peer.leaving && !stays(name));
    of_clusters.chain(left.map(|(name, _)| LostAccess::Peer(name.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::{
        peers::{Endpoint, Peer},
        settings::{LinkRule, Topology},
    };

    fn sharing(patterns: &[&str]) -> Mesh {
        let mut mesh = Mesh::example(3);
        mesh.spec.share = patterns.iter().map(|pattern| pattern.parse().unwrap()).collect();
        mesh
    }

    fn linked(topology: Topology) -> Mesh {
        let mut mesh = Mesh::example(3);
        mesh.spec.topology = topology;
        mesh
    }

    fn lost(before: &Mesh, after: &Mesh) -> String {
        lost_access(before, after).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_narrower_share_takes_access_away_and_a_wider_one_does_not() {
        for (before, after) in [
            (vec![], vec!["logs-*"]),
            (vec!["logs-a-*"], vec!["logs-*"]),
            (vec!["logs-*"], vec!["logs-*"]),
            (vec!["mesh-a*"], vec![]),
        ] {
            assert_eq!(lost(&sharing(&before), &sharing(&after)), "", "{before:?} to {after:?}");
        }
        insta::assert_snapshot!(lost(&sharing(&["logs-*", "hr-*"]), &sharing(&["logs-a-*", "hr-*"])), @r"
        clusters 2-3 can no longer search logs-* of cluster01
        clusters 1,3 can no longer search logs-* of cluster02
        clusters 1-2 can no longer search logs-* of cluster03
        ");
    }

    #[test]
    fn links_that_vanish_take_access_away() {
        let (all, hub) = (linked(Topology::All), linked(Topology::Hub { hub: ClusterId::FIRST, both: false }));
        assert_eq!(lost(&hub, &all), "");
        insta::assert_snapshot!(lost(&all, &hub), @r"
        clusters 2-3 can no longer search cluster01
        cluster03 can no longer search cluster02
        cluster02 can no longer search cluster03
        ");
        let set = |text: &str| text.parse().unwrap();
        let share = Some(vec!["hr-*".parse().unwrap()]);
        let own = linked(Topology::Links(vec![LinkRule { from: set("1"), to: set("2-3"), both: false, share }]));
        insta::assert_snapshot!(lost(&hub, &own), @r"
        cluster01 can no longer search local-data-set, mesh* of cluster02
        cluster01 can no longer search local-data-set, mesh* of cluster03
        ");
        assert_eq!(lost(&own, &own), "");
        assert_eq!(lost(&all, &Mesh::example(2)), "", "what is deleted is shown as such");
    }

    /// A list of `remotes` that no longer has it leaves it, and its owner alone can give another key.
    #[test]
    fn a_peer_that_is_left_is_lost_once() {
        let at = Endpoint { address: "192.0.2.20:9443".to_owned(), others: Vec::new(), server_name: None };
        let remotes = [("archive".parse().unwrap(), at)].into();
        let peer = Peer { mesh: None, suffix: None, on: None, remotes, leaving: false };
        let mut joined = Mesh::example(2);
        joined.peers.insert("archive".parse().unwrap(), peer);
        let left = joined.clone().leave(&"archive".parse().unwrap()).unwrap();
        insta::assert_snapshot!(lost(&joined, &left), @"no cluster can search archive any more, and its keys are deleted");
        assert_eq!([lost(&joined, &joined), lost(&left, &left)], ["", ""], "an interrupted run asked before");
    }
}
