//! Whether nodes can leave that a cluster is no longer to have. Pure.

use super::{Checked, Finding};
use crate::{
    facts::observed::{ContainerState, Observed},
    mesh::{
        Mesh,
        id::{ClusterId, NodeId},
    },
};

/// Shards and votes are moved by the cluster itself, so one that does not answer keeps its nodes: what only they hold
/// would be gone.
pub(super) fn leaving_nodes(mesh: &Mesh, there: &Observed) -> Checked {
    // one that only has to start is started, and the cluster with it
    let can_start = |node: NodeId| {
        use ContainerState::{Created, Running, Stopped};
        let found = there.containers.get(&node.into());
        found.is_some_and(|found| matches!(found.state, Created | Running | Stopped))
    };
    let leaves = |cluster: &ClusterId| {
        let leaving = || there.nodes_of(*cluster).into_iter().filter(|node| !mesh.has((*node).into()));
        there.server(*cluster).is_none() && !leaving().all(can_start)
    };
    let found = mesh.clusters().filter(leaves).map(|cluster| {
        Finding::problem(
            format!(
                "{cluster} is to have fewer nodes, and does not answer: nothing moves its shards to those that stay"
            ),
            format!(
                "keep them with `mesh create {} --set {cluster}.nodes={}` until it answers; then type the same command \
                 again, with `--unset {cluster}.nodes`",
                mesh.cluster_set().to_mesh_text(),
                // two are refused, and one between them may be gone already
                there.nodes_of(cluster).last().map_or(3, |node| node.number.get().max(3))
            ),
        )
    });
    Checked::new("leaving nodes", "no node has to leave a cluster that does not answer", found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        facts::observed::ContainerFacts,
        judge::check::{Verdict, example::rendered},
        mesh::id::NodeNumber,
    };

    #[test]
    fn no_node_leaves_a_cluster_that_cannot_move_its_shards() {
        let (mesh, mut there) = (Mesh::example(1), Observed::default());
        for number in (1..=3).filter_map(NodeNumber::new) {
            let node = ClusterId::FIRST.node(number).into();
            there.containers.insert(node, ContainerFacts::in_state(ContainerState::Stopped));
        }
        let refused = |there: &Observed| rendered([leaving_nodes(&mesh, there)]);
        assert!(refused(&there).starts_with("good: "), "they start with the cluster");
        let third = ClusterId::FIRST.node(NodeNumber::new(3).unwrap()).into();
        there.containers.get_mut(&third).unwrap().state = ContainerState::Paused;
        insta::assert_snapshot!(refused(&there), @r"
        Problem: cluster01 is to have fewer nodes, and does not answer: nothing moves its shards to those that stay
          keep them with `mesh create 1 --set cluster01.nodes=3` until it answers; then type the same command again, with `--unset cluster01.nodes`
        ");
        there.containers.remove(&third);
        let second = ClusterId::FIRST.node(NodeNumber::new(2).unwrap()).into();
        there.containers.get_mut(&second).unwrap().state = ContainerState::Paused;
        assert!(refused(&there).contains("cluster01.nodes=3`"), "no cluster has two nodes");
        there.containers.insert(third, ContainerFacts::in_state(ContainerState::Paused));
        let three = mesh.with_nodes(1, 3);
        assert!(matches!(leaving_nodes(&three, &there).verdict, Verdict::Good(_)));
    }
}
