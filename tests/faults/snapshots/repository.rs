//! A repository that is full, read-only, gone, replaced by a link or written to by another mesh.

use std::{fs, os::unix::fs::symlink, path::Path};

use super::{Disk, content, load, run, states};
use crate::support::{Parts, mesh::Mesh};

#[test]
#[ignore = "takes minutes: run by scripts/faults"]
fn a_repository_that_cannot_be_used_is_named_with_its_cause() {
    let parts = Parts::begin();
    let mesh = Mesh::new("repository");
    let disk = Disk::new("repository", 40);
    mesh.create(&["1", "--no-kibana", "--snapshots", disk.text()]);
    let dir = disk.0.join("cluster01");
    load(&mesh, 0, 1_000);
    let before = content(&mesh, "orders");
    mesh.run(&["snapshots", "create"], 0);

    parts.part("full while it is written to");
    load(&mesh, 1_000, 5_000);
    let full = mesh.run(&["snapshots", "create"], 1).stderr;
    assert!(full.contains("No space left on device\n") || full.contains("No space left on device]\n"), "{full}");
    assert!(full.contains(&format!("{} has room", dir.display())), "{full}");
    assert_eq!(states(&mesh), ["partial", "good"]);

    parts.part("full before");
    disk.fill_but(0);
    let full = mesh.run(&["snapshots", "create"], 1).stderr;
    assert!(full.contains("is gone") && full.contains("No space left on device"), "{full}");
    let name = super::rows(&mesh)[0]["name"].as_str().unwrap_or_default().to_owned();
    let full = mesh.run(&["snapshots", "rm", "1", &name, "--yes"], 4).stderr;
    assert!(full.contains("No space left on device"), "{full}");
    disk.free();
    mesh.run(&["snapshots", "rm", "1", &name, "--yes"], 0);
    assert_eq!(states(&mesh), ["good"]);

    parts.part("read-only");
    disk.remount("ro");
    let refused = mesh.run(&["snapshots", "create"], 1).stderr;
    assert!(refused.contains("is gone") && refused.contains("Read-only file system"), "{refused}");
    mesh.run(&["snapshots", "restore", "1", "last", "--rename", "r-$1"], 0);
    assert_eq!(content(&mesh, "r-orders"), before);
    mesh.cluster(1).delete("/r-orders", None);
    disk.remount("rw,size=200m");
    mesh.run(&["snapshots", "create"], 0);

    parts.part("another mesh's: read, and not written to");
    let owner = fs::read_to_string(dir.join("mesh-owner.json")).expect("should be there");
    let other = owner.replace(r#""mesh": ""#, r#""mesh": "x"#);
    assert_ne!(owner, other);
    fs::write(dir.join("mesh-owner.json"), other).expect("should be writable");
    mesh.create(&[]);
    let status = mesh.run(&["status"], 0).stderr;
    assert!(status.contains("is another cluster's, so nothing is written to it"), "{status}");
    mesh.run(&["snapshots", "create"], 1);
    mesh.run(&["snapshots", "restore", "1", "last", "--rename", "r-$1"], 0);
    mesh.run(&["snapshots", "adopt", "1", "--yes"], 0);
    assert_eq!(fs::read_to_string(dir.join("mesh-owner.json")).expect("should be there"), owner);
    mesh.run(&["snapshots", "create"], 0);

    parts.part("a symbolic link in its place: nothing is written through it");
    let aside = disk.0.join("aside");
    fs::rename(&dir, &aside).expect("should be ours");
    a_link_is_not_followed(&mesh, &dir, &disk.0.join("elsewhere"));

    parts.part("gone, and put back");
    let status = mesh.run(&["status"], 1).stderr;
    let gone = format!("the snapshots of cluster01 are gone from {}", dir.display());
    assert!(status.contains(&gone) && status.contains("`mesh manage restart 1`"), "{status}");
    fs::rename(&aside, &dir).expect("should be ours");
    mesh.run(&["status"], 0);
    mesh.run(&["snapshots", "create"], 0);

    parts.part("not mounted, and mounted again");
    let count = states(&mesh).len();
    run("mkdir", &["/srv/mesh-test-under"]);
    run("mount", &["--move", disk.text(), "/srv/mesh-test-under"]);
    let status = mesh.run(&["status"], 1).stderr;
    assert!(status.contains(&gone), "{status}");
    run("mount", &["--move", "/srv/mesh-test-under", disk.text()]);
    run("rmdir", &["/srv/mesh-test-under"]);
    mesh.run(&["manage", "restart", "1"], 0);
    mesh.run(&["snapshots", "create"], 0);
    assert_eq!(states(&mesh).len(), count + 1);

    parts.part("lost with all that was in it");
    fs::remove_dir_all(&dir).expect("should be ours");
    mesh.create(&[]);
    mesh.run(&["manage", "restart", "1"], 0);
    let lost = mesh.run(&["snapshots", "create"], 1).stderr;
    assert!(lost.contains("`mesh es 1 DELETE /_snapshot/mesh` and then `mesh create` begin anew"), "{lost}");
    mesh.run(&["es", "1", "DELETE", "/_snapshot/mesh"], 0);
    mesh.create(&[]);
    mesh.run(&["snapshots", "create"], 0);
    assert_eq!(states(&mesh), ["good"]);

    parts.part("another repository, and the first one again");
    let moved = mesh.create(&["--snapshots", "fs"]).stderr;
    assert!(moved.contains(&format!("earlier snapshots of cluster01 stay in {}", disk.text())), "{moved}");
    mesh.run(&["status"], 0);
    assert!(states(&mesh).is_empty());
    mesh.run(&["snapshots", "create"], 0);
    mesh.create(&["--snapshots", disk.text()]);
    assert_eq!(states(&mesh), ["good"]);

    parts.part("another one for a cluster that serves, and back");
    one_cluster_moves(&mesh, &disk.0.join("alone"));
    mesh.create(&["--snapshots", "off"]);
    let off = mesh.run(&["snapshots", "create", "1"], 2).stderr;
    assert!(off.contains("snapshots of cluster01 are off"), "{off}");

    mesh.run(&["reset", "--yes"], 0);
    assert!(Path::new(&dir).join("index.latest").exists(), "what lies outside the mesh's directory stays");
    parts.part("done");
}

/// A link to `elsewhere` in the place of the cluster's directory.
fn a_link_is_not_followed(mesh: &Mesh, dir: &Path, elsewhere: &Path) {
    fs::create_dir(elsewhere).expect("should be writable");
    symlink(elsewhere, dir).expect("should be writable");
    let cause = "cluster01` is a symbolic link, and links are not followed here";
    let name = super::rows_of(mesh, 1)[0]["name"].as_str().unwrap_or_default().to_owned();
    let commands: [&[&str]; 8] = [
        &["snapshots", "create"],
        &["snapshots", "rm", "1", &name, "--yes"],
        &["snapshots", "adopt", "1", "--yes"],
        &["snapshots", "restore", "1", "last", "--with", "security", "--yes"],
        &["create"],
        &["manage", "restart", "1"],
        &["keys", "extend", "--yes"],
        &["verify", "--fix"],
    ];
    for command in commands {
        let refused = mesh.run(command, 3).stderr;
        assert!(refused.contains(cause), "{command:?}: {refused}");
    }
    let status = mesh.run(&["status"], 1);
    assert!(status.stdout.contains("unreadable") && status.stderr.contains(cause), "{status:?}");
    assert!(mesh.run(&["snapshots", "ls"], 1).stderr.contains(cause));
    assert_eq!(fs::read_dir(elsewhere).expect("should be readable").count(), 0);
    fs::remove_file(dir).expect("should be a link");
}

/// A setting of one cluster alone, which has its turn while it serves.
fn one_cluster_moves(mesh: &Mesh, alone: &Path) {
    fs::create_dir(alone).expect("should have room");
    mesh.create(&["--set", &format!("1.snapshots={}", alone.display())]);
    assert!(alone.join("cluster01/mesh-owner.json").is_file(), "made before the cluster stopped for it");
    assert!(states(mesh).is_empty());
    mesh.run(&["snapshots", "create"], 0);
    mesh.run(&["snapshots", "create"], 0);
    mesh.create(&["--unset", "1.snapshots"]);
    assert_eq!(states(mesh), ["good"]);
    mesh.run(&["snapshots", "create"], 0);
    assert_eq!(states(mesh), ["good", "good"]);
}
