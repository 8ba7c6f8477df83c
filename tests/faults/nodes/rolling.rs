//! A cluster of three nodes, restarted and upgraded node by node while it is written to, and searched over a link.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::{
    Parts,
    docker::{container, started},
    failover::{Failover, Report, await_green, counted, master},
    mesh::Mesh,
    versions::{NEW, OLD, image},
};

const NODES: [&str; 3] = ["cluster02-elastic", "cluster02-elastic-2", "cluster02-elastic-3"];
/// An index that has no second copy of anything.
const SINGLE: &str = "mesh-single";

fn create(mesh: &Mesh, more: &[&str]) {
    // replicas are assigned however full the disk of the machine is
    let watermarks = "cluster.routing.allocation.disk.threshold_enabled=false";
    let nodes = ["2", "--no-kibana", "--set", "cluster02.nodes=3", "--settings", watermarks];
    mesh.create(&[&nodes, more].concat());
    mesh.cluster(2).put(&format!("/{SINGLE}"), &json!({ "settings": { "number_of_replicas": 0 } }));
}

/// Nothing failed but what was on its way through a node at the moment when it stopped: a write went on to the next
/// node, and a search that came in over the link lacked what only the others had.
fn assert_served(mesh: &Mesh, report: &Report, stops: usize) {
    println!("{report}");
    assert!(report.written > 0 && report.searches > 0);
    assert!(report.failed_searches.len() <= stops, "{:?}", report.failed_searches);
    assert!(report.longest_search < Duration::from_secs(5), "{:?}", report.longest_search);
    assert_eq!((report.lost, counted(mesh)), (0, report.written), "no write should be lost");
    let settings = mesh.cluster(2).get("/_cluster/settings?flat_settings=true");
    assert_eq!(settings["persistent"]["cluster.routing.allocation.enable"], Value::Null);
}

#[test]
#[ignore = "takes minutes: run by scripts/faults"]
fn rolling_restart() {
    let parts = Parts::begin();
    let mesh = Mesh::new("rolling-restart");
    create(&mesh, &[]);
    let load = Failover::begin(&mesh, 3, 1);
    await_green(&mesh, 2, 3);
    let (elected, before) = (master(&mesh), NODES.map(started));
    let refused = mesh.run(&["manage", "restart", "2/4"], 2);
    assert!(refused.stderr.contains("there is no node 4 in cluster02: it has 3"), "{}", refused.stderr);

    parts.part("node by node, the elected master last");
    let run = mesh.run(&["manage", "restart", "2"], 0);
    assert!(run.stderr.contains(&format!("for want of a replica: {SINGLE}, on cluster02")), "{}", run.stderr);
    let after = NODES.map(started);
    assert!(before.iter().zip(&after).all(|(before, after)| before != after), "{after:?}");
    let last = NODES.into_iter().max_by_key(|name| started(name)).expect("has nodes");
    assert_eq!(last, elected);

    parts.part("one node alone");
    mesh.run(&["manage", "restart", "2/3"], 0);
    let alone = NODES.map(started);
    assert_eq!(alone[..2], after[..2]);
    assert_ne!(alone[2], after[2]);
    await_green(&mesh, 2, 3);
    assert_served(&mesh, &load.end(), 4);

    parts.part("an index that no node may hold keeps no node from its restart");
    let nowhere =
        json!({ "settings": { "number_of_replicas": 0, "index.routing.allocation.require._name": "nowhere" } });
    mesh.cluster(2).put("/nowhere?wait_for_active_shards=0", &nowhere);
    mesh.run(&["manage", "restart", "2/3"], 0);
    let again = NODES.map(started);
    assert_eq!(again[..2], alone[..2]);
    assert_ne!(again[2], alone[2]);
    assert_eq!(mesh.cluster(2).get("/_cluster/health")["status"], "red");
    mesh.cluster(2).delete("/nowhere", None);
    await_green(&mesh, 2, 3);

    parts.part("one node stops, and another would take the majority with it");
    mesh.run(&["manage", "stop", "2/3"], 0);
    let dry = mesh.run(&["manage", "stop", "2/2", "--dry-run"], 0);
    assert!(dry.stderr.contains("cluster02 will not serve any more"), "{}", dry.stderr);
    assert_eq!(container(NODES[1])["State"]["Running"], true);
    mesh.run(&["manage", "start", "2/3"], 0);
    await_green(&mesh, 2, 3);

    parts.part("all of it stops, and starts together");
    mesh.run(&["manage", "stop", "2"], 0);
    assert!(NODES.iter().all(|name| container(name)["State"]["Running"] == false));
    mesh.run(&["manage", "start", "2"], 0);
    await_green(&mesh, 2, 3);
    mesh.run(&["status"], 0);
    parts.part("done");
}

#[test]
#[ignore = "takes minutes: run by scripts/faults"]
fn rolling_upgrade() {
    let parts = Parts::begin();
    let mesh = Mesh::new("rolling-upgrade");
    // the cluster that searches is of one node, so its own turn would take it away
    create(&mesh, &["--stack-version", OLD, "--topology", "hub:1"]);
    let load = Failover::begin(&mesh, 3, 1);
    await_green(&mesh, 2, 3);

    parts.part("a node of three is newer: an index that it makes has its replica nowhere else");
    let running = mesh.start(&["upgrade", NEW, "2", "--yes"]);
    let heard = running.stderr();
    let (begun, mut made) = (Instant::now(), BTreeSet::new());
    let killed = running.kill_when("a node of three runs the newer version", || {
        let upgraded = NODES.iter().filter(|name| image(name).ends_with(NEW)).count();
        // wherever its primary comes to lie
        let name = format!("mesh-mixed-{}", made.len());
        let path = format!("/{name}?timeout=5s&wait_for_active_shards=0");
        let settings = json!({ "settings": { "number_of_shards": 3, "number_of_replicas": 1 } });
        if upgraded == 1 && made.len() < 3 && mesh.cluster(2).ask("PUT", &path, Some(&settings)).status == 200 {
            made.insert(name);
        }
        upgraded == 2
    });
    assert_eq!(killed.exit, None, "{}", heard.text());
    println!("killed after {:?}, with {made:?}", begun.elapsed());
    assert!(killed.stderr.contains(&format!("for want of a replica: {SINGLE}, on cluster02")), "{}", killed.stderr);

    parts.part("the same again goes on");
    mesh.run(&["upgrade", NEW, "2"], 0);
    await_green(&mesh, 2, 3);
    assert!(NODES.iter().all(|name| image(name).ends_with(NEW)), "{:?}", NODES.map(image));
    let nodes = mesh.cluster(2).get("/_nodes?filter_path=nodes.*.version");
    let versions = nodes["nodes"].as_object().into_iter().flat_map(|nodes| nodes.values());
    assert_eq!(versions.map(|node| node["version"].as_str().unwrap_or_default()).collect::<Vec<_>>(), [NEW; 3]);
    assert_served(&mesh, &load.end(), 3);
    mesh.run(&["status"], 0);
    parts.part("done");
}
