//! A server whose queue is full nearly always, and more clients than it has room for.

use serde_json::json;

use crate::support::{
    Parts,
    documents::{Files, content, expected, report},
    mesh::Mesh,
    run::Running,
};

const CLIENTS: u64 = 6;
const BYTES: u64 = 20_000_000;

#[test]
#[ignore = "takes minutes: run by scripts/faults"]
fn what_a_full_queue_refuses_is_sent_again() {
    let parts = Parts::begin();
    let mesh = Mesh::new("load-queue");
    let files = Files::new("load-queue");
    let settings = ["thread_pool.write.size=1", "thread_pool.write.queue_size=1"];
    let settings = settings.map(|setting| ["--settings", setting]).concat();
    mesh.create(&[&["1", "--no-kibana"], &settings[..]].concat());

    parts.part("six loads at once into one index");
    let mut begin = 0;
    let parts_of: Vec<(String, u64)> = (0..CLIENTS)
        .map(|client| {
            let (file, count) = files.documents(&format!("part-{client}.ndjson"), begin, BYTES);
            begin += count;
            (file, count)
        })
        .collect();
    let running: Vec<Running<'_>> = parts_of
        .iter()
        .map(|(file, _)| mesh.start(&["load", "1", file, "--index", "mesh-parts", "-o", "json"]))
        .collect();
    for (running, (_, count)) in running.into_iter().zip(&parts_of) {
        let run = running.end();
        assert_eq!(run.exit, Some(0), "{}", run.stderr);
        assert_eq!(report(&run.stdout)["created"], json!(count), "{}", run.stdout);
    }
    let stats = mesh.cluster(1).get("/_nodes/stats/thread_pool?filter_path=nodes.*.thread_pool.write.rejected");
    let rejected = stats["nodes"].as_object().and_then(|nodes| nodes.values().next()).expect("should have a node");
    let rejected = rejected["thread_pool"]["write"]["rejected"].as_u64().unwrap_or_default();
    println!("{rejected} requests were refused");
    assert!(rejected > 10, "{rejected}");
    assert_eq!(content(&mesh, 1, "mesh-parts"), expected(0, begin));

    parts.part("a server that takes nothing at all: given up, and gone on with when it does");
    mesh.cluster(1).put("/mesh-parts/_settings", &json!({ "index.blocks.write": true }));
    let blocked = mesh.run(&["load", "1", &parts_of[0].0, "--index", "mesh-parts"], 4).stderr;
    assert!(blocked.contains("cluster01 takes no more documents") && blocked.contains("blocked by"), "{blocked}");
    mesh.cluster(1).put("/mesh-parts/_settings", &json!({ "index.blocks.write": false }));
    mesh.run(&["load", "1", &parts_of[0].0, "--index", "mesh-parts"], 0);
    assert_eq!(content(&mesh, 1, "mesh-parts"), expected(0, begin));

    parts.part("requests larger than a server takes are halved");
    mesh.create(&["--settings", "http.max_content_length=1mb"]);
    let (file, count) = files.documents("small.ndjson", 0, 6_000_000);
    let run = mesh.run(&["load", "1", &file, "-o", "json"], 0);
    assert_eq!(report(&run.stdout)["created"], json!(count), "{}", run.stdout);
    assert_eq!(content(&mesh, 1, "mesh-small"), expected(0, count));
    parts.part("done");
}
