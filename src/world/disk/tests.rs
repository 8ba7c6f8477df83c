//! What a [`Tree`] does, and what it refuses to.

use std::{
    fs::{self, File},
    os::unix::fs::symlink,
    path::PathBuf,
};

use nix::{sys::stat::Mode, unistd::geteuid};

use super::{
    DiskError, Tree,
    at::{Kind, LARGEST},
};
use crate::mesh::Owner;

/// A tree at `<temp>/mesh` beside an `<temp>/etc` that nothing may touch.
fn fixture() -> (tempfile::TempDir, Tree, PathBuf) {
    let temp = tempfile::tempdir().unwrap();
    let outside = temp.path().join("etc");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("shadow"), "secret").unwrap();
    let tree = Tree::create(&temp.path().join("a/mesh"), 0o755).unwrap();
    tree.make_dir("config", 0o750, None).unwrap();
    (temp, tree, outside)
}

#[test]
fn a_pair_changes_together_and_leaves_nothing_behind() {
    let temp = tempfile::tempdir().unwrap();
    let tree = Tree::create(temp.path(), 0o755).unwrap();
    tree.make_dir("certs", 0o755, None).unwrap();
    for text in ["old", "new"] {
        tree.write_pair(("certs/a.key", text.as_bytes(), 0o600), ("certs/a.crt", text.as_bytes(), 0o644), None)
            .unwrap();
        assert_eq!(tree.read("certs/a.key").unwrap().unwrap(), text.as_bytes());
        assert_eq!(tree.read("certs/a.crt").unwrap().unwrap(), text.as_bytes());
    }
    assert_eq!(tree.metadata("certs/a.key").unwrap().unwrap().mode, 0o600);
    assert_eq!(tree.entries("certs").unwrap(), ["a.crt", "a.key"]);
    // the second cannot take its name: the first has, and nothing else is left
    tree.make_dir("certs/b.crt/in-the-way", 0o755, None).unwrap();
    assert!(tree.write_pair(("certs/b.key", b"x", 0o600), ("certs/b.crt", b"x", 0o644), None).is_err());
    assert_eq!(tree.entries("certs").unwrap(), ["a.crt", "a.key", "b.crt", "b.key"]);
}

#[test]
fn writes_whole_files_and_leaves_nothing_behind() {
    let (_temp, tree, _) = fixture();
    tree.write("config/e.yml", b"one", 0o640, None).unwrap();
    tree.write("config/e.yml", b"two", 0o600, None).unwrap();
    assert_eq!(tree.metadata("config/e.yml").unwrap().map(|meta| (meta.mode, meta.kind)), Some((0o600, Kind::File)));
    assert_eq!(tree.read("config/e.yml").unwrap().unwrap(), b"two");
    tree.make_dir("config/taken", 0o700, None).unwrap();
    tree.write("config/taken", b"", 0o600, None).unwrap_err();
    assert_eq!(tree.entries("config").unwrap(), ["e.yml", "taken"]);
    assert!(tree.write("none/e.yml", b"", 0o600, None).unwrap_err().is_missing());
    assert!(tree.size("").unwrap() > 0);
    assert_eq!(
        (tree.read("none/x").unwrap(), tree.size("none/x").unwrap(), tree.entries("none").unwrap()),
        (None, 0, vec![])
    );
}

#[test]
fn a_link_on_the_way_is_refused_by_everything() {
    let (_temp, tree, outside) = fixture();
    symlink(&outside, tree.path("config/certs")).unwrap();
    let refused = |result: Result<(), DiskError>| {
        assert!(matches!(result, Err(DiskError::Symlink(at)) if at.ends_with("config/certs")));
    };
    refused(tree.write("config/certs/shadow", b"x", 0o600, None));
    refused(tree.make_dir("config/certs/new", 0o700, None));
    refused(tree.make_dir("config/certs", 0o700, None));
    refused(tree.read("config/certs/shadow").map(drop));
    refused(tree.remove_tree("config/certs/shadow"));
    refused(tree.size("config/certs/shadow").map(drop));
    refused(tree.entries("config/certs").map(drop));
    refused(tree.metadata("config/certs/shadow").map(drop));
    tree.remove_tree("config/certs").unwrap();
    assert_eq!(fs::read(outside.join("shadow")).unwrap(), b"secret");
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
}

#[test]
fn a_link_at_the_end_is_replaced_never_followed() {
    let (_temp, tree, outside) = fixture();
    let shadow = outside.join("shadow");
    let plant = || symlink(&shadow, tree.path("config/k")).unwrap();
    plant();
    assert!(matches!(tree.read("config/k"), Err(DiskError::Symlink(_))));
    tree.write("config/k", b"own", 0o600, None).unwrap();
    assert_eq!(tree.metadata("config/k").unwrap().unwrap().kind, Kind::File);
    tree.remove_tree("config/k").unwrap();
    plant();
    symlink(&outside, tree.path("config/d")).unwrap();
    assert!(tree.size("config").unwrap() < 1 << 16);
    fs::write(tree.path("mesh.json"), "").unwrap();
    let root = tree.path("");
    assert!(tree.remove("mesh.json", |_| true).unwrap());
    assert!(!root.exists());
    assert_eq!(fs::read(&shadow).unwrap(), b"secret");
}

#[test]
fn paths_that_leave_and_things_that_are_no_files_are_refused() {
    let (_temp, tree, _) = fixture();
    for path in ["../etc/shadow", "/etc/hosts", "", ".", "config/../../etc/shadow"] {
        assert!(matches!(tree.write(path, b"", 0o600, None), Err(DiskError::Outside(_))), "{path}");
    }
    nix::unistd::mkfifo(&tree.path("pipe"), Mode::S_IRWXU).unwrap();
    assert!(matches!(tree.read("pipe"), Err(DiskError::NotAFile(_))));
    assert!(matches!(tree.read("config"), Err(DiskError::NotAFile(_))));
    File::create(tree.path("big")).unwrap().set_len(LARGEST + 1).unwrap();
    assert!(matches!(tree.read("big"), Err(DiskError::TooLarge { .. })));
    tree.write("file", b"", 0o600, None).unwrap();
    tree.make_dir("file", 0o700, None).unwrap_err();
    tree.make_dir("deep/er", 0o700, None).unwrap();
    assert_eq!(tree.metadata("deep").unwrap().unwrap().mode, 0o755);
    assert_eq!(tree.metadata("deep/er").unwrap().unwrap().mode, 0o700);
}

#[test]
fn an_owner_is_set_by_root() {
    let (_temp, tree, _) = fixture();
    if geteuid().is_root() {
        let owner = Owner { uid: 1234, gid: 4321 };
        tree.write("f", b"", 0o640, Some(owner)).unwrap();
        tree.make_dir("config", 0o700, Some(owner)).unwrap();
        for path in ["f", "config"] {
            let meta = tree.metadata(path).unwrap().unwrap();
            assert_eq!((meta.uid, meta.gid), (1234, 4321));
        }
    }
}
