//! What is there: the facts that plans and checks depend on, as plain data. Pure: [`World`](crate::world::World) fills
//! them in.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    path::PathBuf,
};

use ipnet::IpNet;

pub use super::{
    answer::Answer,
    container::{ContainerFacts, ContainerState, NetworkFacts, Orphan},
    files::{ClusterFiles, DamagedFile, KeyFile, NodeFiles, SeedFacts, ServiceFiles},
    gateway::GatewayFacts,
    nodes::{AllocationFacts, NodeFacts},
    secure_file::SecureSettingsFacts,
    server::{KeyFacts, KibanaFacts, LicenseFacts, LinkFacts, ServerFacts, Vitals},
    snapshots::OwnerFacts,
    views::ViewFacts,
};
use crate::mesh::{
    Engine, Mesh,
    credentials::Credentials,
    id::{ClusterId, NodeId, ServiceId},
    name::MeshName,
    peers::{Alias, PartnerName, Peer, access::RemoteAccessFacts},
    snapshots::RepositoryOwner,
    taken::Route,
};

/// Everything a plan depends on. What could not be asked is absent, and a plan treats it as not being so.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    /// The name of the mesh that was looked for.
    pub name: Option<MeshName>,
    /// What `mesh.json` says.
    pub record: Option<Mesh>,
    /// The engine that was asked; `None` where none answers.
    pub engine: Option<Engine>,
    /// What `credentials.txt` holds, or will hold when it is written again.
    pub credentials: Option<Credentials>,
    pub lost: Lost,
    /// Whether the user that owns the files exists, or need not be made.
    pub account: bool,
    /// Those of the wanted images that are on this machine.
    pub images: BTreeSet<String>,
    /// Those of them that `images/build` of this project made: they need less of a machine than Elastic's.
    pub built_here: BTreeSet<String>,
    pub network: Option<NetworkFacts>,
    /// Where the kernel sends packets for the mesh's network; `None` where it knows no way.
    pub way: Option<Way>,
    /// The routing tables that are looked into before the main one for it.
    pub before_main: BTreeSet<u32>,
    /// Containers that carry this mesh's id.
    pub containers: BTreeMap<ServiceId, ContainerFacts>,
    /// The mesh's own gateway.
    pub gateway: GatewayFacts,
    /// Containers that carry this mesh's id and have no service's name, by the names that they have.
    pub orphans: BTreeMap<String, Orphan>,
    /// Directories of clusters.
    pub files: BTreeMap<ClusterId, ClusterFiles>,
    /// What is kept of the meshes that were joined.
    pub peers: BTreeMap<PartnerName, BTreeMap<Alias, RemoteAccessFacts>>,
    /// The files of those that are damaged, where nothing is changed by what is seen.
    pub damaged_peers: BTreeMap<PartnerName, DamagedFile>,
    /// How they were joined, as the same files tell.
    pub joined: BTreeMap<PartnerName, Peer>,
    /// The addresses of peers' clusters that take connections, where a cluster has several and is not reached.
    pub answering_addresses: BTreeSet<String>,
    /// The secure settings of each cluster that is wanted.
    pub secure_settings: BTreeMap<ClusterId, SecureSettingsFacts>,
    /// Who writes to each cluster's repository, where that is written down.
    pub repository_owners: BTreeMap<ClusterId, OwnerFacts>,
    /// The clusters that have snapshots in the mesh's directory.
    pub snapshots_inside: BTreeSet<ClusterId>,
    /// The bundle for browsers.
    pub browser_bundle: Option<String>,
    /// The answers of each cluster whose Elasticsearch runs and could be asked: by the first node that answers.
    pub servers: BTreeMap<ClusterId, Answer<ServerFacts>>,
    /// The answer of each node of a cluster of several, likewise.
    pub nodes: BTreeMap<NodeId, Answer<NodeFacts>>,
    /// The answers of Kibana, likewise.
    pub kibanas: BTreeMap<ClusterId, Answer<KibanaFacts>>,
    /// `/etc/hosts`; `None` where this run may not write it.
    pub hosts_file: Option<Vec<u8>>,
    /// Why it cannot be read, where this run may write it: it is no file, or too large.
    pub hosts_fault: Option<String>,
    /// The addresses of the engine's own bridges.
    pub gateways: BTreeSet<IpAddr>,
    /// What this machine's Docker has that is not this mesh's.
    pub unmanaged: Unmanaged,
    /// Places inside the mesh's directory where other file systems are mounted.
    pub mounts: BTreeSet<String>,
    /// Modes and owners of the mesh's files; `None` if they were not read.
    pub permissions: Option<PermissionFacts>,
}

impl Observed {
    /// The cluster's server, if it answers and takes the password, whatever its health.
    pub fn server(&self, cluster: ClusterId) -> Option<&ServerFacts> {
        self.servers.get(&cluster)?.ready()
    }

    /// The one who writes to a cluster's repository, where that is written down and can be read.
    pub fn repository_owner(&self, cluster: ClusterId) -> Option<&RepositoryOwner> {
        self.repository_owners.get(&cluster)?.known()
    }

    /// The servers that answer.
    pub fn answering(&self) -> impl Iterator<Item = (ClusterId, &ServerFacts)> {
        self.servers.iter().filter_map(|(cluster, answer)| Some((*cluster, answer.ready()?)))
    }

    /// The cluster's Kibana, if it is ready.
    pub fn kibana(&self, cluster: ClusterId) -> Option<&KibanaFacts> {
        self.kibanas.get(&cluster)?.ready()
    }

    /// The index patterns that each cluster lets others search, where its server tells that knows the key on disk.
    pub fn shared(&self) -> BTreeMap<ClusterId, Vec<String>> {
        let names = |(cluster, files): (&ClusterId, &ClusterFiles)| {
            let (key, server) = (files.key.as_ref()?, self.server(*cluster)?);
            Some((*cluster, server.keys.iter().find(|facts| facts.id == key.id)?.names.clone()))
        };
        self.files.iter().filter_map(names).collect()
    }

    /// The files that keystores were filled from, as they record it.
    pub fn secure_files(&self) -> BTreeMap<ClusterId, PathBuf> {
        let path = |files: &ClusterFiles| files.first()?.managed.as_ref()?.path.clone();
        self.files.iter().filter_map(|(cluster, files)| Some((*cluster, path(files)?))).collect()
    }

    /// Whether there is data that passwords were made for.
    pub fn has_data(&self) -> bool {
        let configured = |files: &ClusterFiles| files.services.values().any(|service| service.settings.is_some());
        let filled = |files: &ClusterFiles| files.nodes.values().any(|node| node.keystore.is_some());
        self.files.values().any(|files| filled(files) || configured(files))
    }

    /// Whether the server answers, and does not take the password of `elastic`.
    pub fn refuses(&self, cluster: ClusterId) -> bool {
        matches!(self.servers.get(&cluster), Some(Answer::Unauthenticated(_)))
    }

    /// Whether others can reach a server of the cluster: its container runs, and is in the mesh's network.
    pub fn is_reachable(&self, cluster: ClusterId) -> bool {
        let Some(network) = &self.network else { return false };
        let is_reachable = |node: NodeId| {
            let found = self.containers.get(&node.into());
            found.is_some_and(|found| found.state == ContainerState::Running && found.is_in(network))
        };
        self.nodes_of(cluster).into_iter().any(is_reachable)
    }

    /// The server, to change what it says, for tests.
    #[cfg(test)]
    pub fn server_mut(&mut self, cluster: ClusterId) -> &mut ServerFacts {
        match self.servers.get_mut(&cluster) {
            Some(Answer::Ready(server)) => server,
            other => panic!("{cluster} should answer: {other:?}"),
        }
    }

    /// Whether the service's container runs.
    pub fn runs(&self, service: ServiceId) -> bool {
        self.containers.get(&service).is_some_and(|container| container.state == ContainerState::Running)
    }
}

/// What the mesh kept of itself and keeps no more, though its data is there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lost {
    /// `mesh.json`; the mesh was rebuilt from what is there.
    pub record: bool,
    /// `credentials.txt`; it was put together again.
    pub credentials: bool,
}

/// Who has which of the mesh's files, and who looks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PermissionFacts {
    /// The user who runs `mesh`.
    pub user: u32,
    /// The system user that containers of root's meshes run as, if there is one.
    pub account: Option<u32>,
    /// Files and directories that are there, by their paths in the mesh's directory; that itself has the empty one.
    pub found: BTreeMap<String, FileFacts>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileFacts {
    pub directory: bool,
    /// Permission bits, `0o7777` at most.
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
}

/// What others have on this Docker engine, as far as it can be in the mesh's way.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Unmanaged {
    /// Containers that have a name the mesh would give.
    pub containers: Vec<String>,
    /// Directories of other meshes on this engine.
    pub meshes: BTreeSet<String>,
    /// Those of them whose things have the names of this mesh's.
    pub namesakes: BTreeSet<String>,
    /// A network with the mesh's name.
    pub network: bool,
    /// Containers in a network of the mesh's name.
    pub attached: Vec<String>,
    /// Subnets of other networks, with the networks' names.
    pub subnets: Vec<(IpNet, String)>,
    /// Ports published by other containers: address, port, container.
    pub ports: Vec<(Option<IpAddr>, u16, String)>,
}

/// What becomes of a packet for the mesh's network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    By(Route),
    /// A route says that it is not to be sent.
    Refused,
}
