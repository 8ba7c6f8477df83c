//! Which addresses and ports what is new is given: by its number where that is free, else the next that is. Pure: no
//! I/O.
//!
//! What was allocated is recorded, and is what holds from then on: another policy moves no mesh that exists.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
};

use super::{
    Mesh,
    cluster::{Cluster, Conditions, Kibana, Node, NodePorts},
    id::{ClusterId, Count, NodeId, NodeNumber, ServiceId},
    network::Subnet,
    ports::PortRange,
};

/// The first node of cluster n has the address 10+n, Kibana 110+n, counted from the network's own.
const NODES: u32 = 10;
const KIBANAS: u32 = 110;
/// In a wider network, the second nodes have a block of their own like that of the first ones.
const BLOCK: u32 = 256;

/// A network has no address left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AddressesExhausted;

/// Clusters by these conditions, with everything that still holds of what was recorded.
pub(super) fn places(
    wanted: BTreeMap<ClusterId, (Conditions, Option<Cluster>)>,
    subnet: Subnet,
) -> Result<BTreeMap<ClusterId, Cluster>, AddressesExhausted> {
    let mut clusters: BTreeMap<ClusterId, Cluster> = BTreeMap::new();
    let mut addresses = Addresses { subnet, used: BTreeSet::new() };
    let mut asked = BTreeMap::new();
    for (id, (conditions, known)) in wanted {
        asked.insert(id, conditions);
        let cluster = known.unwrap_or_else(|| Cluster::empty(conditions)).trimmed(conditions);
        addresses.used.extend(cluster.addresses().filter(|address| subnet.net().contains(address)));
        clusters.insert(id, cluster);
    }
    // those that every mesh has, first: an address by number stays the rule
    for number in (1..=NodeNumber::MAX).filter_map(NodeNumber::new) {
        for (id, cluster) in clusters.iter_mut().filter(|(id, _)| number.get() <= asked[*id].nodes) {
            let node = id.node(number);
            let known = cluster.nodes.get(&number).copied();
            let address = addresses.kept_or(known.map(|known| known.address), by_number(node, subnet))?;
            let ports = known.map_or_else(|| NodePorts::by_number(node), |known| known.ports);
            cluster.nodes.insert(number, Node { address, ports });
        }
        for (id, cluster) in clusters.iter_mut().filter(|(id, _)| number == NodeNumber::FIRST && asked[*id].kibana) {
            let preferred = subnet.host(KIBANAS + u32::from(id.number()));
            let address = addresses.kept_or(cluster.kibana.map(|known| known.address), Some(preferred))?;
            let port = cluster.kibana.map_or_else(|| Kibana::port_by_number(*id), |known| known.port);
            cluster.kibana = Some(Kibana { address, port });
        }
    }
    Ok(clusters)
}

/// The address of a node that follows from its number, where the network has such addresses.
pub(super) fn by_number(node: NodeId, subnet: Subnet) -> Option<Ipv4Addr> {
    let address = subnet.host(BLOCK * u32::from(node.number.get() - 1) + NODES + u32::from(node.cluster.number()));
    (node.is_first() || is_fixed(address, subnet)).then_some(address)
}

/// Whether an address is one that a service can have: Docker gives away those of its own range.
fn is_fixed(address: Ipv4Addr, subnet: Subnet) -> bool {
    let net = subnet.net();
    net.contains(&address)
        && ![net.network(), subnet.gateway(), net.broadcast()].contains(&address)
        && !subnet.allocation_range().contains(&address)
}

/// The addresses of a network, of which some are used.
struct Addresses {
    subnet: Subnet,
    used: BTreeSet<Ipv4Addr>,
}

impl Addresses {
    /// The one that is known, if it lies in the network; else the one that is preferred, if it is free; else the next
    /// free one.
    fn kept_or(
        &mut self,
        known: Option<Ipv4Addr>,
        preferred: Option<Ipv4Addr>,
    ) -> Result<Ipv4Addr, AddressesExhausted> {
        if let Some(known) = known.filter(|known| self.subnet.net().contains(known)) {
            return Ok(known);
        }
        let free = |address: &Ipv4Addr| !self.used.contains(address);
        let address = preferred.into_iter().chain(self.others()).find(free).ok_or(AddressesExhausted)?;
        self.used.insert(address);
        Ok(address)
    }

    /// Those that no cluster has by its number, then those of the highest numbers.
    fn others(&self) -> impl Iterator<Item = Ipv4Addr> + use<> {
        let subnet = self.subnet;
        let numbered = NODES + 1..=KIBANAS + u32::from(ClusterId::MAX);
        let size = u32::from(subnet.net().broadcast()) - u32::from(subnet.net().network());
        let beyond = (numbered.end() + 1..size).chain(2..*numbered.start());
        beyond
            .chain(numbered.rev())
            .map(move |number| subnet.host(number))
            .filter(move |address| is_fixed(*address, subnet))
    }
}

/// An address beside those of clusters: the one that is known, the one that is preferred, or the next that is free.
pub(super) fn beside(
    clusters: &BTreeMap<ClusterId, Cluster>,
    subnet: Subnet,
    known: Option<Ipv4Addr>,
    preferred: u32,
) -> Option<Ipv4Addr> {
    let used: BTreeSet<Ipv4Addr> = clusters.values().flat_map(Cluster::addresses).collect();
    let known = known.filter(|known| !used.contains(known));
    Addresses { subnet, used }.kept_or(known, Some(subnet.host(preferred))).ok()
}

impl Cluster {
    /// One without a place yet.
    fn empty(conditions: Conditions) -> Self {
        let Conditions { version, defaults, discovery, spans_machines, .. } = conditions;
        let (upgrade, kept_settings, nodes, kibana) = (None, None, BTreeMap::new(), None);
        let restores_users = false;
        Self { version, upgrade, defaults, kept_settings, discovery, spans_machines, restores_users, nodes, kibana }
    }

    /// This one without what is not wanted any more: the highest numbers leave.
    fn trimmed(mut self, conditions: Conditions) -> Self {
        self.kept_settings = None;
        self.discovery = self.discovery.max(conditions.discovery);
        self.nodes.retain(|number, _| number.get() <= conditions.nodes);
        self.kibana = self.kibana.filter(|_| conditions.kibana);
        self
    }

    fn addresses(&self) -> impl Iterator<Item = Ipv4Addr> + '_ {
        self.nodes.values().map(|node| node.address).chain(self.kibana.map(|kibana| kibana.address))
    }
}

impl NodePorts {
    /// 92nn, 93nn and 94nn, and for each further node 1000 more.
    fn by_number(node: NodeId) -> Self {
        let n = u16::from(node.cluster.number()) + 1000 * u16::from(node.number.get() - 1);
        Self { rest: 9200 + n, transport: 9300 + n, remote: 9400 + n }
    }
}

impl Kibana {
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

/// The ports of the host that a service publishes in a mesh without a name: they follow from its cluster's number.
pub fn ports_by_number(service: ServiceId) -> Vec<u16> {
    let Some(node) = service.node() else { return vec![Kibana::port_by_number(service.cluster())] };
    let NodePorts { rest, transport, remote } = NodePorts::by_number(node);
    vec![rest, transport, remote]
}

/// The ports of the host that clusters of a mesh without a name may publish, however many it has.
pub fn published() -> BTreeSet<u16> {
    let numbers = || (1..=NodeNumber::MAX).filter_map(NodeNumber::new);
    let nodes =
        Count::MAX.clusters().flat_map(|cluster| numbers().map(move |number| ServiceId::from(cluster.node(number))));
    nodes.chain(Count::MAX.clusters().map(ClusterId::kibana)).flat_map(ports_by_number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::{cluster::Discovery, defaults::Revision};

    #[test]
    fn no_two_of_ninety_nine_clusters_share_a_port() {
        let ports = published();
        assert_eq!((ports.len(), ports.first(), ports.last()), (99 * (8 * 3 + 1), Some(&5601), Some(&16_499)));
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

    fn conditions(nodes: u8) -> Conditions {
        let discovery = if nodes > 1 { Discovery::SeedHosts } else { Discovery::SingleNode };
        Conditions {
            version: crate::mesh::settings::DEFAULT_VERSION,
            defaults: Revision::FIRST,
            discovery,
            spans_machines: false,
            nodes,
            kibana: true,
        }
    }

    fn allocated(
        subnet: &str,
        clusters: impl IntoIterator<Item = (u8, u8)>,
    ) -> Result<BTreeMap<ClusterId, Cluster>, AddressesExhausted> {
        let wanted = clusters.into_iter().map(|(id, nodes)| (ClusterId::new(id).unwrap(), (conditions(nodes), None)));
        places(wanted.collect(), subnet.parse().unwrap())
    }

    #[test]
    fn no_two_share_an_address_and_none_lies_in_the_range_docker_gives_from() {
        for (subnet, clusters, nodes) in
            [("10.213.0.0/24", 99, 1), ("10.213.0.0/24", 55, 3), ("192.168.0.0/16", 99, 8), ("172.20.4.0/22", 99, 3)]
        {
            let found = allocated(subnet, (1..=clusters).map(|id| (id, nodes))).unwrap();
            let subnet: Subnet = subnet.parse().unwrap();
            let addresses: BTreeSet<Ipv4Addr> = found.values().flat_map(Cluster::addresses).collect();
            assert_eq!(addresses.len(), usize::from(clusters) * usize::from(nodes + 1), "{subnet}");
            assert!(addresses.iter().all(|address| is_fixed(*address, subnet)), "{subnet}");
        }
        assert_eq!(allocated("10.213.0.0/24", (1..=56).map(|id| (id, 3))), Err(AddressesExhausted));
    }

    #[test]
    fn further_nodes_take_addresses_that_no_cluster_has_by_number() {
        let of = |found: &BTreeMap<ClusterId, Cluster>| -> Vec<String> {
            found.values().flat_map(Cluster::addresses).map(|address| address.to_string()).collect()
        };
        let one = allocated("10.213.0.0/24", [(1, 3)]).unwrap();
        assert_eq!(of(&one), ["10.213.0.11", "10.213.0.210", "10.213.0.211", "10.213.0.111"]);
        let wide = allocated("10.213.0.0/22", [(1, 3)]).unwrap();
        assert_eq!(of(&wide), ["10.213.0.11", "10.213.1.11", "10.213.2.11", "10.213.0.111"]);
        // what grows keeps what it has, and what leaves makes room
        let wanted =
            |nodes| BTreeMap::from([(ClusterId::FIRST, (conditions(nodes), one.get(&ClusterId::FIRST).cloned()))]);
        let grown = places(wanted(4), "10.213.0.0/24".parse().unwrap()).unwrap();
        assert_eq!(of(&grown), ["10.213.0.11", "10.213.0.210", "10.213.0.211", "10.213.0.212", "10.213.0.111"]);
        let shrunk = places(wanted(1), "10.213.0.0/24".parse().unwrap()).unwrap();
        assert_eq!(of(&shrunk), ["10.213.0.11", "10.213.0.111"]);
        assert_eq!(shrunk[&ClusterId::FIRST].discovery, Discovery::SeedHosts, "it keeps its settings");
    }
}
