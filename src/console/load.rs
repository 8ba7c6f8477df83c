//! The output of `mesh load`: a live line meanwhile, and the table at the end. I/O: the terminal.

use std::{
    cell::Cell as Held,
    time::{Duration, Instant},
};

use indicatif::{HumanCount, ProgressBar, ProgressStyle};

use super::{Cell, Column, Console, Mark, Table, duration, plain};
use crate::{
    ask::load::{LoadReport, Loaded},
    mesh::counted::counted,
};

const COLUMNS: [Column<Loaded>; 9] = [
    Column::left("FILE", |row| Cell::plain(&row.file)),
    Column::left("CLUSTER", |row| Cell::plain(row.cluster)),
    Column::left("INDEX", |row| Cell::plain(&row.index)),
    Column::right("SENT", |row| Cell::plain(row.sent)),
    Column::right("CREATED", |row| Cell::plain(row.created)),
    Column::right("PRESENT", |row| Cell::plain(row.present)),
    Column::right("BAD", |row| Cell::new(row.bad, if row.bad > 0 { Mark::Bad } else { Mark::Plain })),
    Column::right("SECONDS", |row| Cell::plain(format!("{:.1}", row.seconds))),
    Column::right("PER SECOND", |row| Cell::known(row.rate().map(|rate| format!("{rate:.0}")))),
];

/// The line of one load, seen only on a terminal.
#[derive(Debug)]
pub struct LoadLine {
    bar: Option<ProgressBar>,
    /// The bytes of the file, where they are known.
    length: Option<u64>,
    begun: Instant,
    shown: Held<u64>,
}

impl Console {
    /// The line of a load of so many bytes.
    pub fn load(&self, name: &str, length: Option<u64>) -> LoadLine {
        let bar = self.live.then(|| {
            let (bar, template) = match length {
                Some(length) => (ProgressBar::new(length), "  {spinner} {prefix} {bar:24} {wide_msg}"),
                None => (ProgressBar::new_spinner(), "  {spinner} {prefix} {wide_msg}"),
            };
            bar.set_style(ProgressStyle::with_template(template).expect("should be a template"));
            bar.set_prefix(plain::line(name));
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        LoadLine { bar, length, begun: Instant::now(), shown: Held::new(0) }
    }

    /// A row a file, and which lines were left out.
    pub fn loaded(&self, report: &LoadReport) {
        self.table(&Table::of(&COLUMNS, &report.files));
    }

    /// The lines of files that were left out.
    pub fn bad_lines(&self, report: &LoadReport) {
        for file in report.files.iter().filter(|file| file.bad > 0) {
            self.note(&format!("{}: {} left out", file.file, counted(file.bad, "bad line")));
            file.bad_lines.iter().for_each(|line| self.note(&format!("  {line}")));
            let more = file.bad - file.bad_lines.len() as u64;
            if more > 0 {
                self.note(&format!("  and {more} more"));
            }
        }
    }
}

impl LoadLine {
    /// So many documents are there, of so many bytes that were read.
    pub fn now(&self, documents: u64, bytes: u64) {
        self.shown.set(documents);
        if let Some(bar) = &self.bar {
            bar.set_position(bytes.min(self.length.unwrap_or(bytes)));
            bar.set_message(progress(documents, bytes, self.length, self.begun.elapsed()));
        }
    }

    /// The server takes nothing for a moment, and why.
    pub fn waiting(&self, reason: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{} documents, waiting: {}", HumanCount(self.shown.get()), plain::line(reason)));
        }
    }

    pub fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    pub fn end(self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Documents, their rate, and the time that is left.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures for people"
)]
fn progress(documents: u64, bytes: u64, length: Option<u64>, took: Duration) -> String {
    let seconds = took.as_secs_f64().max(0.001);
    let rate = HumanCount((documents as f64 / seconds) as u64);
    let left = length.filter(|length| bytes > 0 && *length > bytes).map(|length| {
        let left = seconds * (length - bytes) as f64 / bytes as f64;
        format!(", {} left", duration(Duration::from_secs(left as u64)))
    });
    format!("{} documents, {rate}/s{}", HumanCount(documents), left.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_has_documents_rate_and_rest() {
        let at = |documents, bytes, length| progress(documents, bytes, length, Duration::from_secs(10));
        assert_eq!(at(123_456, 25, Some(100)), "123,456 documents, 12,345/s, 30.0 s left");
        assert_eq!(at(10, 100, Some(100)), "10 documents, 1/s");
        assert_eq!(at(10, 5, None), "10 documents, 1/s");
        assert_eq!(at(0, 0, Some(7)), "0 documents, 0/s");
    }
}
