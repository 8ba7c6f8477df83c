//! What was loaded, as it is printed. Pure: no I/O.

use serde::Serialize;

use super::{BadLine, IndexName};
use crate::mesh::id::ClusterId;

/// The version of the form in which a [`LoadReport`] is printed for programs.
const VERSION: u32 = 1;
/// How many bad lines are named.
const NAMED: usize = 10;

/// What became of all files.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct LoadReport {
    version: Version,
    pub files: Vec<Loaded>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct Version(u32);

impl Default for Version {
    fn default() -> Self {
        Self(VERSION)
    }
}

/// What became of one file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Loaded {
    pub file: String,
    pub cluster: ClusterId,
    pub index: IndexName,
    /// Documents that were sent, each counted once.
    pub sent: u64,
    /// Those that this run brought.
    pub created: u64,
    /// Those that were there already.
    pub present: u64,
    /// Lines that are no documents, and documents that the server refused.
    pub bad: u64,
    pub seconds: f64,
    /// The first of the bad lines.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bad_lines: Vec<BadLine>,
}

impl Loaded {
    pub fn new(file: String, cluster: ClusterId, index: IndexName) -> Self {
        let bad_lines = Vec::new();
        Self { file, cluster, index, sent: 0, created: 0, present: 0, bad: 0, seconds: 0.0, bad_lines }
    }

    /// Counts a bad line.
    pub fn add_bad(&mut self, line: BadLine) {
        self.bad += 1;
        self.bad_lines.push(line);
        self.bad_lines.sort();
        self.bad_lines.truncate(NAMED);
    }

    /// Documents that are in the index now.
    pub fn there(&self) -> u64 {
        self.created + self.present
    }

    /// Documents a second.
    #[expect(clippy::cast_precision_loss, reason = "a rate is about as exact as the time")]
    pub fn rate(&self) -> Option<f64> {
        (self.seconds > 0.0 && self.there() > 0).then(|| self.there() as f64 / self.seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bad_lines_are_named_and_all_are_counted() {
        let mut loaded = Loaded::new("a".to_owned(), ClusterId::FIRST, "mesh-a".parse().unwrap());
        for number in (1..=20).rev() {
            loaded.add_bad(BadLine { number, reason: "x".to_owned() });
        }
        let numbers: Vec<u64> = loaded.bad_lines.iter().map(|line| line.number).collect();
        assert_eq!((loaded.bad, numbers), (20, (1..=10).collect()));
        assert_eq!(loaded.rate(), None);
    }

    #[test]
    fn a_report_for_programs() {
        let loaded = Loaded {
            sent: 3,
            created: 2,
            present: 1,
            seconds: 0.5,
            ..Loaded::new("a.csv".to_owned(), ClusterId::FIRST, "mesh-a".parse().unwrap())
        };
        let report = LoadReport { files: vec![loaded], ..LoadReport::default() };
        insta::assert_snapshot!(serde_json::to_string(&report).unwrap(), @r#"{"version":1,"files":[{"file":"a.csv","cluster":"cluster01","index":"mesh-a","sent":3,"created":2,"present":1,"bad":0,"seconds":0.5}]}"#);
    }
}
