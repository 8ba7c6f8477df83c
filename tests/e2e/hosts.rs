//! A machine whose `/etc/hosts` is read-only.

use std::{fs, process::Command};

use crate::support::{
    hosts::{FILE, are_right, bytes, has_block},
    mesh::Mesh,
};

/// Another file in the place of `/etc/hosts`, as containers and some machines have it, until this goes.
struct Mounted;

impl Mounted {
    fn new(mesh: &Mesh) -> Self {
        let copy = mesh.dir.with_extension("hosts");
        fs::copy(FILE, &copy).expect("should be writable");
        mount(&["--bind", copy.to_str().expect("should be text"), FILE]);
        Self
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let done = Command::new("umount").arg(FILE).status();
        assert!(done.is_ok_and(|done| done.success()), "{FILE} should be the machine's own again");
    }
}

fn mount(args: &[&str]) {
    let done = Command::new("mount").args(args).status().expect("mount should be installed");
    assert!(done.success(), "mount {args:?}");
}

#[test]
#[ignore = "needs root, Docker and the images of images/: run by scripts/test"]
fn a_read_only_hosts_file_prevents_nothing_else() {
    let mesh = Mesh::new("hosts");
    let before = bytes();
    let mounted = Mounted::new(&mesh);
    mesh.create(&["1", "--no-kibana"]);
    are_right(&mesh, &before);
    mount(&["-o", "remount,bind,ro", FILE]);
    for args in [&["create", "--no-hosts"][..], &["reset", "--yes"]] {
        let printed = mesh.run(args, 4).stderr;
        assert!(printed.contains(FILE) && printed.contains("marker lines by hand"), "{printed}");
    }
    assert!(has_block() && mesh.containers().is_empty() && !mesh.dir.exists());
    mount(&["-o", "remount,bind,rw", FILE]);
    mesh.run(&["reset", "--yes"], 0);
    assert_eq!(bytes(), before, "what the one before could not");
    let again = mesh.run(&["reset", "--yes"], 0).stdout;
    assert!(again.contains("nothing to do"), "{again}");
    drop(mounted);
    assert_eq!(bytes(), before);
}
