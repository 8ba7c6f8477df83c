//! What the nodes of a cluster of several say of it, each by itself: they need not agree. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    files::{ClusterFiles, NodeFiles},
    observed::{LinkFacts, Observed},
};
use crate::mesh::{
    id::{ClusterId, NodeId, NodeNumber, ServiceId},
    peers::Alias,
    render::Formation,
};

/// What a node knows of its cluster, without asking the others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeFacts {
    /// The cluster's UUID; `None` while the node belongs to none. Elasticsearch writes `_na_` then.
    pub uuid: Option<String>,
    /// The name of the elected master; `None` where the node follows none.
    pub master: Option<String>,
    /// The names of the nodes in the cluster.
    pub members: BTreeSet<String>,
    /// The fingerprint of the certificate that it shows.
    pub certificate: String,
    /// Whether it knows the token with which Kibana is to log in.
    pub kibana_token: bool,
    /// For each remote that is set: connected from this node, or why not.
    pub links: BTreeMap<Alias, LinkFacts>,
}

/// What a cluster is asked to do with its shards and votes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllocationFacts {
    /// Which shards may be allocated, where that is limited: `primaries` while a node restarts.
    pub enabled: Option<String>,
    /// The names of the nodes that are to hold no shard.
    pub excluded: BTreeSet<String>,
    /// The names of the nodes that do not vote.
    pub without_vote: BTreeSet<String>,
    /// How many replicas each index is to have, of those whose number is fixed.
    pub replicas: BTreeMap<String, u32>,
}

impl AllocationFacts {
    pub const ENABLE: &'static str = "cluster.routing.allocation.enable";
    pub const EXCLUDED: &'static str = "cluster.routing.allocation.exclude._name";
    /// The value of [`Self::ENABLE`] while a node restarts.
    pub const PRIMARIES: &'static str = "primaries";
}

impl ClusterFiles {
    /// The files of a node.
    pub fn node(&self, number: NodeNumber) -> Option<&NodeFiles> {
        self.nodes.get(&number)
    }

    fn has_data(&self) -> bool {
        self.nodes.values().any(|node| node.data)
    }

    /// Whether a cluster of several nodes exists: its UUID is recorded and data is left, or a node other than the first
    /// has data, which joins what there is.
    pub fn formation(&self) -> Formation {
        let others = self.nodes.iter().any(|(number, node)| *number != NodeNumber::FIRST && node.data);
        if others || (self.uuid.is_some() && self.has_data()) { Formation::Founded } else { Formation::Unfounded }
    }

    /// Whether a UUID is recorded of a cluster whose data is gone from every node.
    pub fn is_lost(&self) -> bool {
        self.uuid.is_some() && !self.has_data()
    }
}

impl Observed {
    /// The node, if it answers.
    pub fn node(&self, node: NodeId) -> Option<&NodeFacts> {
        self.nodes.get(&node)?.ready()
    }

    /// The nodes of a cluster that have a container or a directory.
    pub fn nodes_of(&self, cluster: ClusterId) -> BTreeSet<NodeId> {
        let contained =
            self.containers.keys().copied().filter_map(ServiceId::node).filter(|node| node.cluster == cluster);
        let files = self.files.get(&cluster).into_iter().flat_map(|files| files.nodes.keys());
        contained.chain(files.map(|number| cluster.node(*number))).collect()
    }

    /// The nodes of a cluster whose container runs.
    pub fn running_nodes(&self, cluster: ClusterId) -> impl Iterator<Item = NodeId> {
        self.nodes_of(cluster).into_iter().filter(|node| self.runs((*node).into()))
    }

    /// The nodes that belong to another cluster than the one whose UUID is recorded, each with the UUID that it has:
    /// one that lost its data founded a cluster of its own.
    pub fn strangers(&self) -> Vec<(NodeId, &str)> {
        let recorded = |cluster| self.files.get(&cluster)?.uuid.as_deref();
        let stranger = |node: &NodeId| {
            let uuid = self.node(*node)?.uuid.as_deref()?;
            recorded(node.cluster).is_some_and(|recorded| recorded != uuid).then_some((*node, uuid))
        };
        self.nodes.keys().filter_map(stranger).collect()
    }
}
