//! Snapshots: taken, judged, and restored into the mesh they are of and into another.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::support::{Parts, mesh::Mesh, run::Run};

/// Where snapshots are kept when their mesh is gone.
const KEPT: &str = "/srv/mesh-test-kept";
/// Where those of one cluster are kept from the first.
const OUTSIDE: &str = "/srv/mesh-test-outside";
/// The documents of `orders`, of about one kibibyte each.
const ORDERS: usize = 50_000;

/// What is in an index: how many documents, and the sum of a field of each.
fn content(mesh: &Mesh, number: u8, index: &str) -> Value {
    let search = json!({ "size": 0, "track_total_hits": true, "aggs": { "sum": { "sum": { "field": "n" } } } });
    let found = mesh.cluster(number).post(&format!("/{index}/_search"), &search);
    json!([found["hits"]["total"]["value"], found["aggregations"]["sum"]["value"]])
}

fn load(mesh: &Mesh, number: u8) {
    let cluster = mesh.cluster(number);
    cluster.put("/orders", &json!({ "settings": { "number_of_replicas": 0 } }));
    let text = (0..90).map(|word| format!("word{word:06} ")).collect::<Vec<_>>().concat();
    for batch in (0..ORDERS).collect::<Vec<_>>().chunks(5_000) {
        let line = |n: &usize| format!("{{\"index\":{{}}}}\n{{\"n\":{n},\"text\":\"{text}{}\"}}\n", n * 7919);
        let lines = batch.iter().map(line).collect::<Vec<_>>().concat();
        let file = mesh.dir.with_extension("ndjson");
        fs::write(&file, lines).expect("should be writable");
        let answer = mesh.run(
            &["es", &number.to_string(), "POST", "/orders/_bulk?filter_path=errors", &format!("@{}", file.display())],
            0,
        );
        assert_eq!(answer.stdout.trim(), r#"{"errors":false}"#);
        fs::remove_file(&file).expect("should be ours");
    }
    cluster.get("/orders/_refresh");
    let settings = json!({ "settings": { "number_of_replicas": 0 } });
    let template = json!({ "index_patterns": ["logs-x*"], "data_stream": {}, "priority": 500, "template": settings });
    cluster.put("/_index_template/logs-x", &template);
    cluster.post("/logs-x/_doc?refresh=true", &json!({ "@timestamp": "2026-11-26T00:00:00Z", "n": 42 }));
    let zoe = json!({ "password": "zoe-of-the-old-mesh", "roles": ["superuser"] });
    cluster.post("/_security/user/zoe", &zoe);
}

/// A user that `mesh users add` made in the mesh before is there, recorded, and nothing would remove her.
fn users_are_restored(mesh: &Mesh) {
    assert_eq!(mesh.cluster(1).get("/_security/user/anna")["anna"]["roles"], json!(["mesh_reader"]));
    let users = json_of(&mesh.run(&["users", "ls", "-o", "json"], 0));
    assert_eq!((&users["users"][0]["user"], &users["users"][0]["missing"]), (&json!("anna"), &json!([])), "{users}");
    let plan = mesh.run(&["create", "--dry-run"], 0).stdout;
    assert!(plan.contains("nothing to do"), "{plan}");
}

fn json_of(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}", run.stdout))
}

#[test]
#[ignore = "needs root, Docker and the images of images/: run by scripts/test"]
fn data_comes_back_into_another_mesh() {
    let parts = Parts::begin();
    let _ = fs::remove_dir_all(KEPT);
    let _ = fs::remove_dir_all(OUTSIDE);
    fs::create_dir_all(OUTSIDE).expect("should be writable");
    let mesh = Mesh::new("snapshots");
    let settings = mesh.dir.with_extension("yaml");
    let outside =
        format!("overrides:\n- {{clusters: 2, snapshots: {{repository: {OUTSIDE}, schedule: 0 30 1 * * ?}}}}\n");
    fs::write(&settings, outside).expect("should be writable");
    mesh.create(&["2", "--no-kibana", "--file", settings.to_str().unwrap()]);
    fs::remove_file(&settings).expect("should be ours");
    load(&mesh, 1);
    mesh.run(&["users", "add", "anna", "--on", "1"], 0);
    let before = (content(&mesh, 1, "orders"), content(&mesh, 1, "logs-x"));
    assert_eq!(before.0[0], ORDERS);

    parts.part("a snapshot counts that ended well, and an empty cluster has nothing to save");
    let taken = mesh.run(&["snapshots", "create"], 0);
    assert!(taken.stderr.contains("cluster02 has no index yet"), "{}", taken.stderr);
    let list = json_of(&mesh.run(&["snapshots", "ls", "-o", "json"], 0));
    let of = |number: usize| {
        list["snapshots"]
            .as_array()
            .unwrap()
            .iter()
            .find(move |row| row["cluster"] == format!("cluster0{number}"))
            .unwrap()
    };
    assert_eq!((&of(1)["state"], &of(2)["state"]), (&json!("good"), &json!("empty")));
    assert_eq!(of(1)["names"], json!(["logs-x", "orders"]));
    let name = of(1)["name"].as_str().unwrap().to_owned();
    let status = json_of(&mesh.run(&["status", "-o", "json"], 0));
    assert_eq!(status["clusters"][0]["last_snapshot"]["name"], name.as_str());
    assert_eq!(status["clusters"][1]["last_snapshot"], Value::Null);
    assert!(Path::new(OUTSIDE).join("cluster02/index.latest").exists());
    assert!(!mesh.path("cluster02/elastic/backup/index.latest").exists());

    parts.part("a schedule is no drift where the server has none, and a hidden index is late like any other");
    assert_eq!((&status["in_sync"], &status["warnings"]), (&json!(true), &json!([])));
    let hidden = json!({ "settings": { "hidden": true, "number_of_replicas": 0 } });
    mesh.cluster(2).put("/unseen", &hidden);
    let late = mesh.run(&["status"], 0).stderr;
    let remedy = "`mesh snapshots create 2` takes one; cron or a timer can type it every day";
    assert!(late.contains("cluster02 has no good snapshot") && late.contains(remedy), "{late}");

    parts.part("what exists is never overwritten, and comes back under another name");
    let refused = mesh.run(&["snapshots", "restore", "1", &name], 2);
    assert!(refused.stderr.contains("cluster01 has these already: logs-x orders"), "{}", refused.stderr);
    mesh.run(&["snapshots", "restore", "1", "last", "--rename", "restored-$1"], 0);
    assert_eq!((content(&mesh, 1, "restored-orders"), content(&mesh, 1, "restored-logs-x")), before);
    let missing = mesh.run(&["snapshots", "restore", "1", "nope"], 2);
    assert!(missing.stderr.contains("cluster01 has no snapshot nope"), "{}", missing.stderr);

    parts.part("a lost registration is drift");
    mesh.cluster(2).delete("/_snapshot/mesh", None);
    let drift = mesh.run(&["status"], 1);
    assert!(drift.stderr.contains("snapshot repository of cluster02"), "{}", drift.stderr);
    mesh.create(&[]);
    mesh.run(&["status"], 0);

    parts.part("a reset says what it deletes, and moves it out first where that is asked for");
    let refused = mesh.run(&["reset"], 2);
    assert!(refused.stderr.contains("the snapshots of cluster01 are in what is deleted"), "{}", refused.stderr);
    mesh.run(&["reset", "--yes", "--keep-snapshots", KEPT], 0);
    assert!(Path::new(KEPT).join("cluster01/index.latest").exists() && !mesh.dir.exists());
    assert!(Path::new(OUTSIDE).join("cluster02/index.latest").exists(), "what lies outside stays");
    fs::remove_dir_all(OUTSIDE).expect("should be ours");

    parts.part("another mesh, of one cluster, with other passwords and keys, reads them");
    mesh.create(&["1", "--no-kibana", "--snapshots", KEPT]);
    let status = mesh.run(&["status"], 0);
    assert!(status.stderr.contains("the snapshot repository of cluster01 is another cluster's"), "{}", status.stderr);
    let refused = mesh.run(&["snapshots", "create"], 1);
    assert!(refused.stderr.contains("`mesh snapshots adopt 1"), "{}", refused.stderr);
    let restored = mesh.run(&["snapshots", "restore", "1", "last", "--with", "security", "--yes"], 0).stderr;
    assert_eq!((content(&mesh, 1, "orders"), content(&mesh, 1, "logs-x")), before);
    assert_eq!(mesh.cluster(1).get("/_security/user/zoe")["zoe"]["roles"], json!(["superuser"]));
    mesh.run(&["status"], 0);

    parts.part("users of the mesh that is gone are users of this one");
    assert!(restored.contains("recorded as users of cluster01: anna;"), "{restored}");
    users_are_restored(&mesh);

    parts.part("users and roles come back by themselves, and no data is touched");
    mesh.cluster(1).delete("/_security/user/zoe", None);
    let again = mesh.run(&["snapshots", "restore", "1", "last", "--with", "security", "--yes"], 0).stderr;
    assert!(again.contains("cluster01 has these already, and they stay as they are: logs-x orders"), "{again}");
    assert_eq!((content(&mesh, 1, "orders"), content(&mesh, 1, "logs-x")), before);
    assert_eq!(mesh.cluster(1).get("/_security/user/zoe")["zoe"]["roles"], json!(["superuser"]));
    users_are_restored(&mesh);
    mesh.run(&["status"], 0);

    parts.part("no command but `create` deletes what no question named");
    nothing_is_deleted_unasked(&mesh);

    parts.part("a repository is adopted, written to, and what is in it deleted");
    mesh.run(&["snapshots", "adopt", "1", "--yes"], 0);
    mesh.run(&["snapshots", "create", "1"], 0);
    mesh.run(&["snapshots", "rm", "1", &name], 2);
    mesh.run(&["snapshots", "rm", "1", &name, "--yes"], 0);
    let list = json_of(&mesh.run(&["snapshots", "ls", "-o", "json"], 0));
    assert_eq!(list["snapshots"].as_array().map(Vec::len), Some(1), "{list}");
    mesh.run(&["reset", "--yes"], 0);
    assert!(Path::new(KEPT).join("cluster01/index.latest").exists(), "what lies outside the mesh's directory stays");
    fs::remove_dir_all(KEPT).expect("should be ours");
}

fn nothing_is_deleted_unasked(mesh: &Mesh) {
    let stray = mesh.dir.join("cluster09/elastic/data");
    fs::create_dir_all(&stray).expect("should be ours");
    for command in [&["restore", "1", "last", "--with", "security", "--yes"][..], &["adopt", "1", "--yes"]] {
        let refused = mesh.run(&[&["snapshots"], command].concat(), 1).stderr;
        assert!(
            refused.contains("directory of cluster09 with its data would be deleted first") && stray.exists(),
            "{refused}"
        );
    }
    fs::remove_dir_all(mesh.dir.join("cluster09")).expect("should be ours");
}
