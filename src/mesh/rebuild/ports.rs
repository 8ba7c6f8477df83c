//! The ports of a mesh whose record is lost: as its containers publish them, or as labels name them. Pure: no I/O.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use super::{ContainerTrace, Traces};
use crate::mesh::{
    Mesh,
    cluster::Cluster,
    id::{ClusterId, KIBANA, NodeId, REMOTE, REST, ServiceId, TRANSPORT},
    ports::PortRange,
    settings::{AdvertiseBind, Advertised},
};

impl Cluster {
    /// The ports of the host, each with its service and the port in the container that it leads to, in the order that
    /// they are given in.
    fn host_ports(&mut self, cluster: ClusterId) -> impl Iterator<Item = (ServiceId, u16, &mut u16)> {
        let nodes = self.nodes.iter_mut().flat_map(move |(number, node)| {
            let service = ServiceId::Node(NodeId { cluster, number: *number });
            let ports = &mut node.ports;
            [(REST, &mut ports.rest), (TRANSPORT, &mut ports.transport), (REMOTE, &mut ports.remote)]
                .map(|(inside, host)| (service, inside, host))
        });
        let kibana = self.kibana.iter_mut().map(move |kibana| (cluster.kibana(), KIBANA, &mut kibana.port));
        nodes.chain(kibana)
    }
}

impl Traces {
    /// The port of the host that a container publishes for one of its own.
    fn host_port(&self, service: ServiceId, inside: u16) -> Option<u16> {
        let container = self.containers.iter().find(|container| container.service == service)?;
        let inside = format!("{inside}/tcp");
        container.ports.iter().find(|port| port.container == inside)?.host
    }
}

impl Traces {
    /// The address that each cluster publishes its remote cluster server on, where that is another than its other
    /// ports have. What a router or a balancer is called, only invitations tell.
    pub(super) fn advertised(&self) -> BTreeMap<ClusterId, Advertised> {
        let of = |container: &ContainerTrace| {
            let address = container.ports.iter().find(|port| port.is_remote())?.address?;
            let apart = Some(address) != container.bind && !address.is_unspecified();
            Some((container.service.cluster(), Advertised(apart.then_some(address))))
        };
        self.containers.iter().filter_map(of).collect()
    }
}

impl Mesh {
    /// Takes over the one address that invitations have, where ports are published on another: a router or a balancer
    /// is between.
    pub fn advertise_as_invited(&mut self, invited: BTreeSet<IpAddr>) {
        let mut invited = invited.into_iter();
        if let (Some(bind), Some(public), None) = (self.spec.advertise.0, invited.next(), invited.next())
            && bind != public
        {
            (self.spec.advertise, self.spec.advertise_bind) = (Advertised(Some(public)), AdvertiseBind(Some(bind)));
        }
    }

    /// Gives each service the ports that its container publishes. What has no container gets those that labels name
    /// for no other, in order, or ones of the range that are not `taken`.
    pub(super) fn publish_as(&mut self, traces: &Traces, taken: &BTreeSet<u16>) {
        let mut open = Vec::new();
        let mut known = BTreeSet::new();
        for (id, cluster) in &mut self.clusters {
            for (service, inside, host) in cluster.host_ports(*id) {
                match traces.host_port(service, inside) {
                    Some(port) => {
                        *host = port;
                        known.insert(port);
                    }
                    None => open.push(host),
                }
            }
        }
        if self.ports.is_none() && traces.ports.is_none() {
            // by the clusters' numbers
            return;
        }
        let labeled = traces.ports.clone().unwrap_or_default();
        let range = PortRange::OF_NAMED.or_around(&(&known | &labeled));
        let left: BTreeSet<u16> = labeled.difference(&known).copied().collect();
        let free = range.ports().filter(|port| !known.contains(port) && !left.contains(port) && !taken.contains(port));
        open.into_iter().zip(left.iter().copied().chain(free)).for_each(|(host, port)| *host = port);
        self.ports = Some(range);
    }
}
