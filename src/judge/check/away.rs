//! Warnings of what is away while nodes of clusters of several stop or restart. Pure.

use std::collections::BTreeSet;

use super::Finding;
use crate::{
    facts::observed::Observed,
    mesh::{
        Mesh,
        counted::counted,
        id::{ClusterId, NodeId, ServiceId},
    },
    plan::{Plan, Step},
};

/// So many names of indices are shown.
const SHOWN: usize = 5;

/// What a plan takes away from those who use the clusters meanwhile, of clusters that are not stopped as a whole.
pub fn away(mesh: &Mesh, there: &Observed, plan: &Plan) -> Vec<Finding> {
    let several = mesh.clusters().filter(|cluster| mesh.has_several_nodes(*cluster));
    several.flat_map(|cluster| of_cluster(mesh, there, plan, cluster)).collect()
}

fn of_cluster(mesh: &Mesh, there: &Observed, plan: &Plan, cluster: ClusterId) -> Vec<Finding> {
    let number = cluster.number();
    let turns = Turns::of(mesh, there, plan, cluster);
    // one that is stopped as a whole was asked to be
    if turns.fewest == 0 {
        return Vec::new();
    }
    let (electable, needed) = (mesh.electable(cluster).count(), mesh.electable(cluster).count() / 2 + 1);
    let is_enough = |count: usize| mesh.is_majority(cluster, count);
    let left = |count: usize| {
        let of = counted(electable, "node");
        format!("{count} of its {of} that can be elected, and needs {needed}")
    };
    let majority = if is_enough(turns.before) && !is_enough(turns.after) {
        Some(Finding::warning(
            format!("{cluster} will not serve any more: it is left with {}", left(turns.after)),
            format!("`mesh manage start {number}` brings it back"),
        ))
    } else if is_enough(turns.before) && !is_enough(turns.fewest_electable) {
        Some(Finding::warning(
            format!("{cluster} will not serve for a while: it is left with {}", left(turns.fewest_electable)),
            "a cluster goes on serving if a majority of three nodes or more runs",
        ))
    } else if turns.starts && !is_enough(turns.after) {
        Some(Finding::warning(
            format!("{cluster} does not serve yet: it has {}", left(turns.after)),
            format!("`mesh manage start {number}` starts all its nodes"),
        ))
    } else {
        None
    };
    let indices = without_replica(there, cluster);
    let replicas = (turns.stops && !indices.is_empty()).then(|| {
        let more = indices.len().saturating_sub(SHOWN);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let shown: Vec<&str> = indices.iter().take(SHOWN).copied().collect();
        Finding::warning(
            format!(
                "away while the node stops that has them, for want of a replica: {}{more}, on {cluster}",
                shown.join(" ")
            ),
            format!(
                "give each of them one: `mesh es {number} PUT /{}/_settings '{{\"index.number_of_replicas\": 1}}'`",
                indices[0]
            ),
        )
    });
    majority.into_iter().chain(replicas).collect()
}

/// The indices of users that have no second copy of their shards.
fn without_replica(there: &Observed, cluster: ClusterId) -> Vec<&str> {
    let replicas = there.server(cluster).into_iter().flat_map(|server| &server.allocation.replicas);
    replicas.filter(|(name, count)| **count == 0 && !name.starts_with('.')).map(|(name, _)| name.as_str()).collect()
}

/// How many nodes of a cluster run in the course of a plan.
struct Turns {
    /// Of those that can be elected.
    before: usize,
    after: usize,
    fewest_electable: usize,
    /// Of all.
    fewest: usize,
    starts: bool,
    stops: bool,
}

impl Turns {
    fn of(mesh: &Mesh, there: &Observed, plan: &Plan, cluster: ClusterId) -> Self {
        let electable: BTreeSet<NodeId> = mesh.electable(cluster).collect();
        let voting = |running: &BTreeSet<NodeId>| running.intersection(&electable).count();
        let mut running: BTreeSet<NodeId> = mesh.nodes(cluster).filter(|node| there.runs((*node).into())).collect();
        let before = voting(&running);
        let mut turns =
            Self { before, after: before, fewest_electable: before, fewest: usize::MAX, starts: false, stops: false };
        let own = |service: &ServiceId| service.node().filter(|node| node.cluster == cluster);
        for step in plan.steps() {
            let (stopped, started) = match step {
                Step::StartContainer(service) => (None, own(service)),
                Step::StopContainer(service) | Step::RemoveContainer { service, .. } => (own(service), None),
                Step::RestartContainer(service) => (own(service), own(service)),
                Step::StoreSecureSettings { node, restart: true, .. } => {
                    let node = own(&(*node).into());
                    (node, node)
                }
                _ => continue,
            };
            if stopped.is_some_and(|node| running.remove(&node)) {
                turns.stops = true;
                turns.fewest = turns.fewest.min(running.len());
                turns.fewest_electable = turns.fewest_electable.min(voting(&running));
            }
            turns.starts |= started.is_some_and(|node| running.insert(node));
        }
        turns.after = voting(&running);
        turns
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        facts::observed::{Answer, ContainerFacts, ContainerState, ServerFacts},
        mesh::example::cluster,
        plan::manage::{Action, Selection, select},
    };

    fn mesh() -> Mesh {
        Mesh::example(2).without_kibana().with_nodes(2, 3)
    }

    /// All nodes run, but those of the second cluster with these numbers.
    fn there(mesh: &Mesh, stopped: &[u8]) -> Observed {
        let stops = |node: NodeId| node.cluster == cluster(2) && stopped.contains(&node.number.get());
        let state = |node| if stops(node) { ContainerState::Stopped } else { ContainerState::Running };
        let containers = mesh.all_nodes().map(|node| (node.into(), ContainerFacts::in_state(state(node)))).collect();
        let mut there = Observed { containers, ..Observed::default() };
        if stopped.len() < 2 {
            let mut server = ServerFacts::licensed("trial", time::macros::datetime!(2026-02-01 12:00 UTC));
            server.allocation.replicas =
                [(".hidden", 0), ("logs", 0), ("mesh-a", 0), ("safe", 1)].map(|(name, n)| (name.to_owned(), n)).into();
            there.servers.insert(cluster(2), Answer::Ready(server));
        }
        there
    }

    fn warned(stopped: &[u8], selected: &str, action: Action) -> String {
        let (mesh, there) = (mesh(), there(&mesh(), stopped));
        let selection = Selection::new(&mesh, selected.parse().unwrap()).unwrap();
        let plan = select(&mesh, &there, &selection, action);
        let lines = away(&mesh, &there, &plan).into_iter().map(|found| format!("{}; {}\n", found.message, found.hint));
        lines.collect()
    }

    #[test]
    fn indices_without_a_replica_are_named_before_a_node_stops() {
        let named = "away while the node stops that has them, for want of a replica: logs mesh-a, on cluster02; \
                     give each of them one: `mesh es 2 PUT /logs/_settings '{\"index.number_of_replicas\": 1}'`\n";
        for (selected, action) in [("2", Action::Restart), ("2/1", Action::Restart), ("2/3", Action::Stop)] {
            assert_eq!(warned(&[], selected, action), named, "{selected} {action:?}");
        }
        for (selected, action) in [("2", Action::Stop), ("2", Action::Start), ("1", Action::Restart)] {
            assert_eq!(warned(&[], selected, action), "", "{selected} {action:?}");
        }
    }

    #[test]
    fn a_majority_that_is_lost_is_named() {
        let first = |stopped: &[u8], selected, action| {
            let warned = warned(stopped, selected, action);
            warned.lines().next().unwrap_or_default().to_owned()
        };
        insta::assert_snapshot!(first(&[3], "2/2", Action::Stop), @"cluster02 will not serve any more: it is left with 1 of its 3 nodes that can be elected, and needs 2; `mesh manage start 2` brings it back");
        insta::assert_snapshot!(first(&[3], "2/2", Action::Restart), @"cluster02 will not serve for a while: it is left with 1 of its 3 nodes that can be elected, and needs 2; a cluster goes on serving if a majority of three nodes or more runs");
        insta::assert_snapshot!(first(&[2, 3], "2/3", Action::Start), @"");
        insta::assert_snapshot!(first(&[1, 2, 3], "2/3", Action::Start), @"cluster02 does not serve yet: it has 1 of its 3 nodes that can be elected, and needs 2; `mesh manage start 2` starts all its nodes");
        assert_eq!(first(&[1, 2, 3], "2", Action::Start), "");
        // the one that is stopped comes first
        assert!(first(&[3], "2", Action::Restart).starts_with("away while"));
    }
}
