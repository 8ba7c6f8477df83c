//! TALKING TO IT. One room for each outside thing; no decisions. I/O: all of it.
//!
//! [`World::survey`] is what can be known before there is a mesh to compare with, [`World::observe`] everything a plan
//! depends on. Both only look.

#![allow(clippy::disallowed_methods, reason = "this is where disk, processes and sockets are touched")]

pub mod access;
pub mod account;
mod answer;
pub mod browser;
pub mod bundle;
pub mod cgroup;
pub mod clock;
pub mod cpu;
mod depth;
pub mod disk;
pub mod docker;
mod dockerd;
pub mod elasticsearch;
pub mod evidence;
pub mod files;
pub mod gateway;
pub mod given;
pub mod glance;
mod guests;
pub mod handed_over;
pub mod host;
pub mod https;
pub mod kernel;
pub mod kibana;
mod leases;
pub mod lock;
mod meshes;
pub mod mounts;
pub mod netlink;
pub mod new_file;
pub mod observe;
pub mod on_engine;
pub mod open_files;
mod peers;
pub mod permissions;
pub mod ports;
pub mod probe;
pub mod reservation;
pub mod routes;
pub mod secrets;
pub mod secure_settings;
mod services;
pub mod signals;
pub mod survey;
mod taken;
pub mod templates;
mod tls;
pub mod token_file;
pub mod traces;
mod views;
pub mod web;
pub mod words;

use std::path::PathBuf;

pub use self::survey::Survey;
use self::{disk::Tree, docker::Docker, https::Connections, survey::WorldError};
use crate::{mesh::name::MeshName, plan::Plan};

/// What a mesh is made of outside this program: an engine, a directory, a machine.
#[derive(Debug)]
pub struct World {
    pub docker: Docker,
    pub dir: PathBuf,
    /// The name that a mesh which is made here gets.
    pub name: Option<MeshName>,
    /// The names file of the host, which only root may write.
    pub hosts_file: PathBuf,
    /// The connections to services, where one look follows the other; `None` where each begins anew.
    pub connections: Option<Connections>,
    /// Whether nothing is changed by what is seen: then a damaged file of a peer hides nothing else of the mesh.
    pub only_looks: bool,
}

impl World {
    /// Connects to Docker. The directory need not exist; where it does, symlinks on the way to it are resolved, once.
    pub async fn open(dir: PathBuf, name: Option<MeshName>, hosts_file: PathBuf) -> Result<Self, WorldError> {
        let (dir, hosts_file) = (disk::resolve(&dir)?, disk::resolve(&hosts_file)?);
        Ok(Self { docker: Docker::connect().await?, dir, name, hosts_file, connections: None, only_looks: false })
    }

    /// Bytes on disk that the plan deletes; `None` when that is unknown.
    pub fn size_of(&self, plan: &Plan) -> Option<u64> {
        let Some(tree) = self.tree().ok()? else { return Some(0) };
        plan.deleted_paths().map(|path| tree.size(path).ok()).sum()
    }

    /// The directory as a tree that cannot be left; `None` when it does not exist.
    pub fn tree(&self) -> Result<Option<Tree>, disk::DiskError> {
        Tree::open(&self.dir)
    }
}
