//! An engine that is elsewhere, stopped or out of reach.

use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::{fs::PermissionsExt as _, net::UnixListener, process::CommandExt as _},
    path::Path,
    process::Command,
    thread,
};

use crate::{mesh, run, transcript};

#[test]
fn an_engine_that_is_somewhere_else() {
    for host in ["tcp://10.0.0.1:2375", "ssh://vm"] {
        let printed = transcript(&mesh(&["create", "2", "--dry-run"]).env("DOCKER_HOST", host).output().unwrap());
        assert!(printed.starts_with(&format!("exit 3\nerror: `DOCKER_HOST` names `{host}`")), "{printed}");
        assert!(printed.contains("hint: the mesh's files have to be on Docker's machine"), "{printed}");
    }
}

/// `mesh status` with a Docker configuration of its own, whose current context has this name and host.
fn with_context(current: &str, host: &str, variables: &[(&str, &str)]) -> String {
    let dir = tempfile::tempdir().unwrap();
    // `printf vm | sha256sum`
    let meta = dir.path().join("contexts/meta/5bce98f73f3ed0c837f2729ed9509b38ea66a156db7f653356cb6fe37b366e85");
    fs::create_dir_all(&meta).unwrap();
    fs::write(dir.path().join("config.json"), format!(r#"{{"currentContext": "{current}"}}"#)).unwrap();
    let endpoints = format!(r#"{{"docker": {{"Host": "{host}"}}}}"#);
    fs::write(meta.join("meta.json"), format!(r#"{{"Name": "vm", "Endpoints": {endpoints}}}"#)).unwrap();
    let mut command = mesh(&["status"]);
    command.env_remove("DOCKER_HOST").env("DOCKER_CONFIG", dir.path()).envs(variables.iter().copied());
    transcript(&command.output().unwrap())
}

#[test]
fn an_engine_of_a_context() {
    let printed = with_context("vm", "unix:///nonexistent/vm.sock", &[]);
    assert!(
        printed.starts_with("exit 3\nerror: Docker is not ") && printed.contains("/nonexistent/vm.sock"),
        "{printed}"
    );
    let printed = with_context("gone", "unix:///nonexistent/vm.sock", &[("DOCKER_CONTEXT", "vm")]);
    assert!(printed.contains("/nonexistent/vm.sock"), "{printed}");
    let printed = with_context("vm", "ssh://vm", &[("DOCKER_HOST", "unix:///nonexistent/host.sock")]);
    assert!(printed.contains("/nonexistent/host.sock"), "{printed}");

    let printed = with_context("vm", "ssh://vm", &[]);
    assert!(
        printed.starts_with("exit 3\nerror: the current Docker context `vm` names `ssh://vm`, another machine"),
        "{printed}"
    );
    assert!(printed.contains("`export DOCKER_CONTEXT=default` to use the local engine"), "{printed}");
    let printed = with_context("", "", &[("DOCKER_CONTEXT", "gone")]);
    assert!(
        printed.starts_with("exit 3\nerror: the Docker context `gone` of `DOCKER_CONTEXT` does not exist"),
        "{printed}"
    );
}

/// An engine at `socket` that answers these paths, and any other with an answer that does not end.
fn endless(socket: &Path, known: &'static [(&str, &str)]) {
    let listener = UnixListener::bind(socket).unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().map(Result::unwrap) {
            thread::spawn(move || {
                let mut request = [0; 4096];
                let length = stream.read(&mut request).unwrap();
                let request = String::from_utf8_lossy(&request[..length]).into_owned();
                let path = request.split(' ').nth(1).unwrap_or_default();
                let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
                if let Some((_, body)) = known.iter().find(|(known, _)| path.ends_with(known)) {
                    let length = body.len();
                    let _ = write!(stream, "{head}content-length: {length}\r\nconnection: close\r\n\r\n{body}");
                    return;
                }
                let _ = write!(stream, "{head}transfer-encoding: chunked\r\n\r\n");
                let chunk = format!("100000\r\n{}\r\n", "[".repeat(1 << 20));
                while stream.write_all(chunk.as_bytes()).is_ok() {}
            });
        }
    });
}

/// In 1 GiB of address space: a program that kept every answer would be killed long before.
#[test]
fn an_engine_that_answers_without_end() {
    let known: [&'static [(&str, &str)]; 2] = [
        &[],
        &[("/version", r#"{"ApiVersion": "1.41"}"#), ("/info", r#"{"ID": "x", "DockerRootDir": "/var/lib/docker"}"#)],
    ];
    for (known, action) in known.into_iter().zip(["answer on ", "list "]) {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("docker.sock");
        endless(&socket, known);
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -v 1048576; exec \"$0\" create 2 --dry-run", env!("CARGO_BIN_EXE_mesh")]);
        command.env_clear().env("MESH_DIR", dir.path().join("mesh")).env("HOME", "/nonexistent");
        command.env("DOCKER_HOST", format!("unix://{}", socket.display()));
        let printed = transcript(&command.output().unwrap());
        assert!(printed.starts_with(&format!("exit 3\nerror: Docker could not {action}")), "{printed}");
        assert!(printed.contains(": its answer is longer than 64 MiB") && printed.contains("hint: "), "{printed}");
    }
}

/// As the package `podman-docker` has it on the socket of Docker.
#[test]
fn an_engine_that_is_podman() {
    const VERSION: &str = r#"{"ApiVersion": "1.41", "Components": [{"Name": "Podman Engine", "Version": "5.4.0"}]}"#;
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("docker.sock");
    endless(&socket, &[("/version", VERSION), ("/info", r#"{"ID": "x"}"#)]);
    let host = format!("unix://{}", socket.display());
    let printed = transcript(&mesh(&["create", "2", "--dry-run"]).env("DOCKER_HOST", host).output().unwrap());
    assert!(printed.starts_with("exit 3\nerror: Podman answers on "), "{printed}");
    assert!(printed.contains("hint: use Docker's engine: `unset DOCKER_HOST`"), "{printed}");
}

#[test]
fn an_engine_that_does_not_run() {
    let printed = run(&["create", "2", "--dry-run"]);
    assert!(printed.starts_with("exit 3\nerror: Docker is not "), "{printed}");
    assert!(printed.contains("/nonexistent/docker.sock") && printed.contains("hint: "), "{printed}");

    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("docker.sock");
    drop(UnixListener::bind(&socket).unwrap());
    let host = format!("unix://{}", socket.display());
    let printed = transcript(&mesh(&["create", "2", "--dry-run"]).env("DOCKER_HOST", host).output().unwrap());
    assert!(printed.starts_with("exit 3\nerror: Docker is not running: nothing listens on "), "{printed}");
    assert!(printed.contains("hint: start it with `systemctl start docker`"), "{printed}");
}

#[test]
fn an_engine_that_hangs() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("docker.sock");
    let _listener = UnixListener::bind(&socket).unwrap();
    let host = format!("unix://{}", socket.display());
    let printed = transcript(&mesh(&["status"]).env("DOCKER_HOST", host).output().unwrap());
    assert!(printed.starts_with("exit 3\nerror: Docker did not answer within 10 seconds"), "{printed}");
    assert!(printed.contains("hint: see what keeps it with `journalctl -u docker`"), "{printed}");
}

/// Needs root, to become another user; any other user is one already.
#[test]
fn an_engine_that_this_user_may_not_use() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("docker.sock");
    let _listener = UnixListener::bind(&socket).unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o600)).unwrap();
    let mut command = as_another_user(dir.path());
    command.args(["create", "2", "--dry-run"]).env("HOME", dir.path());
    command.env("DOCKER_HOST", format!("unix://{}", socket.display()));
    if !is_root() {
        fs::set_permissions(&socket, fs::Permissions::from_mode(0o000)).unwrap();
    }
    let printed = transcript(&command.output().unwrap());
    assert!(printed.starts_with("exit 3\nerror: this user may not use Docker's socket "), "{printed}");
    assert!(printed.contains("hint: run `mesh` as root, or join the group"), "{printed}");
}

/// `mesh` without any variable, run by a user who is not root, for whom `dir` is readable.
fn as_another_user(dir: &Path) -> Command {
    // where the binary is built others may not look
    let binary = dir.join("mesh");
    // by a program of its own: a child of another test must not inherit the open file ("text file busy")
    assert!(Command::new("cp").arg(env!("CARGO_BIN_EXE_mesh")).arg(&binary).status().unwrap().success());
    let mut command = Command::new(&binary);
    command.env_clear();
    if is_root() {
        command.uid(65534).gid(65534);
    }
    command
}

/// As a container or a service may run it.
#[test]
fn only_a_command_about_a_mesh_needs_a_home_directory() {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let printed = |args: &[&str]| {
        let mut command = as_another_user(dir.path());
        command.args(args).current_dir(dir.path()).env("DOCKER_HOST", "unix:///nonexistent/docker.sock");
        transcript(&command.output().unwrap())
    };
    let homeless = "exit 2\nerror: there is no home directory to keep the mesh in";
    for args in [&["status"][..], &["bundle", "save", "--into", "x.tar"]] {
        assert!(printed(args).starts_with(homeless), "{}", printed(args));
    }
    for (args, start) in [
        (&["completions", "bash"][..], "exit 0\n"),
        (&["man", "--into", "pages"], "exit 0\n"),
        (&["bundle", "load", "x.tar"], "exit 2\nerror: there is no file at x.tar"),
        (&["bundle", "save", "--images", "nginx:1", "--into", "x.tar"], "exit 3\nerror: Docker is not "),
        // before an image is pulled for it
        (
            &["bundle", "save", "--images", "nginx:1", "--into", "/proc/x.tar"],
            "exit 2\nerror: cannot write /proc/x.tar: ",
        ),
    ] {
        assert!(printed(args).starts_with(start), "{}", printed(args));
    }
}

fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    status.lines().any(|line| line.starts_with("Uid:\t0\t"))
}
