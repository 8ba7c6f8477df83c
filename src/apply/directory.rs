//! Whether Docker's engine has the mesh's directory where this program has it. I/O: disk, Docker.
//!
//! Containers mount the engine's files. In a container that was given the host's socket, in a mount namespace, or where
//! Docker comes from snap, those are others than the files that are written here.

use std::path::Path;

use rand::RngExt as _;

use super::{Apply, files::random};
use crate::{
    error::Error,
    judge::check,
    world::{disk::Marker, docker::Docker, host},
};

impl Apply<'_> {
    pub(super) async fn prove_directory(&self) -> Result<(), Error> {
        let asked = is_shared(&self.world.docker, &self.mesh.dir);
        let shared = self.patience.unless_interrupted(asked).await?;
        match check::mounts(&self.mesh.dir, shared).findings().pop() {
            Some(finding) => Err(finding.into()),
            None => Ok(()),
        }
    }
}

/// Whether a file that cannot exist elsewhere is there for the engine, too: it is put into the directory, or into the
/// nearest one above that exists, and taken away again. `None` for an engine that does not tell.
pub async fn is_shared(docker: &Docker, dir: &Path) -> Result<Option<bool>, Error> {
    let mut random = random();
    let mut name = || format!("{:032x}", random.random::<u128>());
    let dir = host::nearest_existing(dir)?;
    let absent = Marker::path_in(&dir, &name());
    let marker = Marker::put(&dir, &name())?;
    if docker.sees(&absent).await? {
        return Ok(None);
    }
    Ok(Some(docker.sees(marker.path()).await?))
}
