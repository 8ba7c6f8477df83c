//! What browsers are sent: documents, each with the number of the look that changed it last. Pure.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::{
    change::{Change, Chronicle},
    matrix::{Matrix, clock},
    problem::{Level, Problem},
};
use crate::{
    judge::status::Status,
    mesh::{Mesh, counted::counted},
};

/// The version of the form of a [`Look`].
const VERSION: u32 = 1;

/// A look at the mesh, or an attempt at one.
#[derive(Debug, Clone, Serialize)]
pub struct Look {
    version: u32,
    /// Which run of `mesh serve` it is of: another one may have another page.
    run: String,
    /// The number of this attempt, from 1 on.
    sequence: u64,
    /// When the mesh was seen last; `null` where it has not been yet.
    at: Option<String>,
    /// How long ago that is, for a browser whose clock is another.
    age_ms: i64,
    took_ms: u64,
    /// The time until the next look.
    next_ms: u64,
    mesh: Option<Summary>,
    /// Why the mesh could not be seen this time.
    trouble: Option<Trouble>,
    /// Which command is changing the mesh, if one is.
    at_work: Option<String>,
}

/// A mesh in a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    pub name: Option<String>,
    pub stack_version: String,
    pub host: String,
    pub clusters: usize,
    /// How many of the clusters serve.
    pub serving: usize,
    pub links: usize,
    pub links_up: usize,
    pub documents: u64,
    pub problems: usize,
    pub warnings: usize,
    /// The indices that a search without any is about.
    pub searched: String,
}

impl Summary {
    pub fn new(mesh: &Mesh, status: &Status, matrix: &Matrix, problems: &[Problem]) -> Self {
        let (links_up, links) = matrix.counts();
        let of = |level: Level| problems.iter().filter(|problem| problem.level == level).count();
        Self {
            name: mesh.name.as_ref().map(ToString::to_string),
            stack_version: status.stack_version.clone(),
            host: mesh.host_name.clone(),
            clusters: status.clusters.len(),
            serving: status.clusters.iter().filter(|cluster| cluster.elastic.state.serves()).count(),
            links,
            links_up,
            documents: status.clusters.iter().filter_map(|cluster| cluster.documents).sum(),
            problems: of(Level::Problem),
            warnings: of(Level::Warning),
            searched: mesh.searched().to_owned(),
        }
    }

    /// Whether every cluster and every link is there.
    pub fn is_whole(&self) -> bool {
        self.serving == self.clusters && self.links_up == self.links
    }
}

/// Why there is nothing new to see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trouble {
    pub message: String,
    /// What to type.
    pub remedy: Option<String>,
    /// Whether there is no mesh, in place of one that cannot be seen.
    pub no_mesh: bool,
    /// What Prometheus is answered where there is none.
    #[serde(skip)]
    pub metrics: String,
}

/// How one attempt went.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// When it ended.
    pub now: OffsetDateTime,
    pub took: std::time::Duration,
    /// The time until the next.
    pub next: std::time::Duration,
    pub at_work: Option<String>,
}

/// A document, and the number of the look that changed it last.
#[derive(Debug, Clone)]
struct Part {
    number: u64,
    text: Arc<str>,
}

impl Default for Part {
    fn default() -> Self {
        Self { number: 0, text: "null".into() }
    }
}

impl Part {
    fn next(&self, number: u64, value: &Value) -> Self {
        let text = value.to_string();
        if *text == *self.text { self.clone() } else { Self { number, text: text.into() } }
    }
}

/// All that a browser is sent.
#[derive(Debug, Clone, Default)]
pub struct Feed {
    run: String,
    number: u64,
    /// When the mesh was seen last.
    seen: Option<OffsetDateTime>,
    /// Until when that is as new as it should be.
    fresh_until: Option<OffsetDateTime>,
    summary: Option<Summary>,
    look: Part,
    problems: Part,
    status: Part,
    links: Part,
    /// For Prometheus; empty where the mesh has not been seen.
    metrics: Arc<str>,
    changes: Vec<Change>,
}

/// What was seen of a mesh, as documents whose texts name commands in full.
#[derive(Debug)]
pub struct Documents {
    pub summary: Summary,
    pub status: Value,
    pub links: Value,
    pub problems: Value,
    pub metrics: String,
}

/// What one browser has: the numbers of the documents that it was sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct Received {
    look: u64,
    problems: u64,
    status: u64,
    links: u64,
    change: u64,
}

/// One event of a stream.
#[derive(Debug, Clone)]
pub struct Event {
    pub name: &'static str,
    pub id: u64,
    pub data: Arc<str>,
}

impl Feed {
    /// One that has seen nothing yet.
    pub fn new(run: String) -> Self {
        Self { run, ..Self::default() }
    }

    /// What follows when the mesh was seen.
    #[must_use]
    pub fn with(&self, documents: Documents, chronicle: &Chronicle, attempt: &Attempt) -> Self {
        let Documents { summary, status, links, problems, metrics } = documents;
        let number = self.number + 1;
        let lasts = Duration::try_from(attempt.next * 3 + attempt.took).unwrap_or(Duration::MAX);
        let next = Self {
            seen: Some(attempt.now),
            fresh_until: attempt.now.checked_add(lasts),
            summary: Some(summary),
            status: self.status.next(number, &status),
            links: self.links.next(number, &links),
            problems: self.problems.next(number, &problems),
            metrics: metrics.into(),
            ..self.clone()
        };
        next.numbered(number, None, chronicle, attempt)
    }

    /// What follows when it could not be: all stays as it was, unless there is no mesh any more.
    #[must_use]
    pub fn without(&self, trouble: Trouble, chronicle: &Chronicle, attempt: &Attempt) -> Self {
        let number = self.number + 1;
        let nothing = Value::Null;
        let kept = if trouble.no_mesh {
            Self {
                seen: None,
                fresh_until: None,
                summary: None,
                status: self.status.next(number, &nothing),
                links: self.links.next(number, &nothing),
                problems: self.problems.next(number, &nothing),
                metrics: trouble.metrics.clone().into(),
                ..self.clone()
            }
        } else {
            self.clone()
        };
        kept.numbered(number, Some(trouble), chronicle, attempt)
    }

    fn numbered(self, number: u64, trouble: Option<Trouble>, chronicle: &Chronicle, attempt: &Attempt) -> Self {
        let milliseconds = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let age = self.seen.map_or(Duration::ZERO, |seen| attempt.now - seen);
        let look = Look {
            version: VERSION,
            run: self.run.clone(),
            sequence: number,
            at: self.seen.map(clock),
            age_ms: i64::try_from(age.whole_milliseconds()).unwrap_or(i64::MAX),
            took_ms: milliseconds(attempt.took),
            next_ms: milliseconds(attempt.next),
            mesh: self.summary.clone(),
            trouble,
            at_work: attempt.at_work.clone(),
        };
        let look = serde_json::to_value(&look).unwrap_or_default();
        Self { number, look: self.look.next(number, &look), changes: chronicle.lines().cloned().collect(), ..self }
    }

    /// Whether the mesh was seen as lately as it should have been.
    pub fn is_fresh(&self, now: OffsetDateTime) -> bool {
        self.fresh_until.is_some_and(|until| now <= until)
    }

    /// The last look in words, for who asks whether the page is well.
    pub fn in_words(&self, now: OffsetDateTime) -> String {
        match self.seen {
            Some(seen) => format!("looked {} ago", counted((now - seen).whole_seconds().unsigned_abs(), "second")),
            None => "there is no mesh to look at yet".to_owned(),
        }
    }

    pub fn status(&self) -> Arc<str> {
        Arc::clone(&self.status.text)
    }

    pub fn metrics(&self) -> Arc<str> {
        Arc::clone(&self.metrics)
    }

    pub fn links(&self) -> Arc<str> {
        Arc::clone(&self.links.text)
    }

    pub fn problems(&self) -> Arc<str> {
        Arc::clone(&self.problems.text)
    }

    /// What a browser lacks, in the order in which it needs it; it has it then.
    pub fn events(&self, received: &mut Received) -> Vec<Event> {
        let mut events = Vec::new();
        let mut send = |name, part: &Part, had: &mut u64| {
            if part.number > *had {
                *had = part.number;
                events.push(Event { name, id: part.number, data: Arc::clone(&part.text) });
            }
        };
        send("look", &self.look, &mut received.look);
        send("problems", &self.problems, &mut received.problems);
        send("links", &self.links, &mut received.links);
        send("status", &self.status, &mut received.status);
        let lacking: Vec<&Change> = self.changes.iter().filter(|line| line.number > received.change).collect();
        if let Some(last) = lacking.last() {
            received.change = last.number;
            let data = serde_json::to_string(&lacking).unwrap_or_default().into();
            events.push(Event { name: "change", id: self.number, data });
        }
        events
    }
}
