//! Runs and servers that end while a snapshot is taken, restored or deleted.

use std::time::Duration;

use super::{content, is_busy, load, rows, slow_down, states};
use crate::support::{Parts, docker::docker, interrupted::is_killed, mesh::Mesh, wait_for};

const SOON: Duration = Duration::from_mins(1);

/// The health of an index that is being restored.
fn health(mesh: &Mesh, index: &str) -> String {
    let answer = mesh.cluster(1).ask("GET", &format!("/_cat/indices/{index}?h=health&expand_wildcards=all"), None);
    if answer.status == 200 { answer.text.trim().to_owned() } else { String::new() }
}

#[test]
#[ignore = "takes minutes: run by scripts/faults"]
fn snapshots_and_restores_outlive_killed_runs_and_servers() {
    let parts = Parts::begin();
    let mesh = Mesh::new("snapshot-kills");
    mesh.create(&["1", "--no-kibana", "--snapshots", "{keep: {for: 1d, least: 1, most: 2}}"]);
    load(&mesh, 0, 3_000);
    let orders = content(&mesh, "orders");
    slow_down(&mesh);

    parts.part("create is killed: the server goes on, and the same command ends well");
    is_killed(&mesh.start(&["snapshots", "create"]).kill_when("a snapshot that is taken", || is_busy(&mesh)));
    assert_eq!(states(&mesh), ["in_progress"]);
    let second = mesh.run(&["snapshots", "restore", "1", "last", "--rename", "x-$1"], 1).stderr;
    assert!(second.contains("cluster01 has no good snapshot yet"), "{second}");
    let waited = mesh.run(&["snapshots", "create"], 0).stderr;
    let name = rows(&mesh)[0]["name"].as_str().unwrap_or_default().to_owned();
    assert!(waited.contains(&format!("waiting for snapshot {name}, which an earlier run began")), "{waited}");
    assert_eq!(states(&mesh), ["good"], "the one that was begun counts");

    parts.part("a second run is refused, and the first one goes on");
    load(&mesh, 3_000, 1_500);
    let first = mesh.start(&["snapshots", "create"]);
    wait_for("a snapshot that is taken", SOON, || is_busy(&mesh).then_some(()));
    let other = mesh.run(&["snapshots", "create"], 5).stderr;
    assert!(other.contains("another run holds"), "{other}");
    assert_eq!(first.end().exit, Some(0));

    parts.part("one in progress is deleted, after Ctrl-C");
    load(&mesh, 4_500, 1_500);
    let asked = mesh.start(&["snapshots", "create"]).interrupt_when("a snapshot that is taken", || is_busy(&mesh));
    assert_eq!(asked.exit, Some(4), "{}", asked.stderr);
    assert!(asked.stderr.contains("and `mesh snapshots create` waits for them"), "{}", asked.stderr);
    let name = rows(&mesh)[0]["name"].as_str().unwrap_or_default().to_owned();
    mesh.run(&["snapshots", "rm", "1", &name, "--yes"], 0);
    assert!(states(&mesh).iter().all(|state| state == "good"), "{:?}", states(&mesh));

    parts.part("the server is killed while it takes one");
    let taking = mesh.start(&["snapshots", "create"]);
    wait_for("a snapshot that is taken", SOON, || is_busy(&mesh).then_some(()));
    docker(&["restart", "--time", "0", "cluster01-elastic"]);
    let ended = taking.end();
    // whichever is seen first: that the container does not run, or that the server knows of no snapshot
    let killed = ended.exit == Some(4) && ended.stderr.contains("cluster01-elastic ended with exit code 137");
    let gone = ended.exit == Some(1) && ended.stderr.contains("caused by: the server restarted, or it was deleted");
    assert!(killed || gone, "{}", ended.stderr);
    mesh.create(&[]);
    mesh.run(&["snapshots", "create"], 0);
    assert!(states(&mesh).iter().all(|state| state == "good"), "{:?}", states(&mesh));

    parts.part("the deletion of old ones is killed");
    (0..2).for_each(|_| drop(mesh.run(&["snapshots", "create"], 0)));
    assert_eq!(states(&mesh), ["good", "good"]);
    let creating = mesh.start(&["-v", "snapshots", "create"]);
    let heard = creating.stderr();
    is_killed(&creating.kill_when("the end of the first stage", || heard.text().contains("✓ take snapshots")));
    mesh.run(&["snapshots", "create"], 0);
    wait_for("no snapshot in progress", SOON, || (!is_busy(&mesh)).then_some(()));
    assert_eq!(states(&mesh), ["good", "good"]);

    parts.part("restore is killed: the same command waits for what the server goes on with");
    slow_down(&mesh);
    let restore = ["snapshots", "restore", "1", "last", "--rename", "x-$1"];
    let all = content(&mesh, "orders");
    assert_ne!(all, orders);
    is_killed(&mesh.start(&restore).kill_when("an index that comes back", || !health(&mesh, "x-orders").is_empty()));
    assert_ne!(health(&mesh, "x-orders"), "green");
    mesh.run(&restore, 0);
    assert_eq!(content(&mesh, "x-orders"), all);
    let again = mesh.run(&restore, 2).stderr;
    assert!(again.contains("cluster01 has these already: x-orders"), "{again}");
    mesh.cluster(1).delete("/x-orders", None);

    parts.part("the server is killed while it restores");
    mesh.run(&["snapshots", "create"], 0);
    slow_down(&mesh);
    let restoring = mesh.start(&restore);
    wait_for("an index that comes back", SOON, || (!health(&mesh, "x-orders").is_empty()).then_some(()));
    docker(&["restart", "--time", "0", "cluster01-elastic"]);
    let ended = restoring.end();
    let killed = ended.exit == Some(4) && ended.stderr.contains("cluster01-elastic ended with exit code 137");
    let broken = ended.exit == Some(1)
        && ended.stderr.contains("of cluster01 was not restored")
        && ended.stderr.contains("`mesh es 1 DELETE /x-orders`");
    assert!(killed || broken, "{}", ended.stderr);
    mesh.create(&[]);
    let exists = mesh.run(&restore, 2).stderr;
    assert!(exists.contains("delete with `mesh es 1 DELETE /x-orders`"), "{exists}");
    mesh.run(&["es", "1", "DELETE", "/x-orders"], 0);
    mesh.run(&restore, 0);
    assert_eq!(content(&mesh, "x-orders"), all);
    mesh.run(&["verify"], 0);
    parts.part("done");
}
