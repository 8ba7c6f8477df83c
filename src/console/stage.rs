//! The line of a stage: live while it runs, plain when it is done. I/O: the terminal.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::{Console, duration, err, plain};
use crate::error::Error;

/// The least room for titles.
pub(super) const TITLE_WIDTH: usize = 30;
const DONE: char = '✓';
const FAILED: char = '✗';

impl Console {
    /// Makes room for titles as long as these, so that what stands behind them lines up. There is never less room
    /// again.
    pub fn titles(&self, titles: impl Iterator<Item = &'static str>) {
        let longest = titles.map(str::len).max().unwrap_or_default();
        self.title_width.set(self.title_width.get().max(longest));
    }

    pub fn stage(&self, title: &'static str, count: usize) -> StageLine {
        let bar = self.live.then(|| {
            let bar = ProgressBar::new_spinner();
            let style = ProgressStyle::with_template("  {spinner} {prefix} {wide_msg}").expect("should be a template");
            bar.set_style(style);
            bar.set_prefix(title);
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        let (width, quiet) = (self.title_width.get(), self.is_quiet());
        StageLine { title, width, count, begun: Instant::now(), bar, quiet }
    }
}

/// One stage's line: live while it runs, plain when it is done.
#[derive(Debug)]
pub struct StageLine {
    title: &'static str,
    /// The width of the column of titles.
    width: usize,
    count: usize,
    begun: Instant,
    bar: Option<ProgressBar>,
    quiet: bool,
}

impl StageLine {
    /// What is going on just now; seen only on a terminal.
    pub fn now(&self, text: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(plain::line(text));
        }
    }

    /// Ends as an outcome did, which is passed on.
    pub fn end_as<T>(self, outcome: Result<T, Error>) -> Result<T, Error> {
        self.end(if outcome.is_ok() { DONE } else { FAILED });
        outcome
    }

    pub fn done(self) {
        self.end(DONE);
    }

    pub fn failed(self) {
        self.end(FAILED);
    }

    fn end(self, mark: char) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        if self.quiet && mark == DONE {
            return;
        }
        err(&self.text(mark, self.begun.elapsed()));
    }

    fn text(&self, mark: char, took: Duration) -> String {
        format!("  {mark} {:<width$} {:>4}   {}", self.title, self.count, duration(took), width = self.width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::Verbosity;

    #[test]
    fn columns_line_up_behind_the_longest_title() {
        let console = Console::new(Verbosity::Normal, true, None);
        let line = |title, count| console.stage(title, count).text(DONE, Duration::from_millis(1500));
        assert_eq!(line("link clusters", 6), "  ✓ link clusters                     6   1.5 s");
        console.titles(["link clusters", "issue certificates by the next authorities"].into_iter());
        console.titles(["prove links"].into_iter());
        let lines = [line("issue certificates by the next authorities", 12), line("prove links", 3)];
        assert_eq!(
            lines,
            [
                "  ✓ issue certificates by the next authorities   12   1.5 s",
                "  ✓ prove links                                   3   1.5 s",
            ]
        );
    }
}
