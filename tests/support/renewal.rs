//! What holds after every renewal of keys and certificates, completed or killed and completed by the next run.

use serde_json::{Value, json};

use crate::support::{docker::started, links, mesh::Mesh};

/// Has Elasticsearch end the key by which others search a cluster in ten days.
pub fn end_key_soon(mesh: &Mesh, number: u8) {
    let saved: Value =
        serde_json::from_str(&mesh.read(&format!("cluster{number:02}/api-key.json"))).expect("should be JSON");
    let id = saved["id"].as_str().expect("should be a text");
    let cluster = mesh.cluster(number);
    let listed = cluster.get(&format!("/_security/api_key?id={id}"));
    // Elasticsearch changes no expiry alone
    let changed = json!({ "expiration": "10d", "metadata": listed["api_keys"][0]["metadata"] });
    cluster.put(&format!("/_security/cross_cluster/api_key/{id}"), &changed);
}

/// When each server of the clusters 1 to `count` was started.
pub fn starts(mesh: &Mesh, count: u8) -> Vec<String> {
    (1..=count).map(|number| started(&mesh.cluster(number).elastic())).collect()
}

/// All links by Elasticsearch's own word, one key a cluster, nothing to do, nothing left over, and no server was
/// restarted.
pub fn is_as_asked(mesh: &Mesh, begun: &[String]) {
    let count = u8::try_from(begun.len()).expect("should be few");
    links::are_wired(mesh, count);
    links::every_search_finds_all(mesh, count);
    assert!(mesh.run(&["create", "--dry-run"], 0).stdout.contains("nothing to do"));
    assert_eq!(starts(mesh, count), begun, "no server should have been restarted");
    for number in 1..=count {
        for file in ["next.crt", "next.key", "old.crt"] {
            assert!(!mesh.path(&format!("cluster{number:02}/certs/{file}")).exists(), "{file} of cluster {number}");
        }
    }
}
