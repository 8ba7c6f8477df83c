//! Two gigabytes: a run is killed half-way, and a server restarts half-way through the next one.

use std::time::Duration;

use serde_json::json;

use crate::support::{
    Parts,
    docker::docker,
    documents::{Files, content, expected, report},
    mesh::Mesh,
};

const BYTES: u64 = 2_000_000_000;
/// The bytes of each document, most of them of a text that is kept and not indexed: two gigabytes are to be read and
/// sent, and not to be searched.
const EACH: usize = 2_000;
/// What one run may take on a machine that has more to do.
const LONGEST: Duration = Duration::from_mins(20);

/// The documents that an index has, as far as a search finds them.
fn count(mesh: &Mesh, index: &str) -> u64 {
    let answer = mesh.cluster(1).ask("GET", &format!("/{index}/_count"), None);
    answer.body()["count"].as_u64().unwrap_or_default()
}

#[test]
#[ignore = "takes minutes: run by scripts/faults"]
fn two_gigabytes_outlive_a_killed_run_and_a_server_that_restarts() {
    let parts = Parts::begin();
    let mesh = Mesh::new("load");
    let files = Files::new("load");
    mesh.create(&["1", "--no-kibana"]);
    let text = json!({ "type": "keyword", "index": false, "doc_values": false });
    let mappings = json!({ "properties": { "text": text, "n": { "type": "long" } } });
    let index = json!({ "settings": { "number_of_replicas": 0 }, "mappings": mappings });
    mesh.cluster(1).put("/mesh-visits", &index);
    let text = "0123456789".repeat(EACH / 10);
    let (file, documents) =
        files.lines("visits.ndjson", 0, BYTES, |n| format!("{{\"n\":{n},\"text\":\"{n} {text}\"}}"));
    println!("{documents} documents");

    parts.part("the run is killed half-way");
    let killed = mesh
        .start(&["load", "1", &file])
        .within(LONGEST)
        .kill_when("half of the documents", || count(&mesh, "mesh-visits") > documents / 2);
    assert_eq!(killed.exit, None, "{}", killed.stderr);
    mesh.cluster(1).get("/mesh-visits/_refresh");
    let there = count(&mesh, "mesh-visits");
    assert!(there < documents, "{there}");

    parts.part("the server is killed and started again half-way through what is missing");
    let running = mesh.start(&["load", "1", &file, "-o", "json"]).within(LONGEST);
    let run = running.do_when(
        "another quarter",
        || count(&mesh, "mesh-visits") > there + (documents - there) / 2,
        || {
            docker(&["restart", "--time", "0", "cluster01-elastic"]);
        },
    );
    assert_eq!(run.exit, Some(0), "{}", run.stderr);
    let loaded = report(&run.stdout);
    assert_eq!((&loaded["sent"], &loaded["bad"]), (&json!(documents), &json!(0)), "{loaded}");
    println!("{loaded}");

    parts.part("every document is there, and none twice");
    assert_eq!(content(&mesh, 1, "mesh-visits"), expected(0, documents));
    let run = mesh.start(&["load", "1", &file, "-o", "json"]).within(LONGEST).end();
    let again = report(&run.stdout);
    assert_eq!((&again["created"], &again["present"]), (&json!(0), &json!(documents)), "{again}");
    assert_eq!(content(&mesh, 1, "mesh-visits"), expected(0, documents));
    println!("again: {again}");
    parts.part("done");
}
