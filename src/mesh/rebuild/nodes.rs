//! The nodes of a mesh whose record is lost: how many each cluster has, with their roles, memory and addresses.
//! Pure: no I/O.

use std::{collections::BTreeMap, net::IpAddr};

use super::Traces;
use crate::mesh::{
    Mesh,
    cluster::Discovery,
    id::{ClusterId, NodeNumber, ServiceId},
    rendered::Settings,
    secret::Secret,
    settings::{Memory, NodeSettings, Nodes, Role},
};

/// What the directory of a node tells.
#[derive(Debug, Clone, Default)]
pub struct NodeTrace {
    /// The main configuration file.
    pub settings: Option<Secret>,
    /// The addresses in its certificate.
    pub addresses: Vec<IpAddr>,
}

impl NodeTrace {
    fn says(&self) -> Settings {
        let text = self.settings.as_ref().map_or("", Secret::expose);
        Settings::parse(text).unwrap_or_default()
    }
}

impl Traces {
    /// The highest number of a node that a cluster has a container or a directory of.
    fn last_node(&self, cluster: ClusterId) -> NodeNumber {
        let made = self.containers.iter().filter_map(|container| container.service.node());
        let made = made.filter(|node| node.cluster == cluster).map(|node| node.number);
        let kept = self.directories.get(&cluster).into_iter().flat_map(|kept| kept.nodes.keys().copied());
        made.chain(kept).max().unwrap_or(NodeNumber::FIRST)
    }

    /// The limit of a node's container, in mebibytes.
    fn memory_of(&self, service: ServiceId) -> Option<u64> {
        let container = self.containers.iter().find(|container| container.service == service)?;
        Some(container.memory >> 20).filter(|limit| *limit > 0)
    }

    /// The nodes of each cluster; those that cannot be together are as many without any particular.
    pub(super) fn nodes(&self, memory: &BTreeMap<ClusterId, Memory>) -> BTreeMap<ClusterId, Nodes> {
        let nodes = |cluster: ClusterId| {
            let numbers = (1..=self.last_node(cluster).get()).filter_map(NodeNumber::new);
            let usual = memory.get(&cluster).map(|memory| memory.bytes() >> 20);
            let settings = numbers.map(|number| {
                let kept = self.directories.get(&cluster).and_then(|kept| kept.nodes.get(&number));
                let limit = self.memory_of(cluster.node(number).into()).filter(|limit| Some(*limit) != usual);
                NodeSettings {
                    roles: kept.and_then(|kept| Role::listed(&kept.says().get("node.roles")?)),
                    elastic_memory: limit.and_then(|limit| Memory::mebibytes(limit).to_string().parse().ok()),
                }
            });
            Some((cluster, Nodes::of_traces(settings.collect())?))
        };
        self.clusters().into_iter().flat_map(|clusters| clusters.iter().filter_map(nodes).collect::<Vec<_>>()).collect()
    }

    /// Whether the settings of a cluster's first node let others join it.
    fn discovers(&self, cluster: ClusterId) -> bool {
        let first = self.directories.get(&cluster).and_then(|kept| kept.nodes.get(&NodeNumber::FIRST));
        first.is_some_and(|first| first.says().get("discovery.seed_providers").is_some())
    }
}

impl Mesh {
    /// Gives each node the address that its certificate is valid for, and each cluster the discovery that it has.
    pub(super) fn place_nodes_as(&mut self, traces: &Traces) {
        let net = self.subnet.net();
        for (id, cluster) in &mut self.clusters {
            if traces.discovers(*id) {
                cluster.discovery = Discovery::SeedHosts;
            }
            let kept = traces.directories.get(id).map(|kept| &kept.nodes);
            for (number, node) in &mut cluster.nodes {
                let addresses = kept.and_then(|nodes| nodes.get(number)).into_iter().flat_map(|kept| &kept.addresses);
                let own = addresses.filter_map(|address| match address {
                    IpAddr::V4(address) => Some(*address),
                    IpAddr::V6(_) => None,
                });
                node.address = own.into_iter().find(|address| net.contains(address)).unwrap_or(node.address);
            }
        }
    }
}
