//! Data views in the stand-in for Kibana, which knows these calls from Kibana's documentation: real Kibana is not seen
//! here.

use std::{fs, process::Command};

use serde_json::{Value, json};

use crate::support::{
    Parts,
    curl::{Answer, curl_by},
    docker::docker,
    interrupted::is_killed,
    mesh::Mesh,
};

#[test]
#[ignore = "needs root, Docker and the images of images/: run by scripts/test"]
fn data_views_are_in_every_kibana() {
    let parts = Parts::begin();
    let mesh = Mesh::new("views");
    mesh.create(&["2"]);
    let local = json!({ "id": "mesh-local-data-set", "name": "local-data-set", "title": "local-data-set" });
    let whole = json!({
        "id": "mesh-mesh-data-set",
        "name": "mesh-data-set",
        "title": "local-data-set,cluster*:local-data-set",
    });
    for number in 1..=2 {
        assert_eq!(views(&mesh, number), [local.clone(), whole.clone()]);
    }
    assert_eq!(rows(&mesh, 0), [(1, "good"), (1, "good"), (2, "good"), (2, "good")].map(owned));

    parts.part("what is gone comes back, what others made stays");
    ask(&mesh, 1, "DELETE", "/data_view/mesh-local-data-set", None);
    ask(&mesh, 1, "POST", "/data_view", Some(&json!({ "data_view": { "name": "local-data-set", "title": "mine-*" } })));
    ask(&mesh, 2, "DELETE", "/data_view/mesh-local-data-set", None);
    let changed = json!({ "data_view": { "title": "logs-*" } });
    ask(&mesh, 2, "POST", "/data_view/mesh-mesh-data-set", Some(&changed));
    mesh.run(&["status"], 1);
    mesh.run(&["create"], 0);
    assert_eq!(views(&mesh, 2), [local, whole.clone()]);
    let titles: Vec<Value> = views(&mesh, 1).iter().map(|view| view["title"].clone()).collect();
    assert!(titles.contains(&json!("mine-*")) && titles.contains(&whole["title"]) && titles.len() == 2, "{titles:?}");
    assert!(mesh.run(&["create", "--dry-run"], 0).stdout.contains("nothing to do"));

    parts.part("a view of one's own, through a kill");
    let command = ["-v", "views", "create", "web", "web-*,cluster*:web-*", "--on", "2"];
    is_killed(&mesh.start(&command).kill_after_steps(1));
    mesh.run(&command, 0);
    assert_eq!(views(&mesh, 2).len(), 3);
    assert_eq!(views(&mesh, 1).len(), 2, "it is not there");
    docker(&["restart", "--time", "0", &mesh.cluster(2).kibana()]);
    mesh.run(&["create"], 0);
    assert_eq!(views(&mesh, 2).len(), 3, "a restart takes none away");
    fs::remove_file(mesh.path("mesh.json")).expect("should be there");
    mesh.run(&["create"], 0);
    let rebuilt: Value = serde_json::from_str(&mesh.read("mesh.json")).expect("should be JSON");
    assert_eq!(rebuilt["views"], json!({ "web": { "pattern": "web-*,cluster*:web-*", "on": "2" } }), "{rebuilt}");
    mesh.run(&["views", "create", "web", "web-2026*", "--on", "2"], 0);
    assert!(views(&mesh, 2).iter().any(|view| view["title"] == "web-2026*"));
    mesh.run(&["views", "rm", "wbe", "--yes"], 2);
    mesh.run(&["views", "rm", "web"], 2);
    mesh.run(&["views", "rm", "web", "--yes"], 0);
    assert_eq!(views(&mesh, 2).len(), 2);

    parts.part("a mesh that has no data set makes none, and deletes none");
    mesh.run(&["create", "--no-data-set", "--yes"], 0);
    assert_eq!(views(&mesh, 2).len(), 2);
    assert_eq!(rows(&mesh, 0).iter().filter(|(_, state)| state == "unmanaged").count(), 4);
    let key = mesh.cluster(1).get("/_security/api_key?name=mesh-*&active_only=true");
    assert_eq!(key["api_keys"][0]["access"]["search"][0]["names"], json!(["mesh*"]), "{key}");
    parts.part("done");
}

fn owned((cluster, state): (u8, &str)) -> (u8, String) {
    (cluster, state.to_owned())
}

/// What `mesh views ls` shows: each view's cluster and its state.
fn rows(mesh: &Mesh, exit: i32) -> Vec<(u8, String)> {
    let run = mesh.run(&["views", "ls", "-o", "json"], exit);
    let list: Value = serde_json::from_str(&run.stdout).expect("should be JSON");
    let number = |row: &Value| row["cluster"].as_str()?.strip_prefix("cluster")?.parse().ok();
    let row = |row: &Value| Some((number(row)?, row["state"].as_str()?.to_owned()));
    list["views"].as_array().into_iter().flatten().filter_map(row).collect()
}

/// Id, name and pattern of a Kibana's views.
fn views(mesh: &Mesh, number: u8) -> Vec<Value> {
    let body = ask(mesh, number, "GET", "", None).body();
    let view = |view: &Value| json!({ "id": view["id"], "name": view["name"], "title": view["title"] });
    body["data_view"].as_array().into_iter().flatten().map(view).collect()
}

fn ask(mesh: &Mesh, number: u8, method: &str, path: &str, body: Option<&Value>) -> Answer {
    let cluster = mesh.cluster(number);
    let url = format!("https://127.0.0.1:{}/{}/api/data_views{path}", 5600 + u16::from(number), cluster.name());
    let (login, text) = (format!("elastic:{}", mesh.credential("elastic")), body.map(ToString::to_string));
    let authority = cluster.authority();
    let mut lines = vec![("request", method), ("url", &url), ("cacert", &authority), ("user", &login)];
    lines.push(("header", "kbn-xsrf: test"));
    if let Some(text) = &text {
        lines.extend([("header", "content-type: application/json"), ("data", text)]);
    }
    let answer = curl_by(Command::new("curl"), &lines);
    assert_eq!(answer.status, 200, "{method} {path}: {}", answer.body());
    answer
}
