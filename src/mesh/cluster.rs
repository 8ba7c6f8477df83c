//! What a cluster has by decision: versions, addresses and ports, recorded when they are allocated. Pure: no I/O.

use std::{collections::BTreeMap, net::Ipv4Addr};

use serde::{Deserialize, Serialize};

use super::{
    defaults::Revision,
    id::{KIBANA, NodeNumber, REMOTE, REST, ServiceId, TRANSPORT},
    settings::{ClusterSettings, Nodes, StackVersion},
};

/// One cluster of a mesh.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cluster {
    /// The version that it is to have now: an older one than the mesh's until an upgrade has reached it, a newer one
    /// where it was upgraded by itself.
    pub version: StackVersion,
    /// The version that an upgrade of it by itself is to bring it to; `None` where none is in progress.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upgrade: Option<StackVersion>,
    /// The revision of built-in templates and constants that it is to have now.
    #[serde(default, skip_serializing_if = "Revision::is_first")]
    pub defaults: Revision,
    /// The settings that it has until it is its turn to have those that are asked for; `None` where it has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_settings: Option<ClusterSettings>,
    /// How its nodes find each other.
    #[serde(default, skip_serializing_if = "Discovery::is_single_node")]
    pub discovery: Discovery,
    /// Whether it searches clusters on other machines, or did: its containers then notice a machine that goes silent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub spans_machines: bool,
    /// Whether a snapshot may have brought users and roles to it that are not recorded yet: until they are, none is
    /// removed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restores_users: bool,
    /// Never empty.
    pub nodes: BTreeMap<NodeNumber, Node>,
    /// `None` where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kibana: Option<Kibana>,
}

/// What a cluster of a mesh is made by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Conditions {
    pub version: StackVersion,
    pub defaults: Revision,
    pub discovery: Discovery,
    /// Whether it is to search clusters on other machines from its first start on.
    pub spans_machines: bool,
    /// How many it has, from 1.
    pub nodes: u8,
    /// Whether it has one.
    pub kibana: bool,
}

/// How the nodes of a cluster find each other: it is in the settings of each, and a change restarts it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Discovery {
    /// There is one node, which lets no other join; see
    /// <https://www.elastic.co/docs/deploy-manage/deploy/self-managed/bootstrap-checks#single-node-discovery>.
    #[default]
    SingleNode,
    /// By a file of addresses, which is read again when it changes. A cluster that had several nodes keeps it, so that
    /// it shrinks to one and grows again without a restart.
    SeedHosts,
}

impl Discovery {
    /// What a cluster of these nodes needs; one that had more keeps what those needed.
    pub(super) fn of(nodes: &Nodes) -> Self {
        if nodes.count() > 1 { Self::SeedHosts } else { Self::SingleNode }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
    pub fn is_single_node(&self) -> bool {
        *self == Self::SingleNode
    }
}

/// The place of an Elasticsearch server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// In the mesh's network.
    pub address: Ipv4Addr,
    pub ports: NodePorts,
}

/// The ports of the host that lead to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodePorts {
    pub rest: u16,
    pub transport: u16,
    pub remote: u16,
}

/// The place of a Kibana.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kibana {
    /// In the mesh's network.
    pub address: Ipv4Addr,
    /// The port of the host that leads to it.
    pub port: u16,
}

/// A published port: on the host, and the one in the container that it leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Port {
    pub host: u16,
    pub container: u16,
}

/// Where a service is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// In the mesh's network.
    pub address: Ipv4Addr,
    /// The first is the one that answers HTTPS.
    pub ports: Vec<Port>,
}

impl Place {
    /// The port of the host that answers HTTPS.
    pub fn https_port(&self) -> u16 {
        self.ports[0].host
    }
}

impl From<Node> for Place {
    fn from(Node { address, ports: NodePorts { rest, transport, remote } }: Node) -> Self {
        let ports = [(rest, REST), (transport, TRANSPORT), (remote, REMOTE)];
        Self { address, ports: ports.map(|(host, container)| Port { host, container }).into() }
    }
}

impl From<Kibana> for Place {
    fn from(Kibana { address, port }: Kibana) -> Self {
        Self { address, ports: vec![Port { host: port, container: KIBANA }] }
    }
}

impl Cluster {
    /// `None` for a service that it has not.
    pub fn place(&self, service: ServiceId) -> Option<Place> {
        match service {
            ServiceId::Node(node) => self.nodes.get(&node.number).copied().map(Place::from),
            ServiceId::Kibana(_) => self.kibana.map(Place::from),
        }
    }
}
