//! Whether nodes can leave that a cluster is no longer to have. Pure.

use super::{Checked, Finding};
use crate::{
    facts::observed::{ContainerState, Observed},
    mesh::{
        Mesh,
        id::{ClusterId, NodeId},
        settings::NodeSettings,
        shell_word::shell_word,
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
    let found = found.chain(mesh.clusters().filter_map(|cluster| stuck(mesh, there, cluster)));
    Checked::new("leaving nodes", "no node has to leave a cluster that cannot move its shards", found)
}

/// Whether a node with such settings can hold shards of a kind.
type Holds = fn(&NodeSettings) -> bool;

/// Shards leave before any node is made anew, so those that stay have to have a role for them already: see
/// <https://www.elastic.co/docs/manage-data/lifecycle/data-tiers>.
fn stuck(mesh: &Mesh, there: &Observed, cluster: ClusterId) -> Option<Finding> {
    let record = there.record.as_ref()?;
    let (stay, mut leave): (Vec<NodeId>, Vec<NodeId>) =
        record.nodes(cluster).partition(|node| mesh.has((*node).into()));
    // one whose container is gone has left, but one that stays is made again
    leave.retain(|node| there.containers.contains_key(&(*node).into()));
    let holding = |nodes: &[NodeId], holds: Holds| {
        u32::try_from(nodes.iter().filter(|node| holds(&record.node_settings(**node))).count()).unwrap_or(u32::MAX)
    };
    let replicas = there.server(cluster).and_then(|server| server.allocation.replicas.values().max().copied());
    // more replicas are taken away before
    let replicas = replicas.unwrap_or_default().min(mesh.data_nodes(cluster).saturating_sub(1));
    let kinds: [(Holds, u32); 2] = [(NodeSettings::holds_data, 1 + replicas), (NodeSettings::holds_streams, 1)];
    // no command gives a role that is not asked for
    let asked = |holds: Holds| mesh.nodes(cluster).any(|node| holds(&mesh.node_settings(node)));
    let lacks = kinds
        .into_iter()
        .any(|(holds, least)| asked(holds) && holding(&leave, holds) > 0 && holding(&stay, holds) < least);
    let hint = || match mesh.all_nodes_kept(record, cluster) {
        Some(nodes) => format!(
            "`mesh create {} --set {}` gives them their roles first; then type the same command again, with \
             `--unset {cluster}.nodes`",
            mesh.cluster_set().to_mesh_text(),
            shell_word(format!("{cluster}.nodes={nodes}"))
        ),
        None => {
            "give those that stay the role `data` first, keeping all nodes; then type the same command again".to_owned()
        }
    };
    lacks.then(|| {
        let message = format!(
            "{cluster} is to have fewer nodes, and its shards cannot move to those that stay: not enough of these have \
             a role for data now"
        );
        Finding::problem(message, hint())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        facts::observed::ContainerFacts,
        judge::check::{Verdict, example::rendered},
        mesh::{example::cluster, id::NodeNumber, settings::per_cluster::read_set},
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

    #[test]
    fn no_node_leaves_for_those_that_have_no_role_for_its_shards_yet() {
        let of = |nodes: &str| {
            let mut mesh = Mesh::example(1).with_nodes(1, 3);
            mesh.overrides.push(read_set(&format!("1.nodes={nodes}")).unwrap());
            mesh
        };
        let checked = |before: &Mesh, after: &Mesh| {
            let runs = ContainerFacts::in_state(ContainerState::Stopped);
            let containers = before.nodes(cluster(1)).map(|node| (node.into(), runs.clone())).collect();
            let there = Observed { record: Some(before.clone()), containers, ..Observed::default() };
            rendered([leaving_nodes(after, &there)])
        };
        let large = "{roles: [master, data], elastic_memory: 4g}";
        let of_master = of(&format!("[{{roles: [master, remote_cluster_client]}}, {{}}, {large}]"));
        insta::assert_snapshot!(checked(&of_master, &Mesh::example(1)), @r#"
        Problem: cluster01 is to have fewer nodes, and its shards cannot move to those that stay: not enough of these have a role for data now
          `mesh create 1 --set 'cluster01.nodes=[{},{},{"elastic_memory":"4g","roles":["master","data"]}]'` gives them their roles first; then type the same command again, with `--unset cluster01.nodes`
        "#);
        let cold = of("[{roles: [master, data_content, remote_cluster_client]}, {}, {}]");
        assert!(checked(&cold, &Mesh::example(1)).starts_with("Problem: "), "what is hot has no place");
        let with_roles = of(&format!("[{{}}, {{}}, {large}]"));
        assert!(checked(&with_roles, &Mesh::example(1)).starts_with("good: "));
        let voters = of("[{}, {roles: [master]}, {roles: [master]}]");
        assert!(checked(&voters, &Mesh::example(1)).starts_with("good: "), "they hold nothing");
        let mut alone = Mesh::example(1);
        alone.overrides.push(read_set("1.nodes=[{roles: [master, data_content, remote_cluster_client]}]").unwrap());
        assert!(checked(&cold, &alone).starts_with("good: "), "it is to have no hot node, which is asked about alone");
    }

    #[test]
    fn a_node_that_stays_and_is_made_again_has_its_role() {
        let before = Mesh::example(1).with_nodes(1, 3);
        let runs = ContainerFacts::in_state(ContainerState::Stopped);
        let others = before.nodes(cluster(1)).skip(1).map(|node| (node.into(), runs.clone())).collect();
        let there = Observed { record: Some(before), containers: others, ..Observed::default() };
        assert!(rendered([leaving_nodes(&Mesh::example(1), &there)]).starts_with("good: "));
    }
}
