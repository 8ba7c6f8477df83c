//! Growing and shrinking, killed after every stage: the same command again ends where it was to, and nothing is lost.

use crate::support::{
    Parts,
    failover::{INDEX, await_green, counted},
    interrupted::{FOR_EVER, is_killed},
    mesh::{Mesh, SMALL},
    run::Running,
};

/// The documents that have to be there after every kill.
const DOCUMENTS: u64 = 20;

fn to(mesh: &Mesh, nodes: u8) -> Running<'_> {
    let set = format!("cluster02.nodes={nodes}");
    let args = ["create", "2", "--no-kibana", "--yes", "--set", &set];
    mesh.start(&[&args[..], &SMALL].concat())
}

/// The whole of a run, which tells how many stages it has.
fn stages(mesh: &Mesh, nodes: u8) -> usize {
    let run = to(mesh, nodes).end();
    assert_eq!(run.exit, Some(0), "{}", run.stderr);
    run.stderr.matches('✓').count()
}

fn is_whole(mesh: &Mesh, nodes: u8, uuid: &str) {
    let run = to(mesh, nodes).end();
    assert_eq!(run.exit, Some(0), "{}", run.stderr);
    await_green(mesh, 2, nodes.into());
    let plan = mesh.run(&["create", "--dry-run"], 0).stdout;
    assert!(plan.contains("nothing to do"), "{plan}");
    assert_eq!(mesh.cluster(2).get("/")["cluster_uuid"], uuid);
    assert_eq!(counted(mesh), DOCUMENTS, "no document is lost");
    let settings = mesh.cluster(2).get("/_cluster/settings?flat_settings=true")["persistent"].clone();
    let left = settings.as_object().expect("should be settings").keys().filter(|name| name.contains("allocation"));
    assert_eq!(left.count(), 0, "{settings}");
}

#[test]
#[ignore = "takes a quarter of an hour: run by scripts/faults"]
fn growing_and_shrinking_are_killed_at_every_stage() {
    let parts = Parts::begin();
    let mesh = Mesh::new("nodes-kills");
    stages(&mesh, 3);
    let settings = serde_json::json!({ "settings": { "number_of_shards": 2, "number_of_replicas": 1 } });
    mesh.cluster(2).put(&format!("/{INDEX}"), &settings);
    for number in 0..DOCUMENTS {
        mesh.cluster(2).put(&format!("/{INDEX}/_doc/{number}"), &serde_json::json!({ "n": number }));
    }
    let uuid = mesh.cluster(2).get("/")["cluster_uuid"].as_str().expect("should have a UUID").to_owned();
    for [from, nodes] in [[3, 1], [1, 3]] {
        is_whole(&mesh, from, &uuid);
        let stages = stages(&mesh, nodes);
        for stage in 1..stages {
            is_whole(&mesh, from, &uuid);
            parts.part(&format!("{from} → {nodes} killed after stage {stage} of {stages}"));
            let killed = to(&mesh, nodes).kill_after(Some(stage), FOR_EVER);
            is_killed(&killed.unwrap_or_else(|| panic!("should have been killed after stage {stage}")));
            is_whole(&mesh, nodes, &uuid);
        }
    }
    parts.part("done");
}
