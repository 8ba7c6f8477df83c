//! WHAT IS WANTED. Pure: no I/O, no async; time and randomness come in as arguments.
//!
//! [`Mesh`] holds every decision; names and texts follow from it.

mod addresses;
pub mod allocate;
pub mod certs;
pub mod choice;
pub mod cluster;
pub mod cluster_set;
pub mod container;
pub mod container_spec;
pub mod counted;
pub mod credentials;
pub mod data_set;
pub mod data_views;
pub mod decide;
pub mod defaults;
pub mod digest;
#[cfg(test)]
pub mod example;
pub mod fingerprint;
pub mod gateway;
pub mod hosts_file;
pub mod id;
pub mod invalid_value;
pub mod keystore;
mod kibana_login;
pub mod layout;
pub mod license;
pub mod links;
mod memory_flags;
pub mod name;
pub mod network;
mod new_defaults;
pub mod nodes;
mod outside;
pub mod part;
pub mod passphrase;
pub mod pattern;
pub mod peers;
mod per_cluster;
pub mod permissions;
pub mod ports;
pub mod rebuild;
pub mod record;
pub mod recover;
pub mod render;
pub mod rendered;
pub mod secret;
pub mod secure_settings;
pub mod service;
pub mod service_token;
pub mod settings;
pub mod shell_word;
pub mod snapshots;
pub mod taken;
mod template_check;
pub mod templates;
pub mod typed_again;
mod unmade;
pub mod upgrade;
pub mod users;
pub mod versions;
mod wanted_links;

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Serialize};

use self::{
    cluster::{Cluster, Place},
    cluster_set::{ClusterSet, NoSuchCluster},
    data_views::{View, ViewName},
    defaults::Revision,
    gateway::OwnGateway,
    id::{ClusterId, Count, NodeId, NodeNumber, ServiceId, ServiceKind},
    name::MeshName,
    network::Subnet,
    peers::{Guest, PartnerName, Peer},
    ports::PortRange,
    service::Service,
    settings::{ClusterOverride, ClusterSettings, MeshSpec},
    templates::Templates,
    users::{User, UserName},
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
    /// The revision of built-in templates and constants that new clusters are made with. Others have an earlier one
    /// until `--new-defaults` has come to them.
    #[serde(default, skip_serializing_if = "Revision::is_first")]
    pub defaults: Revision,
    /// What was decided for each cluster; never empty.
    pub clusters: BTreeMap<ClusterId, Cluster>,
    /// The meshes that it joined, and clusters that `mesh` does not run.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub peers: BTreeMap<PartnerName, Peer>,
    /// The meshes that it invited.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub guests: BTreeMap<PartnerName, Guest>,
    /// The users that were added by a command.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub users: BTreeMap<UserName, User>,
    /// The data views that were asked for by a command.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub views: BTreeMap<ViewName, View>,
    /// The mesh's own gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<OwnGateway>,
    pub subnet: Subnet,
    /// Where ports for what is new are taken from; without one they follow from the clusters' numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ports: Option<PortRange>,
    pub owner: Owner,
    /// The engine that has the containers. A record from before it was kept has none, and takes the one that it is used
    /// with when it is written next.
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

/// A Docker engine, as `docker info` tells of it. It is another one as soon as either differs: up to 20.10 all engines
/// of a machine have one id (`/etc/docker/key.json`), and no two of them share a directory.
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
        let mut record = Mesh { templates: self.templates.clone(), ..record.clone() };
        // one on its way out that was forgotten already
        let left = self.peers.iter().filter(|(name, peer)| peer.leaving && !record.peers.contains_key(*name));
        let left: Vec<(PartnerName, Peer)> = left.map(|(name, peer)| (name.clone(), peer.clone())).collect();
        record.peers.extend(left);
        *self == record
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

    /// A service with all that follows from decisions; `None` for one that the mesh does not have.
    pub fn service(&self, id: ServiceId) -> Option<Service> {
        Some(Service::decide(self, id, self.place(id)?))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_of_ninety_nine_clusters_share_a_name_an_address_or_a_directory() {
        let mesh = Mesh::example(99);
        let services: Vec<Service> = mesh.services().filter_map(|id| mesh.service(id)).collect();
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
}
