//! Signals before a run has begun a step: it ends as one that was interrupted, and says so. Dry runs take no lock, so
//! that no other test finds it held.

use std::{
    fs,
    os::unix::{fs::OpenOptionsExt as _, net::UnixListener},
    process::{Command, Output, Stdio},
    thread::sleep,
    time::Duration,
};

use nix::fcntl::OFlag;

use crate::{mesh, transcript};

/// Sends a run a signal as soon as `ready` has something, and waits for its end.
fn signaled<T>(mut command: Command, signal: &str, mut ready: impl FnMut() -> Option<T>) -> Output {
    let mut run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let _held = loop {
        if let Some(held) = ready() {
            break held;
        }
        assert_eq!(run.try_wait().unwrap(), None, "it should wait");
        sleep(Duration::from_millis(5));
    };
    assert!(Command::new("kill").args([signal, &run.id().to_string()]).status().unwrap().success());
    run.wait_with_output().unwrap()
}

/// A signal to a run that waits for an engine that takes its connection and never says a word.
fn signaled_at_engine(arguments: &[&str], signal: &str) -> Output {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("docker.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    listener.set_nonblocking(true).unwrap();
    let mut command = mesh(arguments);
    command.env("DOCKER_HOST", format!("unix://{}", socket.display())).env("MESH_DIR", dir.path().join("mesh"));
    signaled(command, signal, || listener.accept().ok())
}

#[test]
fn a_run_that_looks_ends_at_once() {
    for command in [&["create", "2", "--dry-run"][..], &["reset", "--dry-run"], &["doctor"]] {
        for signal in ["-INT", "-TERM", "-QUIT"] {
            let printed = transcript(&signaled_at_engine(command, signal));
            assert!(printed.starts_with("exit 4\nerror: interrupted"), "{command:?} {signal}: {printed}");
        }
    }
}

#[test]
fn a_run_that_waits_for_its_settings_ends_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("mesh.yaml");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let command = mesh(&["create", "2", "--dry-run", "-f", pipe.to_str().unwrap()]);
    // it can be opened once the run has opened it to read
    let open = || fs::OpenOptions::new().write(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(&pipe).ok();
    let printed = transcript(&signaled(command, "-INT", open));
    assert!(printed.starts_with("exit 4\nerror: interrupted"), "{printed}");
}

/// Whoever started it sees what ended it, as with any program that only reads.
#[test]
fn a_command_that_only_reads_is_ended_by_the_signal() {
    let output = signaled_at_engine(&["status"], "-TERM");
    assert_eq!(output.status.code(), None, "{}", transcript(&output));
}

#[test]
fn a_signal_that_comes_before_anything_else_is_not_lost() {
    let run = "kill -INT $$; exec \"$0\" create 2 --dry-run";
    let output = Command::new("env")
        .args(["--block-signal=INT", "sh", "-c", run, env!("CARGO_BIN_EXE_mesh")])
        .env("HOME", "/nonexistent")
        .env("MESH_DIR", "/nonexistent/mesh")
        .env("DOCKER_HOST", "unix:///nonexistent/docker.sock")
        .output()
        .unwrap();
    let printed = transcript(&output);
    assert!(printed.starts_with("exit 4\nerror: interrupted"), "{printed}");
}
