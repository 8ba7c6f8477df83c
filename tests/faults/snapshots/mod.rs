//! Repositories that are full, gone or another mesh's, and runs and servers that end while something is saved, restored
//! or moved.

mod interrupted;
mod keep;
mod large;
mod repository;
mod users;
mod versions;

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

use crate::support::mesh::Mesh;

/// Bytes of text in each document, which no compression of Elasticsearch makes fewer.
const TEXT: usize = 8_000;
/// Documents of one request.
const BATCH: usize = 1_000;

/// A small file system in memory, which is gone when this is dropped.
struct Disk(PathBuf);

impl Disk {
    fn new(name: &str, mebibytes: usize) -> Self {
        let disk = Self(Path::new("/srv").join(format!("mesh-test-{name}")));
        let _ = Command::new("umount").args(["--lazy", "--all-targets"]).arg(&disk.0).output();
        let _ = fs::remove_dir_all(&disk.0);
        fs::create_dir_all(&disk.0).expect("should be writable");
        let size = format!("size={mebibytes}m");
        run("mount", &["-t", "tmpfs", "-o", &size, "mesh-test", disk.text()]);
        disk
    }

    fn text(&self) -> &str {
        self.0.to_str().expect("should be text")
    }

    fn remount(&self, option: &str) {
        run("mount", &["-o", &format!("remount,{option}"), self.text()]);
    }

    /// Leaves `mebibytes` of it free.
    fn fill_but(&self, mebibytes: u64) {
        let free = nix::sys::statvfs::statvfs(&self.0).expect("should be mounted");
        let bytes = (free.blocks_available() * free.fragment_size()).saturating_sub(mebibytes << 20);
        fs::write(self.0.join("fill"), vec![1; usize::try_from(bytes).expect("should be small")]).expect("should fit");
    }

    fn free(&self) {
        fs::remove_file(self.0.join("fill")).expect("should be full");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).output();
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn run(program: &str, args: &[&str]) {
    let output = Command::new(program).args(args).output().expect("should be installed");
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The index that is saved and restored, without replicas and with so many more documents.
fn load(mesh: &Mesh, from: usize, count: usize) {
    let cluster = mesh.cluster(1);
    if from == 0 {
        let text = json!({ "type": "keyword", "index": false, "doc_values": false });
        let mappings = json!({ "properties": { "text": text, "n": { "type": "long" } } });
        cluster.put("/orders", &json!({ "settings": { "number_of_replicas": 0 }, "mappings": mappings }));
    }
    let file = mesh.dir.with_extension("ndjson");
    for first in (from..from + count).step_by(BATCH) {
        let mut lines = String::with_capacity(BATCH * (TEXT + 64));
        for n in first..(first + BATCH).min(from + count) {
            let _ = writeln!(lines, "{{\"index\":{{}}}}\n{{\"n\":{n},\"text\":\"{}\"}}", random(n));
        }
        fs::write(&file, lines).expect("should be writable");
        let run = mesh.start(&["es", "1", "POST", "/orders/_bulk?filter_path=errors", &format!("@{}", file.display())]);
        let answer = run.end();
        assert_eq!(answer.stdout.trim(), r#"{"errors":false}"#, "{}", answer.stderr);
    }
    fs::remove_file(&file).expect("should be ours");
    cluster.get("/orders/_flush");
    cluster.get("/orders/_refresh");
}

/// Letters of xorshift, another text for every seed.
fn random(seed: usize) -> String {
    let mut state = (seed as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let letter = |bits: u64| char::from(b"abcdefghijklmnopqrstuvwxyzABCDEF"[usize::from((bits & 31) as u8)]);
    let mut text = String::with_capacity(TEXT);
    while text.len() < TEXT {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (0..8).for_each(|nth| text.push(letter(state >> (nth * 7))));
    }
    text
}

/// What is in an index: how many documents, and the sum of a field of each.
fn content(mesh: &Mesh, index: &str) -> Value {
    let search = json!({ "size": 0, "track_total_hits": true, "aggs": { "sum": { "sum": { "field": "n" } } } });
    let found = mesh.cluster(1).post(&format!("/{index}/_search"), &search);
    json!([found["hits"]["total"]["value"], found["aggregations"]["sum"]["value"]])
}

/// The states of the cluster's snapshots, the newest first.
fn states(mesh: &Mesh) -> Vec<String> {
    rows(mesh).iter().map(|row| row["state"].as_str().unwrap_or_default().to_owned()).collect()
}

fn rows(mesh: &Mesh) -> Vec<Value> {
    rows_of(mesh, 0)
}

/// The cluster's snapshots, where listing them ends with this exit code.
fn rows_of(mesh: &Mesh, exit: i32) -> Vec<Value> {
    let list = mesh.run(&["snapshots", "ls", "1", "-o", "json"], exit).stdout;
    let list: Value = serde_json::from_str(&list).expect("should be JSON");
    list["snapshots"].as_array().expect("should be a list").clone()
}

/// Whether the server takes a snapshot or deletes one.
fn is_busy(mesh: &Mesh) -> bool {
    let current = mesh.cluster(1).get("/_snapshot/mesh/_current");
    current["snapshots"].as_array().is_some_and(|snapshots| !snapshots.is_empty())
}

/// Makes the repository so slow that a snapshot and a restore take seconds.
fn slow_down(mesh: &Mesh) {
    let settings = json!({ "location": "/usr/share/elasticsearch/backup",
                           "max_snapshot_bytes_per_sec": "2mb", "max_restore_bytes_per_sec": "2mb" });
    mesh.cluster(1).put("/_snapshot/mesh", &json!({ "type": "fs", "settings": settings }));
}
