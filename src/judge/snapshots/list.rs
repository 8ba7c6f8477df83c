//! The snapshots of a mesh in the form that programs read. Pure.
//!
//! This is the documented form of `mesh snapshots ls -o json`: fields may be added; [`VERSION`] goes up when one
//! changes or goes.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use time::OffsetDateTime;

use super::{Unusable, of};
use crate::{
    facts::{
        observed::Observed,
        snapshots::{SnapshotFacts, Worth},
    },
    mesh::{Mesh, id::ClusterId},
};

pub const VERSION: u32 = 1;

#[derive(Debug, Serialize)]
pub struct SnapshotList {
    pub version: u32,
    pub snapshots: Vec<SnapshotRow>,
    /// Why the repositories of these clusters cannot be read or written to.
    pub unreadable: BTreeMap<ClusterId, String>,
}

#[derive(Debug, Serialize)]
pub struct SnapshotRow {
    pub cluster: ClusterId,
    pub name: String,
    pub state: Worth,
    #[serde(with = "time::serde::rfc3339::option")]
    pub started: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub ended: Option<OffsetDateTime>,
    /// Indices that are no data stream's and no feature's, and data streams.
    pub names: Vec<String>,
    pub features: Vec<String>,
    pub stack_version: String,
    /// Whether this mesh took it, so that `mesh snapshots create` deletes it one day.
    pub own: bool,
    pub failure: Option<String>,
    /// How long ago it was started.
    #[serde(skip)]
    pub age: Option<time::Duration>,
}

impl SnapshotList {
    pub fn new(mesh: &Mesh, there: &Observed, clusters: &BTreeSet<ClusterId>, now: OffsetDateTime) -> Self {
        let row = |cluster: ClusterId, found: &SnapshotFacts| SnapshotRow {
            cluster,
            name: found.name.clone(),
            state: found.worth(),
            started: found.started,
            ended: found.ended,
            names: found.names().into_iter().map(str::to_owned).collect(),
            features: found.features.keys().cloned().collect(),
            stack_version: found.version.clone(),
            own: found.mesh.as_deref() == Some(&mesh.id),
            failure: found.failure.clone(),
            age: found.started.map(|started| now - started),
        };
        let rows = clusters
            .iter()
            .flat_map(|cluster| of(there, *cluster).unwrap_or_default().iter().map(move |found| row(*cluster, found)));
        let unreadable =
            clusters.iter().filter_map(|cluster| Some((*cluster, unreadable(mesh, there, *cluster, now)?)));
        Self { version: VERSION, snapshots: rows.collect(), unreadable: unreadable.collect() }
    }
}

fn unreadable(mesh: &Mesh, there: &Observed, cluster: ClusterId, now: OffsetDateTime) -> Option<String> {
    if mesh.snapshots(cluster).is_off() {
        return None;
    }
    if let Some(hidden) = Unusable::hidden(there, cluster) {
        return Some(hidden.to_string());
    }
    let Some(server) = there.server(cluster) else {
        let reason = there.servers.get(&cluster).and_then(|answer| answer.reason(now));
        return Some(reason.unwrap_or_else(|| "does not run".to_owned()));
    };
    match server.vitals.as_ref().and_then(|vitals| vitals.snapshots.as_ref()) {
        Some(Ok(_)) => None,
        Some(Err(reason)) => Some(reason.clone()),
        None => Some("has no snapshot repository".to_owned()),
    }
}
