//! An API key that really ends: time is neither an argument here nor a second.

use std::{fs, time::Duration};

use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::support::{Parts, docker::docker, links, mesh::Mesh, wait_for};

const LIFETIME: time::Duration = time::Duration::minutes(2);
/// From the key's end until `verify` reports it.
const REPORTED_WITHIN: Duration = Duration::from_secs(30);

#[test]
#[ignore = "waits for two minutes: run by scripts/faults"]
fn a_key_of_two_minutes_expires() {
    let parts = Parts::begin();
    let mesh = Mesh::new("expiry");
    mesh.create(&["2", "--no-kibana", "--no-hosts"]);
    (1..=2).for_each(|number| links::write_document(&mesh.cluster(number)));

    parts.part("a key of two minutes in the place of the mesh's");
    let ends = give_short_key(&mesh);
    assert_eq!(down(&mesh), None, "the key should be good");
    links::every_search_finds_all(&mesh, 2);

    parts.part("it ends");
    let left = Duration::try_from(ends - OffsetDateTime::now_utc()).expect("should not have ended yet");
    let links = wait_for("the report of the key's end", left + REPORTED_WITHIN, || down(&mesh));
    let late = OffsetDateTime::now_utc() - ends;
    println!("          reported {:.1} s after it", late.as_seconds_f64());
    assert!(late.is_positive(), "should not be reported before: {links:?}");
    let [link] = &links[..] else { panic!("one link uses the key: {links:?}") };
    assert_eq!((&link["from"], &link["to"]), (&json!("cluster01"), &json!("cluster02")));
    assert_eq!(link["cause"]["code"], "key-expired", "{link}");
    let listed = mesh.run(&["keys", "ls"], 1).stdout;
    assert!(listed.contains("expired"), "{listed}");

    parts.part("`create` mends it");
    mesh.run(&["create"], 0);
    assert_eq!(down(&mesh), None, "every link should be up");
    links::every_search_finds_all(&mesh, 2);
    (1..=2).for_each(|number| links::has_one_key(&mesh.cluster(number)));
    assert!(mesh.run(&["create", "--dry-run"], 0).stdout.contains("nothing to do"));
    parts.part("done");
}

/// Puts a new key of cluster 2, which is like the mesh's but for its life, wherever that one is; tells when it ends.
fn give_short_key(mesh: &Mesh) -> OffsetDateTime {
    let (first, second) = (mesh.cluster(1), mesh.cluster(2));
    let file = "cluster02/api-key.json";
    let saved: Value = serde_json::from_str(&mesh.read(file)).expect("should be JSON");
    let old = second.get(&format!("/_security/api_key?id={}", saved["id"].as_str().expect("should have an id")));
    let old = &old["api_keys"][0];
    let key = second.post(
        "/_security/cross_cluster/api_key",
        &json!({
            "name": old["name"], "metadata": old["metadata"], "access": { "search": [{ "names": ["local-data-set", "mesh*"] }] },
            "expiration": format!("{}m", LIFETIME.whole_minutes()),
        }),
    );
    let milliseconds = key["expiration"].as_i64().expect("should end");
    let ends = OffsetDateTime::UNIX_EPOCH + time::Duration::milliseconds(milliseconds);
    let expires = ends.format(&Rfc3339).expect("should be a date");
    let text = json!({ "id": key["id"], "encoded": key["encoded"], "expires": expires }).to_string();
    fs::write(mesh.path(file), text).expect("should be writable");
    let encoded = key["encoded"].as_str().expect("should be in the answer");
    let tool = "bin/elasticsearch-keystore add -f -x cluster.remote.cluster02.credentials";
    docker(&["exec", &first.elastic(), "sh", "-c", &format!("echo '{encoded}' | {tool}")]);
    first.post("/_nodes/reload_secure_settings", &json!({}));
    second.delete("/_security/api_key", Some(&json!({ "ids": [old["id"]] })));
    ends
}

/// The links that `verify` finds down, as programs read them; `None` when every link is up.
fn down(mesh: &Mesh) -> Option<Vec<Value>> {
    let run = mesh.start(&["verify", "-o", "json"]).end();
    let report: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}{}", run.stdout, run.stderr));
    assert_eq!(run.exit, Some(i32::from(report["up"] != true)), "{report}");
    let links = report["links"].as_array().cloned().unwrap_or_default();
    let down: Vec<Value> = links.into_iter().filter(|link| link["up"] != true).collect();
    (!down.is_empty()).then_some(down)
}
