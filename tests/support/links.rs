//! Every cluster a remote of every other: one search finds what lies on all of them, and Elasticsearch says how it got
//! there.

use serde_json::{Value, json};

use crate::support::{cluster::Cluster, docker::address, home::Home};

/// What a search from everywhere looks at.
const EVERYWHERE: &str = "mesh-*,cluster*:mesh-*";
/// What the image would take of 1 GiB: 369 MiB, which Java rounds up to its pages of 2 MiB.
const HEAP: u64 = 370 * 1024 * 1024;

/// Writes one document onto a cluster, into an index that the others may search.
pub fn write_document(cluster: &Cluster<'_>) {
    let (name, no_replicas) = (cluster.name(), json!({ "settings": { "number_of_replicas": 0 } }));
    cluster.put(&format!("/mesh-{name}"), &no_replicas);
    cluster.put(&format!("/mesh-{name}/_doc/1?refresh=true"), &json!({ "from": name }));
}

/// The answer to one search from `cluster` over everything, whatever it found.
pub fn search(cluster: &Cluster<'_>) -> Value {
    cluster.get(&format!("/{EVERYWHERE}/_search?size=100"))
}

/// Where the documents that a search found come from, in order.
pub fn sources(found: &Value) -> Vec<String> {
    let hits = found["hits"]["hits"].as_array().expect("should have hits");
    let mut sources: Vec<String> =
        hits.iter().filter_map(|hit| hit["_source"]["from"].as_str().map(str::to_owned)).collect();
    sources.sort();
    sources
}

/// What became of one cluster's part of a search: `successful`, `skipped` …
pub fn fate<'a>(found: &'a Value, alias: &str) -> &'a str {
    found["_clusters"]["details"][alias]["status"].as_str().unwrap_or("not asked")
}

/// From every cluster of 1 to `count`, the first search finds each cluster's document and nothing is left out.
pub fn every_search_finds_all(mesh: &Home, count: u8) {
    let all: Vec<String> = (1..=count).map(|number| mesh.cluster(number).name()).collect();
    for number in 1..=count {
        let cluster = mesh.cluster(number);
        let found = search(&cluster);
        assert_eq!(sources(&found), all, "from {}: {found}", cluster.name());
        let remotes = all.iter().filter(|name| **name != cluster.name()).map(String::as_str);
        for alias in remotes.chain(["(local)"]) {
            assert_eq!(fate(&found, alias), "successful", "{alias} from {}: {found}", cluster.name());
        }
        let asked = found["_clusters"]["details"].as_object().map(serde_json::Map::len);
        assert_eq!(asked, Some(usize::from(count)), "{found}");
    }
}

/// How Elasticsearch itself sees the links, the license, the heap and the key of every cluster of 1 to `count`.
pub fn are_wired(mesh: &Home, count: u8) {
    let record: Value = serde_json::from_str(&mesh.read("mesh.json")).expect("should be JSON");
    // a server of the smoke profile has a collector that counts one of its survivor spaces out of the heap
    let (sockets, least_heap) = match record["spec"]["profile"].as_str() {
        Some("server") => (3, HEAP),
        Some("smoke") => (1, HEAP * 9 / 10),
        _ => panic!("{record}"),
    };
    for number in 1..=count {
        let cluster = mesh.cluster(number);
        let remotes: Vec<Cluster<'_>> =
            (1..=count).filter(|other| *other != number).map(|other| mesh.cluster(other)).collect();
        let resolved = cluster.get("/_resolve/cluster/*:*");
        let info = cluster.get("/_remote/info");
        assert_eq!(info.as_object().map(serde_json::Map::len), Some(remotes.len()), "{info}");
        for remote in remotes {
            let facts = &resolved[remote.name()];
            assert_eq!((&facts["connected"], &facts["skip_unavailable"]), (&json!(true), &json!(true)), "{resolved}");
            let facts = &info[remote.name()];
            let wanted = json!({
                "connected": true,
                "mode": "proxy",
                "proxy_address": format!("{}:9443", address(&remote.elastic())),
                "server_name": remote.elastic(),
                "num_proxy_sockets_connected": sockets,
                "max_proxy_socket_connections": sockets,
                "initial_connect_timeout": "10s",
                "skip_unavailable": true,
                "cluster_credentials": "::es_redacted::",
            });
            assert_eq!(facts, &wanted, "{} as {} sees it", remote.name(), cluster.name());
        }
        let license = cluster.get("/_license");
        assert_eq!((&license["license"]["type"], &license["license"]["status"]), (&json!("trial"), &json!("active")));
        let nodes = cluster.get("/_nodes/jvm");
        let node = nodes["nodes"].as_object().and_then(|nodes| nodes.values().next()).expect("should have a node");
        let heap = node["jvm"]["mem"]["heap_max_in_bytes"].as_u64().expect("should be a number");
        assert!((least_heap..=HEAP).contains(&heap), "{heap}: the heap should be what the image itself would take");
        has_one_key(&cluster);
    }
}

/// Exactly one API key lives on the cluster: this mesh's, for other clusters, for the shared indices only.
pub fn has_one_key(cluster: &Cluster<'_>) {
    let answer = cluster.get("/_security/api_key?active_only=true");
    let keys = answer["api_keys"].as_array().expect("should list keys");
    assert_eq!(keys.len(), 1, "{}: {answer}", cluster.name());
    let key = &keys[0];
    let record: Value = serde_json::from_str(&cluster.mesh.read("mesh.json")).expect("should be JSON");
    assert_eq!(key["type"], "cross_cluster", "{key}");
    assert_eq!(key["metadata"]["mesh.id"], record["id"], "{key}");
    assert_eq!(key["access"]["search"][0]["names"], json!(["local-data-set", "mesh*"]), "{key}");
    assert_eq!(key["access"]["replication"], Value::Null, "{key}");
    let day = 24 * 60 * 60 * 1000;
    let lifetime = key["expiration"].as_i64().unwrap_or_default() - key["creation"].as_i64().unwrap_or_default();
    assert!((lifetime - 365 * day).abs() < day, "a key should live 365 days: {key}");
    let saved: Value =
        serde_json::from_str(&cluster.mesh.read(&format!("{}/api-key.json", cluster.name()))).expect("should be JSON");
    assert_eq!(saved["id"], key["id"], "the file should hold the key that lives");
}
