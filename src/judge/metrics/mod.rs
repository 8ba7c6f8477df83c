//! What a look at a mesh found, as metrics for Prometheus. Pure.
//!
//! The names are documented in docs/metrics.md: metrics and labels may be added, and none changes its meaning. What is
//! not known has no sample. A mesh of 99 clusters has about 20,000 series: nothing grows with indices, nodes' addresses
//! or reasons.

#![expect(clippy::cast_precision_loss, reason = "Prometheus has no other numbers")]

mod cluster;
mod gateway;
mod links;
#[cfg(test)]
mod tests;
mod text;

use std::{collections::BTreeMap, path::Path, time::Duration};

use time::OffsetDateTime;

use self::text::{Family, Sample, Text};
use super::status::Status;
use crate::mesh::{Mesh, id::ClusterId, name::MeshName, peers::Alias};

/// When a look began, how long it took, and when the next follows.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    pub began: OffsetDateTime,
    pub took: Duration,
    /// The planned time from its end to the next look; `None` where that is not for this program to plan.
    pub pause: Option<Duration>,
}

/// How long a search over a link took, as the cluster that searches measured it.
pub type Searches = BTreeMap<(ClusterId, Alias), Duration>;

const CLUSTERS: Family = Family::new("mesh_clusters", "Clusters that the mesh is to have; 0 where there is no mesh.");
const LOOKED: Family = Family::new("mesh_look_timestamp_seconds", "When mesh looked, in Unix seconds.");
const TOOK: Family = Family::new("mesh_look_duration_seconds", "How long the look took.");
const INTERVAL: Family =
    Family::new("mesh_look_interval_seconds", "The planned time between looks, where mesh plans them itself.");
const INFO: Family = Family::new("mesh_info", "What was looked at, and by which version of mesh; always 1.");
const IN_SYNC: Family =
    Family::new("mesh_in_sync", "Whether nothing differs from what was asked for, and no upgrade is in progress.");
const PENDING: Family = Family::new("mesh_pending_changes", "Steps that `mesh create` would take.");
const DRIFT: Family = Family::new(
    "mesh_drift",
    "Steps that `mesh create` would take if keys and certificates that are about to expire were renewed.",
);
const UPGRADES: Family = Family::new("mesh_pending_upgrades", "Clusters that an upgrade in progress has not reached.");
const WARNINGS: Family = Family::new("mesh_warnings", "Warnings of `mesh status`, without what expires.");

/// The metrics of a mesh. `searches` has what was measured of them.
pub fn of_mesh(mesh: &Mesh, status: &Status, look: Look, searches: &Searches) -> String {
    let mut text = Text::of(mesh.name.as_ref());
    text.looked(look);
    text.info(&mesh.dir, Some(&status.stack_version));
    text.one(&CLUSTERS, f64::from(mesh.count().get()));
    text.one(&IN_SYNC, f64::from(status.in_sync));
    text.one(&PENDING, status.pending_changes.len() as f64);
    text.one(&DRIFT, status.drift.len() as f64);
    text.one(&UPGRADES, status.pending_upgrade.len() as f64);
    text.one(&WARNINGS, status.warnings.len() as f64);
    cluster::metrics(&mut text, status);
    gateway::metrics(&mut text, status);
    links::metrics(&mut text, mesh, status, searches);
    text.finish()
}

/// The metrics of a directory that holds no mesh: that was looked, and nothing was found.
pub fn of_nothing(name: Option<&MeshName>, dir: &Path, look: Look) -> String {
    let mut text = Text::of(name);
    text.looked(look);
    text.info(dir, None);
    text.one(&CLUSTERS, 0.0);
    text.finish()
}

impl Text {
    fn looked(&mut self, Look { began, took, pause }: Look) {
        self.one(&LOOKED, unix(began));
        self.one(&TOOK, took.as_secs_f64());
        if let Some(pause) = pause {
            self.one(&INTERVAL, pause.as_secs_f64());
        }
    }

    fn info(&mut self, dir: &Path, stack_version: Option<&str>) {
        let labels = vec![
            ("dir", dir.display().to_string()),
            ("version", env!("CARGO_PKG_VERSION").to_owned()),
            ("stack_version", stack_version.unwrap_or_default().to_owned()),
        ];
        self.family(&INFO, [Sample { labels, value: 1.0 }]);
    }
}

fn unix(time: OffsetDateTime) -> f64 {
    time.unix_timestamp() as f64
}
