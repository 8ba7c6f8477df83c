//! The status of a cluster's Elasticsearch, from that of its nodes. Pure.

use super::{
    NodeStatus, ServiceStatus, State,
    look::{Look, silent},
};
use crate::{
    facts::observed::ContainerState,
    judge::nodes::{Nodes, Standing},
    mesh::id::{ClusterId, NodeId},
};

impl Look<'_> {
    pub(super) fn standings(&self) -> Nodes<'_> {
        Nodes { mesh: self.mesh, there: self.there, now: self.now }
    }

    pub(super) fn nodes(&self, cluster: ClusterId) -> Vec<NodeStatus> {
        self.mesh.nodes(cluster).filter_map(|node| self.node(node)).collect()
    }

    /// `None` for a node that the mesh does not have.
    fn node(&self, node: NodeId) -> Option<NodeStatus> {
        let (service, nodes) = (node.into(), self.standings());
        let standing = nodes.standing(node);
        let joined = standing == Standing::Joined;
        let state = State::of(self.container(service), joined);
        let reason = match &standing {
            Standing::Silent(why) => Some(silent(why.clone())),
            standing => self.halted(service, state).or_else(|| standing.apart()),
        };
        let only = !self.mesh.has_several_nodes(node.cluster);
        // the state of a cluster does not say which of several it is about
        let number = node.cluster.number();
        let reason = reason.or_else(|| match state {
            State::Absent if !only => Some(format!("has no container; `mesh manage up {number}` makes it")),
            State::Restarting if !only => {
                Some(format!("keeps ending and starting again; `mesh logs {number} --service elastic` says why"))
            }
            _ => None,
        });
        let master = joined && (only || nodes.master(node.cluster) == Some(node));
        Some(NodeStatus { name: node.to_string(), state, joined, master, url: self.mesh.url(service)?, reason })
    }

    /// A cluster of several nodes serves while enough of them do. `None` for one that the mesh does not have.
    pub(super) fn elastic(&self, cluster: ClusterId, nodes: &[NodeStatus]) -> Option<ServiceStatus> {
        let first = nodes.first()?;
        if nodes.len() == 1 {
            return Some(ServiceStatus { state: first.state, url: first.url.clone(), reason: first.reason.clone() });
        }
        let serves = self.there.server(cluster).is_some();
        let states = || nodes.iter().map(|node| node.state);
        let state = match states().find(|state| *state != State::Ready) {
            None if serves => State::Ready,
            Some(_) if serves => State::Degraded,
            Some(state) if states().all(|other| other == state) => state,
            _ if states().any(|state| matches!(state, State::Ready | State::Unready)) => State::Unready,
            Some(state) => state,
            None => State::Unready,
        };
        let joined = || nodes.iter().filter(|node| node.joined);
        let reason = match state {
            State::Degraded => Some(format!("serves with {} of {} nodes", joined().count(), nodes.len())),
            _ => self.there.servers.get(&cluster).and_then(|answer| answer.reason(self.now)),
        };
        let url = joined().next().unwrap_or(first).url.clone();
        Some(ServiceStatus { state, url, reason })
    }
}

impl State {
    /// The state of a service by its container, and whether it is ready where that runs.
    pub(super) fn of(container: Option<ContainerState>, ready: bool) -> Self {
        match container {
            None => Self::Absent,
            Some(ContainerState::Running) if ready => Self::Ready,
            Some(ContainerState::Running) => Self::Unready,
            Some(ContainerState::Paused) => Self::Paused,
            Some(ContainerState::Restarting) => Self::Restarting,
            Some(ContainerState::Created | ContainerState::Stopped) => Self::Stopped,
        }
    }
}
