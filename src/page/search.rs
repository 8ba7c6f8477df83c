//! A search from the page: what may be asked. Pure.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{ask::search::Indices, mesh::Mesh};

/// The most hits that are shown.
const MOST: u16 = 50;
/// The longest query, in bytes.
const LONGEST: usize = 4096;

/// The documented form of what `POST /api/search` takes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchRequest {
    /// Index patterns as `mesh search` takes them; the data of the mesh where there are none.
    #[serde(default)]
    indices: String,
    /// A query as `mesh search INDEX QUERY` takes it; all documents where there is none.
    #[serde(default)]
    query: String,
    #[serde(default)]
    size: u16,
}

impl SearchRequest {
    /// `Err` says what is wrong with it.
    pub fn read(body: &[u8]) -> Result<Self, String> {
        let fields: Map<String, Value> = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let request: Self = serde_json::from_value(fields.into()).map_err(|error| error.to_string())?;
        if request.query.len() > LONGEST {
            return Err(format!("expected a query of {LONGEST} bytes at most"));
        }
        if request.size > MOST {
            return Err(format!("expected {MOST} hits at most"));
        }
        Ok(request)
    }

    pub fn query(&self) -> Option<&str> {
        Some(self.query.trim()).filter(|query| !query.is_empty())
    }

    pub fn size(&self) -> u16 {
        self.size
    }

    /// The indices that are searched, of which no cluster of the mesh keeps one to itself.
    pub fn indices(&self, mesh: &Mesh) -> Result<Indices, String> {
        let text = self.indices.trim();
        let text = if text.is_empty() { mesh.searched() } else { text };
        let indices: Indices = text.parse().map_err(|error| format!("{error}"))?;
        let beyond = mesh.clusters().find_map(|cluster| indices.beyond(&mesh.shared(cluster)).map(ToString::to_string));
        match beyond {
            Some(pattern) => Err(format!("`{pattern}` reaches beyond what the clusters share")),
            None => Ok(indices),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_searched_is_shared() {
        let mesh = Mesh::example(3);
        let read = |body: &str| SearchRequest::read(body.as_bytes());
        let request = read(r#"{"query": " status:500 ", "size": 10}"#).unwrap();
        assert_eq!((request.query(), request.size()), (Some("status:500"), 10));
        assert_eq!(request.indices(&mesh), Ok("local-data-set".parse().unwrap()));
        let beyond = read(r#"{"indices": "mesh-*,*"}"#).unwrap();
        assert_eq!(beyond.indices(&mesh), Err("`*` reaches beyond what the clusters share".to_owned()));
        assert!(read(r#"{"indices": "../_bulk"}"#).unwrap().indices(&mesh).is_err());
        for wrong in ["", "[]", r#"{"size": 51}"#, r#"{"size": -1}"#, r#"{"script": "x"}"#] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert!(read(&format!(r#"{{"query": "{}"}}"#, "a".repeat(LONGEST + 1))).is_err());
    }
}
