//! Snapshots that are moved out of a mesh's directory before it is deleted.

use std::{fs, os::unix::fs::symlink};

use super::{Disk, content, load};
use crate::support::{Parts, mesh::Mesh};

#[test]
#[ignore = "takes minutes: run by scripts/faults"]
fn snapshots_are_kept_on_another_disk_by_runs_that_are_killed() {
    let parts = Parts::begin();
    let mesh = Mesh::new("keep");
    let disk = Disk::new("keep", 1);
    mesh.create(&["2", "--no-kibana"]);
    load(&mesh, 0, 6_000);
    let orders = content(&mesh, "orders");
    mesh.run(&["snapshots", "create"], 0);
    let files = || {
        let part = disk.0.join("cluster01.part");
        fs::read_dir(part.join("indices")).is_ok_and(|mut entries| entries.next().is_some())
    };

    parts.part("a place that is not outside, or has one already, is refused before anything is changed");
    let link = disk.0.join("link");
    symlink(&mesh.dir, &link).expect("should be writable");
    let (inside, up) = (mesh.path("kept"), disk.0.join("nope/../link"));
    for place in [inside.to_str(), link.join("cluster02/kept").to_str(), up.to_str(), Some("kept")] {
        let refused = mesh.run(&["create", "1", "--yes", "--keep-snapshots", place.unwrap_or_default()], 2).stderr;
        assert!(refused.contains("it is no absolute path outside the mesh's directory"), "{refused}");
    }
    fs::create_dir(disk.0.join("cluster02")).expect("should be writable");
    let refused = mesh.run(&["create", "1", "--yes", "--keep-snapshots", disk.text()], 2).stderr;
    assert!(refused.contains("there is a cluster02 already"), "{refused}");
    fs::remove_dir(disk.0.join("cluster02")).expect("should be empty");
    assert_eq!(mesh.containers().len(), 2);
    mesh.run(&["status"], 0);

    parts.part("a smaller mesh keeps those of the cluster that goes");
    mesh.run(&["create", "1", "--yes", "--keep-snapshots", disk.text()], 0);
    assert!(disk.0.join("cluster02/mesh-owner.json").exists() && !mesh.path("cluster02").exists());

    parts.part("no room: nothing is lost, and the place is named");
    let reset = ["reset", "--yes", "--keep-snapshots", disk.text()];
    let full = mesh.run(&reset, 3).stderr;
    assert!(full.contains("the snapshots take ") && full.contains(&format!("and {} has ", disk.text())), "{full}");
    assert!(mesh.path("cluster01/elastic/backup/index.latest").exists());
    mesh.run(&["status"], 0);

    parts.part("killed while it copies");
    disk.remount("size=200m");
    let killed = mesh.start(&reset).kill_when("files that are copied", files);
    assert_eq!(killed.exit, None, "{}", killed.stderr);
    mesh.run(&reset, 0);
    assert!(!disk.0.join("cluster01.part").exists() && !mesh.dir.exists());

    parts.part("what was kept comes back");
    mesh.create(&["1", "--no-kibana", "--snapshots", disk.text()]);
    mesh.run(&["snapshots", "restore", "1", "last"], 0);
    assert_eq!(content(&mesh, "orders"), orders);
    parts.part("done");
}
