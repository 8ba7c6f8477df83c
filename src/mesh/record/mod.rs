//! What `mesh.json` holds, in every format that a released `mesh` wrote. Pure: no I/O.
//!
//! Format 1 held how many clusters there are; addresses, ports and versions followed from their numbers. Format 2 holds
//! them.

mod format1;

use serde::Deserialize;

use super::{Mesh, id::NodeNumber};

/// The format of `mesh.json` that this program writes.
pub const FORMAT: u32 = 2;

/// A `mesh.json` as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// In the form of [`FORMAT`], whatever the file has; `dir` is empty.
    pub mesh: Mesh,
    /// That of the file.
    pub format: u32,
}

/// A `mesh.json` that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// With what is wrong, and where.
    #[error("{0}")]
    Damaged(String),
    #[error("its format is {0}, and this one knows {FORMAT}")]
    Newer(u64),
}

impl From<serde_json::Error> for RecordError {
    fn from(error: serde_json::Error) -> Self {
        Self::Damaged(error.to_string())
    }
}

/// Reads the text of a `mesh.json`.
pub fn read(text: &str) -> Result<Record, RecordError> {
    #[derive(Deserialize)]
    struct Version {
        format: u64,
    }
    let Version { format } = serde_json::from_str(text)?;
    match u32::try_from(format) {
        Ok(format @ 1) => Ok(Record { mesh: format1::read(text)?, format }),
        Ok(format @ FORMAT) => {
            let mesh: Mesh = serde_json::from_str(text)?;
            require_nodes(&mesh)?;
            Ok(Record { mesh, format })
        }
        Ok(0) => Err(RecordError::Damaged("no `mesh` wrote format 0".to_owned())),
        _ => Err(RecordError::Newer(format)),
    }
}

/// What everything else relies on.
fn require_nodes(mesh: &Mesh) -> Result<(), RecordError> {
    if mesh.clusters.is_empty() {
        return Err(RecordError::Damaged("it has no cluster".to_owned()));
    }
    match mesh.clusters.iter().find(|(_, cluster)| !cluster.nodes.contains_key(&NodeNumber::FIRST)) {
        Some((cluster, _)) => Err(RecordError::Damaged(format!("{cluster} has no first node"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::{Engine, id::ClusterId};

    /// With what is not recorded.
    fn whole(text: &str) -> Mesh {
        Mesh { dir: "/mnt/data/mesh".into(), ..read(text).unwrap().mesh }
    }

    fn text(mesh: &Mesh) -> String {
        serde_json::to_string_pretty(mesh).unwrap()
    }

    #[test]
    fn a_record_is_read_back_and_an_unknown_field_is_refused() {
        let mesh = Mesh::example(3);
        assert_eq!(whole(&text(&mesh)), mesh);
        let more = text(&mesh).replacen('{', r#"{"topology": "ring","#, 1);
        assert!(matches!(read(&more), Err(RecordError::Damaged(why)) if why.contains("unknown field `topology`")));
    }

    /// A record of format 2 as the first program of that format wrote it.
    const WHOLE: &str = include_str!("../../../tests/fixtures/v2/whole/mesh.json");

    #[test]
    fn a_record_of_this_format_is_written_as_it_was_read() {
        let record = read(WHOLE).unwrap();
        assert_eq!((record.format, record.mesh.services().count()), (2, 4));
        assert_eq!(text(&record.mesh), WHOLE.trim_end());
    }

    /// What later programs of the format put into it, as meshes had it: of two machines that joined, and with a cluster
    /// of several nodes.
    const LATER: [&str; 3] = [
        include_str!("../../../tests/fixtures/v2/joined/mesh.json"),
        include_str!("../../../tests/fixtures/v2/invited/mesh.json"),
        include_str!("../../../tests/fixtures/v2/nodes/mesh.json"),
    ];

    #[test]
    fn what_came_later_into_this_format_is_written_as_it_was_read() {
        for later in LATER {
            let mesh = read(later).unwrap().mesh;
            assert_eq!(text(&mesh), later.trim_end());
            let several = mesh.clusters().any(|cluster| mesh.has_several_nodes(cluster));
            assert!(!mesh.peers.is_empty() || !mesh.guests.is_empty() || several);
        }
    }

    #[test]
    fn a_record_of_a_newer_mesh_is_not_called_damaged() {
        let newer = text(&Mesh::example(1)).replace(r#""format": 2"#, r#""format": 3"#);
        assert_eq!(read(&newer), Err(RecordError::Newer(3)));
        assert_eq!(read(r#"{"format": 4294967297, "what": "ever"}"#), Err(RecordError::Newer(4_294_967_297)));
    }

    #[test]
    fn a_cluster_without_a_first_node_is_damage() {
        let mut mesh = Mesh::example(2);
        mesh.clusters.get_mut(&ClusterId::FIRST).unwrap().nodes.clear();
        assert_eq!(read(&text(&mesh)), Err(RecordError::Damaged("cluster01 has no first node".to_owned())));
        mesh.clusters.clear();
        assert_eq!(read(&text(&mesh)), Err(RecordError::Damaged("it has no cluster".to_owned())));
    }

    #[test]
    fn a_record_names_its_engine_or_none() {
        let engine = Engine { id: "ABCD".to_owned(), root: "/var/lib/docker".to_owned() };
        for mesh in [Mesh::example(1), Mesh { engine: Some(engine), ..Mesh::example(1) }] {
            assert_eq!(text(&mesh).contains("engine"), mesh.engine.is_some());
            assert!(mesh.is_recorded_in(&whole(&text(&mesh))));
        }
    }
}
