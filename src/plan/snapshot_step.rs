//! One change of snapshots, and of where they are kept, as data. Pure.

use std::path::PathBuf;

use super::description::{Description, Effect, Subject};
use crate::mesh::id::ClusterId;

/// A change of a cluster's repository, of its policy, or of what is in snapshots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SnapshotStep {
    /// Makes the directory of the cluster's snapshots, and writes down who writes to it where that is not written.
    PrepareRepository(ClusterId),
    /// Makes the cluster the one that writes to its repository, which was another's.
    AdoptRepository(ClusterId),
    /// Has the server forget the repository, which is about to be another directory: it expects what this one holds.
    UnregisterRepository(ClusterId),
    /// Registers the repository on the cluster's server, which proves that it can be used.
    RegisterRepository(ClusterId),
    /// Has the server take snapshots by itself, where it can.
    WritePolicy(ClusterId),
    RemovePolicy(ClusterId),
    /// Takes a snapshot, and judges it.
    Take {
        on: ClusterId,
        name: String,
    },
    Delete {
        on: ClusterId,
        name: String,
    },
    /// Brings indices and data streams back, and waits until they are there.
    Restore(Box<Restoration>),
    /// Puts the states of features in the place of those that are there.
    RestoreFeatures {
        on: ClusterId,
        snapshot: String,
        features: Vec<String>,
    },
    /// Moves a cluster's snapshots out of the mesh's directory before that is deleted.
    Keep {
        of: ClusterId,
        into: PathBuf,
    },
}

/// What comes back out of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restoration {
    pub on: ClusterId,
    pub snapshot: String,
    /// Names in the snapshot, of what is not on its way already.
    pub begin: Vec<String>,
    /// What stands for each name, with `$1` for the name itself.
    pub rename: Option<String>,
    /// The names under which all of it will be there.
    pub becomes: Vec<String>,
}

impl SnapshotStep {
    pub(super) fn describe(&self) -> Description {
        use Effect::{Adds, Changes, Removes};
        let (effect, code, cluster, text, why) = match self {
            Self::PrepareRepository(cluster) => (
                Adds,
                "prepare-repository",
                cluster,
                format!("directory for snapshots of {cluster}"),
                "one cluster writes to it, and no other",
            ),
            Self::AdoptRepository(cluster) => (
                Changes,
                "adopt-repository",
                cluster,
                format!("{cluster} writes to the repository that was another's"),
                "the cluster that wrote to it is no more",
            ),
            Self::UnregisterRepository(cluster) => (
                Removes,
                "unregister-repository",
                cluster,
                format!("registration of the snapshot repository of {cluster}"),
                "it is about to be in another directory, and what is in this one stays",
            ),
            Self::RegisterRepository(cluster) => (
                Changes,
                "register-repository",
                cluster,
                format!("snapshot repository of {cluster}"),
                "the server does not have it as it was decided",
            ),
            Self::WritePolicy(cluster) => (
                Changes,
                "write-snapshot-policy",
                cluster,
                format!("snapshot policy of {cluster}"),
                "the server is to take snapshots by itself",
            ),
            Self::RemovePolicy(cluster) => (
                Removes,
                "remove-snapshot-policy",
                cluster,
                format!("snapshot policy of {cluster}"),
                "the server is not to take snapshots by itself",
            ),
            Self::Take { on, name } => {
                (Adds, "take-snapshot", on, format!("snapshot {name} of {on}"), "what is in it can be restored")
            }
            Self::Delete { on, name } => (
                Removes,
                "delete-snapshot",
                on,
                format!("snapshot {name} of {on}"),
                "it was named, or is older than what is kept",
            ),
            Self::Restore(restoration) => (
                Adds,
                "restore",
                &restoration.on,
                format!("{} from snapshot {}: {}", restoration.on, restoration.snapshot, restoration.becomes.join(" ")),
                "it was asked for, and nothing of these names is there",
            ),
            Self::RestoreFeatures { on, snapshot, features } => (
                Changes,
                "restore-features",
                on,
                format!("{on} from snapshot {snapshot}: all that {} keeps", features.join(" and ")),
                "it was asked for, and takes the place of what is there",
            ),
            Self::Keep { of, into } => (
                Changes,
                "keep-snapshots",
                of,
                format!("snapshots of {of}, moved into {}", into.display()),
                "the directory that they are in is deleted",
            ),
        };
        Description::new(effect, code, Subject::Cluster(*cluster), text, why)
    }
}
