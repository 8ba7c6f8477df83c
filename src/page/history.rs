//! What is remembered of the last hours: heap, disk and documents of each cluster, the latency of each link. Pure.
//!
//! It is in memory alone, and lost when the page's server ends: Prometheus is for memory.

use std::collections::{BTreeMap, HashMap, VecDeque};

use serde::Serialize;
use time::{Duration, OffsetDateTime};

use super::matrix::{Latencies, Mark, Matrix};
use crate::judge::status::Status;

/// The version of the forms of histories.
const VERSION: u32 = 1;
/// The most samples that are kept, and shown.
const SAMPLES: usize = 360;
/// Looks that are closer together are one sample, so that the samples are of an hour at least.
const APART: Duration = Duration::seconds(10);
/// A link that was down.
const DOWN: u16 = u16::MAX;
/// A link of which nothing is known.
const UNKNOWN: u16 = u16::MAX - 1;
/// A link that was up, without a search that was timed.
const UNTIMED: u16 = u16::MAX - 2;
/// The longest latency that is kept, in milliseconds.
const SLOWEST: u16 = u16::MAX - 3;

/// The samples of a mesh: 2 bytes for each link and time, 7 MB for 9,702 links.
#[derive(Debug, Default)]
pub struct History {
    times: VecDeque<OffsetDateTime>,
    clusters: BTreeMap<String, VecDeque<Vitals>>,
    links: HashMap<(String, String), VecDeque<u16>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Vitals {
    heap: Option<u64>,
    disk: Option<u64>,
    documents: Option<u64>,
}

/// How far back a history is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    pub now: OffsetDateTime,
    pub minutes: u16,
}

/// The documented form of `GET /api/history`.
#[derive(Debug, Serialize)]
pub struct ClustersHistory<'a> {
    version: u32,
    /// When each sample was taken, in seconds since 1970.
    at: Vec<i64>,
    clusters: BTreeMap<&'a str, Series>,
}

#[derive(Debug, Serialize)]
struct Series {
    heap: Vec<Option<u64>>,
    disk: Vec<Option<u64>>,
    documents: Vec<Option<u64>>,
}

/// The documented form of `GET /api/history?from=…&to=…`.
#[derive(Debug, Serialize)]
pub struct LinkHistory {
    version: u32,
    at: Vec<i64>,
    /// `1` up, `0` down, `?` unknown, a letter a sample.
    marks: String,
    /// In milliseconds; `null` where the link was not up.
    ms: Vec<Option<u16>>,
    /// Half of the searches took no longer.
    median_ms: Option<u16>,
    /// 95 of a hundred took no longer.
    p95_ms: Option<u16>,
}

impl History {
    /// Adds what one look found.
    pub fn add(&mut self, at: OffsetDateTime, status: &Status, matrix: &Matrix, latencies: &Latencies) {
        let merged = self.times.back().is_some_and(|last| at - *last < APART);
        if !merged {
            self.times.push_back(at);
            if self.times.len() > SAMPLES {
                self.times.pop_front();
            }
            self.clusters.values_mut().for_each(|ring| ring.push_back(Vitals::default()));
            self.links.values_mut().for_each(|ring| ring.push_back(UNKNOWN));
        }
        let kept = self.times.len();
        for cluster in &status.clusters {
            let ring = self.clusters.entry(cluster.cluster.to_string()).or_default();
            let vitals =
                Vitals { heap: cluster.heap_percent, disk: cluster.disk_percent, documents: cluster.documents };
            grow(ring, kept, Vitals::default());
            if let Some(last) = ring.back_mut() {
                *last = vitals;
            }
        }
        for (from, to, mark) in matrix.links() {
            let took = || {
                let of = latencies.get(&matrix.names[from].parse().ok()?)?;
                of.get(&matrix.names[to].parse().ok()?).copied()
            };
            let value = match mark {
                Mark::Down => DOWN,
                Mark::Up => took().map_or(UNTIMED, |ms| ms.min(SLOWEST)),
                _ => UNKNOWN,
            };
            let ring = self.links.entry((matrix.names[from].clone(), matrix.names[to].clone())).or_default();
            grow(ring, kept, UNKNOWN);
            if let Some(last) = ring.back_mut() {
                *last = if merged { worse(*last, value) } else { value };
            }
        }
        self.forget(matrix);
    }

    /// Leaves every ring as long as the times, and none of what the mesh has no more.
    fn forget(&mut self, matrix: &Matrix) {
        let kept = self.times.len();
        let has = |name: &String| matrix.names.contains(name);
        if self.clusters.len() > matrix.own {
            self.clusters.retain(|name, _| has(name));
        }
        if self.links.len() > matrix.links().count() {
            self.links.retain(|(from, to), _| has(from) && has(to));
        }
        self.clusters.values_mut().for_each(|ring| grow(ring, kept, Vitals::default()));
        self.links.values_mut().for_each(|ring| grow(ring, kept, UNKNOWN));
    }

    /// The first of the samples that a span has.
    fn begin(&self, span: Span) -> usize {
        let since = span.now - Duration::minutes(span.minutes.into());
        self.times.iter().position(|at| *at >= since).unwrap_or(self.times.len())
    }

    fn at(&self, first: usize) -> Vec<i64> {
        self.times.iter().skip(first).map(|at| at.unix_timestamp()).collect()
    }

    pub fn clusters(&self, span: Span) -> ClustersHistory<'_> {
        let first = self.begin(span);
        let series = |ring: &VecDeque<Vitals>| Series {
            heap: ring.iter().skip(first).map(|vitals| vitals.heap).collect(),
            disk: ring.iter().skip(first).map(|vitals| vitals.disk).collect(),
            documents: ring.iter().skip(first).map(|vitals| vitals.documents).collect(),
        };
        let clusters = self.clusters.iter().map(|(name, ring)| (name.as_str(), series(ring))).collect();
        ClustersHistory { version: VERSION, at: self.at(first), clusters }
    }

    /// `None` for what is no link.
    pub fn link(&self, from: &str, to: &str, span: Span) -> Option<LinkHistory> {
        let first = self.begin(span);
        let ring = self.links.get(&(from.to_owned(), to.to_owned()))?;
        let values = || ring.iter().skip(first).copied();
        let mut known: Vec<u16> = values().filter(|value| *value <= SLOWEST).collect();
        known.sort_unstable();
        let part = |percent: usize| known.get((known.len() * percent).div_ceil(100).saturating_sub(1)).copied();
        Some(LinkHistory {
            version: VERSION,
            at: self.at(first),
            marks: values().map(letter).collect(),
            ms: values().map(|value| Some(value).filter(|value| *value <= SLOWEST)).collect(),
            median_ms: part(50),
            p95_ms: part(95),
        })
    }
}

/// Makes a ring as long as the times are: what is not known at its beginning, or since, is `none`.
fn grow<T: Copy>(ring: &mut VecDeque<T>, kept: usize, none: T) {
    if ring.capacity() == 0 {
        ring.reserve_exact(SAMPLES + 1);
    }
    if ring.is_empty() {
        ring.extend(std::iter::repeat_n(none, kept));
    }
    while ring.len() < kept {
        ring.push_back(none);
    }
    while ring.len() > kept {
        ring.pop_front();
    }
}

/// Of two looks in one sample: that a link was down is not lost, nor the longer of two times.
fn worse(one: u16, other: u16) -> u16 {
    match (one, other) {
        (UNKNOWN | UNTIMED, known) | (known, UNKNOWN | UNTIMED) => known,
        (one, other) => one.max(other),
    }
}

fn letter(value: u16) -> char {
    match value {
        DOWN => '0',
        UNKNOWN => '?',
        _ => '1',
    }
}
