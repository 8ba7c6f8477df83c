//! A server whose disk is full.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::support::{
    Parts,
    documents::{Files, content, expected, report},
    leftovers,
    mesh::Mesh,
    wait_for,
};

/// A small disk for a mesh's directory.
struct Disk<'a>(&'a Path);

impl Disk<'_> {
    fn mount(&self, options: &str) {
        std::fs::create_dir_all(self.0).expect("should be writable");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(self.0).status();
        assert!(done.is_ok_and(|status| status.success()), "mount -o {options}");
    }

    /// Makes it so small that so many bytes are free.
    fn leave(&self, bytes: u64) {
        let disk = nix::sys::statvfs::statvfs(self.0).expect("should be mounted");
        let used = (disk.blocks() - disk.blocks_free()) * disk.fragment_size();
        self.mount(&format!("remount,size={}", used + bytes));
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
    disk.mount("size=250m");
    mesh.create(&["1", "--no-kibana", "--force"]);
    // the server looks at its disk every ten seconds at most, and is to see it before the last byte is taken
    let watermarks = json!({ "persistent": {
        "cluster.info.update.interval": "10s",
        "cluster.routing.allocation.disk.watermark": { "low": "80mb", "high": "75mb", "flood_stage": "70mb" },
    } });
    mesh.cluster(1).put("/_cluster/settings", &watermarks);
    let (file, count) = files.documents("visits.ndjson", 0, 250_000_000);

    parts.part("the disk fills up");
    let full = mesh.start(&["load", "1", &file, "--timeout", "1m"]).end();
    assert_eq!(full.exit, Some(4), "{}", full.stderr);
    assert!(full.stderr.contains("cluster01 takes no more documents"), "{}", full.stderr);
    assert!(full.stderr.contains("disk usage exceeded flood-stage watermark"), "{}", full.stderr);
    assert!(full.stderr.contains("type the same command again"), "{}", full.stderr);

    parts.part("a second load, whose index is blocked already, names the disk, too");
    let again = mesh.start(&["load", "1", &file, "--timeout", "1m"]).end();
    assert_eq!(again.exit, Some(4), "{}", again.stderr);
    assert!(again.stderr.contains("cluster01 takes no more documents"), "{}", again.stderr);
    assert!(again.stderr.contains("free some space on the disk"), "{}", again.stderr);

    parts.part("a load into a new index, which no disk has room for, names it, too, and waits for nothing");
    let (new, _) = files.documents("new.ndjson", 0, 1_000);
    let begun = Instant::now();
    let first = mesh.start(&["load", "1", &new, "--timeout", "3m"]).end();
    assert_eq!(first.exit, Some(4), "{}", first.stderr);
    assert!(first.stderr.contains("watermark"), "{}", first.stderr);
    assert!(first.stderr.contains("free some space on the disk"), "{}", first.stderr);
    assert!(begun.elapsed() < Duration::from_mins(1), "{:?}", begun.elapsed());

    parts.part("there is room again, and the server has seen it: the same command adds what is missing");
    disk.mount("remount,size=4g");
    wait_for("the end of the block", Duration::from_mins(2), || {
        // right after so many documents, its memory may be full, too: it answers 429
        let answer = mesh.cluster(1).ask("GET", "/mesh-visits/_settings?flat_settings=true", None);
        let settings = (answer.status == 200).then(|| answer.body())?;
        settings["mesh-visits"]["settings"]["index.blocks.read_only_allow_delete"].is_null().then_some(())
    });
    let run = mesh.start(&["load", "1", &file, "-o", "json"]).end();
    assert_eq!(run.exit, Some(0), "{}", run.stderr);
    let loaded = report(&run.stdout);
    assert_eq!((&loaded["sent"], &loaded["bad"]), (&json!(count), &json!(0)), "{loaded}");
    assert!(loaded["present"].as_u64() > Some(0), "{loaded}");
    assert_eq!(content(&mesh, 1, "mesh-visits"), expected(0, count));

    parts.part("no byte is free, and no watermark is watched: the server's reason is shown");
    let watched = json!({ "persistent": { "cluster.routing.allocation.disk.threshold_enabled": false } });
    mesh.cluster(1).put("/_cluster/settings", &watched);
    disk.leave(20 << 20);
    let (more, count) = files.documents("more.ndjson", 0, 100_000_000);
    let full = mesh.start(&["load", "1", &more, "--timeout", "30s"]).end();
    assert_eq!(full.exit, Some(4), "{}", full.stderr);
    println!("{}", full.stderr);
    // whichever it cannot do first: write documents, or the state of its cluster
    let ends = ["cluster01 has taken no document for 30 s", "cluster01 cannot make the index mesh-more"];
    assert!(ends.iter().any(|end| full.stderr.contains(end)), "{}", full.stderr);
    let reasons =
        ["No space left on device", "primary shard is not active", "no master", "master_not_discovered_exception"];
    assert!(reasons.iter().any(|reason| full.stderr.contains(reason)), "{}", full.stderr);
    disk.mount("remount,size=4g");
    // without room for the state of its cluster, the server gave up being its master
    wait_for("shards that are tried again", Duration::from_mins(2), || {
        let path = "/_cluster/reroute?retry_failed=true&master_timeout=5s";
        (mesh.cluster(1).ask("POST", path, Some(&json!({}))).status == 200).then_some(())
    });
    let run = mesh.run(&["load", "1", &more, "-o", "json"], 0);
    assert_eq!(report(&run.stdout)["sent"], json!(count), "{}", run.stdout);
    assert_eq!(content(&mesh, 1, "mesh-more"), expected(0, count));
    parts.part("done");
}
