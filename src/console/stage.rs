//! The line of a stage: live while it runs, plain when it is done. I/O: the terminal.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::{Console, duration, err, plain};

const DONE: char = '✓';
const FAILED: char = '✗';

impl Console {
    pub fn stage(&self, title: &'static str, count: usize) -> StageLine {
        let bar = self.live.then(|| {
            let bar = ProgressBar::new_spinner();
            let style = ProgressStyle::with_template("  {spinner} {prefix} {wide_msg}").expect("should be a template");
            bar.set_style(style);
            bar.set_prefix(title);
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        StageLine { title, count, begun: Instant::now(), bar, quiet: self.is_quiet() }
    }
}

/// One stage's line: live while it runs, plain when it is done.
#[derive(Debug)]
pub struct StageLine {
    title: &'static str,
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
        err(&format!("  {mark} {:<30} {:>4}   {}", self.title, self.count, duration(self.begun.elapsed())));
    }
}
