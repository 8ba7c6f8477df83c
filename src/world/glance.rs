//! A look at a machine that may not be ready: each part by itself, so that what hides one hides no other. I/O: Docker,
//! disk, `/proc`; changes nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use futures::future::try_join_all;
use nix::unistd::geteuid;
use tokio::time::timeout;

use super::{
    account, clock,
    disk::{self, Tree},
    docker::{ANSWER, ContainerSummary, Docker, DockerError, NetworkSummary},
    files, host, observe, on_engine, permissions, ports,
    survey::{self, WorldError},
    traces,
};
use crate::{
    exit::Exit,
    explain::Explain,
    facts::{
        host::{EngineFacts, HostFacts, ImageFacts},
        observed::{Observed, PermissionFacts},
    },
    judge::check::{Finding, Sight},
    mesh::{Mesh, layout, taken::Taken},
};

/// What a machine tells, and why it does not tell the rest.
#[derive(Debug)]
pub struct Glance {
    pub engine: Result<Engine, WorldError>,
    pub host: Result<HostFacts, String>,
    /// What the mesh's directory tells, as far as it can be read.
    pub kept: Observed,
    /// Whether a server has written data; so it seems where that is not known.
    has_data: bool,
    /// The names in the directory, or why it cannot be used.
    entries: Result<Vec<String>, Finding>,
}

/// An engine that answers.
#[derive(Debug)]
pub struct Engine {
    pub docker: Docker,
    facts: EngineFacts,
    containers: Vec<ContainerSummary>,
    networks: Vec<NetworkSummary>,
}

/// The record of a mesh whose data is there is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is lost, and there is data of a mesh", dir.join(layout::RECORD).display())]
pub struct LostRecord {
    pub dir: PathBuf,
}

impl Explain for LostRecord {
    fn exit(&self) -> Exit {
        Exit::Machine
    }

    fn hint(&self) -> Option<String> {
        Some("`mesh create` rebuilds it from what is there; `--dry-run` shows how".to_owned())
    }
}

impl Glance {
    /// What can be known before there is a mesh to hold it against.
    pub async fn take(dir: &Path) -> Self {
        let engine = Engine::connect().await;
        let host = host::facts(dir).map_err(|error| error.to_string());
        let host = match &engine {
            Ok(engine) => host.map(|host| host::with_engine(host, &engine.facts)),
            Err(_) => host,
        };
        let mut kept = Observed::default();
        let entries = read(dir, &mut kept);
        let tree = Tree::open(dir).ok().flatten();
        let has_data = tree.is_none_or(|tree| files::has_data(&tree).unwrap_or(true));
        Self { engine, host, kept, has_data, entries }
    }

    /// What a new network and new ports have to keep clear of, as far as it is known.
    pub fn taken(&self) -> Taken {
        let networks = self.engine.as_ref().map_or(&[][..], |engine| &engine.networks);
        let own = self.kept.record.as_ref().map(|mesh| mesh.id.as_str());
        self.host.as_ref().map(|host| survey::taken(host, networks, own)).unwrap_or_default()
    }

    /// Whether nothing of the recorded mesh is there yet but its files.
    pub fn is_unmade(&self) -> bool {
        let (Some(mesh), Ok(engine)) = (&self.kept.record, &self.engine) else { return false };
        !self.has_data && !survey::is_made(&mesh.id, &engine.containers, &engine.networks)
    }

    /// Whether this user may write in the directory; so it seems where that is not known.
    pub fn is_writable(&self) -> bool {
        self.host.as_ref().map_or(true, |host| disk::may_write(&host.disk))
    }

    /// What there is to know for `mesh`. `shared` says whether the engine sees this program's files.
    pub async fn sight(self, mesh: &Mesh, shared: Result<Option<bool>, String>, hosts_file: &Path) -> Sight {
        let (images, here) = match &self.engine {
            Ok(engine) => (
                images(&engine.docker, mesh).await.map_err(|error| error.to_string()),
                engine.docker.images(mesh).await.unwrap_or_default(),
            ),
            Err(_) => (Err("Docker cannot be asked".to_owned()), BTreeMap::new()),
        };
        let is_root = self.host.as_ref().is_ok_and(|host| host.is_root);
        let hosts_file = is_root.then(|| disk::read_outside(&disk::resolve(hosts_file)?));
        let writable = self.is_writable();
        let (containers, networks) =
            self.engine.as_ref().map_or((&[][..], &[][..]), |engine| (&engine.containers, &engine.networks));
        let there = Observed {
            record: self.kept.record,
            credentials: self.kept.credentials,
            files: self.kept.files,
            permissions: self.kept.permissions,
            hosts_fault: hosts_file.as_ref().and_then(|read| read.as_ref().err()).map(ToString::to_string),
            hosts_file: hosts_file.and_then(Result::ok).flatten(),
            built_here: here.iter().filter(|(_, image)| image.is_built_here).map(|(name, _)| name.clone()).collect(),
            images: here.into_keys().collect(),
            engine: self.engine.as_ref().ok().map(|engine| engine.docker.engine.clone()),
            way: observe::way(mesh),
            before_main: observe::before_main(mesh),
            ..on_engine::on_engine(mesh, containers, networks)
        };
        Sight {
            there,
            images,
            shared,
            directory: self.entries.map(|entries| (entries, writable)),
            listeners: ports::listeners(|_| true).map_err(|error| error.to_string()),
            clock: clock::facts(),
            engine: self.engine.map(|engine| engine.facts).map_err(|error| Finding::of(&error)),
            host: self.host,
        }
    }
}

impl Engine {
    async fn connect() -> Result<Self, WorldError> {
        let asked = async {
            let docker = Docker::connect().await?;
            let (facts, containers, networks) =
                futures::try_join!(docker.facts(), docker.containers(), docker.networks())?;
            Ok(Self { docker, facts, containers, networks })
        };
        Ok(timeout(ANSWER, asked).await.unwrap_or(Err(DockerError::Silent))?)
    }
}

/// The names in the directory. What it holds of a mesh goes to `kept`, as far as it is read before an error.
fn read(dir: &Path, kept: &mut Observed) -> Result<Vec<String>, Finding> {
    let read = |kept: &mut Observed| -> Result<Option<Vec<String>>, WorldError> {
        let Some(tree) = Tree::open(dir)? else { return Ok(Some(Vec::new())) };
        kept.record = files::mesh(&tree, dir)?;
        if kept.record.is_some() {
            kept.credentials = files::credentials(&tree)?;
            kept.files = observe::cluster_files(&tree)?;
            let found = permissions::found(&tree, kept.files.keys().copied())?;
            let account = account::find(survey::ACCOUNT)?.map(|account| account.uid);
            kept.permissions = Some(PermissionFacts { user: geteuid().as_raw(), account, found });
        } else if traces::holds_a_mesh(&tree) {
            return Ok(None);
        }
        Ok(Some(files::entries(&tree)?))
    };
    let entries = read(kept).map_err(|error| Finding::of(&error))?;
    entries.ok_or_else(|| Finding::of(&LostRecord { dir: dir.to_owned() }))
}

/// Every image of the mesh, and whether it can be had.
async fn images(docker: &Docker, mesh: &Mesh) -> Result<Vec<(String, ImageFacts)>, DockerError> {
    let wanted: BTreeSet<String> =
        mesh.services().map(|service| mesh.image(service)).chain(mesh.gateway_image()).collect();
    try_join_all(wanted.into_iter().map(async |image| {
        let facts = docker.image_facts(&image).await?;
        Ok((image, facts))
    }))
    .await
}
