//! Output that cannot be written: an error on stdout, none on stderr, and nothing at all where the reader went away.

use std::{
    fs::{File, OpenOptions},
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use crate::{fixture::Fixture, transcript};

fn full() -> File {
    OpenOptions::new().write(true).open("/dev/full").unwrap()
}

/// Commands that end with 0 and print something, without a server to ask.
const QUIET: [&[&str]; 8] = [
    &["--help"],
    &["--version"],
    &["create", "--help"],
    &["credentials", "-o", "json"],
    &["env", "1", "--shell", "bash"],
    &["config"],
    &["config", "--schema"],
    &["completions", "bash"],
];

#[test]
fn what_cannot_be_written_to_stdout_is_an_error() {
    let fixture = Fixture::new(32, "password");
    let server = fixture.serve(1, &[(200, "{}"), (200, "{}"), (404, "{}")]);
    for arguments in QUIET.into_iter().chain([&["es", "1", "GET", "/"][..]]) {
        let printed = transcript(&fixture.mesh(arguments).stdout(full()).output().unwrap());
        let lost = "cannot write to stdout: the result is lost";
        if arguments.contains(&"json") {
            let error: Value = serde_json::from_str(printed.strip_prefix("exit 3\n").unwrap()).unwrap();
            assert_eq!((&error["error"], &error["causes"][0]), (&json!(lost), &json!("no space left on device")));
        } else {
            let wanted = format!("exit 3\nerror: {lost}\n  caused by: no space left on device");
            assert_eq!(printed, wanted, "{arguments:?}");
        }
    }
    let search = fixture.mesh(&["search", "mesh-*", "--from", "1", "-o", "json"]).stdout(full()).output().unwrap();
    let printed = transcript(&search);
    assert!(printed.starts_with("exit 3\n") && printed.contains("\"cannot write to stdout"), "{printed}");
    // an error is printed nevertheless
    let printed = transcript(&fixture.mesh(&["es", "1", "GET", "/nope"]).stdout(full()).output().unwrap());
    assert!(printed.starts_with("exit 3\n") && printed.contains("error: cannot write to stdout"), "{printed}");
    assert!(printed.contains("with status 404"), "{printed}");
    server.join().unwrap();
}

/// Which the standard library takes for one that swallows everything.
#[test]
fn a_stdout_that_is_only_for_reading_is_an_error() {
    let fixture = Fixture::new(33, "password");
    for arguments in QUIET {
        let output = fixture.mesh(arguments).stdout(File::open("/dev/null").unwrap()).output().unwrap();
        let printed = transcript(&output);
        assert!(printed.starts_with("exit 3\n") && printed.contains("bad file descriptor"), "{arguments:?}: {printed}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let fixture = Fixture::new(34, "password");
    for arguments in QUIET {
        let mut child = fixture.mesh(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let printed = transcript(&child.wait_with_output().unwrap());
        assert_eq!(printed, "exit 0\n", "{arguments:?}");
    }
}

#[test]
fn stderr_that_cannot_be_written_changes_nothing() {
    let fixture = Fixture::new(35, "password");
    let server = fixture.serve(1, &[(200, "{}")]);
    let output = fixture.mesh(&["-vvv", "es", "1", "GET", "/"]).stderr(full()).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), &b"{}"[..]));
    server.join().unwrap();
    for (arguments, exit) in [(&["create", "--nonsense"][..], 2), (&["es", "1", "GET", ".."], 2), (&["logs", "9"], 2)] {
        assert_eq!(fixture.mesh(arguments).stderr(full()).output().unwrap().status.code(), Some(exit), "{arguments:?}");
    }
}

#[test]
fn too_few_open_files_are_named() {
    let fixture = Fixture::new(36, "password");
    for limit in [7, 8, 9, 12, 20, 63] {
        let line = format!("ulimit -n {limit}; exec \"$0\" \"$@\"");
        let mut command = Command::new("sh");
        command.args(["-c", &line, env!("CARGO_BIN_EXE_mesh"), "es", "1", "GET", "/"]);
        let printed = transcript(&command.env("MESH_DIR", fixture.dir.path()).output().unwrap());
        let wanted =
            format!("exit 3\nerror: too many open files: `ulimit -n` allows {limit}\n\nhint: type `ulimit -n 4096`");
        assert!(printed.starts_with(&wanted), "{printed}");
    }
}

/// The lower limit of a shell is raised where the higher one allows it.
#[test]
fn a_low_limit_of_open_files_is_raised() {
    let printed = transcript(
        &Command::new("sh")
            .args(["-c", "ulimit -Sn 8; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_mesh"), "config", "-o", "json"])
            .output()
            .unwrap(),
    );
    assert!(printed.starts_with("exit 0\n"), "{printed}");
}
