//! Files of documents whose count and sum are known, and what became of them in an index.

use std::{
    fs::{self, File},
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::support::mesh::Mesh;

/// A directory of files that is removed when this is dropped.
pub struct Files(PathBuf);

impl Files {
    pub fn new(name: &str) -> Self {
        let dir = Path::new("/srv").join(format!("mesh-test-{name}"));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).expect("should be writable");
        Self(dir)
    }

    pub fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("should be text").to_owned()
    }

    /// A file with these bytes.
    pub fn write(&self, name: &str, bytes: &[u8]) -> String {
        fs::write(self.0.join(name), bytes).expect("should be writable");
        self.path(name)
    }

    /// A file of documents as logs have them, with the numbers from `from` on as `n`: as many as so many bytes have.
    /// How many there are.
    pub fn documents(&self, name: &str, from: u64, bytes: u64) -> (String, u64) {
        self.lines(name, from, bytes, document)
    }

    /// A file of documents, one a line.
    pub fn lines(&self, name: &str, from: u64, bytes: u64, document: impl Fn(u64) -> String) -> (String, u64) {
        let mut file = BufWriter::new(File::create(self.0.join(name)).expect("should be writable"));
        let (mut written, mut n) = (0, from);
        while written < bytes {
            let line = document(n);
            file.write_all(line.as_bytes()).and_then(|()| file.write_all(b"\n")).expect("should be writable");
            (written, n) = (written + line.len() as u64 + 1, n + 1);
        }
        file.flush().expect("should be writable");
        (self.path(name), n - from)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A document of about half a kilobyte, as logs have them.
pub fn document(n: u64) -> String {
    let mut state = (n + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut word = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        format!("w{:x}", state % 9_973)
    };
    let text = (0..60).map(|_| word()).collect::<Vec<_>>().join(" ");
    format!(
        r#"{{"n":{n},"@timestamp":"2026-11-{:02}T{:02}:{:02}:00Z","host":"web-{}","status":{},"message":"{text}"}}"#,
        n % 28 + 1,
        n / 60 % 24,
        n % 60,
        n % 7,
        200 + n % 5 * 100,
    )
}

/// What the sum of the numbers of so many documents is, with their count.
pub fn expected(from: u64, count: u64) -> Value {
    let sum = (from..from + count).sum::<u64>();
    #[allow(clippy::cast_precision_loss, reason = "the sum of a test is small")]
    let sum = sum as f64;
    json!([count, sum])
}

/// What is in an index: how many documents, and the sum of their numbers.
pub fn content(mesh: &Mesh, number: u8, index: &str) -> Value {
    let search = json!({ "size": 0, "track_total_hits": true, "aggs": { "sum": { "sum": { "field": "n" } } } });
    let found = mesh.cluster(number).post(&format!("/{index}/_search"), &search);
    json!([found["hits"]["total"]["value"], found["aggregations"]["sum"]["value"]])
}

/// The first file of a load's report.
pub fn report(stdout: &str) -> Value {
    let report: Value = serde_json::from_str(stdout).unwrap_or_else(|error| panic!("{error}: {stdout}"));
    report["files"][0].clone()
}
