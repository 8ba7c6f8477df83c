//! TALKING TO IT. One file an outside thing; no decisions.
//!
//! [`World::survey`] is what can be known before there is a mesh to compare with, [`World::observe`] everything a plan
//! depends on. Both only look.

#![allow(clippy::disallowed_methods, reason = "this is where disk, processes and sockets are touched")]

pub mod account;
pub mod disk;
pub mod docker;
pub mod elasticsearch;
pub mod files;
pub mod host;
pub mod https;
pub mod kibana;
pub mod lock;
pub mod observe;
pub mod ports;

use std::path::PathBuf;

use self::{
    disk::Tree,
    docker::{ContainerSummary, Docker, NetworkSummary},
    observe::WorldError,
};
use crate::{
    mesh::Mesh,
    plan::host::{HostFacts, Listener},
};

/// What a mesh is made of outside this program: an engine, a directory, a machine.
#[derive(Debug)]
pub struct World {
    pub docker: Docker,
    pub dir: PathBuf,
    /// The names file of the host, which only root may write.
    pub hosts_file: PathBuf,
}

/// What is known before anything is decided.
#[derive(Debug)]
pub struct Survey {
    pub record: Option<Mesh>,
    /// Names in the directory.
    pub entries: Vec<String>,
    /// Whether this user may write in the directory, or in the nearest one above that exists.
    pub writable: bool,
    pub host: HostFacts,
    pub listeners: Vec<Listener>,
    pub containers: Vec<ContainerSummary>,
    pub networks: Vec<NetworkSummary>,
    /// The uid of the user `elastic`; `None` when there is none.
    pub elastic: Option<u32>,
    /// A number for it that nobody has.
    pub free_uid: Option<u32>,
}

impl World {
    /// Connects to Docker. The directory need not exist; where it does, symlinks on the way to it are resolved, once.
    pub async fn open(dir: PathBuf, hosts_file: PathBuf) -> Result<Self, WorldError> {
        let dir = disk::resolve(&dir)?;
        Ok(Self { docker: Docker::connect().await?, dir, hosts_file })
    }

    /// The directory as a tree that cannot be left; `None` when it does not exist.
    pub fn tree(&self) -> Result<Option<Tree>, disk::DiskError> {
        Tree::open(&self.dir)
    }
}
