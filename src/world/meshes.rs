//! The meshes that an engine has things of, as their labels tell: [`MeshFacts`]. I/O: Docker, disk; changes nothing.

use std::{
    collections::{BTreeMap, HashMap},
    io::ErrorKind,
    path::Path,
};

use time::OffsetDateTime;

use super::docker::{Docker, DockerError, label};
use crate::{
    facts::{meshes::MeshFacts, observed::ContainerState},
    mesh::layout,
};

impl Docker {
    /// Every mesh of this engine, whatever is left of it.
    pub async fn meshes(&self) -> Result<Vec<MeshFacts>, DockerError> {
        let (containers, networks) = futures::try_join!(self.containers(), self.networks())?;
        let mut found: BTreeMap<String, MeshFacts> = BTreeMap::new();
        for network in networks {
            of(&mut found, &network.labels, network.created);
        }
        for container in containers {
            let Some(facts) = of(&mut found, &container.labels, container.created) else { continue };
            // one that only reads an image's files is of no service
            if let Some(service) = container.service() {
                facts.clusters.insert(service.cluster());
                facts.containers += 1;
                facts.running += usize::from(container.state == ContainerState::Running);
            }
        }
        Ok(found.into_values().collect())
    }
}

/// What is known of the mesh that a thing with these labels belongs to, and now of the thing.
fn of<'a>(
    found: &'a mut BTreeMap<String, MeshFacts>,
    labels: &HashMap<String, String>,
    created: Option<OffsetDateTime>,
) -> Option<&'a mut MeshFacts> {
    let facts = found.entry(labels.get(label::MESH)?.clone()).or_insert_with(|| {
        let dir = labels.get(label::DIR).cloned().unwrap_or_default();
        let recorded = is_there(&Path::new(&dir).join(layout::RECORD));
        let name = labels.get(label::NAME).and_then(|name| name.parse().ok());
        MeshFacts { name, recorded, dir: dir.into(), ..MeshFacts::default() }
    });
    facts.created = facts.created.into_iter().chain(created).min();
    Some(facts)
}

/// One that this user may not see counts as there.
fn is_there(path: &Path) -> bool {
    !std::fs::symlink_metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound)
}
