//! How nodes of a cluster of several have their turn: one after the other, so that the cluster goes on serving. Pure.

use super::{NodeStep, Step};
use crate::{
    facts::observed::{AllocationFacts, Observed},
    mesh::{
        Mesh,
        id::{ClusterId, NodeId},
    },
};

/// The restart of a node of several, with all that keeps the others serving.
pub(super) fn guarded(cluster: ClusterId, restart: impl IntoIterator<Item = Step>) -> Vec<Step> {
    let before = [NodeStep::HoldShards(cluster).into()];
    let after = [NodeStep::ReleaseShards(cluster).into(), NodeStep::AwaitShards(cluster).into()];
    before.into_iter().chain(restart).chain(after).collect()
}

/// The nodes of a cluster that have a turn: those that cannot be elected first, and the elected master last, so that
/// there is one election and not two.
pub(super) fn in_order(
    mesh: &Mesh,
    there: &Observed,
    cluster: ClusterId,
    has_turn: impl Fn(NodeId) -> bool,
) -> Vec<NodeId> {
    let master = mesh.nodes(cluster).find_map(|node| there.node(node)?.master.clone());
    let mut nodes: Vec<NodeId> = mesh.nodes(cluster).filter(|node| has_turn(*node)).collect();
    nodes.sort_by_key(|node| {
        let elected = master.as_ref() == Some(&mesh.container_name((*node).into()));
        (elected, mesh.node_settings(*node).is_master_eligible(), *node)
    });
    nodes
}

/// Whether a restart that was interrupted left the cluster without new replicas.
pub(super) fn is_held(there: &Observed, cluster: ClusterId) -> bool {
    let enabled = there.server(cluster).and_then(|server| server.allocation.enabled.as_deref());
    enabled == Some(AllocationFacts::PRIMARIES)
}
