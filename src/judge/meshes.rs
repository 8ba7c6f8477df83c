//! The meshes of an engine, as `mesh ls` lists them. Pure.

use std::path::PathBuf;

use serde::Serialize;
use time::OffsetDateTime;

use crate::{facts::meshes::MeshFacts, mesh::name::MeshName};

/// Version of the JSON and YAML that is printed.
const VERSION: u8 = 1;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MeshState {
    Running,
    /// Some containers run.
    Partial,
    Stopped,
    /// It has a network and no containers.
    Empty,
}

#[derive(Debug, Serialize)]
pub struct MeshEntry {
    /// `null` for the mesh without a name.
    pub name: Option<MeshName>,
    pub directory: PathBuf,
    /// Whether its record is in the directory.
    pub recorded: bool,
    pub clusters: usize,
    pub state: MeshState,
    pub containers: usize,
    pub containers_running: usize,
    pub age_seconds: Option<i64>,
}

#[derive(Debug, Serialize)]
pub struct Meshes {
    version: u8,
    pub meshes: Vec<MeshEntry>,
}

impl Meshes {
    /// The one without a name first, the others by name.
    pub fn new(mut found: Vec<MeshFacts>, now: OffsetDateTime) -> Self {
        found.sort_by(|one, other| (&one.name, &one.dir).cmp(&(&other.name, &other.dir)));
        Self { version: VERSION, meshes: found.into_iter().map(|facts| facts.entry(now)).collect() }
    }
}

impl MeshFacts {
    fn entry(self, now: OffsetDateTime) -> MeshEntry {
        let state = match (self.containers, self.running) {
            (0, _) => MeshState::Empty,
            (_, 0) => MeshState::Stopped,
            (all, running) if all == running => MeshState::Running,
            _ => MeshState::Partial,
        };
        MeshEntry {
            name: self.name,
            directory: self.dir,
            recorded: self.recorded,
            clusters: self.clusters.len(),
            state,
            containers: self.containers,
            containers_running: self.running,
            age_seconds: self.created.map(|created| (now - created).whole_seconds().max(0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::id::ClusterId;

    #[test]
    fn a_mesh_is_listed_with_what_is_left_of_it() {
        let now = OffsetDateTime::from_unix_timestamp(1_000_000).unwrap();
        let facts = |name: Option<&str>, containers, running| MeshFacts {
            name: name.map(|name| name.parse().unwrap()),
            dir: "/m".into(),
            clusters: [ClusterId::FIRST].into(),
            containers,
            running,
            created: OffsetDateTime::from_unix_timestamp(999_900).ok(),
            ..MeshFacts::default()
        };
        let found = vec![facts(Some("b"), 2, 1), facts(Some("a"), 0, 0), facts(None, 2, 2), facts(Some("c"), 1, 0)];
        let meshes = Meshes::new(found, now).meshes;
        let states: Vec<_> = meshes.iter().map(|mesh| mesh.state).collect();
        assert_eq!(states, [MeshState::Running, MeshState::Empty, MeshState::Partial, MeshState::Stopped]);
        assert_eq!(meshes[0].age_seconds, Some(100));
        assert_eq!(serde_json::to_value(&meshes[0]).unwrap()["name"], serde_json::Value::Null);
    }
}
