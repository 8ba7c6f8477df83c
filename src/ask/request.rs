//! A request to Elasticsearch as people type it: path and body made whole. Pure: no I/O.

/// A body, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    pub content_type: &'static str,
    pub bytes: Vec<u8>,
}

pub const JSON: &str = "application/json";
/// JSON values one a line, each line ended; see <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk>.
const NDJSON: &str = "application/x-ndjson";

/// The path as it is sent: with a slash in front, and `#` as a character rather than as the end.
pub fn path(typed: &str) -> String {
    format!("/{}", typed.strip_prefix('/').unwrap_or(typed)).replace('#', "%23")
}

impl Body {
    /// The body of a request to `path`: lines of JSON for the bulk requests, JSON otherwise.
    pub fn of(path: &str, mut bytes: Vec<u8>) -> Self {
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        if !path.split('/').any(|part| matches!(part, "_bulk" | "_msearch")) {
            return Self { content_type: JSON, bytes };
        }
        if !bytes.ends_with(b"\n") {
            bytes.push(b'\n');
        }
        Self { content_type: NDJSON, bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_on_the_server_it_is_sent_to() {
        assert_eq!(path("_cat/indices?v"), "/_cat/indices?v");
        assert_eq!(path("/a/_search?q=x#y"), "/a/_search?q=x%23y");
        assert_eq!(path("@example.org/"), "/@example.org/");
        assert_eq!(path(""), "/");
    }

    #[test]
    fn bulk_requests_get_lines_and_others_their_bytes() {
        for lines in ["/_bulk", "/a/_bulk?refresh=true", "/_msearch/template"] {
            assert_eq!(Body::of(lines, b"{}".to_vec()), Body { content_type: NDJSON, bytes: b"{}\n".to_vec() });
            assert_eq!(Body::of(lines, b"{}\n".to_vec()).bytes, b"{}\n");
        }
        for json in ["/_search", "/a/_doc/1?x=/_bulk", "/my_bulk/_doc"] {
            assert_eq!(Body::of(json, b"\xff".to_vec()), Body { content_type: JSON, bytes: b"\xff".to_vec() });
        }
    }
}
