//! What a benchmark found. Pure: no I/O.
//!
//! [`Report`] is the documented form of `mesh bench -o json`: fields may be added; [`VERSION`] goes up when one
//! changes.

use std::time::Duration;

use serde::Serialize;

use super::{Row, Tally, Way};
use crate::mesh::id::ClusterId;

const VERSION: u32 = 1;

/// What came of a row, in all its rounds.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    pub tally: Tally,
    pub took: Duration,
    /// The processor's time that `mesh` itself needed meanwhile.
    pub cpu: Duration,
    /// Whether times had settled before the first search was counted.
    pub settled: bool,
    /// Why the row says nothing.
    pub fault: Option<String>,
}

impl Measured {
    pub fn merge(&mut self, other: Self) {
        self.settled = other.settled && (self.settled || self.took.is_zero());
        self.tally.merge(&other.tally);
        self.took += other.took;
        self.cpu += other.cpu;
        self.fault = self.fault.take().or(other.fault);
    }
}

#[derive(Debug, Serialize)]
pub struct Report {
    pub version: u32,
    /// The cluster that searches over its links.
    pub from: ClusterId,
    /// In each cluster.
    pub documents: u64,
    /// Of each row in each round.
    pub seconds: u64,
    pub rounds: u16,
    /// Of this machine, which servers and `mesh` share.
    pub cores: usize,
    pub rows: Vec<RowReport>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RowReport {
    pub asked: Vec<ClusterId>,
    pub way: Way,
    /// How many searches were under way at most.
    pub clients: u16,
    /// Searches that were planned a second, which are timed from their planned start: an open loop. `null`: a closed
    /// loop.
    pub rate: Option<u32>,
    pub searches: u64,
    pub per_second: f64,
    /// `null` where no search was answered.
    pub latency_ms: Option<Latency>,
    /// The median, by that of one cluster that is asked directly under the same load.
    pub to_alone: Option<f64>,
    /// The share of one core that `mesh` itself needed.
    pub client_cpu: f64,
    pub settled: bool,
    /// Whether every search was one of all clusters that were asked.
    pub valid: bool,
    /// Why it is not.
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Latency {
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub max: f64,
}

impl Report {
    pub fn new(from: ClusterId, documents: u64, seconds: u64, rounds: u16, cores: usize) -> Self {
        Self { version: VERSION, from, documents, seconds, rounds, cores, rows: Vec::new() }
    }

    /// With these rows.
    #[must_use]
    pub fn with(self, rows: &[Row], measured: &[Measured]) -> Self {
        let mut rows: Vec<RowReport> =
            rows.iter().zip(measured).map(|(row, found)| RowReport::new(row, found)).collect();
        let alone: Vec<Option<f64>> = rows.iter().map(|row| median_alone(&rows, row)).collect();
        for (row, alone) in rows.iter_mut().zip(alone) {
            let median = row.latency_ms.map(|latency| latency.p50).filter(|_| row.valid);
            row.to_alone = median.zip(alone).map(|(median, alone)| rounded(median / alone));
        }
        Self { rows, ..self }
    }

    pub fn all_valid(&self) -> bool {
        self.rows.iter().all(|row| row.valid)
    }
}

/// The median of one cluster that was asked directly under the load of a row.
fn median_alone(rows: &[RowReport], of: &RowReport) -> Option<f64> {
    let is_base = |row: &&RowReport| {
        row.asked.len() == 1 && row.way == Way::Direct && row.valid && (row.clients, row.rate) == (of.clients, of.rate)
    };
    rows.iter().find(is_base)?.latency_ms.map(|latency| latency.p50)
}

impl RowReport {
    fn new(row: &Row, found: &Measured) -> Self {
        let millis = |share: f64| found.tally.quantile(share).map(|took| rounded(took.as_secs_f64() * 1000.0));
        let latency = || Some(Latency { p50: millis(0.5)?, p90: millis(0.9)?, p99: millis(0.99)?, max: millis(1.0)? });
        let each_second =
            |amount: f64| if found.took.is_zero() { 0.0 } else { rounded(amount / found.took.as_secs_f64()) };
        Self {
            asked: row.asked.clone(),
            way: row.way,
            clients: row.load.clients,
            rate: row.load.rate,
            searches: found.tally.count(),
            per_second: each_second(f64::from(u32::try_from(found.tally.count()).unwrap_or(u32::MAX))),
            latency_ms: latency(),
            to_alone: None,
            client_cpu: each_second(found.cpu.as_secs_f64()),
            settled: found.settled,
            valid: found.fault.is_none(),
            reason: found.fault.clone(),
        }
    }
}

/// To two decimals: more would look exact.
fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ask::bench::{Load, rows},
        mesh::example::cluster,
    };

    #[test]
    fn a_row_is_compared_with_one_cluster_under_the_same_load() {
        let rows = rows(cluster(1), &[cluster(1), cluster(2)], &[Load { clients: 2, rate: None }]);
        let measured = |millis: u64, fault: Option<&str>| {
            let mut tally = Tally::default();
            (0..100).for_each(|_| tally.record(Duration::from_millis(millis)));
            let (took, cpu) = (Duration::from_secs(2), Duration::from_millis(500));
            Measured { tally, took, cpu, settled: true, fault: fault.map(str::to_owned) }
        };
        let report = Report::new(cluster(1), 1000, 2, 1, 2);
        let report = report.with(&rows, &[measured(10, None), measured(11, None), measured(30, Some("skipped"))]);
        let line = |row: &RowReport| {
            let Latency { p50, .. } = row.latency_ms.unwrap();
            format!(
                "{} {}/s {p50} {:?} {} {:?}",
                row.searches, row.per_second, row.to_alone, row.client_cpu, row.reason
            )
        };
        insta::assert_snapshot!(report.rows.iter().map(line).collect::<Vec<_>>().join("\n"), @r#"
        100 50/s 10.01 Some(1.0) 0.25 None
        100 50/s 11.01 Some(1.1) 0.25 None
        100 50/s 30.02 None 0.25 Some("skipped")
        "#);
        assert!(!report.all_valid());
    }

    #[test]
    fn rounds_add_up() {
        let round = |settled, fault: Option<&str>| Measured {
            took: Duration::from_secs(1),
            settled,
            fault: fault.map(str::to_owned),
            ..Measured::default()
        };
        let mut all = Measured::default();
        all.merge(round(true, None));
        assert!(all.settled);
        all.merge(round(false, Some("skipped")));
        all.merge(round(true, None));
        assert_eq!((all.settled, all.took.as_secs(), all.fault.as_deref()), (false, 3, Some("skipped")));
    }
}
