//! A user who is not root but may use Docker: the mesh is theirs, and the machine's own files stay as they are.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, chown},
    path::Path,
};

use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::support::{
    Parts,
    docker::container,
    hosts, links,
    mesh::{CALLER, Mesh, SMALL},
};

#[test]
#[ignore = "needs root, Docker and the images of images/: run by scripts/test"]
fn a_user_who_is_not_root_has_a_mesh_too() {
    let parts = Parts::begin();
    let mesh = Mesh::new("non-root").unprivileged();
    let hosts_before = hosts::bytes();
    // a place that is theirs, in one that is not
    fs::create_dir(&mesh.dir).expect("should be writable");
    chown(&mesh.dir, Some(CALLER), Some(CALLER)).expect("should be ours to give");

    parts.part("a mesh of a user without privileges");
    let create = [&["create", "2", "--no-kibana"], &SMALL[..]].concat();
    mesh.run(&create, 0);
    (1..=2).for_each(|number| links::write_document(&mesh.cluster(number)));
    links::every_search_finds_all(&mesh, 2);
    assert_eq!(container("cluster01-elastic")["Config"]["User"], format!("{CALLER}:0"));
    for file in ["mesh.json", "credentials.txt", "cluster01/certs/ca.key", "cluster01/elastic/config/elasticsearch.yml"]
    {
        assert_eq!(owner(&mesh.path(file)), CALLER, "{file}");
    }
    assert_eq!(hosts::bytes(), hosts_before);
    assert!(mesh.run(&["create"], 0).stdout.contains("nothing to do"));
    mesh.run(&["manage", "restart", "1"], 0);

    parts.part("what is shared, and for how long");
    mesh.run(&["create", "--share", "logs-*", "--key-days", "40"], 0);
    let (first, second) = (mesh.cluster(1), mesh.cluster(2));
    let one_copy = json!({ "settings": { "number_of_replicas": 0 } });
    for index in ["logs-a", "private-a"] {
        second.put(&format!("/{index}"), &one_copy);
        second.put(&format!("/{index}/_doc/1?refresh=true"), &json!({ "from": index }));
    }
    let found = first.get("/cluster02:*/_search").to_string();
    assert!(found.contains("cluster02:logs-a") && !found.contains("private-a"), "{found}");
    let keys = second.get("/_security/api_key?active_only=true&name=mesh-*");
    assert_eq!(keys["api_keys"].as_array().map(Vec::len), Some(1), "{keys}");
    assert_eq!(keys["api_keys"][0]["access"]["search"][0]["names"], json!(["local-data-set", "logs-*", "mesh*"]));

    parts.part("a license without a valid signature");
    let license = mesh.dir.with_extension("license");
    let unsigned = json!({ "license": {
        "uid": "893361dc-9749-4997-93cb-802e3d7fa4xx", "type": "enterprise", "issue_date_in_millis": 1_600_000_000_000_i64,
        "expiry_date_in_millis": 4_000_000_000_000_i64, "max_nodes": null, "max_resource_units": 10,
        "issued_to": "tests", "issuer": "tests", "start_date_in_millis": 1_600_000_000_000_i64, "signature": "AAAA",
    }});
    fs::write(&license, unsigned.to_string()).expect("should be writable");
    let refused = mesh.run(&["create", "--license", license.to_str().expect("should be text")], 4);
    assert!(refused.stderr.contains("does not take the license"), "{}", refused.stderr);
    fs::remove_file(&license).expect("should be there");
    assert_eq!(first.get("/_license")["license"]["type"], "trial");
    assert!(mesh.run(&["create"], 0).stdout.contains("nothing to do"));

    parts.part("and away with it");
    mesh.run(&["reset", "--yes"], 0);
    assert!(mesh.containers().is_empty());
    assert_eq!(fs::read_dir(&mesh.dir).expect("should stay: its parent is not theirs").count(), 0);

    parts.part("on another address");
    let create = [&["create", "1", "--no-kibana", "--key-days", "40", "--bind", "127.0.0.2"], &SMALL[..]].concat();
    assert!(mesh.run(&create, 0).stdout.contains("https://127.0.0.2:9201"));
    let port = &container("cluster01-elastic")["NetworkSettings"]["Ports"]["9200/tcp"];
    assert_eq!(port[0]["HostIp"], "127.0.0.2", "{port}");
    let saved: Value = serde_json::from_str(&mesh.read("cluster01/api-key.json")).expect("should be JSON");
    let expires = saved["expires"].as_str().expect("should expire").to_owned();
    let expires = OffsetDateTime::parse(&expires, &Rfc3339).expect("should be a time");
    let days = (expires - OffsetDateTime::now_utc()).whole_hours();
    assert!((40 * 24 - 1..=40 * 24).contains(&days), "{expires}");
    mesh.run(&["reset", "--yes"], 0);
    parts.part("done");
}

fn owner(path: &Path) -> u32 {
    fs::metadata(path).expect("should be there").uid()
}
