//! The nodes of a cluster as they were decided: which there are, and how they find each other. Pure: no I/O.

use super::{
    Mesh,
    cluster::Discovery,
    id::{ClusterId, NodeId, TRANSPORT},
    settings::{NodeSettings, Nodes},
};

impl Mesh {
    /// The nodes of a cluster, the first one first; none for a cluster that the mesh has not.
    pub fn nodes(&self, cluster: ClusterId) -> impl Iterator<Item = NodeId> + Clone + use<'_> {
        let numbers = self.clusters.get(&cluster).into_iter().flat_map(|of| of.nodes.keys());
        numbers.map(move |number| cluster.node(*number))
    }

    /// Every node of the mesh, cluster by cluster.
    pub fn all_nodes(&self) -> impl Iterator<Item = NodeId> + Clone + use<'_> {
        self.clusters().flat_map(|cluster| self.nodes(cluster))
    }

    pub fn has_several_nodes(&self, cluster: ClusterId) -> bool {
        self.nodes(cluster).nth(1).is_some()
    }

    pub fn discovery(&self, cluster: ClusterId) -> Discovery {
        self.clusters.get(&cluster).map(|cluster| cluster.discovery).unwrap_or_default()
    }

    /// What is set for a node alone.
    pub fn node_settings(&self, node: NodeId) -> NodeSettings {
        self.settings(node.cluster).nodes.get(node.number).cloned().unwrap_or_default()
    }

    /// The setting by which a cluster keeps the nodes that it has in `recorded`, with what is set here for those that
    /// stay; `None` where these cannot be together.
    pub fn all_nodes_kept(&self, recorded: &Mesh, cluster: ClusterId) -> Option<Nodes> {
        let settings = |node: NodeId| {
            if self.has(node.into()) { self.node_settings(node) } else { recorded.node_settings(node) }
        };
        Nodes::of(recorded.nodes(cluster).map(settings).collect()).ok()
    }

    /// The file by which the nodes of a cluster find each other; `None` for a cluster of a single node.
    pub fn seed_hosts(&self, cluster: ClusterId) -> Option<String> {
        let address = |node: NodeId| Some(format!("{}:{TRANSPORT}\n", self.place(node.into())?.address));
        let hosts = || self.nodes(cluster).filter_map(address).collect();
        (self.discovery(cluster) == Discovery::SeedHosts).then(hosts)
    }

    /// How many nodes of a cluster hold indices of users.
    pub fn data_nodes(&self, cluster: ClusterId) -> u32 {
        self.settings(cluster).nodes.data_nodes()
    }

    /// The nodes of a cluster that can be elected, or vote.
    pub fn electable(&self, cluster: ClusterId) -> impl Iterator<Item = NodeId> + Clone + use<'_> {
        self.nodes(cluster).filter(|node| self.node_settings(*node).is_master_eligible())
    }

    /// Whether so many of them are enough for the cluster to serve, if all of them have a vote.
    pub fn is_majority(&self, cluster: ClusterId, count: usize) -> bool {
        count > self.electable(cluster).count() / 2
    }

    /// The nodes that other clusters come in by.
    pub fn searched_nodes(&self, cluster: ClusterId) -> impl Iterator<Item = NodeId> + use<'_> {
        self.nodes(cluster).filter(|node| self.node_settings(*node).is_searched())
    }

    /// The nodes of a cluster that search its remotes.
    pub fn searching_nodes(&self, cluster: ClusterId) -> impl Iterator<Item = NodeId> + Clone + use<'_> {
        self.nodes(cluster).filter(|node| self.node_settings(*node).searches_remotes())
    }
}
