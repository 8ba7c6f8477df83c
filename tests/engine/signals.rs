//! Signals that end a run: it ends with 4 and names the command to type, unless it was started with the signal ignored.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use crate::place::{Place, RECORD, snapshot};

/// A run that pulls an image from a registry that takes the connection and never says a word.
struct Hanging {
    run: Child,
    _registry: (TcpListener, TcpStream),
}

impl Hanging {
    /// `before` is what a shell does before it becomes the run.
    fn begin(place: &Place, before: &str) -> Self {
        let registry = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = registry.local_addr().unwrap().to_string();
        // tests that were started by `nohup` ignore one of the signals
        let run = Command::new("env")
            .args(["--default-signal=HUP", "sh", "-c", &format!("{before} exec \"$0\" \"$@\"")])
            .arg(env!("CARGO_BIN_EXE_mesh"))
            .args(["create", "1", "--no-kibana", "--force", "--registry", &host])
            .env("MESH_DIR", place.mesh_dir())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // until the engine has come to ask, and waits for the answer
        registry.set_nonblocking(true).unwrap();
        let begun = Instant::now();
        let asked = loop {
            if let Ok((asked, _)) = registry.accept() {
                break asked;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "the engine should have asked");
            sleep(Duration::from_millis(5));
        };
        Self { run, _registry: (registry, asked) }
    }

    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.run.id().to_string()]).status().unwrap().success());
    }

    /// Exit code and stderr.
    fn end(self) -> (Option<i32>, String) {
        let begun = Instant::now();
        let output = self.run.wait_with_output().unwrap();
        let (took, printed) = (begun.elapsed(), String::from_utf8_lossy(&output.stderr).into_owned());
        assert!(took < Duration::from_secs(5), "{took:?}: {printed}");
        (output.status.code(), printed)
    }
}

#[test]
#[ignore = "needs root and Docker: run by scripts/test"]
fn a_registry_that_hangs() {
    let place = Place::new();
    let before = snapshot(place.dir.path());
    // a shell that loses its terminal tells its children twice
    for signals in [&["-INT"][..], &["-TERM"], &["-QUIT"], &["-HUP", "-HUP"]] {
        let hanging = Hanging::begin(&place, "");
        for signal in signals {
            hanging.signal(signal);
        }
        let (exit, printed) = hanging.end();
        assert_eq!(exit, Some(4), "{signals:?}: {printed}");
        assert!(printed.contains("interrupted") && printed.contains("hint: type the same command again"), "{printed}");
        assert_eq!(snapshot(place.dir.path()), before, "nothing should be changed");
    }
}

#[test]
#[ignore = "needs root and Docker: run by scripts/test"]
fn a_terminal_that_is_lost_means_nothing_under_nohup() {
    let place = Place::new();
    let mut hanging = Hanging::begin(&place, "trap '' HUP;");
    hanging.signal("-HUP");
    sleep(Duration::from_secs(1));
    assert_eq!(hanging.run.try_wait().unwrap(), None, "it should go on");
    hanging.signal("-INT");
    let (exit, printed) = hanging.end();
    assert_eq!(exit, Some(4), "{printed}");
    assert_eq!(printed.matches("stopping after the step at hand").count(), 1, "{printed}");
}

/// What a lost terminal leaves of stderr: every write to it fails.
#[test]
#[ignore = "needs root and Docker: run by scripts/test"]
fn a_run_whose_terminal_is_gone_ends_as_any_other() {
    let place = Place::new();
    let hanging = Hanging::begin(&place, "exec 2>/dev/full;");
    hanging.signal("-HUP");
    assert_eq!(hanging.end().0, Some(4));
}

/// Ctrl-C at a question, on a terminal that `script` makes.
#[test]
#[ignore = "needs root and Docker: run by scripts/test"]
fn a_question_can_be_interrupted() {
    let place = Place::new();
    place.record(RECORD);
    // without `exec` the shell between may die of the Ctrl-C itself, and hide the exit code
    let reset = format!("exec {} reset --color never", env!("CARGO_BIN_EXE_mesh"));
    let mut run = Command::new("script")
        .args(["--quiet", "--return", "--flush", "--command", &reset, "/dev/null"])
        .env("MESH_DIR", place.mesh_dir())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut shown = run.stdout.take().unwrap();
    let (mut text, mut chunk) = (String::new(), [0; 1024]);
    while !text.contains("[yes/no] ") {
        let count = shown.read(&mut chunk).unwrap();
        assert!(count > 0, "it should ask: {text}");
        text.push_str(&String::from_utf8_lossy(&chunk[..count]));
    }
    run.stdin.as_mut().unwrap().write_all(b"\x03").unwrap();
    shown.read_to_string(&mut text).unwrap();
    assert_eq!(run.wait().unwrap().code(), Some(4), "{text}");
    assert!(text.contains("\nerror: interrupted"), "the line of the question should be ended: {text}");
    assert!(place.mesh_dir().join("mesh.json").exists());
}
