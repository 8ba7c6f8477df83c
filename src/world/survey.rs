//! What is known before anything is decided: [`Survey`]. I/O: Docker, disk, `/proc`; changes nothing.

use std::{
    collections::{BTreeSet, HashMap},
    net::{IpAddr, SocketAddr},
};

use ipnet::IpNet;

use super::{
    World,
    account::{self, AccountError},
    disk::{self, DiskError},
    docker::{ContainerSummary, DockerError, NetworkSummary, label},
    files::{self, FilesError},
    host::{self, HostError},
    open_files::TooManyOpenFiles,
    ports::{self, PortsError},
    taken::{reserved, taken_ports},
    templates,
};
use crate::{
    exit::Exit,
    explain::Explain,
    facts::host::{HostFacts, Listener},
    mesh::{
        Engine, Mesh, Owner, allocate, cluster_set::ClusterSet, credentials::Credentials, decide::Circumstances,
        name::MeshName, settings::Overrides, taken::Taken,
    },
};

/// The name of the system user that owns the files when `mesh` runs as root.
pub const ACCOUNT: &str = "elastic";

/// Something could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    #[error(transparent)]
    Docker(#[from] DockerError),
    #[error(transparent)]
    Disk(#[from] DiskError),
    #[error(transparent)]
    Files(#[from] FilesError),
    #[error(transparent)]
    Host(#[from] HostError),
    #[error(transparent)]
    Ports(#[from] PortsError),
    #[error(transparent)]
    Account(#[from] AccountError),
    #[error(transparent)]
    OpenFiles(#[from] TooManyOpenFiles),
}

impl WorldError {
    fn source(&self) -> &dyn Explain {
        match self {
            Self::Docker(error) => error,
            Self::Disk(error) => error,
            Self::Files(error) => error,
            Self::Host(error) => error,
            Self::Ports(error) => error,
            Self::Account(error) => error,
            Self::OpenFiles(error) => error,
        }
    }
}

impl Explain for WorldError {
    fn exit(&self) -> Exit {
        self.source().exit()
    }

    fn hint(&self) -> Option<String> {
        self.source().hint()
    }

    fn message(&self) -> String {
        self.source().message()
    }

    fn reason(&self) -> Option<String> {
        self.source().reason()
    }
}

/// What is known before anything is decided.
#[derive(Debug)]
pub struct Survey {
    /// With its templates; with the built-in ones if those cannot be used, since a mesh can be removed without them.
    /// One that names no engine is taken to be of the one that was asked.
    pub record: Option<Mesh>,
    /// That of the file which the record was read from.
    pub format: Option<u32>,
    /// Without a record, the mesh as it is rebuilt from what it left; set by the code that rebuilds it.
    pub rebuilt: Option<Mesh>,
    /// Where `credentials.txt` is lost, what it will hold again; set by whoever recovers it.
    pub recovered: Option<Credentials>,
    /// Whether a server has written data.
    pub has_data: bool,
    /// Names in the directory, without what a disk of its own has there.
    pub entries: Vec<String>,
    /// Whether this user may write in the directory, or in the nearest one above that exists.
    pub writable: bool,
    /// The engine that was asked.
    pub engine: Engine,
    pub host: HostFacts,
    /// Owners are known where they are in question: on ports of services that no container publishes.
    pub listeners: Vec<Listener>,
    pub containers: Vec<ContainerSummary>,
    pub networks: Vec<NetworkSummary>,
    /// The uid of the user `elastic`; `None` when there is none.
    pub elastic: Option<u32>,
    /// A free number for it, where there is none.
    pub free_uid: Option<u32>,
    /// Whether there is a user with the number of the recorded owner.
    pub owner_exists: bool,
}

impl Survey {
    /// The mesh that is here: recorded, or else rebuilt.
    pub fn known(&self) -> Option<&Mesh> {
        self.record.as_ref().or(self.rebuilt.as_ref())
    }

    /// Whether nothing of the recorded mesh is there yet but its files, so that others may have what it chose.
    pub fn is_unmade(&self) -> bool {
        let made = |mesh: &Mesh| is_made(&mesh.id, &self.containers, &self.networks);
        !self.has_data && self.record.as_ref().is_some_and(|mesh| !made(mesh))
    }

    /// The name of a network of Docker that overlaps that of a mesh.
    pub fn overlapping(&self, mesh: &Mesh) -> Option<&str> {
        let overlaps = |subnet: &String| subnet.parse().is_ok_and(|net: IpNet| mesh.subnet.overlap(&[net]).is_some());
        let found = self.networks.iter().find(|network| network.subnets.iter().any(overlaps))?;
        Some(&found.name)
    }

    /// The listeners without those of the containers of the mesh with this id, which go with them.
    pub fn listeners_without(&self, id: &str) -> Vec<Listener> {
        let ours = self.containers.iter().filter(|found| found.labels.get(label::MESH).is_some_and(|of| of == id));
        let ports: BTreeSet<u16> = ours.flat_map(|found| &found.ports).map(|(_, port)| *port).collect();
        self.listeners.iter().filter(|listener| !ports.contains(&listener.port)).cloned().collect()
    }

    /// Finds out who has a port that was not in question before: a mesh's own gateway may be on any.
    ///
    /// # Errors
    /// The table of sockets could not be read.
    pub fn find_owners(&mut self, port: u16) -> Result<(), PortsError> {
        let is_unknown = |listener: &Listener| listener.port == port && listener.owner.is_none();
        if self.listeners.iter().any(is_unknown) {
            let found = ports::listeners(|bound| bound.port() == port)?;
            self.listeners.retain(|listener| listener.port != port);
            self.listeners.extend(found.into_iter().filter(|listener| listener.port == port));
        }
        Ok(())
    }

    /// Those of every container and every network.
    pub(super) fn labels(&self) -> impl Iterator<Item = &HashMap<String, String>> {
        let containers = self.containers.iter().map(|found| &found.labels);
        containers.chain(self.networks.iter().map(|found| &found.labels))
    }
}

impl World {
    /// Looks at what is there before anything is decided.
    pub async fn survey(&self) -> Result<Survey, WorldError> {
        let tree = self.tree()?;
        let (engine, containers, networks) =
            futures::try_join!(self.docker.facts(), self.docker.containers(), self.docker.networks())?;
        let host = host::with_engine(host::facts(&self.dir)?, &engine);
        let found = tree.as_ref().map(|tree| files::record(tree, &self.dir)).transpose()?.flatten();
        let engine = self.docker.engine.clone();
        let format = found.as_ref().map(|found| found.format);
        let record = found.map(|found| found.mesh);
        let record = record.map(|mesh| templates::of(mesh.clone()).unwrap_or(mesh));
        let record = record.map(|mesh| Mesh { engine: mesh.engine.or_else(|| Some(engine.clone())), ..mesh });
        let owner = record.as_ref().map(|mesh| mesh.owner.uid);
        let elastic = if host.is_root { account::find(ACCOUNT)?.map(|account| account.uid) } else { None };
        // directory services are asked for every number that no file has: only where one is to be chosen
        let chooses = host.is_root && elastic.is_none();
        Ok(Survey {
            owner_exists: owner.map(account::has_uid).transpose()?.unwrap_or_default(),
            listeners: listeners(record.as_ref(), &containers)?,
            record,
            format,
            rebuilt: None,
            recovered: None,
            has_data: tree.as_ref().map(files::has_data).transpose()?.unwrap_or_default(),
            writable: disk::may_write(&host.disk),
            entries: tree.as_ref().map(files::entries).transpose()?.unwrap_or_default(),
            engine,
            containers,
            networks,
            elastic,
            free_uid: if chooses { account::free_uid(ACCOUNT)? } else { None },
            host,
        })
    }

    /// See [`taken`]; what the mesh of this directory has counts for nothing.
    pub fn taken(&self, survey: &Survey) -> Taken {
        let own = survey.known().map(|mesh| mesh.id.clone()).or_else(|| self.id_of_labels(survey));
        let networks = taken(&survey.host, &survey.networks, own.as_deref());
        let (of_clusters, gateways) = reserved(survey, own.as_deref());
        Taken { ports: taken_ports(survey, own.as_deref()), of_clusters, gateways, ..networks }
    }

    /// The id of the mesh of this directory, as Docker's labels have it.
    pub fn id_of_labels(&self, survey: &Survey) -> Option<String> {
        let dir = self.dir.display().to_string();
        survey.labels().find(|labels| labels.get(label::DIR) == Some(&dir))?.get(label::MESH).cloned()
    }

    /// The name that the mesh of this directory has by Docker's labels, or is to have.
    pub fn name_of(&self, survey: &Survey) -> Option<MeshName> {
        let dir = self.dir.display().to_string();
        let labeled = survey.labels().find(|labels| labels.get(label::DIR) == Some(&dir));
        labeled.map_or_else(|| self.name.clone(), |labels| labels.get(label::NAME)?.parse().ok())
    }

    /// The directory of the mesh that Docker's labels say has the name this one is to have, where it is another one.
    pub fn namesake(&self, survey: &Survey) -> Option<String> {
        let (name, dir) = (self.name.as_ref()?.to_string(), self.dir.display().to_string());
        let named = survey.labels().filter(|labels| labels.get(label::NAME) == Some(&name));
        named.filter_map(|labels| labels.get(label::DIR)).find(|other| **other != dir).cloned()
    }

    /// The mesh that labels tell of when `mesh.json` is gone: enough of it to remove what is left. Without a mesh of
    /// the name on the engine, and nothing in the directory, that may still be a block in `/etc/hosts`, which then
    /// belongs to no mesh.
    pub fn mesh_of_labels(&self, survey: &Survey) -> Option<Mesh> {
        let name = self.name_of(survey).map(|name| name.to_string());
        let same = |labels: &HashMap<String, String>| {
            labels.contains_key(label::MESH) && labels.get(label::NAME) == name.as_ref()
        };
        let unclaimed = survey.entries.is_empty() && !survey.labels().any(same);
        let id = self.id_of_labels(survey).or_else(|| unclaimed.then(String::new))?;
        let asked = Overrides { clusters: Some(ClusterSet::all()), ..Overrides::default() };
        let now = Circumstances {
            dir: self.dir.clone(),
            new_id: id,
            name: self.name_of(survey),
            owner: Owner { uid: survey.host.uid, gid: 0 },
            engine: None,
            host_name: survey.host.hostname.clone(),
            taken: Taken::default(),
            unmade: false,
        };
        Mesh::decide(&asked, None, now).ok()
    }
}

/// Listeners with their owners where these are in question: on a port that a mesh may publish, and no container of a
/// mesh does.
fn listeners(record: Option<&Mesh>, containers: &[ContainerSummary]) -> Result<Vec<Listener>, PortsError> {
    let mut wanted = allocate::published();
    wanted.extend(record.map(Mesh::published).unwrap_or_default());
    wanted.extend(record.and_then(Mesh::gateway_at).map(|at| at.port()));
    let of_services = || containers.iter().filter(|found| found.labels.contains_key(label::SERVICE));
    let publishes = |bound: SocketAddr| {
        let is = |(address, port): &(Option<IpAddr>, u16)| {
            *port == bound.port() && address.is_none_or(|address| address == bound.ip())
        };
        of_services().any(|container| container.ports.iter().any(is))
    };
    ports::listeners(|bound| wanted.contains(&bound.port()) && !publishes(bound))
}

/// Whether the engine has the network of the mesh with this id, or a container of one of its services: these alone hold
/// addresses and ports.
pub fn is_made(id: &str, containers: &[ContainerSummary], networks: &[NetworkSummary]) -> bool {
    let ours = |labels: &HashMap<String, String>| labels.get(label::MESH).is_some_and(|of| of == id);
    networks.iter().any(|found| ours(&found.labels))
        || containers.iter().any(|found| ours(&found.labels) && found.service().is_some())
}

/// What a new network has to keep clear of: the host's and Docker's networks, without that of the mesh with the id
/// `own`.
pub fn taken(host: &HostFacts, docker: &[NetworkSummary], own: Option<&str>) -> Taken {
    let parse = |subnet: &String| subnet.parse::<IpNet>().ok();
    let (ours, others): (Vec<_>, Vec<_>) =
        docker.iter().partition(|found| own.is_some() && found.labels.get(label::MESH).map(String::as_str) == own);
    let ours: Vec<IpNet> = ours.iter().flat_map(|found| found.subnets.iter().filter_map(parse)).collect();
    host.taken(&ours, others.iter().flat_map(|found| found.subnets.iter().filter_map(parse)))
}
