//! What is there: the facts that plans and checks depend on, as plain data. Pure: [`World`](crate::world::World) fills them in.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use ipnet::IpNet;
use time::OffsetDateTime;

use super::health::{Health, Unasked};
use crate::mesh::{
    Engine, Mesh, certs,
    container::Container,
    credentials::Credentials,
    id::{ClusterId, ServiceId},
    links::Key,
    name::MeshName,
    secret::Secret,
    settings::StackVersion,
    taken::Route,
};

/// Everything a plan depends on. What could not be asked is absent, and a plan treats it as not being so.
#[derive(Debug, Clone, Default)]
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
    /// Containers that carry this mesh's id and have no service's name, by the names that they have.
    pub orphans: BTreeMap<String, Orphan>,
    /// Directories of clusters.
    pub files: BTreeMap<ClusterId, ClusterFiles>,
    /// The bundle for browsers.
    pub browser_bundle: Option<String>,
    /// Servers that answer and take the password, whatever their health.
    pub servers: BTreeMap<ClusterId, ServerFacts>,
    /// Why the others could not be asked, of which the container runs.
    pub unasked: BTreeMap<ClusterId, Unasked>,
    /// How servers fare, where that was asked: no plan depends on it.
    pub vitals: BTreeMap<ClusterId, Vitals>,
    /// Kibanas that answer and are ready, each with the fingerprint of the certificate it shows.
    pub kibanas: BTreeMap<ClusterId, String>,
    /// `/etc/hosts`; `None` where this run may not write it.
    pub hosts_file: Option<Vec<u8>>,
    /// Why it cannot be read, where this run may write it: it is no file, or too large.
    pub hosts_fault: Option<String>,
    /// The addresses of the engine's own bridges.
    pub gateways: BTreeSet<IpAddr>,
    /// Of this machine's Docker, but not of this mesh.
    pub unmanaged: Unmanaged,
    /// Places inside the mesh's directory where other file systems are mounted.
    pub mounts: BTreeSet<String>,
    /// Modes and owners of the mesh's files; `None` where nobody looked.
    pub permissions: Option<PermissionFacts>,
}

impl Observed {
    /// The index patterns that each cluster lets others search, where its server tells that knows the key on disk.
    pub fn shared(&self) -> BTreeMap<ClusterId, Vec<String>> {
        let names = |(cluster, files): (&ClusterId, &ClusterFiles)| {
            let (key, server) = (files.key.as_ref()?, self.servers.get(cluster)?);
            Some((*cluster, server.keys.iter().find(|facts| facts.id == key.id)?.names.clone()))
        };
        self.files.iter().filter_map(names).collect()
    }

    /// Whether there is data that passwords were made for.
    pub fn has_data(&self) -> bool {
        let configured = |files: &ClusterFiles| files.services.values().any(|service| service.settings.is_some());
        self.files.values().any(|files| files.keystore.is_some() || configured(files))
    }

    /// Whether the server answers, and does not take the password of `elastic`.
    pub fn refuses(&self, cluster: ClusterId) -> bool {
        matches!(self.unasked.get(&cluster), Some(Unasked::Unauthenticated(_)))
    }

    /// Whether others can reach the cluster's server: its container runs, and is in the mesh's network.
    pub fn is_reachable(&self, cluster: ClusterId) -> bool {
        let network = self.network.as_ref().map(|network| &network.id);
        self.containers
            .get(&cluster.first_node())
            .is_some_and(|found| found.state == ContainerState::Running && Some(&found.network) == network)
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
#[derive(Debug, Clone, Default)]
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

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkFacts {
    pub id: String,
    pub subnet: String,
}

/// What becomes of a packet for the mesh's network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    By(Route),
    /// A route says that it is not to be sent.
    Refused,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerState {
    Created,
    Running,
    Paused,
    /// Ended by itself, and Docker starts it again.
    Restarting,
    Stopped,
}

impl ContainerState {
    /// Whether it has a process, which may be halted or about to be started again.
    pub fn is_up(self) -> bool {
        matches!(self, Self::Running | Self::Paused | Self::Restarting)
    }
}

/// A container of the mesh under a name that the mesh does not give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Orphan {
    pub state: ContainerState,
    /// The service that it was made for, as its labels say; `None` for one that only reads an image's files.
    pub service: Option<ServiceId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerFacts {
    /// Docker's id of the container.
    pub id: String,
    /// The label with the fingerprint of what it was made from.
    pub fingerprint: String,
    pub state: ContainerState,
    /// Docker's id of the network it is attached to.
    pub network: String,
    /// Its address there; `None` while it does not run, unless Docker failed to start it.
    pub address: Option<IpAddr>,
    /// What it was made from and is limited to; `None` where nobody looked.
    pub made: Option<Container>,
}

impl ContainerFacts {
    /// Whether Docker has not attached it to its network, as after a start that failed on the way there: it keeps the address then,
    /// and may start the container without a network the next time.
    pub fn lacks_network(&self) -> bool {
        match self.state {
            ContainerState::Created | ContainerState::Stopped => self.address.is_some(),
            ContainerState::Running => self.address.is_none(),
            ContainerState::Paused | ContainerState::Restarting => false,
        }
    }
}

/// A cluster's directory, as texts; certificates are public, everything else that matters is a [`Secret`].
#[derive(Debug, Clone, Default)]
pub struct ClusterFiles {
    pub authority: Option<String>,
    pub authority_key: Option<Secret>,
    /// The authority that is going to take over, with its key.
    pub next_authority: Option<String>,
    pub next_authority_key: Option<Secret>,
    /// The one that it took over from.
    pub old_authority: Option<String>,
    pub services: BTreeMap<ServiceId, ServiceFiles>,
    /// The authorities that the cluster's Elasticsearch trusts.
    pub bundle: Option<String>,
    pub jvm_options: Option<String>,
    /// What the keystore holds: names, each with the digest of its value.
    pub keystore: Option<BTreeMap<String, String>>,
    pub key: Option<KeyFile>,
    /// The keys of single links, by who searches.
    pub link_keys: BTreeMap<ClusterId, KeyFile>,
    /// The user by whom passwords are recovered is in the file realm.
    pub recovery_user: bool,
}

impl ClusterFiles {
    /// A key of the cluster as it is saved.
    pub fn key(&self, key: Key) -> Option<&KeyFile> {
        match key.searcher {
            None => self.key.as_ref(),
            Some(searcher) => self.link_keys.get(&searcher),
        }
    }

    /// Every key of the cluster `of` that is saved.
    pub fn keys(&self, of: ClusterId) -> impl Iterator<Item = (Key, &KeyFile)> {
        let of_links = self.link_keys.iter().map(move |(searcher, file)| (Key { of, searcher: Some(*searcher) }, file));
        self.key.iter().map(move |file| (Key::shared(of), file)).chain(of_links)
    }

    /// Every authority that may have signed what the cluster's services show, in an order that stays the same while one
    /// takes over from another.
    pub fn trusted(&self) -> Option<String> {
        let mut all: Vec<&str> = [&self.authority, &self.next_authority, &self.old_authority]
            .into_iter()
            .flatten()
            .map(|pem| pem.trim())
            .collect();
        all.sort_unstable();
        (!all.is_empty()).then(|| certs::bundle(all.into_iter()))
    }
}

#[derive(Debug, Clone, Default)]
pub struct ServiceFiles {
    pub certificate: Option<String>,
    pub certificate_key: Option<Secret>,
    /// The copy of [`ClusterFiles::trusted`].
    pub authority: Option<String>,
    pub settings: Option<Secret>,
    /// Whether the image's own configuration files are there.
    pub seeded: bool,
    /// What they were taken from; `None` where nobody wrote that down.
    pub seed: Option<SeedFacts>,
}

/// The image that a configuration directory was filled from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeedFacts {
    pub version: StackVersion,
    /// Names of files, below the directory, that are no longer as the image has them.
    pub changed: Vec<String>,
    /// Names of files that the image has and the directory does not: a server may not start without them.
    pub missing: Vec<String>,
}

/// A saved API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFile {
    pub id: String,
    pub expires: OffsetDateTime,
    /// Digest of the key's value, as [`ClusterFiles::keystore`] has it.
    pub digest: String,
}

/// What a running server says of itself.
#[derive(Debug, Clone)]
pub struct ServerFacts {
    /// Whether `kibana_system` can log in with its password. Set after that of `elastic`, so it stands for both.
    pub passwords: bool,
    pub license: LicenseFacts,
    /// Cross-cluster API keys that carry this mesh's id and are not invalidated.
    pub keys: Vec<KeyFacts>,
    /// Settings below `cluster.remote` that belong to remotes named as clusters are.
    pub remotes: BTreeMap<String, String>,
    /// For each remote that is set: connected, or why not.
    pub links: BTreeMap<ClusterId, LinkFacts>,
    /// The fingerprint of the certificate it shows.
    pub certificate: String,
}

#[cfg(test)]
impl ServerFacts {
    /// One that has a license in force, and nothing else.
    pub fn licensed(kind: &str, expires: OffsetDateTime) -> Self {
        let (kind, uid, expires) = (kind.to_owned(), String::new(), Some(expires));
        Self {
            passwords: false,
            license: LicenseFacts { kind, active: true, uid, expires },
            keys: Vec::new(),
            remotes: BTreeMap::new(),
            links: BTreeMap::new(),
            certificate: String::new(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LicenseFacts {
    /// `trial`, `basic`, `enterprise` …
    pub kind: String,
    pub active: bool,
    pub uid: String,
    /// `None` for one that does not end.
    pub expires: Option<OffsetDateTime>,
}

impl LicenseFacts {
    /// Trust by API key needs Enterprise or a trial on both sides; see
    /// <https://www.elastic.co/docs/deploy-manage/remote-clusters/remote-clusters-api-key>.
    pub fn allows_links(&self) -> bool {
        self.active && matches!(self.kind.as_str(), "trial" | "enterprise")
    }

    /// Whether it allows links for longer than a trial does.
    pub fn is_bought(&self) -> bool {
        self.allows_links() && self.kind != "trial"
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFacts {
    pub id: String,
    /// Patterns of the indices that it lets others search, sorted.
    pub names: Vec<String>,
    pub expires: Option<OffsetDateTime>,
}

/// How a server fares, for people who look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vitals {
    pub health: Health,
    pub version: String,
    /// Documents in indices that are not hidden, so without the server's own; replicas do not count.
    pub documents: u64,
    /// Bytes of those indices.
    pub store: u64,
    pub heap_used: u64,
    pub heap_max: u64,
    /// Bytes free for the server on the disk that holds its data, and bytes in all.
    pub disk_free: u64,
    pub disk_total: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkFacts {
    Connected,
    /// In Elasticsearch's words, where it gave any.
    Down(String),
}
