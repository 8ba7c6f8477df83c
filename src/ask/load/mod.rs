//! WHAT IS LOADED AND WHAT COMES BACK. Bytes of a file made documents, requests of many documents, and what their
//! answers mean. Pure: no I/O.
//!
//! A file is read piece by piece, and what is held is bounded: one line, and one request.

mod answer;
mod batch;
mod csv;
mod find;
mod ids;
mod lines;
mod name;
mod ndjson;
pub mod packed;
mod reader;
mod report;
pub mod sample;

use std::fmt;

use serde::Serialize;

pub use self::{
    answer::{BulkVerdict, FILTER, Taken, judge, stays},
    batch::{Batch, Limits},
    find::{everything, notes},
    ids::Ids,
    name::{IndexName, uncompressed},
    reader::{Event, Reader, Stopped},
    report::{LoadReport, Loaded},
};

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A JSON object on each line.
    Ndjson,
    /// A header with the names of fields, and a row for each document; see <https://www.rfc-editor.org/rfc/rfc4180>.
    Csv { separator: u8 },
}

impl Form {
    /// The form of a file by its name, whether it is compressed or not.
    pub fn of(name: &str) -> Self {
        match uncompressed(name).rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).as_deref() {
            Some("csv") => Self::Csv { separator: b',' },
            Some("tsv") => Self::Csv { separator: b'\t' },
            _ => Self::Ndjson,
        }
    }
}

/// A line that is not a document, or that a server does not take.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct BadLine {
    /// From 1; of a row of several lines, the first.
    #[serde(rename = "line")]
    pub number: u64,
    pub reason: String,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.number, self.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_that_of_the_name() {
        for name in ["a.csv", "b.CSV.gz", "x/y.z.csv"] {
            assert_eq!(Form::of(name), Form::Csv { separator: b',' }, "{name}");
        }
        assert_eq!(Form::of("a.tsv.gz"), Form::Csv { separator: b'\t' });
        for name in ["a.ndjson", "csv", "a.csv.json", "a.csv.gz.gz", ""] {
            assert_eq!(Form::of(name), Form::Ndjson, "{name}");
        }
    }
}
