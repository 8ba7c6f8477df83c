//! One node of a cluster, and clusters of several that go on serving while they are restarted. Pure.

use super::Selection;
use crate::{
    facts::observed::{ContainerState, Observed},
    mesh::{
        Mesh,
        id::{ClusterId, NodeId, ServiceId},
    },
    plan::{NodeStep, Step, turns},
};

/// Whether a cluster of several serves, so that its nodes have their turn one after the other.
pub(super) fn rolls(mesh: &Mesh, there: &Observed, cluster: ClusterId) -> bool {
    mesh.has_several_nodes(cluster) && there.server(cluster).is_some()
}

/// What starts the nodes of such a cluster that are stopped, and restarts the others.
pub(super) fn turns(mesh: &Mesh, there: &Observed, selection: &Selection, cluster: ClusterId) -> Vec<Step> {
    let selected = |node: NodeId| selection.contains(node.into());
    let stopped: Vec<ServiceId> =
        mesh.nodes(cluster).filter(|node| selected(*node) && !is_up(there, *node)).map(ServiceId::from).collect();
    let mut steps: Vec<Step> = Vec::new();
    // an interrupted run left it so, and nothing would be assigned
    steps.extend(turns::is_held(there, cluster).then(|| NodeStep::ReleaseShards(cluster).into()));
    steps.extend(stopped.iter().copied().map(Step::StartContainer));
    steps.extend(stopped.iter().copied().map(Step::AwaitReady));
    steps.push(NodeStep::AwaitShards(cluster).into());
    let running = turns::in_order(mesh, there, cluster, |node| selected(node) && is_up(there, node));
    let restart = |node: NodeId| [Step::RestartContainer(node.into()), Step::AwaitReady(node.into())];
    steps.extend(running.into_iter().flat_map(|node| turns::guarded(cluster, restart(node))));
    steps
}

/// What is waited for when the selected node has started: that it answers, and that it has its shards. A node that
/// cannot join, since too few others run, is not waited for.
pub(super) fn joins(
    mesh: &Mesh,
    there: &Observed,
    selection: &Selection,
    cluster: ClusterId,
) -> (Vec<Step>, Vec<Step>) {
    if !serves_with(mesh, there, selection, cluster) {
        return (Vec::new(), Vec::new());
    }
    let nodes = mesh.nodes(cluster).map(ServiceId::from).filter(|node| selection.contains(*node));
    let several = mesh.has_several_nodes(cluster);
    // an interrupted restart left it so, and no replica would be assigned
    let held = several && turns::is_held(there, cluster);
    let release: Option<Step> = held.then(|| NodeStep::ReleaseShards(cluster).into());
    let shards = several.then(|| NodeStep::AwaitShards(cluster).into());
    (nodes.map(Step::AwaitReady).collect(), release.into_iter().chain(shards).collect())
}

/// Whether a cluster serves once what is selected of it runs: a majority of its nodes that can be elected does.
pub(super) fn serves_with(mesh: &Mesh, there: &Observed, selection: &Selection, cluster: ClusterId) -> bool {
    let runs = |node: &NodeId| is_up(there, *node) || selection.contains((*node).into());
    mesh.is_majority(cluster, mesh.electable(cluster).filter(runs).count())
}

fn is_up(there: &Observed, node: NodeId) -> bool {
    there.containers.get(&node.into()).is_some_and(|found| ContainerState::is_up(found.state))
}
