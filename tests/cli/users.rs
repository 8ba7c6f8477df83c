//! Users where no server is asked: names that are refused, and what is handed out of one.

use std::{fs, io::Write as _, process::Stdio};

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{fixture::Fixture, mesh, run, transcript};

/// A mesh with a user of cluster 2, and her password.
fn with_anna(port: u8) -> Fixture {
    let fixture = Fixture::new(port, "correct-horse");
    let mut mesh: Value = serde_json::from_str(include_str!("../fixtures/v2/whole/mesh.json")).unwrap();
    mesh["users"] = json!({ "anna": { "roles": ["mesh_reader"], "on": "2" }, "bert": { "roles": ["viewer"] } });
    fs::write(fixture.dir.path().join("mesh.json"), mesh.to_string()).unwrap();
    let credentials = fixture.dir.path().join("credentials.txt");
    let text = fs::read_to_string(&credentials).unwrap();
    fs::write(&credentials, format!("{text}user.anna=her-own-one\n")).unwrap();
    fixture
}

#[test]
fn a_user_has_a_login_and_an_environment_of_her_own() {
    let fixture = with_anna(29);
    let printed = |args: &[&str]| fixture.neutral(&transcript(&fixture.mesh(args).output().unwrap()));
    assert_snapshot!(printed(&["credentials", "anna"]), @r"
    exit 0
    USER  PASSWORD     FOR
    anna  her-own-one  mesh_reader on cluster02

    cluster02  https://localhost:9202  https://localhost:5602/cluster02

    authorities for clients and browsers: /mesh/ca.crt
    ");
    assert!(printed(&["credentials"]).contains("her-own-one"), "and among all");
    assert_snapshot!(printed(&["credentials", "carl"]), @r"
    exit 2
    error: the mesh has no user carl: its users are anna, bert

    hint: `mesh users ls` lists them, `mesh users add carl` adds one
    ");
    assert_snapshot!(printed(&["credentials", "bert"]), @r"
    exit 2
    error: no file holds a password of bert

    hint: `mesh users passwd bert` gives her another one
    ");
    let env = printed(&["env", "2", "--user", "anna", "--shell", "bash"]);
    assert!(env.contains("anna") && env.contains("her-own-one") && !env.contains("correct-horse"), "{env}");
    assert_snapshot!(printed(&["env", "1", "--user", "anna"]), @r"
    exit 2
    error: anna does not log in to cluster01

    hint: `mesh users ls` says where she does
    ");
    assert_snapshot!(printed(&["search", "mesh*", "--as", "carl"]), @r"
    exit 2
    error: the mesh has no user carl: its users are anna, bert

    hint: `mesh users ls` lists them, `mesh users add carl` adds one
    ");
    assert_snapshot!(printed(&["verify", "--as", "anna", "--on", "1"]), @r"
    exit 2
    error: anna logs in to none of these clusters

    hint: `mesh users ls` says where she does
    ");
}

#[test]
fn names_that_are_no_users_are_refused() {
    for (name, reason) in [("elastic", "reserved"), ("kibana_x", "reserved"), ("a b", "is not a name of a user")] {
        let output = run(&["users", "add", name]);
        assert!(output.starts_with("exit 2\n") && output.contains(reason), "{name}: {output}");
    }
    for args in [
        &["views", "create", "local-data-set", "x"][..],
        &["views", "create", "web", "a b"],
        &["verify", "--as", "anna", "--fix"],
    ] {
        assert!(run(args).starts_with("exit 2\n"), "{args:?}: {}", run(args));
    }
}

#[test]
fn a_password_on_stdin_is_one_line() {
    let refused = |given: &[u8]| {
        let mut command = mesh(&["users", "passwd", "anna", "--password-stdin"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(given).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let text = transcript(&output);
        assert!(!text.contains("hunter"), "{text}");
        text
    };
    assert_snapshot!(refused(b"hunter2\nhunter3\n"), @r"
    exit 2
    error: stdin has no usable password: it has several lines

    hint: one line of 6 characters or more, such as `printf %s PASSWORD | mesh users … --password-stdin`
    ");
    for wrong in [&b""[..], b"hunt", b" hunter2", b"hunter\xff\n", &b"hunter".repeat(400)] {
        refused(wrong);
    }
}
