//! Why a cluster's snapshots cannot be taken, listed or restored, and what to type. Pure.

use crate::{exit::Exit, explain::Explain, mesh::id::ClusterId, plan::snapshots::Obstacle};

/// The reason that a cluster's repository cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    #[error("snapshots of {0} are off")]
    Off(ClusterId),
    #[error("{0} {1}")]
    Silent(ClusterId, String),
    #[error("{0} has no snapshot repository")]
    Unregistered(ClusterId),
    #[error("the snapshot repository of {0} is another cluster's, so nothing is written to it")]
    ReadOnly(ClusterId),
    #[error("the snapshot repository of {0} cannot be read: {1}")]
    Unreadable(ClusterId, String),
}

impl Unusable {
    pub fn remedy(&self) -> String {
        match self {
            Self::Off(_) => {
                "`mesh create --snapshots fs` keeps them in the mesh's directory, `--snapshots /PATH` elsewhere"
                    .to_owned()
            }
            Self::Silent(..) => "`mesh status` shows how it is; `mesh create` repairs what it can".to_owned(),
            Self::Unregistered(_) => "`mesh create` registers it; `mesh create --dry-run` shows it".to_owned(),
            Self::ReadOnly(cluster) => format!(
                "restores work; `mesh snapshots adopt {}` makes it this cluster's, if the other one is no more",
                cluster.number()
            ),
            Self::Unreadable(cluster, _) => format!(
                "see that its directory is there and belongs to the containers' user; after it was mounted again, \
                 `mesh manage restart {}`",
                cluster.number()
            ),
        }
    }
}

impl Explain for Unusable {
    fn exit(&self) -> Exit {
        if matches!(self, Self::Off(_)) { Exit::Request } else { Exit::Unhealthy }
    }

    fn hint(&self) -> Option<String> {
        Some(self.remedy())
    }
}

/// The reason that nothing is restored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Restore {
    #[error("{0} has no snapshot {1}")]
    Missing(ClusterId, String),
    #[error("snapshot {1} of {0} is {2}")]
    NotEnded(ClusterId, String, &'static str),
    #[error("snapshot {0} was taken by {1}, which is newer than {2} of {3}")]
    Newer(String, String, String, ClusterId),
    #[error("no index and no data stream of snapshot {0} matches")]
    NothingMatches(String),
    #[error("{on} has these already: {}", .names.join(" "))]
    Exists { on: ClusterId, names: Vec<String> },
    #[error("two of them would become {0}")]
    Collides(String),
    #[error("snapshot {0} does not hold the states of {1}")]
    NoFeature(String, String),
}

impl Restore {
    pub fn of(obstacle: Obstacle, on: ClusterId, snapshot: &str) -> Self {
        match obstacle {
            Obstacle::NothingMatches => Self::NothingMatches(snapshot.to_owned()),
            Obstacle::Exists(names) => Self::Exists { on, names },
            Obstacle::Collides(name) => Self::Collides(name),
        }
    }
}

impl Explain for Restore {
    fn exit(&self) -> Exit {
        if matches!(self, Self::NotEnded(..)) { Exit::Unhealthy } else { Exit::Request }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Missing(on, _) => format!("`mesh snapshots ls {}` lists them", on.number()),
            Self::NotEnded(on, ..) => format!("`mesh snapshots ls {}` shows which are good", on.number()),
            Self::Newer(..) => "restore it into a cluster of that version or a newer one".to_owned(),
            Self::NothingMatches(_) => "`mesh snapshots ls -o json` shows what is in each".to_owned(),
            Self::Exists { on, names } => format!(
                "nothing that exists is overwritten: add `--rename 'restored-$1'`, choose with `--index`, or delete with \
                 `mesh es {} DELETE {}`",
                on.number(),
                names.first().map_or("", String::as_str)
            ),
            Self::Collides(_) => "`--rename` needs `$1` in it, which stands for the name".to_owned(),
            Self::NoFeature(..) => "`mesh snapshots ls -o json` shows the features of each".to_owned(),
        })
    }
}
