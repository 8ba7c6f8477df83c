//! The names, addresses and settings by which a mesh is reached: by people, by this machine and by its own clusters.
//! Pure: no I/O.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use super::{
    Mesh,
    certs::Names,
    cluster::{Place, Port},
    id::{ClusterId, NodeId, REMOTE, ServiceId},
    settings::SubjectName,
};

/// How many nodes of a remote a node connects to.
const SNIFFED_NODES: u8 = 3;

impl Mesh {
    /// The settings by which `of` reaches its remotes, each under its full name, as `PUT /_cluster/settings` takes
    /// them.
    ///
    /// Proxy mode where the remote has one node, because it connects to the address given and no other, so that what
    /// the certificate says of it can be checked in full. See
    /// <https://www.elastic.co/docs/reference/elasticsearch/configuration-reference/remote-clusters>.
    ///
    /// The fixed address rather than the name: Docker forgets the name of a container that stops, and a name that
    /// vanishes during a reconnection leaves Elasticsearch 9.5.3 (`ProxyConnectionStrategy.openConnections`, "unknown
    /// host" thrown in a failure handler) waiting for that remote until its settings change.
    pub fn remote_settings(&self, of: ClusterId) -> BTreeMap<String, String> {
        self.remotes(of)
            .filter_map(|remote| {
                let connection =
                    if self.has_several_nodes(remote) { self.sniffed(remote) } else { self.proxied(remote)? };
                let settings = connection.into_iter().chain([("skip_unavailable", "true".to_owned())]);
                Some(settings.map(move |(field, value)| (format!("cluster.remote.{remote}.{field}"), value)))
            })
            .flatten()
            .chain(self.peer_settings(of))
            .collect()
    }

    /// Those of peers' clusters, in proxy mode: what their nodes call themselves means nothing on another machine.
    fn peer_settings(&self, of: ClusterId) -> impl Iterator<Item = (String, String)> {
        self.peer_remotes(of).flat_map(|(_, alias, at)| {
            let settings = [
                ("mode", "proxy".to_owned()),
                ("proxy_address", at.address.clone()),
                ("proxy_socket_connections", self.spec.profile.sockets().to_string()),
                ("skip_unavailable", "true".to_owned()),
            ];
            let name = at.server_name.clone().map(|name| ("server_name", name));
            settings
                .into_iter()
                .chain(name)
                .map(move |(field, value)| (format!("cluster.remote.{alias}.{field}"), value))
        })
    }

    fn proxied(&self, remote: ClusterId) -> Option<Vec<(&'static str, String)>> {
        let node = remote.first_node();
        let Place { address, .. } = self.place(node)?;
        Some(vec![
            ("mode", "proxy".to_owned()),
            ("proxy_address", format!("{address}:{REMOTE}")),
            ("proxy_socket_connections", self.spec.profile.sockets().to_string()),
            ("server_name", self.container_name(node)),
        ])
    }

    /// A cluster of several nodes tells which it has, so that one which dies takes no link with it. Each tells the name
    /// that its certificate is valid for.
    fn sniffed(&self, remote: ClusterId) -> Vec<(&'static str, String)> {
        let seed = |node: NodeId| Some(format!("{}:{REMOTE}", self.place(node.into())?.address));
        let seeds: Vec<String> = self.searched_nodes(remote).filter_map(seed).collect();
        vec![("mode", "sniff".to_owned()), ("node_connections", SNIFFED_NODES.to_string()), ("seeds", seeds.join(","))]
    }

    /// The index patterns that a cluster's API key lets the others search.
    pub fn shared(&self, cluster: ClusterId) -> Vec<String> {
        let settings = self.settings(cluster);
        let more = settings.share.iter().map(ToString::to_string);
        let mut names: Vec<String> = self.always_shared().map(str::to_owned).chain(more).collect();
        names.sort();
        names.dedup();
        names
    }

    /// The names that a service's certificate is valid for; `None` for one that the mesh does not have.
    pub fn certificate_names(&self, service: ServiceId) -> Option<Names> {
        let Place { address, .. } = self.place(service)?;
        let mut names = Names {
            common_name: self.container_name(service),
            dns: [self.container_name(service), "localhost".to_owned(), self.host_name.clone()].into(),
            ip: [Ipv4Addr::LOCALHOST.into(), address.into()].into(),
        };
        names.ip.insert(self.client_address());
        let cluster = service.cluster();
        if service.node().is_some() && self.has_several_nodes(cluster) && !self.advertised(cluster).is_empty() {
            // other machines know one name for all nodes, whichever of them answers
            names.dns.insert(self.container_name(cluster.first_node()));
        }
        for san in &self.spec.san {
            match san {
                SubjectName::Dns(name) => names.dns.insert(name.clone()),
                SubjectName::Ip(address) => names.ip.insert(*address),
            };
        }
        Some(names)
    }

    /// The address of this machine that a port of a cluster is published on.
    pub fn bind_of(&self, cluster: ClusterId, port: Port) -> IpAddr {
        let remote = || self.settings(cluster).remote_bind();
        Some(port.container).filter(|inside| *inside == REMOTE).and_then(|_| remote()).unwrap_or(self.spec.bind)
    }

    /// Whether a port of a cluster is one that other machines reach it by.
    pub fn is_advertised(&self, cluster: ClusterId, port: Port) -> bool {
        port.container == REMOTE && self.settings(cluster).remote_bind().is_some()
    }

    /// Where other machines reach the remote cluster servers of a cluster's nodes, such as `192.0.2.11:9401`; none
    /// where nothing is advertised.
    pub fn advertised(&self, cluster: ClusterId) -> Vec<SocketAddr> {
        let Some(address) = self.settings(cluster).advertise.0 else { return Vec::new() };
        let port = |place: Place| place.ports.into_iter().find(|port| port.container == REMOTE);
        let at = |node: NodeId| Some(SocketAddr::new(address, port(self.place(node.into())?)?.host));
        self.nodes(cluster).filter_map(at).collect()
    }

    /// The address that this machine's own clients reach the published ports by.
    pub fn client_address(&self) -> IpAddr {
        match self.spec.bind {
            IpAddr::V4(bind) if bind.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(bind) if bind.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            bind => bind,
        }
    }

    /// The host part of the URLs of published ports shown to people.
    pub fn public_host(&self) -> String {
        self.host_of(self.spec.bind)
    }

    /// The host part of the URLs of what is published on an address, for people.
    pub(super) fn host_of(&self, published: IpAddr) -> String {
        match published {
            bind if bind == Ipv4Addr::LOCALHOST || bind == Ipv6Addr::LOCALHOST => "localhost".to_owned(),
            bind if bind.is_unspecified() => self.host_name.clone(),
            IpAddr::V6(bind) => format!("[{bind}]"),
            IpAddr::V4(bind) => bind.to_string(),
        }
    }

    /// Where people reach a service; `None` for one that the mesh does not have.
    pub fn url(&self, service: ServiceId) -> Option<String> {
        if let (ServiceId::Kibana(cluster), Some(gateway)) = (service, self.gateway_url()) {
            return self.has(service).then(|| format!("{gateway}/{cluster}"));
        }
        let path = match service {
            ServiceId::Node(_) => String::new(),
            ServiceId::Kibana(cluster) => format!("/{cluster}"),
        };
        let port = self.place(service)?.https_port();
        Some(format!("https://{}:{port}{path}", self.public_host()))
    }

    /// Where people reach the nodes of a cluster, the first one first.
    pub fn node_urls(&self, cluster: ClusterId) -> Vec<String> {
        self.nodes(cluster).filter_map(|node| self.url(node.into())).collect()
    }

    /// The lines that `/etc/hosts` gets.
    pub fn host_entries(&self) -> Vec<(IpAddr, String)> {
        let entry = |service| Some((self.place(service)?.address.into(), self.container_name(service)));
        self.services().filter_map(entry).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::{id::NodeNumber, settings::Advertised};

    #[test]
    fn every_node_that_other_machines_reach_has_the_name_that_they_know() {
        let mut mesh = Mesh::example(2).with_nodes(1, 3);
        let second = ServiceId::from(ClusterId::FIRST.node(NodeNumber::new(2).unwrap()));
        let named = |mesh: &Mesh| mesh.certificate_names(second).unwrap().dns.contains("cluster01-elastic");
        assert!(!named(&mesh));
        mesh.spec.advertise = Advertised("192.0.2.11".parse().ok());
        assert!(named(&mesh));
    }

    #[test]
    fn other_machines_reach_remote_cluster_servers_alone() {
        let mut mesh = Mesh::example(2).with_nodes(2, 3);
        mesh.spec.advertise = Advertised("192.0.2.11".parse().ok());
        let beyond = |service: ServiceId| {
            let ports = mesh.container_spec(mesh.service(service).unwrap()).ports.into_iter();
            let others = ports.filter(|port| port.address != Some(mesh.spec.bind));
            others.filter_map(|port| port.host).collect::<Vec<_>>()
        };
        assert_eq!(mesh.services().flat_map(beyond).collect::<Vec<_>>(), [9401, 9402, 10402, 11402]);
    }

    #[test]
    fn a_remote_is_named_in_full() {
        let settings = Mesh::example(2).remote_settings(ClusterId::new(1).unwrap());
        insta::assert_debug_snapshot!(settings, @r#"
        {
            "cluster.remote.cluster02.mode": "proxy",
            "cluster.remote.cluster02.proxy_address": "10.213.0.12:9443",
            "cluster.remote.cluster02.proxy_socket_connections": "3",
            "cluster.remote.cluster02.server_name": "cluster02-elastic",
            "cluster.remote.cluster02.skip_unavailable": "true",
        }
        "#);
    }
}
