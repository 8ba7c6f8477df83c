//! What a mesh leaves behind, and what that tells. Pure: no I/O.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr},
};

use super::{GatewayTrace, NodeTrace};
use crate::mesh::{
    Owner, allocate,
    certs::Names,
    cluster_set::ClusterSet,
    container::Published,
    defaults::Revision,
    id::{ClusterId, NodeId, NodeNumber, ServiceId, ServiceKind},
    network::Subnet,
    peers::{PartnerName, Peer},
    secret::Secret,
    settings::{KeyDays, Memory, PassphraseWords, Profile, RawSettings, Registry, StackVersion},
};

/// What was left of a mesh; what nothing tells is absent.
#[derive(Debug, Clone, Default)]
pub struct Traces {
    /// By Docker's labels.
    pub id: Option<String>,
    pub containers: Vec<ContainerTrace>,
    /// The mesh's own gateway.
    pub gateway: Option<GatewayTrace>,
    /// The subnet of the mesh's network.
    pub subnet: Option<Subnet>,
    /// Every port of the host that labels name; `None` where none does, since they follow from the clusters' numbers.
    pub ports: Option<BTreeSet<u16>>,
    pub directories: BTreeMap<ClusterId, DirectoryTrace>,
    /// The meshes that were joined, as their files tell.
    pub peers: BTreeMap<PartnerName, Peer>,
    /// Whether the block of the mesh is in `/etc/hosts`.
    pub hosts: Option<bool>,
    /// The number of words in the password of `elastic`.
    pub passphrase_words: Option<PassphraseWords>,
}

/// What a container was made from.
#[derive(Debug, Clone)]
pub struct ContainerTrace {
    pub service: ServiceId,
    pub image: String,
    /// Its limit in bytes.
    pub memory: u64,
    /// `uid:gid` of its process.
    pub user: String,
    /// The address that its ports are published on.
    pub bind: Option<IpAddr>,
    pub ports: BTreeSet<Published>,
    pub defaults: Revision,
    /// The directory of this machine that it has for snapshots.
    pub backup: Option<String>,
}

/// What a cluster's directory tells.
#[derive(Debug, Clone, Default)]
pub struct DirectoryTrace {
    /// Whether its authority is one that `mesh` issued.
    pub ours: bool,
    /// The names in the certificates of its services.
    pub names: BTreeMap<ServiceKind, Names>,
    /// The server's heap, in mebibytes.
    pub heap: Option<u64>,
    /// By the options of the server.
    pub profile: Option<Profile>,
    pub kibana: bool,
    pub owner: Option<Owner>,
    /// The lifetime that its API key was given.
    pub key_days: Option<KeyDays>,
    /// The version of the image that its configuration's files came from, where that was written down.
    pub version: Option<StackVersion>,
    /// The main configuration files of its services.
    pub settings: BTreeMap<ServiceKind, Secret>,
    /// Whether it searches other machines, or did.
    pub spans_machines: bool,
    /// The options of the server's JVM.
    pub options: Option<String>,
    /// Its nodes that have a directory.
    pub nodes: BTreeMap<NodeNumber, NodeTrace>,
}

impl Traces {
    /// Whether they are those of a mesh: its data is there, and labels or certificates say whose it is.
    pub fn are_of_a_mesh(&self) -> bool {
        let ours = self.directories.values().any(|directory| directory.ours);
        ours || (self.id.is_some() && !self.directories.is_empty())
    }

    fn of(&self, kind: ServiceKind) -> impl Iterator<Item = &ContainerTrace> {
        self.containers.iter().filter(move |container| container.service.kind() == kind)
    }

    /// The raw settings that the files of each cluster's service hold besides what its template made.
    pub(super) fn added<const KIBANA: bool>(&self) -> BTreeMap<ClusterId, RawSettings<KIBANA>> {
        let kind = if KIBANA { ServiceKind::Kibana } else { ServiceKind::Elastic };
        let of = |(cluster, kept): (&ClusterId, &DirectoryTrace)| {
            let text = kept.settings.get(&kind)?;
            Some((*cluster, RawSettings::of_file(text.expose())))
        };
        self.directories.iter().filter_map(of).collect()
    }

    /// The limit of each cluster's service of this kind, where its container or the heap of its server shows it.
    pub(super) fn memory(&self, kind: ServiceKind) -> BTreeMap<ClusterId, Memory> {
        // of several nodes, the first has what most have
        let first = self.of(kind).filter(|it| it.service.node().is_none_or(NodeId::is_first));
        let limits = first.map(|it| (it.service.cluster(), it.memory >> 20)).filter(|(_, limit)| *limit > 0);
        let heaps = self.directories.iter().filter(|_| kind == ServiceKind::Elastic);
        let heaps = heaps.filter_map(|(cluster, kept)| Some((*cluster, Memory::of_heap(kept.heap?)?)));
        let limits = heaps.chain(limits.map(|(cluster, limit)| (cluster, Memory::mebibytes(limit))));
        // in the range of the setting
        limits.filter_map(|(cluster, memory)| Some((cluster, memory.to_string().parse().ok()?))).collect()
    }

    /// Those that have a container or a directory.
    pub(super) fn clusters(&self) -> Option<ClusterSet> {
        let containers = self.containers.iter().map(|container| container.service.cluster());
        ClusterSet::new(containers.chain(self.directories.keys().copied()))
    }

    /// The version of each cluster's data, where a container or the files of its image tell it. The newer of the two:
    /// files are taken from an image when the cluster's turn has come, and that is not taken back.
    pub(super) fn versions(&self) -> BTreeMap<ClusterId, StackVersion> {
        let made = self.of(ServiceKind::Elastic).filter_map(|it| Some((it.service.cluster(), image(&it.image)?.1)));
        let seeded = self.directories.iter().filter_map(|(cluster, kept)| Some((*cluster, kept.version?)));
        let mut versions = BTreeMap::new();
        for (cluster, version) in made.chain(seeded) {
            let known = versions.entry(cluster).or_insert(version);
            *known = version.max(*known);
        }
        versions
    }

    /// The revision of each cluster's defaults. The newest of its containers: one that is the same in both is not made
    /// anew.
    pub(super) fn revisions(&self) -> BTreeMap<ClusterId, Revision> {
        let mut revisions = BTreeMap::new();
        for container in &self.containers {
            let known = revisions.entry(container.service.cluster()).or_insert(container.defaults);
            *known = container.defaults.max(*known);
        }
        revisions
    }

    pub(super) fn owner(&self) -> Option<Owner> {
        let user = |container: &ContainerTrace| {
            let (uid, gid) = container.user.split_once(':')?;
            Some(Owner { uid: uid.parse().ok()?, gid: gid.parse().ok()? })
        };
        self.containers.iter().find_map(user).or_else(|| self.directories.values().find_map(|kept| kept.owner))
    }

    /// The network that the certificates' addresses lie in: a /24, as [`Subnet::choose`] takes them.
    pub(super) fn subnet_of_certificates(&self) -> Option<Subnet> {
        self.directories.iter().find_map(|(cluster, kept)| {
            let names = kept.names.get(&ServiceKind::Elastic)?;
            let mut candidates = names.ip.iter().filter_map(|ip| match ip {
                IpAddr::V4(ip) if ip.is_private() => Some(ip),
                _ => None,
            });
            candidates.find_map(|ip| {
                let [a, b, c, _] = ip.octets();
                let subnet: Subnet = format!("{}/24", Ipv4Addr::new(a, b, c, 0)).parse().ok()?;
                (allocate::by_number(cluster.node(NodeNumber::FIRST), subnet) == Some(*ip)).then_some(subnet)
            })
        })
    }

    /// Whether anything tells of a Kibana of this cluster: one that lost its container has a directory.
    pub(super) fn kibana_of(&self, cluster: ClusterId) -> bool {
        let made = self.of(ServiceKind::Kibana).any(|container| container.service.cluster() == cluster);
        made || self.directories.get(&cluster).is_none_or(|kept| kept.kibana)
    }

    pub(super) fn kibana(&self) -> bool {
        if self.containers.is_empty() {
            self.directories.values().any(|kept| kept.kibana)
        } else {
            self.of(ServiceKind::Kibana).next().is_some()
        }
    }
}

/// The registry and the version of an image that [`crate::mesh::service`] names.
pub(super) fn image(name: &str) -> Option<(Registry, StackVersion)> {
    let (name, version) = name.rsplit_once(':')?;
    let registry = ["/elasticsearch/elasticsearch", "/kibana/kibana"].iter().find_map(|end| name.strip_suffix(end))?;
    Some((registry.parse().ok()?, version.parse().ok()?))
}
