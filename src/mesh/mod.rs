//! WHAT IS WANTED. Pure: no I/O, no async; time and randomness come in as arguments.
//!
//! [`Mesh`] holds every decision; names and texts follow from it.

pub mod allocate;
pub mod certs;
pub mod choice;
pub mod cluster;
pub mod cluster_set;
pub mod container;
pub mod container_spec;
pub mod counted;
pub mod credentials;
pub mod decide;
pub mod defaults;
pub mod fingerprint;
pub mod hosts_file;
pub mod id;
pub mod keystore;
pub mod layout;
pub mod license;
pub mod links;
pub mod name;
pub mod network;
pub mod passphrase;
mod per_cluster;
pub mod permissions;
pub mod ports;
pub mod rebuild;
pub mod record;
pub mod recover;
pub mod render;
pub mod rendered;
pub mod secret;
pub mod service;
pub mod settings;
pub mod shell_word;
mod stand_in;
pub mod taken;
pub mod templates;
pub mod upgrade;

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::PathBuf,
};

use serde::{Deserialize, Serialize};

use self::{
    certs::Names,
    cluster::{Cluster, Place},
    cluster_set::{ClusterSet, NoSuchCluster},
    defaults::Revision,
    id::{ClusterId, Count, NodeId, NodeNumber, REMOTE, ServiceId, ServiceKind},
    name::MeshName,
    network::Subnet,
    ports::PortRange,
    service::Service,
    settings::{ClusterOverride, ClusterSettings, MeshSpec, SHARED, SubjectName},
    templates::Templates,
};

pub use self::record::FORMAT;

/// A mesh with every decision made: nothing is left to choose when it is carried out. It is what `mesh.json` holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mesh {
    /// [`FORMAT`] of the program that wrote it.
    pub format: u32,
    /// 16 random hexadecimal digits; everything that belongs to this mesh carries them.
    pub id: String,
    /// What stands in front of the names of its containers and of its network; a mesh without one has theirs alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<MeshName>,
    /// The directory the mesh lives in: absolute, without symlinks. Where it was found, so not recorded.
    #[serde(skip)]
    pub dir: PathBuf,
    /// What was asked for.
    pub spec: MeshSpec,
    /// What was asked for single clusters; later ones win.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<ClusterOverride>,
    /// What `--set` recorded, on top of that.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<ClusterId, ClusterSettings>,
    /// The revision of built-in templates and constants that new clusters are made with. Others have an earlier one until
    /// `--new-defaults` has come to them.
    #[serde(default, skip_serializing_if = "Revision::is_first")]
    pub defaults: Revision,
    /// What was decided for each cluster; never empty.
    pub clusters: BTreeMap<ClusterId, Cluster>,
    pub subnet: Subnet,
    /// Where ports for what is new are taken from; without one they follow from the clusters' numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ports: Option<PortRange>,
    pub owner: Owner,
    /// The engine that has the containers. A record from before it was kept has none, and takes the one that it is used with when
    /// it is written next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
    /// The machine's name, which certificates are valid for.
    pub host_name: String,
    /// The texts of `spec.templates`, read again by every run, so not recorded.
    #[serde(skip)]
    pub templates: Templates,
}

/// The user that the containers run as, and that owns the files they use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owner {
    pub uid: u32,
    /// 0 in every container of Elastic's images; see
    /// <https://www.elastic.co/docs/deploy-manage/deploy/self-managed/install-elasticsearch-docker-prod>.
    pub gid: u32,
}

/// A Docker engine, as `docker info` tells of it. It is another one as soon as either differs: up to 20.10 all engines of a
/// machine have one id (`/etc/docker/key.json`), and no two of them share a directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Engine {
    /// `ID`.
    pub id: String,
    /// `DockerRootDir`: where it keeps containers and images.
    pub root: String,
}

impl Mesh {
    /// Whether `mesh.json` tells of this mesh already: all of it but the texts of templates.
    pub fn is_recorded_in(&self, record: &Mesh) -> bool {
        *self == Mesh { templates: self.templates.clone(), ..record.clone() }
    }

    pub fn clusters(&self) -> impl Iterator<Item = ClusterId> + Clone + use<'_> {
        self.clusters.keys().copied()
    }

    /// How many clusters it has.
    pub fn count(&self) -> Count {
        let count = u8::try_from(self.clusters.len()).ok().and_then(Count::new);
        count.expect("should be 1 to 99: it is never empty, and each has a number of its own")
    }

    /// Which clusters it has.
    pub fn cluster_set(&self) -> ClusterSet {
        ClusterSet::new(self.clusters()).expect("should be a set: a mesh is never empty")
    }

    pub fn has_cluster(&self, cluster: ClusterId) -> bool {
        self.clusters.contains_key(&cluster)
    }

    /// Whether it has all of these clusters.
    ///
    /// # Errors
    /// The first that it has not.
    pub fn require(&self, clusters: &ClusterSet) -> Result<(), NoSuchCluster> {
        match clusters.iter().find(|cluster| !self.has_cluster(*cluster)) {
            Some(missing) => Err(NoSuchCluster::new(missing.number().into(), &self.cluster_set())),
            None => Ok(()),
        }
    }

    /// Where a service is found; `None` for one that the mesh has not.
    pub fn place(&self, service: ServiceId) -> Option<Place> {
        self.clusters.get(&service.cluster())?.place(service)
    }

    pub fn has(&self, service: ServiceId) -> bool {
        self.place(service).is_some()
    }

    /// The services of one cluster, its nodes first; none for a cluster that the mesh has not.
    pub fn services_in(&self, cluster: ClusterId) -> impl Iterator<Item = ServiceId> + use<'_> {
        let node = move |number: &NodeNumber| ServiceId::Node(NodeId { cluster, number: *number });
        self.clusters.get(&cluster).into_iter().flat_map(move |of| {
            let kibana = of.kibana.map(|_| ServiceId::Kibana(cluster));
            of.nodes.keys().map(node).chain(kibana)
        })
    }

    /// Every service of the mesh, cluster by cluster.
    pub fn services(&self) -> impl Iterator<Item = ServiceId> + use<'_> {
        self.clusters().flat_map(|cluster| self.services_in(cluster))
    }

    /// The services of one kind.
    pub fn services_of(&self, kind: ServiceKind) -> impl Iterator<Item = ServiceId> + use<'_> {
        self.services().filter(move |service| service.kind() == kind)
    }

    /// The settings by which `of` reaches its remotes, each under its full name, as `PUT /_cluster/settings` takes them.
    ///
    /// Proxy mode, because it connects to the address given and no other, so that what the certificate says of it can be
    /// checked in full. See
    /// <https://www.elastic.co/docs/reference/elasticsearch/configuration-reference/remote-clusters>.
    ///
    /// The fixed address rather than the name: Docker forgets the name of a container that stops, and a name that vanishes
    /// during a reconnection leaves Elasticsearch 9.5.3 (`ProxyConnectionStrategy.openConnections`, "unknown host" thrown in
    /// a failure handler) waiting for that remote until its settings change.
    pub fn remote_settings(&self, of: ClusterId) -> BTreeMap<String, String> {
        self.remotes(of)
            .flat_map(|remote| {
                let node = remote.first_node();
                [
                    ("mode", "proxy".to_owned()),
                    ("proxy_address", format!("{}:{REMOTE}", self.service(node).address)),
                    ("proxy_socket_connections", self.spec.profile.sockets().to_string()),
                    ("server_name", self.container_name(node)),
                    ("skip_unavailable", "true".to_owned()),
                ]
                .map(|(field, value)| (format!("cluster.remote.{remote}.{field}"), value))
            })
            .collect()
    }

    /// The index patterns that a cluster's API key lets the others search.
    pub fn shared(&self, cluster: ClusterId) -> Vec<String> {
        let settings = self.settings(cluster);
        let more = settings.share.iter().map(ToString::to_string);
        let mut names: Vec<String> = std::iter::once(SHARED.to_owned()).chain(more).collect();
        names.sort();
        names.dedup();
        names
    }

    /// The names that a service's certificate is valid for.
    pub fn certificate_names(&self, service: ServiceId) -> Names {
        let mut names = Names {
            common_name: self.container_name(service),
            dns: [self.container_name(service), "localhost".to_owned(), self.host_name.clone()].into(),
            ip: [Ipv4Addr::LOCALHOST.into(), self.service(service).address.into()].into(),
        };
        names.ip.insert(self.client_address());
        for san in &self.spec.san {
            match san {
                SubjectName::Dns(name) => names.dns.insert(name.clone()),
                SubjectName::Ip(address) => names.ip.insert(*address),
            };
        }
        names
    }

    /// A service with all that follows from decisions.
    ///
    /// # Panics
    /// For one that the mesh has not, see [`Self::has`].
    pub fn service(&self, id: ServiceId) -> Service {
        Service::decide(self, id, self.place(id).expect("should be a service of the mesh"))
    }

    /// The address that this machine's own clients reach the published ports by.
    pub fn client_address(&self) -> IpAddr {
        match self.spec.bind {
            IpAddr::V4(bind) if bind.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(bind) if bind.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            bind => bind,
        }
    }

    /// The host part of the URLs shown to people.
    pub fn public_host(&self) -> String {
        match self.spec.bind {
            bind if bind == Ipv4Addr::LOCALHOST || bind == Ipv6Addr::LOCALHOST => "localhost".to_owned(),
            bind if bind.is_unspecified() => self.host_name.clone(),
            IpAddr::V6(bind) => format!("[{bind}]"),
            IpAddr::V4(bind) => bind.to_string(),
        }
    }

    /// # Panics
    /// For a service that the mesh has not.
    pub fn url(&self, service: ServiceId) -> String {
        let path = match service {
            ServiceId::Node(_) => String::new(),
            ServiceId::Kibana(cluster) => format!("/{cluster}"),
        };
        let place = self.place(service).expect("should be a service of the mesh");
        format!("https://{}:{}{path}", self.public_host(), place.https_port())
    }

    /// The lines that `/etc/hosts` gets.
    pub fn host_entries(&self) -> Vec<(IpAddr, String)> {
        self.services().map(|id| (self.service(id).address.into(), self.container_name(id))).collect()
    }

    /// A mesh with every default, for tests.
    #[cfg(test)]
    pub fn example(clusters: u8) -> Self {
        Self {
            format: FORMAT,
            id: "0123456789abcdef".to_owned(),
            name: None,
            dir: "/mnt/data/mesh".into(),
            defaults: Revision::FIRST,
            spec: MeshSpec::default(),
            overrides: Vec::new(),
            set: BTreeMap::new(),
            clusters: BTreeMap::new(),
            subnet: "10.213.0.0/24".parse().expect("should be a subnet"),
            ports: None,
            owner: Owner { uid: 999, gid: 0 },
            engine: None,
            host_name: "vm".to_owned(),
            templates: Templates::default(),
        }
        .with_count(clusters)
    }

    /// The same with another version everywhere, for tests.
    #[cfg(test)]
    #[must_use]
    pub fn of_version(mut self, version: settings::StackVersion) -> Self {
        self.spec.stack_version = version;
        self.upgraded()
    }

    #[cfg(test)]
    fn conditions(&self, cluster: ClusterId) -> cluster::Conditions {
        let (version, kibana) = (self.spec.stack_version, self.settings(cluster).kibana);
        cluster::Conditions { version, defaults: self.defaults, subnet: self.subnet, kibana }
    }

    /// The same with so many clusters, for tests.
    #[cfg(test)]
    #[must_use]
    pub fn with_count(self, count: u8) -> Self {
        self.with_clusters(&count.to_string())
    }

    /// The same with these clusters, for tests.
    #[cfg(test)]
    #[must_use]
    pub fn with_clusters(mut self, set: &str) -> Self {
        let conditions: BTreeMap<ClusterId, cluster::Conditions> =
            Count::MAX.clusters().map(|cluster| (cluster, self.conditions(cluster))).collect();
        self.clusters = ClusterSet::of_mesh(set)
            .expect("should be a set")
            .iter()
            .map(|id| {
                let known = self.clusters.remove(&id);
                (id, known.unwrap_or_else(|| Cluster::allocate(id, conditions[&id])))
            })
            .collect();
        self
    }

    /// The same in another network, for tests.
    #[cfg(test)]
    #[must_use]
    pub fn moved_to(mut self, subnet: Subnet) -> Self {
        self.subnet = subnet;
        let conditions: BTreeMap<ClusterId, cluster::Conditions> =
            self.clusters().map(|cluster| (cluster, self.conditions(cluster))).collect();
        self.clusters = self.clusters.into_iter().map(|(id, of)| (id, of.kept(id, conditions[&id]))).collect();
        self
    }

    /// The same with a name, for tests.
    #[cfg(test)]
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self { name: Some(name.parse().expect("should be a name")), ..self }
    }

    /// The same without Kibana, for tests.
    #[cfg(test)]
    #[must_use]
    pub fn without_kibana(mut self) -> Self {
        self.spec.kibana = false;
        for cluster in self.clusters.values_mut() {
            cluster.kibana = None;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_of_ninety_nine_clusters_share_a_name_an_address_or_a_directory() {
        let mesh = Mesh::example(99);
        let services: Vec<Service> = mesh.services().map(|id| mesh.service(id)).collect();
        let distinct = |values: BTreeSet<String>| assert_eq!(values.len(), 198);
        distinct(services.iter().map(|s| s.id.to_string()).collect());
        distinct(services.iter().map(|s| s.address.to_string()).collect());
        distinct(services.iter().map(|s| s.mounts[0].host.clone()).collect());
        for service in &services {
            assert!(mesh.subnet.net().contains(&service.address));
            assert!(!mesh.subnet.allocation_range().contains(&service.address));
            assert_ne!(service.address, mesh.subnet.gateway());
        }
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
