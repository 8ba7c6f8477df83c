//! Meshes with names: which mesh a command is about, and what it refuses.

use std::fs;

use crate::{mesh, transcript};

/// `mesh` with a home of its own and neither variable.
fn at_home(home: &std::path::Path, arguments: &[&str]) -> std::process::Command {
    let mut command = mesh(arguments);
    command.env_remove("MESH_DIR").env("HOME", home);
    command
}

fn shown(command: &mut std::process::Command, home: &std::path::Path) -> String {
    transcript(&command.output().unwrap()).replace(home.to_str().unwrap(), "/home")
}

/// A record as far as a command reads it that needs no engine.
fn record(dir: &std::path::Path, name: &str) {
    let text = serde_json::json!({
        "format": 2, "id": "0123456789abcdef", "name": name, "spec": {}, "subnet": "10.213.0.0/24", "ports": "20000-29999",
        "owner": { "uid": 999, "gid": 0 }, "host_name": "vm",
        "clusters": { "cluster01": { "version": "9.5.3", "nodes": { "1": {
            "address": "10.213.0.11", "ports": { "rest": 20000, "transport": 20001, "remote": 20002 }
        } } } }
    });
    fs::create_dir_all(dir).unwrap();
    fs::write(dir.join("mesh.json"), text.to_string()).unwrap();
}

#[test]
fn a_name_that_is_none_is_refused() {
    let home = tempfile::tempdir().unwrap();
    insta::assert_snapshot!(shown(&mut at_home(home.path(), &["--name", "cluster01", "status"]), home.path()), @r"
    exit 2
    error: invalid value 'cluster01' for '--name <NAME>': `cluster01` is not a name of a mesh such as `ci42`: clusters are named like this

    For more information, try '--help'.
    ");
}

#[test]
fn a_directory_and_a_name_have_to_be_of_one_mesh() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("x");
    record(&dir, "ci42");
    let dir = dir.to_str().unwrap();
    let printed = shown(&mut at_home(home.path(), &["--dir", dir, "reset", "--name", "other"]), home.path());
    assert!(printed.starts_with("exit 2\nerror: the mesh in /home/x is called ci42, and not other"), "{printed}");
    assert!(printed.contains("`mesh reset --name other`"), "{printed}");
    // the directory that was typed comes before the variable, and the name that was typed before the other's
    for arguments in [&["--dir", dir, "config"][..], &["--dir", dir, "--name", "ci42", "config"]] {
        let output = at_home(home.path(), arguments).env("MESH_NAME", "ci42").output().unwrap();
        assert!(String::from_utf8_lossy(&output.stdout).contains("ci42"), "{}", transcript(&output));
    }
    let output = at_home(home.path(), &["--dir", dir, "config"]).env("MESH_NAME", "other").output();
    assert!(output.unwrap().status.success(), "a flag comes before a variable");
    let output = at_home(home.path(), &["--name", "other", "config"]).env("MESH_DIR", dir).output().unwrap();
    assert!(output.status.success(), "{}", transcript(&output));
}

#[test]
fn a_settings_file_leads_to_no_other_mesh() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("mesh.yaml");
    fs::write(&file, "name: ci42\nclusters: 2\n").unwrap();
    let file = file.to_str().unwrap();
    insta::assert_snapshot!(shown(&mut at_home(home.path(), &["create", "-f", file, "--reset"]), home.path()), @r"
    exit 2
    error: the settings are for the mesh ci42, and this is the one without a name

    hint: `mesh create -f /home/mesh.yaml --reset --name ci42`, or take `name` out of the settings
    ");
    let output = at_home(home.path(), &["--name", "ci42", "config", "-f", file]).output().unwrap();
    assert!(output.status.success(), "{}", transcript(&output));
}

#[test]
fn a_named_mesh_lives_beside_the_one_without() {
    let home = tempfile::tempdir().unwrap();
    let printed = shown(&mut at_home(home.path(), &["--name", "ci42", "credentials"]), home.path());
    assert!(printed.contains("mesh-ci42") && printed.contains("`mesh create 2 --name ci42`"), "{printed}");
}

/// As a job of CI sets them whose input was left out.
#[test]
fn empty_variables_name_no_mesh() {
    let home = tempfile::tempdir().unwrap();
    let output = at_home(home.path(), &["config"]).env("MESH_DIR", "").env("MESH_NAME", "").output().unwrap();
    assert!(output.status.success(), "{}", transcript(&output));
}
