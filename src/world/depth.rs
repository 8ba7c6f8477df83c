//! How closely a look asks the servers of a mesh. Pure: no I/O.

use crate::mesh::{Mesh, id::ClusterId};

/// What a look asks servers for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// All that plans depend on.
    Plans,
    /// Their health, too, and the snapshots of those that are to have some.
    Health,
    /// Their health and all snapshots, also of clusters whose snapshots are off by now: one whose bucket is gone takes
    /// half a minute to answer.
    Saved,
}

impl Depth {
    pub fn asks_for_health(self) -> bool {
        self != Self::Plans
    }

    /// Whether the snapshots of a cluster are listed, if it has a repository.
    pub fn lists_snapshots(self, mesh: &Mesh, cluster: ClusterId) -> bool {
        match self {
            Self::Plans => false,
            Self::Health => !mesh.snapshots(cluster).is_off(),
            Self::Saved => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::settings::Snapshots;

    #[test]
    fn what_was_saved_before_snapshots_were_off_is_listed_for_who_asks_for_it() {
        let mut mesh = Mesh::example(1);
        let listed = |mesh: &Mesh| {
            [Depth::Plans, Depth::Health, Depth::Saved].map(|depth| depth.lists_snapshots(mesh, ClusterId::FIRST))
        };
        assert_eq!(listed(&mesh), [false, true, true]);
        mesh.spec.snapshots = Snapshots::off();
        assert_eq!(listed(&mesh), [false, false, true]);
    }
}
