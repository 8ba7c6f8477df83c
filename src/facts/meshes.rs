//! The meshes of an engine, as their labels and the disk show them. Pure:
//! [`Docker`](crate::world::docker::Docker) fills them in.

use std::{collections::BTreeSet, path::PathBuf};

use time::OffsetDateTime;

use crate::mesh::{id::ClusterId, name::MeshName};

/// What Docker's labels and the disk tell of a mesh.
#[derive(Debug, Clone, Default)]
pub struct MeshFacts {
    pub name: Option<MeshName>,
    pub dir: PathBuf,
    /// Whether its record is there.
    pub recorded: bool,
    /// Those that have containers.
    pub clusters: BTreeSet<ClusterId>,
    pub containers: usize,
    pub running: usize,
    /// When the first of its things was made that is still there.
    pub created: Option<OffsetDateTime>,
}
