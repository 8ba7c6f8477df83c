//! Whether nodes can leave that a cluster is no longer to have. Pure.

use super::{Checked, Finding};
use crate::{
    facts::observed::Observed,
    mesh::{Mesh, id::ClusterId},
};

/// Shards and votes are moved by the cluster itself, so one that does not answer keeps its nodes: what only they hold
/// would be gone.
pub(super) fn leaving_nodes(mesh: &Mesh, there: &Observed) -> Checked {
    let leaves = |cluster: &ClusterId| {
        there.server(*cluster).is_none() && there.nodes_of(*cluster).iter().any(|node| !mesh.has((*node).into()))
    };
    let names = |cluster| {
        let names = there.nodes_of(cluster).into_iter().map(|node| mesh.container_name(node.into()));
        names.collect::<Vec<_>>().join(" ")
    };
    let found = mesh.clusters().filter(leaves).map(|cluster| {
        Finding::problem(
            format!(
                "{cluster} is to have fewer nodes, and does not answer: nothing moves its shards to those that stay"
            ),
            format!("start all its nodes with `docker start {}`, and type the same command again", names(cluster)),
        )
    });
    Checked::new("leaving nodes", "no node has to leave a cluster that does not answer", found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        facts::observed::{ContainerFacts, ContainerState},
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
        insta::assert_snapshot!(rendered([leaving_nodes(&mesh, &there)]), @r"
        Problem: cluster01 is to have fewer nodes, and does not answer: nothing moves its shards to those that stay
          start all its nodes with `docker start cluster01-elastic cluster01-elastic-2 cluster01-elastic-3`, and type the same command again
        ");
        let three = mesh.with_nodes(1, 3);
        assert!(matches!(leaving_nodes(&three, &there).verdict, Verdict::Good(_)));
    }
}
