//! Where the snapshots of a mesh whose `mesh.json` is lost are kept: what its containers mount says it. Pure: no I/O.

use std::{collections::BTreeMap, path::Path};

use super::Traces;
use crate::mesh::{
    id::ClusterId,
    name::MeshName,
    settings::{Repository, Snapshots},
    snapshots::place,
};

impl Traces {
    /// What each container of Elasticsearch tells of its cluster's snapshots: where they are, and nothing of when they
    /// are taken and how long they are kept.
    pub(super) fn snapshots(&self, dir: &Path, name: Option<&MeshName>) -> BTreeMap<ClusterId, Snapshots> {
        let of = |mounted: &str, cluster: ClusterId| {
            let above = mounted.strip_suffix(&place(name, cluster)).and_then(|above| above.strip_suffix('/'));
            let repository = match above.filter(|_| !Path::new(mounted).starts_with(dir)) {
                Some(path) => Repository::Path(path.into()),
                None => Repository::Directory,
            };
            Snapshots { repository, ..Snapshots::default() }
        };
        let mounted = self
            .containers
            .iter()
            .filter_map(|container| Some((container.service.cluster(), container.backup.as_deref()?)));
        mounted.map(|(cluster, mounted)| (cluster, of(mounted, cluster))).collect()
    }
}
