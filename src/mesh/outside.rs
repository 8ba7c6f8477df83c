//! What a mesh reads besides its own directory. Pure: no I/O.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use super::{Mesh, settings::Repository};

impl Mesh {
    /// The files and directories of the user that every look reads.
    pub fn read_outside(&self) -> BTreeSet<PathBuf> {
        let of_mesh = [self.spec.templates.path(), self.spec.gateway_cert.path(), self.spec.gateway_key.path()];
        let of_clusters = self.clusters().flat_map(|cluster| {
            let settings = self.settings(cluster);
            let repository = match &settings.snapshots.repository {
                Repository::Path(path) => Some(path.as_path()),
                Repository::Off | Repository::Directory | Repository::S3 { .. } => None,
            };
            [settings.secure_settings.path().map(Path::to_owned), repository.map(Path::to_owned)]
        });
        of_mesh.into_iter().map(|path| path.map(Path::to_owned)).chain(of_clusters).flatten().collect()
    }
}
