//! What keeps `mesh manage` from what it is to do, and which command mends that. Pure.

use std::path::PathBuf;

use crate::{
    exit::Exit,
    explain::Explain,
    mesh::{
        cluster_set::ClusterSet,
        id::{ClusterId, ServiceId},
    },
};

/// Something that an action needs to be otherwise.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Lacking {
    #[error("there is no container {missing}")]
    Container { missing: String, selected: String },
    #[error("the mesh's network or a cluster's directory is gone")]
    Parts { clusters: ClusterSet },
    #[error("{} holds the files of {of}", at.display())]
    Exchanged { of: ClusterId, at: PathBuf },
    #[error("container {orphan} is the mesh's under another name, and may hold the address and ports of {service}")]
    Renamed { service: ServiceId, free: bool, orphan: String, name: String, clusters: ClusterSet },
}

impl Explain for Lacking {
    fn exit(&self) -> Exit {
        Exit::Unhealthy
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Container { selected, .. } => format!("`mesh manage up {selected}` makes it again"),
            Self::Parts { clusters } => format!("`mesh create {}` makes it again", clusters.to_mesh_text()),
            Self::Exchanged { .. } => {
                "give the clusters' directories their names back, and type the same command again".to_owned()
            }
            Self::Renamed { free, orphan, name, clusters, .. } => {
                let removes = format!(
                    "`mesh create {}` removes that container, and makes the one that is missing",
                    clusters.to_mesh_text()
                );
                if *free {
                    format!("{removes}; `docker rename {orphan} {name}` gives it its name back")
                } else {
                    removes
                }
            }
        })
    }
}
