//! A machine whose firewall was flushed after Docker was started: Docker's own rules are gone.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use crate::{
    docker::docker,
    place::{EMPTY, Place, RECORD},
};

/// The rules of this machine, gone until this is dropped.
struct Flushed(Vec<u8>);

impl Flushed {
    fn now() -> Self {
        let saved = Command::new("iptables-save").output().unwrap();
        assert!(saved.status.success());
        let flushed = Self(saved.stdout);
        for arguments in ["-F", "-X", "-t nat -F", "-t nat -X"] {
            assert!(Command::new("iptables").args(arguments.split(' ')).status().unwrap().success());
        }
        flushed
    }
}

impl Drop for Flushed {
    fn drop(&mut self) {
        let mut restore = Command::new("iptables-restore").stdin(Stdio::piped()).spawn().unwrap();
        restore.stdin.take().unwrap().write_all(&self.0).unwrap();
        assert!(restore.wait().unwrap().success());
    }
}

fn bridges() -> Vec<String> {
    let links = Command::new("ip").args(["-o", "link", "show", "type", "bridge"]).output().unwrap();
    String::from_utf8(links.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| line.split(": ").nth(1).map(str::to_owned))
        .collect()
}

/// Found out by a network that is made for a moment, before anything is stopped, and nothing of that stays.
#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn rules_that_are_gone_are_told_before_anything_stops() {
    let place = Place::new();
    place.record(RECORD);
    let empty = place.dir.path().join("empty.tar");
    std::fs::write(&empty, [0; 1024]).unwrap();
    docker(&["import", empty.to_str().unwrap(), EMPTY]);
    let labels = ["mesh.id=0123456789abcdef".to_owned(), format!("mesh.dir={}", place.mesh_dir().display())];
    let labels = ["--label", &labels[0], "--label", &labels[1]];
    docker(&[&["network", "create"], &labels[..], &["--subnet", "10.213.250.0/24", "data-mesh-network"]].concat());
    for number in 1..=3 {
        for kind in ["elastic", "kibana"] {
            let name = format!("cluster0{number}-{kind}");
            docker(&[&["create", "--name", &name], &labels[..], &[EMPTY, "true"]].concat());
        }
    }
    let before = bridges();
    let flushed = Flushed::now();
    let output = place.mesh(&["manage", "restart", "1"]);
    drop(flushed);
    let after = bridges();
    for container in docker(&["ps", "-aq", "--filter", &format!("ancestor={EMPTY}")]).split_whitespace() {
        docker(&["rm", "--force", container]);
    }
    docker(&["network", "rm", "data-mesh-network"]);
    docker(&["rmi", EMPTY]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.contains("Docker's own firewall rules are gone"), "{told}");
    assert!(told.contains("hint: `systemctl restart docker`"), "{told}");
    assert!(!told.contains("stop "), "nothing is stopped: {told}");
    assert_eq!(after, before, "no bridge stays");
}
