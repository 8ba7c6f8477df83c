//! Whether nodes that have data keep a role for it. Pure.

use super::{Checked, Finding, Severity};
use crate::{
    facts::observed::Observed,
    mesh::{
        Mesh,
        id::{ClusterId, NodeId},
    },
};

/// Elasticsearch does not start where it finds shards and has no role for them, and no rolling change moves them to the
/// other nodes before.
pub(super) fn data_roles(mesh: &Mesh, there: &Observed) -> Checked {
    let loses = |node: &NodeId| {
        let files = there.files.get(&node.cluster).and_then(|files| files.node(node.number));
        let before = there.record.as_ref().filter(|record| record.has((*node).into()));
        files.is_some_and(|files| files.data)
            && before.is_some_and(|record| record.node_settings(*node).may_hold_shards())
            && !mesh.node_settings(*node).may_hold_shards()
    };
    let found = mesh.clusters().filter_map(|cluster| mesh.nodes(cluster).find(loses)).map(|node| {
        let message = format!("{node} is to have no role that holds data: it does not start while it has shards");
        Finding::new(Severity::Estimate, message, remedy(mesh, node))
    });
    Checked::new("data roles", "nodes that have data keep a role for it", found.chain(without_streams(mesh, there)))
}

/// Elasticsearch needs a node for content and a hot one, and has data streams of its own; see
/// <https://www.elastic.co/docs/manage-data/lifecycle/data-tiers>. Nodes that a mesh has already pass.
fn without_streams(mesh: &Mesh, there: &Observed) -> impl Iterator<Item = Finding> {
    let asked = move |cluster: &ClusterId| {
        let before = there.record.as_ref().filter(|record| record.has_cluster(*cluster));
        before.is_none_or(|record| record.settings(*cluster).nodes != mesh.settings(*cluster).nodes)
    };
    let none = move |cluster: &ClusterId| !mesh.nodes(*cluster).any(|node| mesh.node_settings(node).holds_streams());
    mesh.clusters().filter(none).filter(asked).map(|cluster| {
        Finding::new(
            Severity::Estimate,
            format!("no node of {cluster} is to hold data streams: none has the role `data` or `data_hot`"),
            "give one of them the role `data`, or `data_hot` besides `data_content`; `--force` tries all the same",
        )
    })
}

fn remedy(mesh: &Mesh, node: NodeId) -> String {
    if node.is_first() {
        return "leave it a role such as `data`, and list the nodes without data last; `--force` tries all the same"
            .to_owned();
    }
    let (cluster, before) = (node.cluster, node.number.get() - 1);
    format!(
        "`mesh create {} --set {cluster}.nodes={}` moves all of them to the nodes before it; then type the same \
         command again, with `--unset {cluster}.nodes`; or `--force`, if it has none",
        mesh.cluster_set().to_mesh_text(),
        // two are refused
        if before < 3 { 1 } else { before }
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        facts::observed::{ClusterFiles, NodeFiles},
        judge::check::example::rendered,
        mesh::settings::per_cluster::read_set,
    };

    fn with_nodes(nodes: &str) -> Mesh {
        let mut mesh = Mesh::example(1).with_nodes(1, 3);
        mesh.overrides.push(read_set(&format!("1.nodes={nodes}")).unwrap());
        mesh
    }

    #[test]
    fn a_node_with_data_does_not_lose_its_role() {
        let plain = with_nodes("3");
        let data = NodeFiles { data: true, ..NodeFiles::default() };
        let nodes = plain.nodes(ClusterId::FIRST).map(|node| (node.number, data.clone())).collect();
        let mut there = Observed { record: Some(plain.clone()), ..Observed::default() };
        there.files.insert(ClusterId::FIRST, ClusterFiles { nodes, ..ClusterFiles::default() });
        let checked = |nodes: &str, there: &Observed| rendered([data_roles(&with_nodes(nodes), there)]);
        let tie_breaker = "[{}, {}, {roles: [master, voting_only]}]";
        insta::assert_snapshot!(checked(tie_breaker, &there), @r"
        Estimate: cluster01-elastic-3 is to have no role that holds data: it does not start while it has shards
          `mesh create 1 --set cluster01.nodes=1` moves all of them to the nodes before it; then type the same command again, with `--unset cluster01.nodes`; or `--force`, if it has none
        ");
        assert!(checked("[{roles: [master]}, {}, {}]", &there).contains("list the nodes without data last"));
        assert!(checked("[{}, {}, {roles: [master, data_hot]}]", &there).starts_with("good: "));
        there.record = Some(with_nodes(tie_breaker));
        assert!(checked(tie_breaker, &there).starts_with("good: "), "it never had one");
    }

    #[test]
    fn a_cluster_has_a_hot_node() {
        let with = |role: &str| {
            let first = "{roles: [master, data_content, remote_cluster_client]}";
            with_nodes(&format!("[{first}, {{roles: [{role}]}}, {{roles: [ingest]}}]"))
        };
        let content = with("data_warm");
        insta::assert_snapshot!(rendered([data_roles(&content, &Observed::default())]), @r"
        Estimate: no node of cluster01 is to hold data streams: none has the role `data` or `data_hot`
          give one of them the role `data`, or `data_hot` besides `data_content`; `--force` tries all the same
        ");
        let there = Observed { record: Some(content.clone()), ..Observed::default() };
        assert!(rendered([data_roles(&content, &there)]).starts_with("good: "), "it has them already");
        assert!(rendered([data_roles(&with("data_hot"), &Observed::default())]).starts_with("good: "));
    }
}
