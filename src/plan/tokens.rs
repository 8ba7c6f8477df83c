//! How Kibanas are given other service tokens while they work: the old token is valid until the new one is in
//! use. Pure.

use std::collections::BTreeSet;

use super::{Plan, Step, TokenStep};
use crate::mesh::{
    Mesh,
    id::{ClusterId, NodeId},
};

/// The stages that replace the tokens of these clusters' Kibanas, in a mesh that is in sync. Whatever is interrupted,
/// `mesh create` completes: `credentials.txt` has the new tokens first.
pub fn replace(mesh: &Mesh, clusters: &BTreeSet<ClusterId>) -> Plan {
    let chosen: Vec<ClusterId> = clusters.iter().copied().filter(|cluster| mesh.has_token(*cluster)).collect();
    let plan = Plan::of(mesh.name.as_ref());
    if chosen.is_empty() {
        return plan;
    }
    let nodes = || chosen.iter().flat_map(|cluster| mesh.nodes(*cluster));
    let waits = |cluster: &ClusterId| TokenStep::Await { on: *cluster, nodes: mesh.nodes(*cluster).collect() }.into();
    let again = |cluster: &ClusterId| {
        let kibana = cluster.kibana();
        [
            Step::RemoveContainer { service: kibana, differs: vec!["other secrets".to_owned()] },
            Step::WriteSettings(kibana),
            Step::CreateContainer(kibana),
            Step::StartContainer(kibana),
            Step::AwaitReady(kibana),
        ]
    };
    let step = |of: fn(NodeId) -> TokenStep| move |node: NodeId| Step::from(of(node));
    plan.stage("prove the directory", [Step::ProveDirectory])
        .stage("write credentials", [TokenStep::Replace(chosen.clone()).into()])
        .stage("write service tokens", nodes().map(step(TokenStep::Write)))
        .stage("wait until servers know the tokens", chosen.iter().map(waits))
        // one at a time: a Kibana that is not let in is found before the next one stops
        .lanes("replace Kibana", 1, chosen.iter().flat_map(again))
        .stage("forget service tokens", nodes().map(step(TokenStep::Forget)))
}
