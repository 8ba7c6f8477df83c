//! Nodes that are killed, and nodes that lose their data.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::support::{
    Parts,
    curl::curl,
    docker::{container, docker},
    failover::{Failover, INDEX, await_green, counted, master, urls},
    mesh::Mesh,
    wait_for,
};

const NODES: [&str; 3] = ["cluster02-elastic", "cluster02-elastic-2", "cluster02-elastic-3"];

/// Two clusters, the second one of three nodes.
fn create(mesh: &Mesh) {
    mesh.create(&["2", "--no-kibana", "--set", "cluster02.nodes=3", "--yes"]);
}

fn uuid(mesh: &Mesh) -> String {
    mesh.cluster(2).get("/")["cluster_uuid"].as_str().expect("should have a UUID").to_owned()
}

/// Kills the process of a node, as the kernel would; Docker starts it again. From the kill until the process is gone,
/// which takes a moment where it has much memory: its connections are open until then.
fn kill(name: &str) -> (Instant, Instant) {
    let pid = container(name)["State"]["Pid"].to_string();
    let before = Instant::now();
    assert!(Command::new("kill").args(["-9", &pid]).status().expect("should start").success());
    wait_for("its end", Duration::from_secs(20), || (!Path::new(&format!("/proc/{pid}")).exists()).then_some(()));
    (before, Instant::now())
}

/// When a node's process started, as the others know it.
fn life(mesh: &Mesh, name: &str) -> Option<i64> {
    let path = format!("/_nodes/{name}/jvm?filter_path=nodes.*.jvm.start_time_in_millis");
    let answer = ask_any(mesh, &path);
    answer["nodes"].as_object()?.values().next()?["jvm"]["start_time_in_millis"].as_i64()
}

/// The answer of a node of the second cluster, of which any may be away.
fn ask_any(mesh: &Mesh, path: &str) -> serde_json::Value {
    let authority = mesh.path("ca.crt").display().to_string();
    let login = format!("elastic:{}", mesh.credential("elastic"));
    let answers = urls(2, 3)
        .into_iter()
        .map(|url| curl(&[("url", &format!("{url}{path}")), ("cacert", &authority), ("user", &login)]));
    answers.filter(|answer| answer.status == 200).map(|answer| answer.body()).next().unwrap_or_default()
}

#[test]
#[ignore = "takes a quarter of an hour: run by scripts/faults"]
fn a_node_is_killed() {
    let parts = Parts::begin();
    let mesh = Mesh::new("nodes");
    create(&mesh);
    let load = Failover::begin(&mesh, 3, 1);
    await_green(&mesh, 2, 3);
    let elected = master(&mesh);
    let mut kills = Vec::new();
    for name in NODES {
        parts.part(&format!("{name} is killed{}", if name == elected { ", the elected master" } else { "" }));
        let before = life(&mesh, name);
        kills.push(kill(name));
        wait_for("its next life", Duration::from_mins(3), || {
            life(&mesh, name).filter(|now| Some(*now) != before).map(drop)
        });
        await_green(&mesh, 2, 3);
    }
    let report = load.end();
    println!("{report}");
    assert!(report.written > 0 && report.searches > 0);
    // a search that was under way at a kill may lack what that node had; no other may
    let beside: Vec<_> =
        report.failures_beside(&kills).into_iter().filter(|failure| failure.words.starts_with("search")).collect();
    assert!(beside.is_empty(), "{} searches: {:?}", beside.len(), &beside[..1]);
    assert_eq!((report.lost, counted(&mesh)), (0, report.written), "no write is lost");
    mesh.run(&["status"], 0);
}

/// Deletes everything in a directory, and not that itself, which a container mounts.
fn lose_data(mesh: &Mesh, dir: &str) {
    for entry in fs::read_dir(mesh.path(dir)).expect("should be there") {
        let path = entry.expect("should be readable").path();
        if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.expect("should be ours");
    }
}

#[test]
#[ignore = "takes a quarter of an hour: run by scripts/faults"]
fn a_second_cluster_is_never_founded() {
    let parts = Parts::begin();
    let mesh = Mesh::new("nodes");
    create(&mesh);
    let settings = json!({ "settings": { "number_of_replicas": 1 } });
    mesh.cluster(2).put(&format!("/{INDEX}"), &settings);
    mesh.cluster(2).post(&format!("/{INDEX}/_doc"), &json!({ "n": 1 }));
    await_green(&mesh, 2, 3);
    let founded = uuid(&mesh);
    assert!(!mesh.read("cluster02/elastic/config/elasticsearch.yml").contains("initial_master_nodes"));

    parts.part("the first node loses its data and its container: it is made again, and joins");
    docker(&["rm", "--force", NODES[0]]);
    for dir in ["config", "data", "logs"] {
        fs::remove_dir_all(mesh.path(&format!("cluster02/elastic/{dir}"))).expect("should be ours");
    }
    create(&mesh);
    await_green(&mesh, 2, 3);
    assert_eq!((uuid(&mesh), counted(&mesh)), (founded.clone(), 1));

    parts.part("one that founded a cluster of its own all the same is reported, and not mended in silence");
    docker(&["stop", "--time", "30", NODES[2]]);
    lose_data(&mesh, "cluster02/elastic-3/data");
    let file = mesh.path("cluster02/elastic-3/config/elasticsearch.yml");
    let text = fs::read_to_string(&file).expect("should be readable");
    let alone = format!("{text}\ncluster.initial_master_nodes: [\"{}\"]\n", NODES[2]);
    fs::write(&file, alone).expect("should be ours");
    let hosts = mesh.path("cluster02/elastic-3/config/unicast_hosts.txt");
    fs::write(&hosts, "").expect("should be ours");
    docker(&["start", NODES[2]]);
    wait_for("a cluster of its own", Duration::from_mins(2), || {
        let (authority, login) = (mesh.cluster(2).authority(), format!("elastic:{}", mesh.credential("elastic")));
        let answer = curl(&[("url", &*urls(2, 3)[2]), ("cacert", &authority), ("user", &login)]);
        let uuid = answer.body()["cluster_uuid"].as_str().map(str::to_owned)?;
        (answer.status == 200 && uuid != "_na_" && uuid != founded).then_some(())
    });
    let refused = mesh.start(&["create", "2"]).end();
    assert_eq!(refused.exit, Some(3), "{}", refused.stderr);
    assert!(refused.stderr.contains("mesh manage stop 2/3"), "{}", refused.stderr);
    assert!(mesh.run(&["status"], 1).stderr.contains("belongs to a cluster of its own"));
}
