//! What access a change of the mesh takes away: searches that clusters lose, or parts of them. Pure: no I/O.

use std::{collections::BTreeMap, fmt};

use crate::mesh::{
    Mesh,
    cluster_set::ClusterSet,
    id::ClusterId,
    links::{Link, canary_prefix},
    pattern::covers,
};

/// Access to a cluster that others lose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostAccess {
    /// The clusters that lose it.
    pub searchers: ClusterSet,
    pub of: ClusterId,
    /// The index patterns that are shared no more; `None` for the link as a whole.
    pub patterns: Option<Vec<String>>,
}

impl fmt::Display for LostAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (searchers, of) = (self.searchers.named(), self.of);
        match &self.patterns {
            None => write!(f, "{searchers} can no longer search {of}"),
            Some(patterns) => write!(f, "{searchers} can no longer search {} of {of}", patterns.join(", ")),
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
    found
        .into_iter()
        .filter_map(|((of, patterns), searchers)| {
            Some(LostAccess { searchers: ClusterSet::new(searchers)?, of, patterns })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::settings::{LinkRule, Topology};

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
}
