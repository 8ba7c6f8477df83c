//! The table of `mesh bench`. I/O: the terminal.

use super::{Cell, Column, Console, Mark, Table};
use crate::{
    ask::bench::{Latency, Report, RowReport},
    mesh::{cluster_set::ClusterSet, counted::counted},
};

const COLUMNS: [Column<RowReport>; 11] = [
    Column::left("ASKED", |row| match row.asked.as_slice() {
        [only] => Cell::plain(only),
        several => Cell::plain(counted(several.len() as u64, "cluster")),
    }),
    Column::left("WAY", |row| Cell::plain(row.way.word())),
    Column::right("CLIENTS", |row| Cell::plain(row.clients)),
    Column::right("RATE", |row| Cell::known(row.rate.map(|rate| format!("{rate}/s")))),
    Column::right("SEARCHES/S", |row| Cell::plain(format!("{:.1}", row.per_second))),
    Column::right("50 %", |row| millis(row, |latency| latency.p50)),
    Column::right("90 %", |row| millis(row, |latency| latency.p90)),
    Column::right("99 %", |row| millis(row, |latency| latency.p99)),
    Column::right("MAX", |row| millis(row, |latency| latency.max)),
    Column::right("TO ALONE", |row| Cell::known(row.to_alone.map(|ratio| format!("{ratio:.2}")))),
    Column::left("STATE", |row| match (row.valid, row.settled) {
        (false, _) => Cell::new("invalid", Mark::Bad),
        (true, false) => Cell::new("unsettled", Mark::Poor),
        (true, true) => Cell::new("valid", Mark::Good),
    }),
];

fn millis(row: &RowReport, of: fn(&Latency) -> f64) -> Cell {
    Cell::known(row.latency_ms.as_ref().map(|latency| format!("{:.1} ms", of(latency))))
}

impl Console {
    /// What is about to be measured.
    pub fn bench_intent(&self, report: &Report, rows: usize, asked: &ClusterSet) {
        let Report { from, documents, seconds, rounds, .. } = report;
        let times = if *rounds == 1 { String::new() } else { format!(", {rounds} times in turn") };
        self.note(&format!(
            "{} of {seconds} s{times}, and their warm-up; {from} searches {}, with {documents} documents each. Other \
             searches are slower meanwhile",
            counted(rows as u64, "measurement"),
            asked.named()
        ));
    }

    /// The rows, and below them how to read them.
    pub fn bench(&self, report: &Report) {
        self.table(&Table::of(&COLUMNS, &report.rows));
        let is_open = report.rows.iter().any(|row| row.rate.is_some());
        self.note(if is_open {
            "open loop: searches are timed from their planned start, whenever those before are answered"
        } else {
            "closed loop: each client sends its next search when it has the answer to the last"
        });
        self.note("direct: each cluster is asked by a search of its own, all at once; the slowest counts");
        let share = report.rows.iter().map(|row| row.client_cpu).fold(0.0, f64::max);
        self.note(&format!(
            "servers and clients share {}, of which mesh itself used up to {share:.2}",
            counted(report.cores as u64, "core")
        ));
        if report.rows.iter().any(|row| row.valid && !row.settled) {
            self.note("unsettled: times still changed by more than a tenth when the measurement began; `--seconds` makes it longer");
        }
        self.bench_faults(report);
    }

    /// Why rows are invalid.
    fn bench_faults(&self, report: &Report) {
        for (number, row) in (1..).zip(&report.rows) {
            if let Some(reason) = &row.reason {
                self.note(&format!("row {number} is invalid: {reason}"));
            }
        }
    }
}
