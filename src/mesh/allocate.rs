//! Which addresses and ports a new cluster is given: by its number, or ports of a range that are free. Pure: no I/O.
//!
//! What was allocated is recorded, and is what holds from then on: another policy moves no mesh that exists.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Mesh,
    cluster::{Cluster, Conditions, Kibana, Node, NodePorts},
    id::{ClusterId, Count, NodeNumber},
    network::Subnet,
    ports::PortRange,
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
            upgrade: None,
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

/// Not enough ports of a range are free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RangeExhausted;

/// Gives what `recorded` has not ports of the range that are not `taken`, in order; what it has keeps its own.
pub(super) fn publish(
    clusters: &mut BTreeMap<ClusterId, Cluster>,
    recorded: Option<&Mesh>,
    range: PortRange,
    taken: &BTreeSet<u16>,
) -> Result<(), RangeExhausted> {
    let own = recorded.map(Mesh::published).unwrap_or_default();
    let mut free = range.ports().filter(|port| !own.contains(port) && !taken.contains(port));
    let mut next = || free.next().ok_or(RangeExhausted);
    for (id, cluster) in clusters {
        let known = recorded.and_then(|mesh| mesh.clusters.get(id));
        for (number, node) in &mut cluster.nodes {
            if !known.is_some_and(|known| known.nodes.contains_key(number)) {
                node.ports = NodePorts { rest: next()?, transport: next()?, remote: next()? };
            }
        }
        if let Some(kibana) = cluster.kibana.as_mut().filter(|_| known.is_none_or(|known| known.kibana.is_none())) {
            kibana.port = next()?;
        }
    }
    Ok(())
}

impl Mesh {
    /// The ports of the host that its services publish.
    pub fn published(&self) -> BTreeSet<u16> {
        self.services()
            .filter_map(|service| self.place(service))
            .flat_map(|place| place.ports)
            .map(|port| port.host)
            .collect()
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
    fn what_is_taken_is_skipped_and_what_is_recorded_stays() {
        let range: PortRange = "20000-20011".parse().unwrap();
        let publish = |mesh: &Mesh, recorded: Option<&Mesh>, taken: &[u16]| {
            let mut mesh = mesh.clone();
            let taken = taken.iter().copied().collect();
            super::publish(&mut mesh.clusters, recorded, range, &taken).map(|()| mesh)
        };
        let first = publish(&Mesh::example(1), None, &[20_000, 20_002]).unwrap();
        assert_eq!(first.published(), [20_001, 20_003, 20_004, 20_005].into());
        // the ports of others that came meanwhile move nothing that is recorded
        let grown = publish(&first.clone().with_count(2), Some(&first), &[20_001]).unwrap();
        assert_eq!(grown.published(), [20_000, 20_001, 20_002, 20_003, 20_004, 20_005, 20_006, 20_007].into());
        assert_eq!(grown.clusters[&ClusterId::FIRST], first.clusters[&ClusterId::FIRST]);
        assert_eq!(publish(&Mesh::example(4), None, &[]), Err(RangeExhausted));
        let without = first.clone().without_kibana();
        let with = publish(&first, Some(&without), &[20_000, 20_002]).unwrap();
        assert_eq!(with.published(), first.published(), "a Kibana that comes back has the port that is free");
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
