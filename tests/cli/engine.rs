//! An engine that is elsewhere, stopped or out of reach.

use std::{
    fs,
    os::unix::{fs::PermissionsExt as _, net::UnixListener, process::CommandExt as _},
    process::Command,
};

use crate::{mesh, run, transcript};

#[test]
fn an_engine_that_is_somewhere_else() {
    for host in ["tcp://10.0.0.1:2375", "ssh://vm"] {
        let told = transcript(&mesh(&["create", "2", "--dry-run"]).env("DOCKER_HOST", host).output().unwrap());
        assert!(told.starts_with(&format!("exit 3\nerror: `DOCKER_HOST` names `{host}`")), "{told}");
        assert!(told.contains("hint: the mesh's files have to be on Docker's machine"), "{told}");
    }
}

#[test]
fn an_engine_that_does_not_run() {
    let told = run(&["create", "2", "--dry-run"]);
    assert!(told.starts_with("exit 3\nerror: Docker is not "), "{told}");
    assert!(told.contains("/nonexistent/docker.sock") && told.contains("hint: "), "{told}");

    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("docker.sock");
    drop(UnixListener::bind(&socket).unwrap());
    let host = format!("unix://{}", socket.display());
    let told = transcript(&mesh(&["create", "2", "--dry-run"]).env("DOCKER_HOST", host).output().unwrap());
    assert!(told.starts_with("exit 3\nerror: Docker is not running: nothing listens on "), "{told}");
    assert!(told.contains("hint: start it with `systemctl start docker`"), "{told}");
}

#[test]
fn an_engine_that_hangs() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("docker.sock");
    let _listener = UnixListener::bind(&socket).unwrap();
    let host = format!("unix://{}", socket.display());
    let told = transcript(&mesh(&["status"]).env("DOCKER_HOST", host).output().unwrap());
    assert!(told.starts_with("exit 3\nerror: Docker did not answer within 10 seconds"), "{told}");
    assert!(told.contains("hint: see what keeps it with `journalctl -u docker`"), "{told}");
}

/// Needs root, to become somebody else; anybody else is somebody else already.
#[test]
fn an_engine_that_this_user_may_not_use() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("docker.sock");
    let _listener = UnixListener::bind(&socket).unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o600)).unwrap();
    // where the binary is built others may not look
    let binary = dir.path().join("mesh");
    // by a program of its own: a child of another test must not inherit the open file ("text file busy")
    assert!(Command::new("cp").arg(env!("CARGO_BIN_EXE_mesh")).arg(&binary).status().unwrap().success());
    let mut command = Command::new(&binary);
    command.args(["create", "2", "--dry-run"]).env_clear().env("HOME", dir.path());
    command.env("DOCKER_HOST", format!("unix://{}", socket.display()));
    if is_root() {
        command.uid(65534).gid(65534);
    } else {
        fs::set_permissions(&socket, fs::Permissions::from_mode(0o000)).unwrap();
    }
    let told = transcript(&command.output().unwrap());
    assert!(told.starts_with("exit 3\nerror: this user may not use Docker's socket "), "{told}");
    assert!(told.contains("hint: run `mesh` as root, or join the group"), "{told}");
}

fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    status.lines().any(|line| line.starts_with("Uid:\t0\t"))
}
