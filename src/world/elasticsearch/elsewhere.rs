//! Which answers of a node mean that another node of its cluster can be asked the same. Pure.

use hyper::Method;
use serde_json::Value;

/// Whether a node refused a request since it is in no cluster: it is booting, or the others are away. One that it
/// refused before it did anything can be sent to another node; where it waited for a master, only what changes nothing.
pub(super) fn lacks_cluster(method: &Method, status: u16, body: &Value) -> bool {
    match body["error"]["type"].as_str() {
        Some("cluster_block_exception") => status == 503,
        Some("master_not_discovered_exception") => status == 503 && *method == Method::GET,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_node_without_a_cluster_is_not_the_only_one_to_be_asked() {
        let lacks =
            |method: &Method, status, kind: &str| lacks_cluster(method, status, &json!({ "error": { "type": kind } }));
        for method in [Method::GET, Method::POST, Method::PUT] {
            assert!(lacks(&method, 503, "cluster_block_exception"), "nothing was done: it is booting");
            assert!(!lacks(&method, 403, "cluster_block_exception"), "an index is set not to be written to");
            assert!(!lacks(&method, 503, "search_phase_execution_exception"), "another node says the same");
        }
        assert!(lacks(&Method::GET, 503, "master_not_discovered_exception"));
        assert!(!lacks(&Method::PUT, 503, "master_not_discovered_exception"), "it may have been done");
        assert!(!lacks_cluster(&Method::GET, 503, &Value::Null));
    }
}
