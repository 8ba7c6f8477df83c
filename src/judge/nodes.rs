//! How each node of a cluster stands, and which of them speak for it. Pure.

use time::OffsetDateTime;

use crate::{
    facts::observed::{Answer, ContainerState, NodeFacts, Observed},
    mesh::{
        Mesh,
        id::{ClusterId, NodeId},
    },
};

/// How a node stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing<'a> {
    /// It answers, and belongs to its cluster.
    Joined,
    /// Its container does not run; `None`: there is none.
    NotRunning(Option<ContainerState>),
    /// It runs and does not answer, in a sentence without its subject; `None` where it could not be asked.
    Silent(Option<String>),
    /// It belongs to another cluster than the one whose UUID is recorded, of this UUID.
    Stranger(&'a str),
    /// It follows no elected master.
    Alone,
    /// It follows one, and the node that speaks for the cluster does not count it.
    NotCounted,
}

impl Standing<'_> {
    /// Why it is not one of its cluster, of a node that answers, as a sentence without its subject.
    pub fn apart(&self) -> Option<String> {
        match self {
            Self::Joined | Self::NotRunning(_) | Self::Silent(_) => None,
            Self::Stranger(uuid) => Some(format!("belongs to a cluster of its own ({uuid})")),
            Self::Alone => Some("has not joined its cluster: it follows no elected master".to_owned()),
            Self::NotCounted => Some("has not joined its cluster: the others do not count it".to_owned()),
        }
    }
}

/// How the nodes of a mesh stand.
#[derive(Debug, Clone, Copy)]
pub struct Nodes<'a> {
    pub mesh: &'a Mesh,
    pub there: &'a Observed,
    pub now: OffsetDateTime,
}

impl<'a> Nodes<'a> {
    pub fn standing(self, node: NodeId) -> Standing<'a> {
        let state = self.there.containers.get(&node.into()).map(|container| container.state);
        if state != Some(ContainerState::Running) {
            return Standing::NotRunning(state);
        }
        let Some(answer) = self.there.nodes.get(&node) else {
            // the only node of a cluster is asked as the cluster is
            let server = self.there.servers.get(&node.cluster).filter(|_| !self.mesh.has_several_nodes(node.cluster));
            return match server {
                Some(Answer::Ready(_)) => Standing::Joined,
                server => Standing::Silent(server.and_then(|answer| answer.reason(self.now))),
            };
        };
        let Some(facts) = answer.ready() else { return Standing::Silent(answer.reason(self.now)) };
        match (self.stranger(node), self.speaker(node.cluster)) {
            (Some(uuid), _) => Standing::Stranger(uuid),
            _ if facts.master.is_none() => Standing::Alone,
            (None, Some(speaker)) if !speaker.members.contains(&self.name(node)) => Standing::NotCounted,
            _ => Standing::Joined,
        }
    }

    pub fn has_joined(self, node: NodeId) -> bool {
        self.standing(node) == Standing::Joined
    }

    /// The node that a cluster of several has elected.
    pub fn master(self, cluster: ClusterId) -> Option<NodeId> {
        self.mesh.service_of_container(self.speaker(cluster)?.master.as_deref()?)?.node()
    }

    /// The words of the first node that is in the cluster.
    fn speaker(self, cluster: ClusterId) -> Option<&'a NodeFacts> {
        let belongs = |node: &NodeId| self.stranger(*node).is_none();
        let facts = self.mesh.nodes(cluster).filter(belongs).filter_map(|node| self.there.node(node));
        facts.into_iter().find(|facts| facts.master.is_some())
    }

    fn stranger(self, node: NodeId) -> Option<&'a str> {
        self.there.strangers().into_iter().find_map(|(stranger, uuid)| (stranger == node).then_some(uuid))
    }

    /// The name that the node has in its cluster.
    fn name(self, node: NodeId) -> String {
        self.mesh.container_name(node.into())
    }
}
