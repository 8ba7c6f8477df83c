//! Part of the lifecycle: `mesh manage`.

use std::{fs, time::Duration};

use serde_json::json;

use crate::support::{
    docker::{container, started},
    links::{self, fate, search, sources},
    mesh::Mesh,
    wait_for,
};

fn start_of(mesh: &Mesh, number: u8) -> [String; 2] {
    let cluster = mesh.cluster(number);
    [started(&cluster.elastic()), started(&cluster.kibana())]
}

/// Cluster 2 starts anew, its neighbours do not, and every link is back the moment the command ends.
pub fn restarts_one(mesh: &Mesh) {
    let before = [1, 2, 3].map(|number| start_of(mesh, number));
    // an index of a user's that no node may hold: what is red before is red afterwards, and delays no command
    let nowhere =
        json!({ "settings": { "number_of_replicas": 0, "index.routing.allocation.require._name": "none-such" } });
    mesh.cluster(2).put("/red?wait_for_active_shards=0", &nowhere);
    mesh.run(&["manage", "restart", "2"], 0);
    let after = [1, 2, 3].map(|number| start_of(mesh, number));
    assert_eq!((&after[0], &after[2]), (&before[0], &before[2]), "the neighbours should not have been restarted");
    assert!(after[1][0] != before[1][0] && after[1][1] != before[1][1], "both containers should have been restarted");
    let status = mesh.run(&["status"], 1);
    assert!(status.stdout.contains("cluster02  ready  red "), "{}", status.stdout);
    assert!(status.stderr.contains("cluster02: index red is red: node does not match"), "{}", status.stderr);
    let plan = mesh.run(&["create", "--dry-run"], 0).stdout;
    assert!(plan.contains("nothing to do"), "a red index is no drift: {plan}");
    mesh.run(&["verify"], 0);
    mesh.cluster(2).delete("/red", None);
    links::every_search_finds_all(mesh, 3);
}

/// A search goes on without a cluster that is stopped, says so, and has it again when it is back.
pub fn stops_and_starts_one(mesh: &Mesh) {
    mesh.run(&["manage", "stop", "3"], 0);
    for name in [mesh.cluster(3).elastic(), mesh.cluster(3).kibana()] {
        assert_eq!(container(&name)["State"]["Status"], "exited", "{name}");
    }
    assert_eq!(
        container("cluster03-elastic")["State"]["ExitCode"],
        143,
        "Elasticsearch should have ended by SIGTERM, not SIGKILL"
    );
    let found = search(&mesh.cluster(1));
    assert_eq!(
        (fate(&found, "cluster03"), fate(&found, "cluster02"), fate(&found, "(local)")),
        ("skipped", "successful", "successful"),
        "{found}"
    );
    assert_eq!(sources(&found), ["cluster01", "cluster02"]);

    mesh.run(&["manage", "start", "3"], 0);
    links::every_search_finds_all(mesh, 3);
}

/// Without its containers a cluster keeps its data, its keys and its links.
pub fn takes_one_down_and_up(mesh: &Mesh) {
    let keystore = || fs::read(mesh.path("cluster03/elastic/config/elasticsearch.keystore")).expect("should be there");
    let (before, key) = (keystore(), mesh.read("cluster03/api-key.json"));
    let others = [1, 2].map(|number| start_of(mesh, number));
    mesh.run(&["manage", "down", "3"], 0);
    let left = mesh.containers();
    assert!(left.len() == 4 && left.iter().all(|name| !name.starts_with("cluster03")), "{left:?}");
    assert_eq!(keystore(), before, "the keystore should outlive the container");

    mesh.run(&["manage", "up", "3"], 0);
    links::every_search_finds_all(mesh, 3);
    assert_eq!(keystore(), before, "the keystore should outlive the container");
    assert_eq!(mesh.read("cluster03/api-key.json"), key);
    assert_eq!([1, 2].map(|number| start_of(mesh, number)), others, "the others should not have been restarted");
    let healthy = || {
        let health = container("cluster03-elastic")["State"]["Health"]["Status"].clone();
        (health == "healthy").then_some(())
    };
    wait_for("Docker's own health check of cluster03-elastic", Duration::from_mins(1), healthy);
}

/// A cluster that the mesh does not have.
pub fn refuses_what_is_not_there(mesh: &Mesh) {
    let refused = mesh.run(&["manage", "restart", "3", "2"], 2);
    assert!(refused.stderr.contains("the mesh has 3"), "{}", refused.stderr);
}
