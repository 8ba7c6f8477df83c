//! A server whose disk is full.

use std::{path::Path, process::Command};

use serde_json::{Value, json};

use crate::support::{
    Parts,
    documents::{Files, content, expected, report},
    leftovers,
    mesh::Mesh,
};

/// A small disk for a mesh's directory.
struct Disk<'a>(&'a Path);

impl Disk<'_> {
    fn mount(&self, options: &str) {
        std::fs::create_dir_all(self.0).expect("should be writable");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(self.0).status();
        assert!(done.is_ok_and(|status| status.success()), "mount -o {options}");
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        leftovers::clear_directory(self.0);
        let _ = Command::new("umount").arg("--lazy").arg(self.0).status();
    }
}

#[test]
#[ignore = "takes minutes: run by scripts/faults"]
fn a_full_disk_ends_a_load_with_its_reason() {
    let parts = Parts::begin();
    let mesh = Mesh::new("load-disk");
    let files = Files::new("load-disk");
    let disk = Disk(&mesh.dir);
    disk.mount("size=400m");
    mesh.create(&["1", "--no-kibana", "--profile", "smoke", "--force"]);
    let often = json!({ "persistent": { "cluster.info.update.interval": "10s" } });
    mesh.cluster(1).put("/_cluster/settings", &often);
    let (file, count) = files.documents("visits.ndjson", 0, 800_000_000);

    parts.part("the disk fills up");
    let full = mesh.start(&["load", "1", &file, "--timeout", "1m"]).end();
    println!("{}", full.stderr);
    assert_eq!(full.exit, Some(4), "{}", full.stderr);
    let reason = ["flood-stage", "No space left on device", "primary shard is not active"];
    assert!(reason.iter().any(|reason| full.stderr.contains(reason)), "{}", full.stderr);
    assert!(full.stderr.contains("type the same command again"), "{}", full.stderr);

    parts.part("there is room again: the same command adds what is missing");
    disk.mount("remount,size=4g");
    mesh.cluster(1).post("/_cluster/reroute?retry_failed=true", &json!({}));
    let run = mesh.start(&["load", "1", &file, "-o", "json"]).end();
    assert_eq!(run.exit, Some(0), "{}", run.stderr);
    let loaded: Value = report(&run.stdout);
    assert_eq!((&loaded["sent"], &loaded["bad"]), (&json!(count), &json!(0)), "{loaded}");
    assert_eq!(content(&mesh, 1, "mesh-visits"), expected(0, count));
    parts.part("done");
}
