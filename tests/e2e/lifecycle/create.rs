//! Part of the lifecycle: `mesh create`: interrupted, again, more clusters, fewer.

use std::{
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    thread,
};

use serde_json::json;

use crate::support::{
    docker::{self, started},
    links::{self, fate, search},
    mesh::{Mesh, SERVER},
    snapshot::Snapshot,
};

/// After a look at the plan, the first run ends by SIGKILL when the first container runs; the second gets the same
/// and completes it.
pub fn killed_and_run_again(mesh: &Mesh, args: &[&str]) {
    let plan = mesh.create_server(&[args, &["--dry-run"]].concat());
    assert!(plan.stdout.contains("+ container cluster03-kibana") && !mesh.dir.exists(), "{}", plan.stdout);
    assert_eq!(mesh.containers(), Vec::<String>::new(), "a dry run should make nothing");

    let first = mesh.cluster(1).elastic();
    let running = mesh.start(&[&["create"], args, &SERVER].concat());
    let runs = || mesh.containers().contains(&first) && docker::container(&first)["State"]["Running"] == true;
    let killed = running.kill_when("the first container runs", runs);
    assert_eq!(killed.exit, None, "{}", killed.stderr);
    assert!(!mesh.path("cluster01/api-key.json").exists(), "should have been killed half-way");
    let run = mesh.create_server(args);
    assert!(run.stdout.contains("credentials.txt"), "should say where the credentials are: {}", run.stdout);
    assert!(run.stdout.contains("https://localhost:9201"), "should say where the clusters are: {}", run.stdout);
}

fn starts(mesh: &Mesh, clusters: std::ops::RangeInclusive<u8>) -> Vec<String> {
    clusters
        .map(|number| mesh.cluster(number))
        .flat_map(|cluster| [started(&cluster.elastic()), started(&cluster.kibana())])
        .collect()
}

/// One cluster more, while a client searches and writes on the first without ever noticing.
pub fn grows_to_four_under_traffic(mesh: &Mesh) {
    let before = starts(mesh, 1..=3);
    let (over, asked) = (AtomicBool::new(false), AtomicU32::new(0));
    thread::scope(|scope| {
        let traffic = scope.spawn(|| {
            let cluster = mesh.cluster(1);
            cluster.put("/traffic", &json!({ "settings": { "number_of_replicas": 0 } }));
            while !over.load(Ordering::Relaxed) {
                let number = asked.fetch_add(1, Ordering::Relaxed);
                cluster.put(&format!("/traffic/_doc/{number}"), &json!({ "number": number }));
                let found = search(&cluster);
                for alias in ["(local)", "cluster02", "cluster03"] {
                    assert_eq!(fate(&found, alias), "successful", "search {number}: {found}");
                }
            }
        });
        mesh.run(&["create", "4"], 0);
        over.store(true, Ordering::Relaxed);
        traffic.join().expect("the client should notice nothing");
    });
    let asked = asked.into_inner();
    println!("          {asked} searches and writes meanwhile");
    assert!(asked > 10, "should have searched while it grew: {asked}");
    mesh.cluster(1).send("POST", "/traffic/_refresh", None);
    assert_eq!(mesh.cluster(1).get("/traffic/_count")["count"], asked, "every write should be there");
    assert_eq!(starts(mesh, 1..=3), before, "the old containers should not have been restarted");
    links::write_document(&mesh.cluster(4));
}

/// Fewer clusters is data gone: refused without a terminal to ask at.
pub fn shrinks_only_with_consent(mesh: &Mesh) {
    let before = Snapshot::of(mesh);
    let refused = mesh.run(&["create", "3"], 2);
    assert!(refused.stderr.contains("hint:") && refused.stderr.contains("--yes"), "{}", refused.stderr);
    before.is_still(mesh);
    links::every_search_finds_all(mesh, 4);

    let before = starts(mesh, 1..=3);
    mesh.run(&["create", "3", "--yes"], 0);
    assert_eq!(starts(mesh, 1..=3), before, "those that stay should not have been restarted");
    assert!(!mesh.path("cluster04").exists(), "the directory of cluster04 should be gone");
    assert_eq!(mesh.containers().len(), 6, "{:?}", mesh.containers());
    assert_eq!(docker::containers("mesh.cluster=cluster04"), Vec::<String>::new());
    for number in 1..=3 {
        let cluster = mesh.cluster(number);
        let settings = cluster.get("/_cluster/settings?flat_settings=true").to_string();
        assert!(settings.contains("cluster.remote.cluster0") && !settings.contains("cluster04"), "{settings}");
        let reloaded = cluster.post("/_nodes/reload_secure_settings", &json!({})).to_string();
        assert!(reloaded.contains("cluster.remote.cluster0") && !reloaded.contains("cluster04"), "{reloaded}");
    }
    links::every_search_finds_all(mesh, 3);
}
