//! Which addresses and ports a new cluster is given: the policy of a mesh without a name. Pure: no I/O.
//!
//! What was allocated is recorded, and is what holds from then on: another policy moves no mesh that exists.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    cluster::{Cluster, Conditions, Kibana, Node, NodePorts},
    id::{ClusterId, Count, NodeNumber},
    network::Subnet,
};

/// Elasticsearch of cluster n has the address 10+n, Kibana 110+n.
const NODES: u8 = 10;
const KIBANAS: u8 = 110;

impl Cluster {
    /// A cluster of one node.
    pub(super) fn allocate(cluster: ClusterId, conditions: Conditions) -> Self {
        let Conditions { version, defaults, subnet, kibana } = conditions;
        Self {
            version,
            defaults,
            kept_settings: None,
            nodes: BTreeMap::from([(NodeNumber::FIRST, Node::allocate(cluster, subnet))]),
            kibana: if kibana { Some(Kibana::allocate(cluster, subnet)) } else { None },
        }
    }

    /// A recorded cluster, with everything that still holds in this network and with or without a Kibana.
    #[must_use]
    pub(super) fn kept(mut self, cluster: ClusterId, conditions: Conditions) -> Self {
        let Conditions { subnet, kibana, .. } = conditions;
        for node in self.nodes.values_mut().filter(|node| !subnet.net().contains(&node.address)) {
            node.address = Node::allocate(cluster, subnet).address;
        }
        self.kept_settings = None;
        let here = |kibana: &Kibana| subnet.net().contains(&kibana.address);
        self.kibana = match self.kibana {
            _ if !kibana => None,
            Some(known) if here(&known) => Some(known),
            Some(known) => Some(Kibana { port: known.port, ..Kibana::allocate(cluster, subnet) }),
            None => Some(Kibana::allocate(cluster, subnet)),
        };
        self
    }
}

impl Node {
    /// The first of a cluster.
    pub(super) fn allocate(cluster: ClusterId, subnet: Subnet) -> Self {
        Self { address: subnet.host(NODES + cluster.number()), ports: NodePorts::by_number(cluster) }
    }
}

impl NodePorts {
    /// 92nn, 93nn and 94nn.
    fn by_number(cluster: ClusterId) -> Self {
        let n = u16::from(cluster.number());
        Self { rest: 9200 + n, transport: 9300 + n, remote: 9400 + n }
    }
}

impl Kibana {
    pub(super) fn allocate(cluster: ClusterId, subnet: Subnet) -> Self {
        Self { address: subnet.host(KIBANAS + cluster.number()), port: Self::port_by_number(cluster) }
    }

    /// 56nn.
    fn port_by_number(cluster: ClusterId) -> u16 {
        5600 + u16::from(cluster.number())
    }
}

/// The ports of the host that clusters of a mesh without a name may publish, however many it has.
pub fn published() -> BTreeSet<u16> {
    let of = |cluster| {
        let NodePorts { rest, transport, remote } = NodePorts::by_number(cluster);
        [rest, transport, remote, Kibana::port_by_number(cluster)]
    };
    Count::MAX.clusters().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_of_ninety_nine_clusters_share_a_port() {
        let ports = published();
        assert_eq!((ports.len(), ports.first(), ports.last()), (99 * 4, Some(&5601), Some(&9499)));
    }

    #[test]
    fn addresses_lie_outside_the_range_docker_gives_from() {
        for text in ["10.213.0.0/24", "192.168.0.0/16", "172.20.4.0/22"] {
            let subnet: Subnet = text.parse().unwrap();
            let last = Kibana::allocate(ClusterId::new(99).unwrap(), subnet).address;
            assert!(!subnet.allocation_range().contains(&last));
            assert!(subnet.net().contains(&subnet.allocation_range()));
        }
    }
}
