//! A machine whose firewall was flushed after Docker was started: Docker's own rules are gone.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use crate::support::{docker::started, mesh::Mesh};

/// The rules of this machine, gone until this is dropped.
struct Flushed(Vec<u8>);

impl Flushed {
    fn now() -> Self {
        let saved = Command::new("iptables-save").output().expect("iptables should be there");
        assert!(saved.status.success());
        let flushed = Self(saved.stdout);
        for arguments in ["-F", "-X", "-t nat -F", "-t nat -X"] {
            let done = Command::new("iptables").args(arguments.split(' ')).status();
            assert!(done.is_ok_and(|status| status.success()));
        }
        flushed
    }
}

impl Drop for Flushed {
    fn drop(&mut self) {
        let restore = Command::new("iptables-restore").stdin(Stdio::piped()).spawn();
        let mut restore = restore.expect("iptables should be there");
        restore.stdin.take().expect("should be piped").write_all(&self.0).expect("should be read");
        assert!(restore.wait().is_ok_and(|status| status.success()));
    }
}

fn bridges() -> String {
    let links = Command::new("ip").args(["-o", "link", "show", "type", "bridge"]).output();
    let links = String::from_utf8_lossy(&links.expect("ip should be there").stdout).into_owned();
    links.lines().filter_map(|line| line.split(": ").nth(1)).collect::<Vec<_>>().join(" ")
}

/// That is found out before a server stops that could not start again, and nothing of finding it out stays.
pub fn missing_rules_are_reported_before_anything_stops(mesh: &Mesh) {
    let server = mesh.cluster(1).elastic();
    let before = (started(&server), bridges());
    let flushed = Flushed::now();
    let run = mesh.start(&["manage", "restart", "1"]).end();
    drop(flushed);
    assert_eq!(run.exit, Some(3), "{}", run.stderr);
    assert!(run.stderr.contains("Docker's own firewall rules are gone"), "{}", run.stderr);
    assert!(run.stderr.contains("hint: `systemctl restart docker`"), "{}", run.stderr);
    assert_eq!((started(&server), bridges()), before, "nothing stops, and no bridge stays");
}
