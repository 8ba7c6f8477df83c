//! Guests: invitations are made through kills, revoked, outlive the record, and hold up the replacement of authorities.

use std::{fs, os::unix::fs::PermissionsExt as _, process::Command};

use serde_json::{Value, json};

use crate::support::{Parts, docker::docker, interrupted::is_killed, mesh::Mesh};

const BERLIN: [&str; 3] = ["invites", "create", "berlin"];

#[test]
#[ignore = "needs root, Docker and the images of images/: run by scripts/test"]
fn guests_are_invited_and_revoked() {
    let parts = Parts::begin();
    let mesh = Mesh::new("guests");
    let address = bridge();
    mesh.create(&["2", "--no-kibana", "--advertise", &address]);

    parts.part("one port of each cluster, and nothing else, is on the advertised address");
    let published = docker(&["ps", "--format", "{{.Ports}}"]);
    for number in 1..=2 {
        assert!(published.contains(&format!("{address}:940{number}->9443/tcp")), "{published}");
    }
    assert_eq!(published.matches(&address).count(), 2, "{published}");

    parts.part("killed when the guest is recorded, and when there is a key, and the same again");
    // the record of the guest is a step of the first alone
    for name in ["1", "2"] {
        let into = file(&mesh, name);
        let command = [&["-v"], &BERLIN[..], &["--into", &into]].concat();
        is_killed(&mesh.start(&command).kill_after_steps(1));
        if !mesh.path(&format!("../{name}.json")).exists() {
            mesh.run(&command, 0);
        }
        let made = invitation(&mesh, name);
        assert_eq!(made["clusters"].as_array().map(Vec::len), Some(2), "it is whole");
    }
    assert!(guest(&mesh)["old_keys"].as_u64() >= Some(3), "{}", guest(&mesh));
    no_key_is_printed(&mesh, "2");

    parts.part("an invitation that cannot be written leaves no key, and the one before it stays in force");
    let keys = || (guest(&mesh)["made"].clone(), guest(&mesh)["old_keys"].clone());
    let before = keys();
    // no file can be made there, not by root either, and only the attempt says so
    let failed = mesh.run(&[&BERLIN[..], &["--into", "/proc/berlin.json"]].concat(), 2);
    assert!(failed.stderr.contains("no one has this invitation: 2 API keys"), "{}", failed.stderr);
    assert_eq!(keys(), before);

    parts.part("earlier invitations are revoked, and the last one is not");
    let revoked = mesh.run(&["invites", "revoke", "berlin", "--old", "--yes"], 0);
    assert!(revoked.stderr.contains("the keys of the last invitation stay"), "{}", revoked.stderr);
    assert_eq!((&guest(&mesh)["old_keys"], &guest(&mesh)["state"]), (&0.into(), &"good".into()), "{}", guest(&mesh));
    let last = invitation(&mesh, "2");
    for number in 1..=2_u8 {
        let keys = mesh.cluster(number).get("/_security/api_key?name=guest-*&active_only=true");
        let ids: Vec<&Value> = keys["api_keys"].as_array().into_iter().flatten().map(|key| &key["id"]).collect();
        assert_eq!(ids, [&last["clusters"][usize::from(number) - 1]["key_id"]]);
    }

    parts.part("the record is lost, and has the guest again");
    let known = || {
        let record: Value = serde_json::from_str(&mesh.read("mesh.json")).expect("should be JSON");
        (record["guests"].clone(), record["spec"]["advertise"].clone())
    };
    let before = known();
    fs::remove_file(mesh.path("mesh.json")).expect("should be there");
    mesh.run(&["create"], 0);
    assert_eq!(known(), before);

    parts.part("an authority waits until guests have joined by an invitation with the next one");
    authorities_wait(&mesh);

    parts.part("a plan says which guests lose their way");
    guests_are_warned_of(&mesh);

    parts.part("what cannot be asked is left for the next run");
    mesh.run(&["manage", "stop", "2"], 0);
    let left = mesh.run(&["invites", "revoke", "berlin", "--yes"], 4);
    assert!(left.stderr.contains("cluster02"), "{}", left.stderr);
    mesh.run(&["manage", "start", "2"], 0);
    mesh.run(&["invites", "revoke", "berlin", "--yes"], 0);
    assert_eq!(guests(&mesh), Vec::<Value>::new());
    assert!(!mesh.read("mesh.json").contains("berlin"));
    parts.part("done");
}

/// The address of Docker's own bridge: every machine with an engine has one, and nothing else is published there.
fn bridge() -> String {
    let output = Command::new("ip").args(["-4", "-br", "address", "show", "docker0"]).output().expect("should run");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let address = text.split_whitespace().nth(2).and_then(|network| network.split_once('/'));
    address.unwrap_or_else(|| panic!("docker0 should have an address: {text}")).0.to_owned()
}

/// Beside the mesh's directory, which `mesh` keeps for itself.
fn file(mesh: &Mesh, name: &str) -> String {
    mesh.path(&format!("../{name}.json")).display().to_string()
}

fn invitation(mesh: &Mesh, name: &str) -> Value {
    let path = file(mesh, name);
    let mode = fs::metadata(&path).expect("should be written").permissions().mode();
    assert_eq!(mode & 0o7777, 0o600, "{path}");
    serde_json::from_str(&fs::read_to_string(path).expect("should be text")).expect("should be JSON")
}

fn guests(mesh: &Mesh) -> Vec<Value> {
    let run = mesh.run(&["invites", "ls", "-o", "json"], 0);
    let list: Value = serde_json::from_str(&run.stdout).expect("should be JSON");
    list["guests"].as_array().cloned().unwrap_or_default()
}

fn guest(mesh: &Mesh) -> Value {
    guests(mesh).pop().unwrap_or_default()
}

fn no_key_is_printed(mesh: &Mesh, name: &str) {
    let made = invitation(mesh, name);
    for cluster in 0..2 {
        let key = made["clusters"][cluster]["encoded"].as_str().expect("should have a key");
        assert!(!mesh.printed().contains(key), "a key was printed");
    }
}

fn authorities_wait(mesh: &Mesh) {
    let authority = || mesh.read("cluster01/certs/ca.crt");
    let before = authority();
    mesh.run(&["certs", "rotate", "--ca", "--peers-joined", "--yes"], 1);
    let prepared = mesh.run(&["certs", "rotate", "--ca"], 0);
    assert!(prepared.stderr.contains("berlin knows the old authorities only"), "{}", prepared.stderr);
    assert!(mesh.run(&["create", "--dry-run"], 0).stdout.contains("nothing to do"));
    assert_eq!(authority(), before);
    mesh.run(&[&BERLIN[..], &["--into", &file(mesh, "both")]].concat(), 0);
    let both = invitation(mesh, "both");
    mesh.run(&["certs", "rotate", "--ca", "--peers-joined", "--yes"], 0);
    let trusted = both["clusters"][0]["authorities"].as_str().unwrap_or_default();
    let after = authority();
    assert!(after != before && trusted.contains(after.trim()), "the invitation has the one in force");
    // as after a run that was killed at its very end
    let again = mesh.run(&["certs", "rotate", "--ca", "--peers-joined", "--yes"], 0);
    assert!(again.stdout.contains("nothing to do"), "{}", again.stdout);
    assert_eq!(authority(), after);
    let listed = mesh.run(&["certs", "ls", "-o", "json"], 0);
    let listed: Value = serde_json::from_str(&listed.stdout).expect("should be JSON");
    assert_eq!(listed["certificates"][0]["guests"], json!({ "berlin": true }), "{listed}");

    // `create` replaces none that guests trust
    let (key, kept) = (mesh.path("cluster01/certs/ca.key"), mesh.path("../ca.key"));
    fs::rename(&key, &kept).expect("should be there");
    let refused = mesh.run(&["create"], 1).stderr;
    assert!(refused.contains("has lost its key") && refused.contains("mesh certs rotate --ca 1"), "{refused}");
    assert_eq!(authority(), after);
    let replaced = mesh.run(&["certs", "rotate", "--ca", "1", "--yes"], 0);
    assert!(replaced.stderr.contains("berlin trusts an authority that is gone"), "{}", replaced.stderr);
    assert!(authority() != after);
    fs::remove_file(kept).expect("should be ours");
    mesh.run(&[&BERLIN[..], &["--into", &file(mesh, "again")]].concat(), 0);
    mesh.run(&["verify"], 0);
}

/// Guests reach a cluster by the address that their invitation has.
fn guests_are_warned_of(mesh: &Mesh) {
    let warned = mesh.run(&["create", "--reset", "--dry-run"], 0).stderr;
    assert!(warned.contains("the guest berlin can no longer search cluster01 cluster02"), "{warned}");
    let warned = mesh.run(&["create", "--no-advertise", "--dry-run"], 0).stderr;
    assert!(warned.contains("the guest berlin loses its way to clusters 1-2: it is not advertised"), "{warned}");
    let warned = mesh.run(&["create", "--advertise", "192.0.2.99", "--advertise-bind", "127.0.0.1", "--dry-run"], 0);
    assert!(warned.stderr.contains("it is advertised by another address"), "{}", warned.stderr);
}
