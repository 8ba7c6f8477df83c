//! The stages of `mesh manage`: what some clusters of a mesh, or a node, are to do. Pure.

mod gateway;
mod lacking;
mod nodes;
mod selection;
#[cfg(test)]
mod tests;

use self::lacking::Lacking;
pub use self::selection::Selection;
use super::{
    Plan, Step,
    boot::{Boot, links_touching},
};
use crate::{
    facts::observed::{ContainerState, Observed},
    mesh::{
        Mesh,
        id::{ClusterId, ServiceId, ServiceKind},
    },
};

/// What is selected is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Make the containers again where they are missing, and start them.
    Up,
    /// Stop the containers and remove them; data stays.
    Down,
    Start,
    Stop,
    Restart,
}

impl Action {
    /// Whether it leaves nothing running, so that nothing has to be asked but Docker.
    pub fn ends(self) -> bool {
        matches!(self, Self::Stop | Self::Down)
    }

    /// What was done, for the closing line.
    pub fn past(self) -> &'static str {
        match self {
            Self::Up => "made and started",
            Self::Down => "removed the containers of",
            Self::Start => "started",
            Self::Stop => "stopped",
            Self::Restart => "restarted",
        }
    }

    /// The message where there is nothing to do.
    pub fn idle(self, selection: &Selection) -> String {
        match self {
            Self::Down => format!("there is no container of {selection}"),
            Self::Up | Self::Start | Self::Stop | Self::Restart => format!("no container of {selection} runs"),
        }
    }
}

/// The stages that do it. Kibana is stopped before its Elasticsearch and started after it. A cluster of several nodes
/// that serves is restarted node by node.
pub fn select(mesh: &Mesh, there: &Observed, selection: &Selection, action: Action) -> Plan {
    if selection.is_gateway() {
        return gateway::plan(mesh, there, action);
    }
    let elastic = || selection.services(mesh, ServiceKind::Elastic);
    let kibana = || selection.services(mesh, ServiceKind::Kibana);
    let leaving = |kind| selection.leaving(mesh, there, kind);
    let state = |service: &ServiceId| there.containers.get(service).map(|container| container.state);
    let exists = |service: &ServiceId| state(service).is_some();
    let up = |service: &ServiceId| state(service).is_some_and(ContainerState::is_up);
    let rolls = |cluster: &ClusterId| action == Action::Restart && nodes::rolls(mesh, there, *cluster);
    let away = |service: &ServiceId| !rolls(&service.cluster());
    let start = |plan: Plan| {
        let bring_up = |service: ServiceId| match state(&service) {
            Some(ContainerState::Paused) if action != Action::Restart => Some(Step::RestartContainer(service)),
            _ if action == Action::Restart || !up(&service) => Some(Step::StartContainer(service)),
            _ => None,
        };
        let boots = selection.clusters().filter(|cluster| !rolls(cluster)).map(|cluster| {
            let own = |service: &ServiceId| mesh.has(*service) && selection.contains(*service);
            let mut boot = Boot::again(mesh, cluster, true, |service| Some(service).filter(own).and_then(bring_up));
            // it may have no majority without them, and has to serve for them to leave
            let stopped = leaving(ServiceKind::Elastic).filter(|node| node.cluster() == cluster && !up(node));
            boot.servers.extend(stopped.map(Step::StartContainer));
            if selection.is_node() {
                (boot.answers, boot.followers) = nodes::joins(mesh, there, selection, cluster);
            }
            boot
        });
        plan.bring_up(boots, links(mesh, there, selection), kibana())
    };
    match action {
        Action::Stop => Plan::of(mesh.name.as_ref())
            .stage("stop Kibana", kibana().chain(leaving(ServiceKind::Kibana)).filter(up).map(Step::StopContainer))
            .stage(
                "stop Elasticsearch",
                elastic().chain(leaving(ServiceKind::Elastic)).filter(up).map(Step::StopContainer),
            ),
        Action::Down => Plan::of(mesh.name.as_ref())
            .stage(
                "remove Kibana's containers",
                kibana().chain(leaving(ServiceKind::Kibana)).filter(exists).map(Step::remove),
            )
            // nothing could make their containers again
            .stage("stop nodes that leave", leaving(ServiceKind::Elastic).filter(up).map(Step::StopContainer))
            .stage("remove Elasticsearch's containers", elastic().filter(exists).map(Step::remove)),
        Action::Start => start(Plan::of(mesh.name.as_ref())),
        Action::Up => {
            let missing: Vec<ServiceId> = elastic().chain(kibana()).filter(|service| !exists(service)).collect();
            start(
                Plan::of(mesh.name.as_ref())
                    .stage("prove the directory", (!missing.is_empty()).then_some(Step::ProveDirectory))
                    .stage("create containers", missing.into_iter().map(Step::CreateContainer)),
            )
        }
        Action::Restart => {
            let rolling = || selection.clusters().filter(rolls);
            let turns = rolling().flat_map(|cluster| nodes::turns(mesh, there, selection, cluster));
            start(
                Plan::of(mesh.name.as_ref())
                    .lanes("restart nodes", 1, turns)
                    .stage("restart Kibana", kibana().filter(|service| !away(service)).map(Step::RestartContainer))
                    .stage("stop Kibana", kibana().filter(away).filter(up).map(Step::StopContainer))
                    .stage("stop Elasticsearch", elastic().filter(away).filter(up).map(Step::StopContainer)),
            )
        }
    }
}

/// Links in both directions between the selected clusters and all that run; one that was stopped on purpose is not
/// waited for.
fn links(mesh: &Mesh, there: &Observed, selection: &Selection) -> Vec<Step> {
    let selected = |cluster| selection.touches(cluster);
    let runs = |cluster| there.running_nodes(cluster).next().is_some();
    let is_up = |cluster| {
        if selected(cluster) { nodes::serves_with(mesh, there, selection, cluster) } else { runs(cluster) }
    };
    links_touching(mesh, selected, is_up)
}
