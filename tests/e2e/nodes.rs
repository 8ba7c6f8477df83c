//! A cluster of several nodes, grown and shrunk under load. `tests/faults/nodes` has what becomes of its nodes.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{
    Parts,
    docker::started,
    failover::{Failover, INDEX, Report, await_green, counted},
    mesh::Mesh,
    run::Run,
};

/// A node that stays, whatever the size.
const FIRST: &str = "cluster02-elastic";

/// Two clusters, the second one of so many nodes.
fn create(mesh: &Mesh, nodes: u8) -> Run {
    let nodes = format!("cluster02.nodes={nodes}");
    mesh.create(&["2", "--no-kibana", "--set", &nodes, "--yes"])
}

fn uuid(mesh: &Mesh) -> String {
    mesh.cluster(2).get("/")["cluster_uuid"].as_str().expect("should have a UUID").to_owned()
}

#[test]
#[ignore = "needs root, Docker and the images of images/: run by scripts/test"]
fn grows_and_shrinks_under_load() {
    let parts = Parts::begin();
    let mesh = Mesh::new("nodes");
    create(&mesh, 1);
    let founded = uuid(&mesh);
    let load = Failover::begin(&mesh, 3, 1);

    parts.part("1 → 3: the only node restarts once, as announced");
    let grow = create(&mesh, 3);
    assert!(grow.stderr.contains("cluster02 is away while its only node restarts"), "{}", grow.stderr);
    let restarted = started(FIRST);
    await_green(&mesh, 2, 3);
    assert_eq!((uuid(&mesh), mesh.read("cluster02/uuid").trim()), (founded.clone(), &*founded));
    let sniffed = &mesh.cluster(1).get("/_remote/info")["cluster02"];
    assert_eq!((&sniffed["mode"], &sniffed["num_nodes_connected"]), (&json!("sniff"), &json!(3)));
    assert!(create(&mesh, 3).stdout.contains("nothing to do"));
    let grown = load.end();
    // the client meets nodes 2 and 3, which are not there yet, only once node 1 is away: the first failure tells when
    let begun = grown.refused.iter().chain(&grown.failed_searches).map(|failure| failure.begun).min();
    let away = begun.map(|begun| (begun, begun + Duration::from_secs(40)));
    println!("away for {:?}, searches for {:?}", grown.longest_write, grown.longest_search);
    assert!(grown.written > 0 && grown.searches > 0, "{grown}");
    assert_only_cut(&grown, away.as_slice());
    assert_eq!((grown.lost, counted(&mesh)), (0, grown.written));

    parts.part("3 → 1: nothing is away, and what cannot have a replica any more is named");
    mesh.cluster(2).delete(&format!("/{INDEX}"), None);
    let load = Failover::begin(&mesh, 1, 1);
    let shrink = create(&mesh, 1);
    assert!(shrink.stderr.contains(&format!("replicas of cluster02 → 0: {INDEX}")), "{}", shrink.stderr);
    await_green(&mesh, 2, 1);
    assert_eq!((uuid(&mesh), started(FIRST)), (founded.clone(), restarted.clone()));
    assert!(!mesh.path("cluster02/elastic-2").exists() && !mesh.path("cluster02/keystore-3.json").exists());
    assert_eq!(
        mesh.cluster(2).get("/_cluster/settings?flat_settings=true")["persistent"]["cluster.routing.allocation.exclude._name"],
        json!(null)
    );

    parts.part("1 → 3 again: it was several before, and nothing restarts");
    create(&mesh, 3);
    await_green(&mesh, 2, 3);
    assert_eq!((uuid(&mesh), started(FIRST)), (founded, restarted));
    let report = load.end();
    assert!(report.written > 0 && report.searches > 0, "{report}");
    assert_only_cut(&report, &[]);
    assert_eq!((report.lost, counted(&mesh)), (0, report.written));
    println!("{report}");
}

/// Checks that nothing failed outside of these moments, but for searches that met a closed connection: Elasticsearch
/// closes those to a remote when the way to it changes, which is at most twice, and a search that is under way then, or
/// sets out at that moment, may lack that cluster.
fn assert_only_cut(report: &Report, moments: &[(Instant, Instant)]) {
    let (cut, other): (Vec<_>, Vec<_>) =
        report.failures_beside(moments).into_iter().partition(|failure| failure.meets_closed_connection());
    assert!(other.is_empty() && cut.len() <= 2, "{} cut, and {} failures: {:?}", cut.len(), other.len(), other.first());
}
