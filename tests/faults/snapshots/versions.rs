//! Snapshots of a newer release, and upgrades that have no room for a snapshot.

use super::{Disk, load};
use crate::support::{
    Parts,
    mesh::Mesh,
    versions::{NEW, OLD, version},
};

#[test]
#[ignore = "takes minutes: run by scripts/faults"]
fn newer_snapshots_and_upgrades_without_room_are_refused() {
    let parts = Parts::begin();
    let mesh = Mesh::new("snapshot-versions");
    let disk = Disk::new("versions", 100);
    let create = |version: &str, place: &str| {
        mesh.create(&["1", "--no-kibana", "--stack-version", version, "--snapshots", place])
    };
    create(NEW, disk.text());
    load(&mesh, 0, 1_000);
    mesh.run(&["snapshots", "create"], 0);
    mesh.run(&["reset", "--yes"], 0);

    parts.part("a snapshot of 9.5.3 is not restored by 8.19.21");
    create(OLD, disk.text());
    println!("{}", mesh.run(&["snapshots", "ls", "1"], 0).stdout);
    let refused = mesh.run(&["snapshots", "restore", "1", "last"], 2).stderr;
    let newer = format!("was taken by a release that cluster01 does not know, which is newer than {OLD} of cluster01");
    assert!(refused.contains(&newer), "{refused}");

    parts.part("an upgrade has no room for its snapshot");
    let own = disk.0.join("own");
    std::fs::create_dir(&own).expect("should be writable");
    create(OLD, own.to_str().unwrap_or_default());
    load(&mesh, 0, 1_000);
    disk.fill_but(12);
    let refused = mesh.run(&["upgrade", NEW, "--yes"], 3).stderr;
    for words in ["past 90 %", "`mesh create --snapshots /PATH`", "`--no-snapshot`"] {
        assert!(refused.contains(words), "should name {words}: {refused}");
    }
    assert_eq!(version(&mesh, 1), OLD);
    let without = mesh.run(&["upgrade", NEW, "--no-snapshot", "--dry-run"], 0).stdout;
    assert!(!without.contains("take snapshots"), "{without}");
    create(OLD, "fs");
    let ended = mesh.run(&["upgrade", NEW, "--yes"], 0).stderr;
    assert_eq!((version(&mesh, 1).as_str(), super::states(&mesh).as_slice()), (NEW, &["good".to_owned()][..]));
    let name = super::rows(&mesh)[0]["name"].as_str().unwrap_or_default().to_owned();
    assert!(ended.ends_with(&format!("`mesh snapshots restore 1 {name}`\n")), "{ended}");
    parts.part("done");
}
