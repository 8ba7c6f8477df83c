//! Where the time of a run went. I/O: the terminal.

use std::time::Duration;

use serde::Serialize;

use super::{Cell, Column, Console, Table, duration};
use crate::cli::Format;

/// The version of the form of `mesh create --timings -o json`.
const VERSION: u32 = 1;
/// A stage that takes less than this share of the whole is not named in the closing line.
const WORTH_NAMING: f64 = 0.1;

/// What one stage took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageTime {
    pub title: &'static str,
    pub steps: usize,
    pub took: Duration,
    /// The step that took longest, and how long.
    pub slowest: Option<(String, Duration)>,
}

/// The columns of `mesh create --timings`.
const COLUMNS: [Column<StageTime>; 5] = [
    Column::left("STAGE", |stage| Cell::plain(stage.title)),
    Column::right("STEPS", |stage| Cell::plain(stage.steps)),
    Column::right("TOOK", |stage| Cell::plain(duration(stage.took))),
    Column::left("SLOWEST STEP", |stage| {
        Cell::known(stage.slowest.as_ref().map(|(step, _)| step.chars().take(60).collect::<String>()))
    }),
    Column::right("TOOK", |stage| Cell::known(stage.slowest.as_ref().map(|(_, took)| duration(*took)))),
];

#[derive(Serialize)]
struct Timings<'a> {
    version: u32,
    /// From the first look to the last, stages and what lies between them.
    seconds: f64,
    stages: Vec<StageLine<'a>>,
}

#[derive(Serialize)]
struct StageLine<'a> {
    stage: &'a str,
    steps: usize,
    seconds: f64,
    slowest: Option<SlowestLine<'a>>,
}

#[derive(Serialize)]
struct SlowestLine<'a> {
    step: &'a str,
    seconds: f64,
}

impl Console {
    /// The time that each stage took; for people, below `text`.
    pub fn timings(&self, format: Format, stages: &[StageTime], whole: Duration, text: impl FnOnce()) {
        let lines = stages.iter().map(|stage| StageLine {
            stage: stage.title,
            steps: stage.steps,
            seconds: stage.took.as_secs_f64(),
            slowest: stage.slowest.as_ref().map(|(step, took)| SlowestLine { step, seconds: took.as_secs_f64() }),
        });
        let value = Timings { version: VERSION, seconds: whole.as_secs_f64(), stages: lines.collect() };
        self.show(format, &value, text);
    }

    /// A row a stage, and one for the time between them.
    pub fn timings_table(&self, stages: &[StageTime], whole: Duration) {
        let took = whole.saturating_sub(stages.iter().map(|stage| stage.took).sum());
        let planning = StageTime { title: "planning", steps: 0, took, slowest: None };
        self.table(&Table::of(&COLUMNS, stages.iter().chain([&planning])));
    }
}

/// Where the time went, for the closing line: `14.5 s, 9.8 s of it wait for Elasticsearch`.
pub(super) fn summary(stages: &[StageTime], whole: Duration) -> String {
    let mut longest: Vec<&StageTime> =
        stages.iter().filter(|stage| stage.took.as_secs_f64() > whole.as_secs_f64() * WORTH_NAMING).collect();
    longest.sort_by_key(|stage| std::cmp::Reverse(stage.took));
    let named: Vec<String> =
        longest.iter().take(2).map(|stage| format!("{} {}", duration(stage.took), stage.title)).collect();
    if named.is_empty() { duration(whole) } else { format!("{}, of it {}", duration(whole), named.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(title: &'static str, seconds: u64) -> StageTime {
        StageTime { title, steps: 1, took: Duration::from_secs(seconds), slowest: None }
    }

    #[test]
    fn the_closing_line_names_what_took_long_and_nothing_else() {
        let stages = [
            stage("record the mesh", 0),
            stage("wait for Elasticsearch", 10),
            stage("issue API keys", 2),
            stage("license", 1),
        ];
        assert_eq!(
            summary(&stages, Duration::from_secs(14)),
            "14.0 s, of it 10.0 s wait for Elasticsearch, 2.0 s issue API keys"
        );
        assert_eq!(summary(&stages[..1], Duration::from_secs(14)), "14.0 s");
    }
}
