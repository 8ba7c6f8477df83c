//! Parts of the proof of causes: links that could not be tried, and the document that tries them.

use serde_json::{Value, json};

use crate::support::{Parts, cluster::Cluster, mesh::Mesh};

/// The indices of `verify` that are on a cluster, hidden as they are.
pub fn canaries(cluster: &Cluster<'_>) -> Vec<Value> {
    let found = cluster.get("/_resolve/index/mesh_verify-*,mesh-verify-*?expand_wildcards=all");
    found["indices"].as_array().cloned().unwrap_or_default()
}

/// A cluster that takes no document says nothing of the links to it.
pub fn is_not_down(mesh: &Mesh, parts: &Parts) {
    let second = mesh.cluster(2);
    let settings =
        |name: &str, value: Value| second.put("/_cluster/settings", &json!({ "persistent": { name: value } }));

    parts.part("a cluster that may have no more shards");
    settings("cluster.max_shards_per_node", json!(1));
    assert!(messages(mesh).iter().all(|line| line.contains("maximum normal shards open")));
    settings("cluster.max_shards_per_node", Value::Null);

    parts.part("templates that a canary is not spoilt by, and one that keeps it away");
    let template = |body: &Value| second.put("/_index_template/all", body);
    template(&json!({ "index_patterns": ["mesh*"], "priority": 500, "template": {
        "settings": { "index.default_pipeline": "none-such", "index.routing.allocation.require._name": "none-such" },
        "mappings": { "dynamic": "strict", "_routing": { "required": true }, "_source": { "enabled": false } },
    } }));
    mesh.run(&["verify"], 0);
    template(&json!({ "index_patterns": ["mesh*"], "priority": 500, "data_stream": {} }));
    assert!(messages(mesh).iter().all(|line| line.contains("creates data streams only")));
    second.delete("/_index_template/all", None);

    parts.part("a cluster that is set to be read only, and the remedy that is shown");
    settings("cluster.blocks.read_only", json!(true));
    assert!(messages(mesh).iter().all(|line| line.contains("cluster read-only (api)")));
    second.put(
        "/_cluster/settings",
        &json!({ "persistent": { "cluster.blocks.read_only": null, "cluster.blocks.read_only_allow_delete": null } }),
    );
    mesh.run(&["verify"], 0);
}

/// Why the two links to cluster 2 could not be tried; all others are up.
fn messages(mesh: &Mesh) -> Vec<String> {
    let run = mesh.run(&["verify", "-o", "json"], 1);
    let report: Value = serde_json::from_str(&run.stdout).expect("should be JSON");
    let links = report["links"].as_array().expect("should list links");
    let (untried, up): (Vec<&Value>, Vec<&Value>) = links.iter().partition(|link| link["to"] == "cluster02");
    assert!(up.iter().all(|link| link["state"] == "up"), "{report}");
    assert!(untried.iter().all(|link| link["state"] == "untried" && link["cause"].is_null()), "{report}");
    let text = |value: &Value| value.as_str().expect("should be a text").to_owned();
    assert!(untried.iter().all(|link| text(&link["untried"]["remedy"]).contains("`mesh es 2 ")), "{report}");
    assert_eq!(untried.len(), 2, "{report}");
    untried.iter().map(|link| text(&link["untried"]["message"])).collect()
}

/// What a killed run leaves no search by a pattern finds, and the next `create` takes it away.
pub fn is_cleared_after_a_kill(mesh: &Mesh, parts: &Parts) {
    parts.part("a run that is killed when an index of its is there");
    let all = "/mesh*,cluster*:mesh*/_search?size=0&track_total_hits=true";
    let before = mesh.cluster(1).get(all)["hits"]["total"].clone();
    let verifying = mesh.start(&["-vv", "verify"]);
    let printed = verifying.stderr();
    // an answer is logged when it has come
    verifying.kill_when("a canary", || printed.text().contains("?timeout=10s: 200"));
    let left = (1..=3).filter(|number| !canaries(&mesh.cluster(*number)).is_empty()).count();
    assert!(left > 0, "the kill should leave a canary");
    assert_eq!(mesh.cluster(1).get(all)["hits"]["total"], before, "no search of a user's should count it");
    assert!(mesh.run(&["create", "--dry-run"], 0).stdout.contains("nothing to do"), "it is no drift");
    assert!(mesh.run(&["create"], 0).stdout.contains("nothing to do"));
    for number in 1..=3 {
        assert!(canaries(&mesh.cluster(number)).is_empty(), "cluster {number}");
    }
}
