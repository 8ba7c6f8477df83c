//! Users and roles on three real clusters: what is allowed, what either side refuses, and what is the owner's own.

use std::{
    fs,
    io::Write as _,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::{
    Parts,
    curl::{Answer, curl_by},
    interrupted::is_killed,
    mesh::Mesh,
};

const SETTINGS: &str = r#"
roles:
  analyst:
    indices: [{names: [hr-x, mesh-*]}]
    remote: [{clusters: [cluster02], names: ["mesh-*", hr-x]}]
    "on": 1-2
users:
  carl: {roles: [analyst], "on": [1]}
"#;

#[test]
#[ignore = "needs root, Docker and the images of images/: run by scripts/test"]
fn users_read_by_roles() {
    let parts = Parts::begin();
    let mesh = Mesh::new("users");
    mesh.create(&["3", "--no-kibana"]);
    for number in 1..=3_u8 {
        let cluster = mesh.cluster(number);
        for index in ["mesh-x", "hr-x", "orders"] {
            cluster.put(&format!("/{index}"), &json!({ "settings": { "number_of_replicas": 0 } }));
            cluster.put(&format!("/{index}/_doc/1?refresh=true"), &json!({ "from": number }));
        }
        let alias = json!({ "actions": [{ "add": { "index": "orders", "alias": "local-data-set" } }] });
        cluster.post("/_aliases", &alias);
    }

    parts.part("a reader reads what is shared, from where she logs in");
    reader(&mesh);

    parts.part("killed after each of its first four steps, adding one is completed by the same command");
    killed(&mesh);

    parts.part("roles of a settings file: allowed, refused here, refused there");
    roles(&mesh);

    parts.part("what others made is left alone, what is the mesh's own is repaired");
    drift(&mesh);

    parts.part("keys are replaced while a reader searches");
    under_rotation(&mesh);

    parts.part("the record is lost, and comes back with its users");
    let before = mesh.run(&["users", "ls", "-o", "json"], 0).stdout;
    fs::remove_file(mesh.path("mesh.json")).expect("should be there");
    mesh.run(&["create"], 0);
    assert_eq!(names(&mesh), ["anna", "carl"], "{before}");
    assert!(mesh.run(&["create", "--dry-run"], 0).stdout.contains("nothing to do"));

    parts.part("a user that is removed, and one of a role that is taken away");
    removed(&mesh);
    parts.part("done");
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| panic!("should be JSON: {text}"))
}

fn names(mesh: &Mesh) -> Vec<String> {
    let list = json_of(&mesh.run(&["users", "ls", "-o", "json"], 0).stdout);
    let users = list["users"].as_array().cloned().unwrap_or_default();
    users.iter().filter_map(|user| user["user"].as_str().map(str::to_owned)).collect()
}

/// A request with a user's own password.
fn as_user(mesh: &Mesh, number: u8, login: &str, method: &str, path: &str, body: Option<&Value>) -> Answer {
    let cluster = mesh.cluster(number);
    let (url, authority, text) = (cluster.url(path), cluster.authority(), body.map(ToString::to_string));
    let mut lines = vec![("request", method), ("url", &url), ("cacert", &authority), ("user", login)];
    if let Some(text) = &text {
        lines.extend([("header", "content-type: application/json"), ("data", text)]);
    }
    curl_by(Command::new("curl"), &lines)
}

fn login(mesh: &Mesh, user: &str) -> String {
    let shown = json_of(&mesh.run(&["credentials", user, "-o", "json"], 0).stdout);
    format!("{user}:{}", shown["users"][0]["password"].as_str().expect("should have a password"))
}

/// How many documents a search as a user finds, cluster by cluster.
fn found(mesh: &Mesh, number: u8, login: &str, names: &str) -> u64 {
    let answer = as_user(mesh, number, login, "GET", &format!("/{names}/_search?size=0"), None);
    assert_eq!(answer.status, 200, "{}", answer.body());
    answer.body()["hits"]["total"]["value"].as_u64().expect("should have a total")
}

fn reader(mesh: &Mesh) {
    mesh.run(&["users", "add", "anna", "--role", "mesh_raeder", "--on", "1"], 2);
    mesh.run(&["users", "add", "anna", "--on", "4"], 2);
    mesh.run(&["users", "add", "elastic"], 2);
    let added = mesh.run(&["users", "add", "anna", "--on", "1"], 0);
    assert!(added.stdout.contains("anna logs in to cluster01"), "{}", added.stdout);
    let anna = login(mesh, "anna");
    assert_eq!(found(mesh, 1, &anna, "local-data-set,cluster*:local-data-set"), 3);
    assert_eq!(found(mesh, 1, &anna, "mesh-*,cluster*:mesh-*"), 3);
    assert_eq!(found(mesh, 1, &anna, "*:hr-*,hr-*"), 0, "it is not shared");
    assert_eq!(as_user(mesh, 1, &anna, "GET", "/hr-x/_search", None).status, 403);
    assert_eq!(as_user(mesh, 1, &anna, "PUT", "/mesh-x/_doc/2", Some(&json!({}))).status, 403);
    assert_eq!(as_user(mesh, 2, &anna, "GET", "/", None).status, 401, "she is where she logs in, and nowhere else");

    // Kibana registers its privileges itself; these are two that it has
    let registered = json!({ "kibana-.kibana": {
        "feature_discover_v2.read": { "actions": ["ui:discover_v2/show"] },
        "feature_dashboard_v2.read": { "actions": ["ui:dashboard_v2/show"] },
    } });
    mesh.cluster(1).put("/_security/privilege", &registered);
    let asked = json!({
        "application": [{
            "application": "kibana-.kibana",
            "privileges": ["ui:discover_v2/show", "ui:dashboard_v2/show"],
            "resources": ["*"],
        }],
        "index": [{ "names": ["local-data-set", "mesh-x"], "privileges": ["read", "view_index_metadata"] }],
    });
    let has = as_user(mesh, 1, &anna, "POST", "/_security/user/_has_privileges", Some(&asked)).body();
    let of_kibana = &has["application"]["kibana-.kibana"]["*"];
    assert_eq!(of_kibana, &json!({ "ui:discover_v2/show": true, "ui:dashboard_v2/show": false }), "{has}");
    let all = json!({ "read": true, "view_index_metadata": true });
    assert_eq!(has["index"], json!({ "local-data-set": all, "mesh-x": all }), "{has}");

    let proof = json_of(&mesh.run(&["verify", "--as", "anna", "-o", "json"], 0).stdout);
    assert_eq!(proof["names"].as_array().map(Vec::len), Some(6), "two names in three clusters: {proof}");
    assert_eq!(proof["names"][0]["outcome"], "found", "{proof}");
    let search = json_of(&mesh.run(&["search", "local-data-set", "--as", "anna", "-o", "json"], 0).stdout);
    assert_eq!((&search["from"], &search["total"]), (&json!("cluster01"), &json!(3)), "{search}");
    let behind = mesh.run(&["search", "orders"], 2).stderr;
    assert!(behind.contains("it has the alias local-data-set, which is shared"), "{behind}");
    let env = mesh.run(&["env", "1", "--user", "anna"], 0).stdout;
    assert!(env.contains("ES_USER='anna'") || env.contains("ES_USER=anna"), "{env}");
    mesh.run(&["env", "2", "--user", "anna"], 2);
}

fn killed(mesh: &Mesh) {
    let command = ["-v", "users", "add", "bert", "--on", "1,3"];
    for steps in 1..=4 {
        is_killed(&mesh.start(&command).kill_after_steps(steps));
        mesh.run(&command, 0);
        let bert = login(mesh, "bert");
        for number in [1, 3] {
            assert_eq!(found(mesh, number, &bert, "mesh-*,cluster*:mesh-*"), 3, "killed after {steps}");
        }
        mesh.run(&["users", "rm", "bert", "--yes"], 0);
        assert_eq!(as_user(mesh, 1, &bert, "GET", "/", None).status, 401);
    }
    // what she makes of her password is hers
    with_password(mesh, &["users", "add", "bert"], "given by hand");
    assert_eq!(found(mesh, 2, "bert:given by hand", "mesh-*,cluster*:mesh-*"), 3);
    let own = json!({ "password": "her own one" });
    assert_eq!(as_user(mesh, 2, "bert:given by hand", "POST", "/_security/user/_password", Some(&own)).status, 200);
    assert!(mesh.run(&["create", "--dry-run"], 0).stdout.contains("nothing to do"));
    assert_eq!(found(mesh, 2, "bert:her own one", "mesh-*"), 1);
    // as of a cluster that an older mesh.json does not have: no question named it
    let stray = mesh.dir.join("cluster09/elastic/data");
    fs::create_dir_all(&stray).expect("should be ours");
    let refused = mesh.run(&["users", "passwd", "bert", "--yes"], 1).stderr;
    assert!(refused.contains("directory of cluster09 with its data would be deleted first"), "{refused}");
    assert!(stray.exists());
    fs::remove_dir_all(mesh.dir.join("cluster09")).expect("should be ours");
    with_password(mesh, &["users", "passwd", "bert", "--yes"], "another one");
    for number in 1..=3 {
        assert_eq!(found(mesh, number, "bert:another one", "mesh-*"), 1);
    }
    assert!(!mesh.printed().contains("another one"), "a password was printed");
    mesh.run(&["users", "rm", "bert", "--yes"], 0);
}

fn with_password(mesh: &Mesh, args: &[&str], password: &str) {
    let mut command = mesh.command(env!("CARGO_BIN_EXE_mesh"));
    command.args(args).arg("--password-stdin").arg("--dir").arg(&mesh.dir).stdin(Stdio::piped());
    let mut running = command.stderr(Stdio::null()).stdout(Stdio::null()).spawn().expect("should start");
    let mut stdin = running.stdin.take().expect("should be piped");
    writeln!(stdin, "{password}").expect("should be read");
    drop(stdin);
    assert_eq!(running.wait().expect("should end").code(), Some(0), "{args:?}");
}

fn roles(mesh: &Mesh) {
    let file = mesh.path("../users.yaml");
    fs::write(&file, SETTINGS).expect("should be writable");
    let path = file.display().to_string();
    let refused = mesh.run(&["create", "-f", &path], 2);
    assert!(refused.stderr.contains("asks for hr-x of remotes"), "{}", refused.stderr);
    // as the hint says, and the other cluster alone
    mesh.run(&["create", "-f", &path, "--share", "hr-x"], 0);
    let carl = login(mesh, "carl");
    assert_eq!(found(mesh, 1, &carl, "mesh-*,cluster02:mesh-*,cluster02:hr-x"), 3);
    let everywhere = as_user(mesh, 1, &carl, "GET", "/cluster03:mesh-x/_search", None);
    let reason = everywhere.body()["_clusters"]["details"]["cluster03"]["failures"][0]["reason"]["type"].clone();
    assert_eq!(reason, "security_exception", "his role does not name it");
    let proof = json_of(&mesh.run(&["verify", "--as", "carl", "-o", "json"], 0).stdout);
    let outcome = |cluster: &str, name: Option<&str>| {
        let names = proof["names"].as_array().expect("should list names");
        let one = names.iter().find(|one| one["cluster"] == cluster && one["name"] == json!(name));
        one.map_or(Value::Null, |one| one["outcome"].clone())
    };
    assert_eq!(outcome("cluster02", Some("hr-x")), "found", "{proof}");
    assert_eq!(outcome("cluster03", None), "not_asked", "{proof}");

    // the key of cluster02 shares less than the role asks for: the far side refuses
    let key = mesh.read("cluster02/api-key.json");
    let id = json_of(&key)["id"].as_str().expect("should have an id").to_owned();
    let less = json!({ "access": { "search": [{ "names": ["mesh*", "local-data-set"] }] } });
    mesh.cluster(2).put(&format!("/_security/cross_cluster/api_key/{id}"), &less);
    let refused = mesh.run(&["verify", "--as", "carl"], 1);
    assert!(refused.stdout.contains("nothing: cluster02 refuses"), "{}", refused.stdout);
    // and where his role is gone, the near side does
    mesh.run(&["create", "-f", &path], 0);
    mesh.cluster(1).delete("/_security/role/analyst", None);
    let refused = mesh.run(&["verify", "--as", "carl"], 1);
    assert!(refused.stdout.contains("nothing: cluster01 refuses"), "{}", refused.stdout);
    mesh.run(&["create", "-f", &path], 0);
    mesh.run(&["verify", "--as", "carl"], 0);
    mesh.run(&["users", "rm", "carl", "--yes"], 2);
    mesh.run(&["manage", "stop", "2"], 0);
    let stopped = mesh.run(&["verify", "--as", "carl"], 1);
    assert!(stopped.stdout.contains("nothing: the search failed"), "{}", stopped.stdout);
    mesh.run(&["manage", "start", "2"], 0);
}

fn drift(mesh: &Mesh) {
    let cluster = mesh.cluster(1);
    cluster.put("/_security/role/theirs", &json!({ "cluster": ["monitor"] }));
    cluster.put("/_security/user/bert", &json!({ "password": "secret1", "roles": ["theirs"], "full_name": "Bert" }));
    let taken = mesh.run(&["users", "add", "bert"], 2);
    assert!(taken.stderr.contains("cluster01 has a user bert that mesh did not make"), "{}", taken.stderr);
    let mut anna = cluster.get("/_security/user/anna")["anna"].clone();
    anna["full_name"] = json!("Anna");
    anna["enabled"] = json!(false);
    anna["roles"] = json!(["superuser"]);
    cluster.put("/_security/user/anna", &anna);
    let widened = json!({ "indices": [{ "names": ["*"], "privileges": ["all"] }], "metadata": { "mesh.id": "x" } });
    cluster.put("/_security/role/mesh_reader", &widened);
    mesh.run(&["status"], 1);
    mesh.run(&["create"], 0);
    let repaired = cluster.get("/_security/user/anna")["anna"].clone();
    assert_eq!((&repaired["roles"], &repaired["full_name"]), (&json!(["mesh_reader"]), &json!("Anna")));
    assert_eq!(repaired["enabled"], false, "who may not log in is not for mesh to let in");
    repaired["metadata"]["mesh.id"].as_str().expect("should still be the mesh's");
    let role = cluster.get("/_security/role/mesh_reader")["mesh_reader"].clone();
    assert_eq!(role["indices"][0]["privileges"], json!(["read", "view_index_metadata"]), "{role}");
    assert_eq!(cluster.get("/_security/user/bert")["bert"]["full_name"], "Bert");
    assert_eq!(as_user(mesh, 1, "bert:secret1", "GET", "/_security/_authenticate", None).status, 200);
    assert_eq!(cluster.get("/_security/role/theirs")["theirs"]["cluster"], json!(["monitor"]));
    cluster.send("PUT", "/_security/user/anna/_enable", None);
}

fn under_rotation(mesh: &Mesh) {
    let anna = login(mesh, "anna");
    let mut running = mesh.start(&["keys", "rotate", "--yes"]);
    let (begun, mut searches) = (Instant::now(), 0);
    loop {
        assert_eq!(found(mesh, 1, &anna, "mesh-*,cluster*:mesh-*"), 3, "search {searches}");
        searches += 1;
        if running.has_ended() {
            break;
        }
        assert!(begun.elapsed() < Duration::from_mins(2), "the rotation should end");
    }
    assert_eq!(running.end().exit, Some(0));
    assert!(searches > 3, "{searches} searches");
    println!("{searches} searches while keys were replaced, each found everything");
}

fn removed(mesh: &Mesh) {
    let (anna, carl) = (login(mesh, "anna"), login(mesh, "carl"));
    mesh.run(&["users", "rm", "anna"], 2);
    mesh.run(&["users", "rm", "anna", "--yes"], 0);
    assert_eq!(as_user(mesh, 1, &anna, "GET", "/", None).status, 401);
    // the record came back without the file, so carl is as if a command had added him
    let none = mesh.path("../none.yaml");
    fs::write(&none, "roles: {}\n").expect("should be writable");
    let orphan = mesh.run(&["create", "-f", &none.display().to_string(), "--yes"], 2);
    assert!(orphan.stderr.contains("carl has the role analyst, and there is no such role"), "{}", orphan.stderr);
    mesh.run(&["users", "rm", "carl", "--yes"], 0);
    let asks = mesh.run(&["create", "-f", &none.display().to_string()], 2);
    assert!(asks.stderr.contains("add `--yes` to agree"), "{}", asks.stderr);
    assert!(asks.stderr.contains("roles of cluster01: analyst would be removed"), "{}", asks.stderr);
    mesh.run(&["create", "-f", &none.display().to_string(), "--yes"], 0);
    assert_eq!(mesh.cluster(1).ask("GET", "/_security/role/analyst", None).status, 404);
    assert_eq!(as_user(mesh, 1, &carl, "GET", "/", None).status, 401);
    assert!(!mesh.read("credentials.txt").contains("user."));
}
