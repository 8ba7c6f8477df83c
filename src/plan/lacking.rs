//! What keeps `mesh manage` from what it is to do, and which command mends that. Pure.

use std::path::PathBuf;

use crate::mesh::id::{ClusterId, ServiceId};

/// Something that an action needs to be otherwise.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Lacking {
    #[error("there is no container {missing}")]
    Container { missing: ServiceId, first: u8, count: u8 },
    #[error("the mesh's network or a cluster's directory is gone")]
    Parts { clusters: u8 },
    #[error("{} holds the files of {of}", at.display())]
    Exchanged { of: ClusterId, at: PathBuf },
    #[error("container {stray} is the mesh's under another name, and may hold the address and ports of {service}")]
    Renamed { service: ServiceId, free: bool, stray: String, name: String, clusters: u8 },
}

impl Lacking {
    pub fn hint(&self) -> String {
        match self {
            Self::Container { first, count, .. } => format!("`mesh manage up {first} {count}` makes it again"),
            Self::Parts { clusters } => format!("`mesh create {clusters}` makes it again"),
            Self::Exchanged { .. } => {
                "give the clusters' directories their names back, and type the same command again".to_owned()
            }
            Self::Renamed { free, stray, name, clusters, .. } => {
                let removes =
                    format!("`mesh create {clusters}` removes that container, and makes the one that is missing");
                if *free {
                    format!("{removes}; `docker rename {stray} {name}` gives it its name back")
                } else {
                    removes
                }
            }
        }
    }
}
