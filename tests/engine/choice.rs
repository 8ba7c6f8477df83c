//! A pull that takes long holds up no other mesh: what a run has chosen is known to others before Docker tells of it.

use std::{
    fs,
    net::TcpListener,
    path::PathBuf,
    process::{Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{place::Place, support::free_address};

const NAMES: [&str; 2] = ["engine-slow", "engine-quick"];

fn file(name: &str) -> PathBuf {
    format!("/run/mesh-{name}.chosen").into()
}

/// The subnet and the ports that a run chose.
fn choice(name: &str) -> (Value, Vec<Value>) {
    let choice: Value = serde_json::from_slice(&fs::read(file(name)).unwrap()).unwrap();
    (choice["subnet"].clone(), choice["ports"].as_array().unwrap().clone())
}

/// A mesh with a name, whose image comes from `registry`.
fn create(place: &Place, name: &str, registry: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mesh"));
    command
        .args(["--name", name, "--dir", place.dir.path().join(name).to_str().unwrap()])
        .args(["create", "1", "--no-kibana", "--no-hosts", "--force", "--registry", registry])
        .env_remove("MESH_DIR")
        .env_remove("MESH_NAME")
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// Locks lie outside the meshes' directories and stay.
struct Locks;

impl Drop for Locks {
    fn drop(&mut self) {
        for name in NAMES {
            let _ = fs::remove_file(file(name));
            let _ = fs::remove_file(format!("/run/mesh-{name}.lock"));
        }
    }
}

#[test]
#[ignore = "needs root and Docker: run by scripts/test"]
fn a_slow_pull_holds_up_no_other_mesh_and_keeps_what_it_chose() {
    let (place, _locks) = (Place::new(), Locks);
    let registry = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = registry.local_addr().unwrap().to_string();
    let gateway = ["--gateway", &free_address().to_string(), "--gateway-image", &format!("{host}/nginx/nginx:1")]
        .map(str::to_owned);
    let mut slow = create(&place, NAMES[0], &host).args(&gateway).spawn().unwrap();
    registry.set_nonblocking(true).unwrap();
    let begun = Instant::now();
    let _asked = loop {
        if let Ok(asked) = registry.accept() {
            break asked;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "the engine should have asked");
        sleep(Duration::from_millis(5));
    };

    let begun = Instant::now();
    let quick = create(&place, NAMES[1], "mesh.invalid").output().unwrap();
    let printed = String::from_utf8_lossy(&quick.stderr);
    assert!(printed.contains("cannot be pulled") && !printed.contains("waiting"), "{printed}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    assert_eq!(slow.try_wait().unwrap(), None, "the other should still be pulling");
    let (one, two) = (choice(NAMES[0]), choice(NAMES[1]));
    assert_ne!(one.0, two.0);
    assert!(one.1.len() == 3 && two.1.len() == 3 && one.1.iter().all(|port| !two.1.contains(port)), "{one:?} {two:?}");

    let same = create(&place, NAMES[1], "mesh.invalid").args(&gateway).output().unwrap();
    let printed = String::from_utf8_lossy(&same.stderr);
    assert!(same.status.code() == Some(2) && printed.contains("another mesh of this machine"), "{printed}");

    // a run that is killed lets go of it
    slow.kill().unwrap();
    slow.wait().unwrap();
    create(&place, NAMES[1], "mesh.invalid").output().unwrap();
    assert_eq!(choice(NAMES[1]), one);
}
