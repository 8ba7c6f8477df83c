//! The mesh's own files are lost or damaged: `create` brings them back from what is there, and no data and no container
//! is touched for it.

use std::{fs, process::Command};

use serde_json::{Value, json};

use crate::support::{
    Parts,
    docker::{NETWORK, docker},
    links,
    mesh::{Mesh, SMALL},
    snapshot::Snapshot,
};

const USER: &str = "mesh-recovery";
/// Settings that are not the default, each of which something else than `mesh.json` tells.
const ASKED: [&str; 9] =
    ["2", "--san", "mesh.example", "--share", "logs-*", "--key-days", "40", "--settings", "node.attr.zone=a"];

#[test]
#[ignore = "needs root, Docker and the images of images/: run by scripts/test"]
fn lost_files_of_the_mesh_are_restored() {
    let parts = Parts::begin();
    let mesh = Mesh::new("recovery");
    mesh.create(&ASKED);
    (1..=2).for_each(|number| links::write_document(&mesh.cluster(number)));

    parts.part("mesh.json is lost: everybody says so, one step brings it back");
    let (before, record) = (Snapshot::of(&mesh), record(&mesh));
    remove(&mesh, "mesh.json");
    for command in [&["status"][..], &["manage", "stop", "1"], &["verify"], &["credentials"]] {
        let printed = mesh.run(command, 3).stderr;
        assert!(printed.contains("mesh.json is lost") && printed.contains("`mesh create` rebuilds it"), "{printed}");
    }
    let plan = mesh.run(&["create", "--dry-run"], 0).stdout;
    assert!(plan.contains("~ mesh.json, rebuilt from what is there") && plan.contains("\n1 step in"), "{plan}");
    mesh.run(&["create"], 0);
    assert_eq!(self::record(&mesh), record);
    before.containers_are_still(&mesh);

    parts.part("mesh.json is cut off: refused, and brought back when it is out of the way");
    a_damaged_record_is_refused(&mesh);
    assert_eq!(self::record(&mesh), record);
    before.containers_are_still(&mesh);

    parts.part("links that are not those of a whole mesh are rebuilt as they are");
    links_are_rebuilt(&mesh);
    assert_eq!(self::record(&mesh), record);
    before.containers_are_still(&mesh);

    parts.part("credentials.txt is lost: never silently, and the very passwords come back");
    let credentials = mesh.read("credentials.txt");
    remove(&mesh, "credentials.txt");
    for command in [&["create"][..], &["create", "--yes"], &["verify", "--fix"], &["manage", "restart", "1", "2"]] {
        let printed = mesh.run(command, 3).stderr;
        assert!(printed.contains("credentials.txt is lost") && printed.contains("--recover-credentials`"), "{printed}");
        assert!(!mesh.path("credentials.txt").exists());
    }
    mesh.run(&["create", "--recover-credentials"], 0);
    assert!(mesh.read("credentials.txt") == credentials, "the same passwords should be back");
    before.containers_are_still(&mesh);
    assert!(mesh.run(&["create", "--recover-credentials"], 0).stdout.contains("nothing to do"));

    parts.part("a password that no file holds, and no mesh.json either");
    set_by_hand(&mesh);
    remove(&mesh, "mesh.json");
    remove(&mesh, "credentials.txt");
    mesh.run(&["create", "--recover-credentials"], 0);
    no_superuser_is_left(&mesh);
    links::every_search_finds_all(&mesh, 2);
    before.containers_are_still(&mesh);

    parts.part("the same with the keystores gone, killed while the superuser is there");
    set_by_hand(&mesh);
    remove(&mesh, "credentials.txt");
    for number in 1..=2 {
        remove(&mesh, &format!("cluster0{number}/elastic/config/elasticsearch.keystore"));
    }
    let users = mesh.path("cluster01/elastic/config/users");
    fs::write(&users, "another:$2a$10$x\n").expect("should be writable");
    let killed = mesh
        .start(&["create", "--recover-credentials"])
        .kill_when("the superuser", || fs::read_to_string(&users).is_ok_and(|text| text.contains(USER)));
    assert_eq!(killed.exit, None, "{}", killed.stderr);
    let plan = mesh.run(&["create", "--dry-run"], 0).stdout;
    assert!(plan.contains("- superuser mesh-recovery of cluster01, left by an earlier run"), "{plan}");
    mesh.run(&["create", "--recover-credentials"], 0);
    no_superuser_is_left(&mesh);
    assert_eq!(fs::read_to_string(&users).expect("should be readable"), "another:$2a$10$x\n");
    links::every_search_finds_all(&mesh, 2);
    before.containers_are_still(&mesh);

    parts.part("passwords are edited: every server and every Kibana gets them");
    passwords_are_changed(&mesh);

    parts.part("Docker has nothing left and mesh.json is lost: no version is guessed, and the data is served again");
    let names = mesh.containers();
    docker(&[&["rm", "--force", "--volumes"], &names.iter().map(String::as_str).collect::<Vec<_>>()[..]].concat());
    docker(&["network", "rm", NETWORK]);
    remove(&mesh, "mesh.json");
    let seeds = [1, 2].map(|number| format!("cluster0{number}/seed-elastic.json"));
    let kept = seeds.each_ref().map(|seed| mesh.read(seed));
    for seed in &seeds {
        remove(&mesh, seed);
    }
    let printed = mesh.run(&["create"], 3).stderr;
    assert!(printed.contains("no container is left to tell which version"), "{printed}");
    // what the images brought is written down with their version
    for (seed, text) in seeds.iter().zip(kept) {
        fs::write(mesh.path(seed), text).expect("should be writable");
    }
    let other = mesh.run(&["create", "--stack-version", "8.19.21"], 2).stderr;
    assert!(other.contains("the mesh runs 9.5.3"), "{other}");
    mesh.run(&[&["create", "--no-kibana"], &SMALL[..]].concat(), 0);
    assert_eq!(self::record(&mesh)["subnet"], record["subnet"]);
    links::every_search_finds_all(&mesh, 2);
    // the keys are those of before, under an id that nothing tells any more
    for number in 1..=2 {
        let keys = mesh.cluster(number).get("/_security/api_key?active_only=true");
        assert_eq!(keys["api_keys"].as_array().map(Vec::len), Some(1), "{keys}");
    }

    parts.part("a reset without mesh.json takes the directory, too");
    remove(&mesh, "mesh.json");
    mesh.run(&["reset", "--yes"], 0);
    assert!(mesh.containers().is_empty() && !mesh.dir.exists());
    parts.part("done");
}

/// Until it is out of the way.
fn a_damaged_record_is_refused(mesh: &Mesh) {
    let text = mesh.read("mesh.json");
    fs::write(mesh.path("mesh.json"), &text[..text.len() / 2]).expect("should be writable");
    let printed = mesh.run(&["create"], 3).stderr;
    assert!(
        printed.contains("mesh.json is damaged") && printed.contains("mesh.json.broken`) and type `mesh create`"),
        "{printed}"
    );
    fs::rename(mesh.path("mesh.json"), mesh.path("mesh.json.broken")).expect("should be there");
    mesh.run(&["create"], 0);
    remove(mesh, "mesh.json.broken");
}

/// A hub that searches the other, rebuilt; then a whole mesh again.
fn links_are_rebuilt(mesh: &Mesh) {
    mesh.run(&["create", "--topology", "hub:1", "--yes"], 0);
    let of_hub = record(mesh);
    remove(mesh, "mesh.json");
    let plan = mesh.run(&["create", "--dry-run"], 0);
    assert!(plan.stdout.contains("\n1 step in"), "{plan:?}");
    assert!(plan.stderr.contains("the links are rebuilt one by one, as they are: 1 → 2;"), "{plan:?}");
    mesh.run(&["create"], 0);
    let rebuilt = record(mesh);
    assert_eq!(rebuilt["spec"]["topology"], json!([{ "from": "1", "to": "2" }]), "{rebuilt}");
    assert_eq!(rebuilt["clusters"], of_hub["clusters"]);
    mesh.run(&["create", "--topology", "all"], 0);
}

/// By whoever edits the file.
fn passwords_are_changed(mesh: &Mesh) {
    let edited = mesh.read("credentials.txt");
    let edited = edited.replace(&mesh.credential("elastic"), "of-my-own");
    // a token that is taken out is made anew
    let (kept, token) = (mesh.credential("kibana_token.cluster01"), mesh.credential("kibana_token.cluster02"));
    let edited = edited.replace(&format!("kibana_token.cluster02={token}\n"), "");
    fs::write(mesh.path("credentials.txt"), edited).expect("should be writable");
    let printed = mesh.run(&["create"], 1).stderr;
    assert!(printed.contains("--recover-credentials`"), "{printed}");
    mesh.run(&["create", "--recover-credentials"], 0);
    no_superuser_is_left(mesh);
    links::every_search_finds_all(mesh, 2);
    assert_eq!(mesh.credential("kibana_token.cluster01"), kept);
    assert_ne!(mesh.credential("kibana_token.cluster02"), token);
    mesh.run(&["status"], 0);
}

fn record(mesh: &Mesh) -> Value {
    serde_json::from_str(&mesh.read("mesh.json")).expect("should be JSON")
}

fn remove(mesh: &Mesh, name: &str) {
    fs::remove_file(mesh.path(name)).expect("should be there");
}

/// Gives `elastic` passwords that are written nowhere.
fn set_by_hand(mesh: &Mesh) {
    for number in 1..=2 {
        let password = json!({ "password": "written-down-nowhere" });
        mesh.cluster(number).post("/_security/user/elastic/_password", &password);
    }
}

fn no_superuser_is_left(mesh: &Mesh) {
    let found = Command::new("grep").args(["-rl", USER]).arg(&mesh.dir).output().expect("grep should be there");
    assert_eq!(String::from_utf8_lossy(&found.stdout), "", "{USER} should be gone");
    for number in 1..=2 {
        let user = mesh.cluster(number).get("/_security/_authenticate");
        assert_eq!((&user["username"], &user["authentication_realm"]["type"]), (&json!("elastic"), &json!("reserved")));
    }
}
