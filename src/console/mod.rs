//! The only room that prints. stdout carries what was asked for, stderr everything else. I/O: the terminal.
//!
//! Colours are always written and taken out on the way where they are not wanted: by `--color`, `NO_COLOR`, `TERM=dumb` or
//! because the reader is no terminal. Words from outside lose what a terminal would obey: see [`plain`].

mod ask;
mod create;
mod doctor;
mod lifetimes;
mod links;
mod plain;
mod settings;
mod stage;
mod status;
mod table;
mod timings;
mod upgrade;

use std::{
    cell::Cell,
    io::{self, BufRead as _, IsTerminal as _, Write as _},
    time::Duration,
};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

pub use self::{
    stage::StageLine,
    table::{Mark, Table},
    timings::StageTime,
};
use crate::{
    error::Error,
    plan::check::{Finding, Severity},
};

/// Where messages go, and whether somebody is there to read and answer them.
#[derive(Debug)]
pub struct Console {
    /// stderr is a terminal: a live line shows what is going on.
    live: bool,
    /// Somebody can be asked.
    interactive: bool,
    verbosity: Verbosity,
    /// The terminal can do nothing but write one line after the other.
    dumb: bool,
    /// The reader of stdout has gone away.
    gone: Cell<bool>,
}

/// How much is told besides what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verbosity {
    Quiet,
    Normal,
    /// Steps or calls are logged as they happen, so there is no live line for them to run into.
    Verbose,
}

/// How a value is written for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notation {
    Json,
    Yaml,
}

const BOLD_RED: Style = AnsiColor::Red.on_default().bold();
const BOLD_YELLOW: Style = AnsiColor::Yellow.on_default().bold();

/// A line to stderr.
fn err(text: &str) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// A word in a style; the style ends with it.
fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// `3.2 s`, or `4 min 10 s`.
fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        format!("{}.{} s", seconds, time.subsec_millis() / 100)
    } else {
        format!("{} min {} s", seconds / 60, seconds % 60)
    }
}

/// Bytes for people.
pub fn bytes(count: u64) -> String {
    indicatif::BinaryBytes(count).to_string()
}

impl Console {
    /// `dumb` says that the terminal can do nothing but write one line after the other.
    pub fn new(verbosity: Verbosity, dumb: bool) -> Self {
        let terminal = io::stderr().is_terminal();
        Self {
            live: terminal && !dumb && verbosity == Verbosity::Normal,
            interactive: terminal && Self::is_attended(),
            verbosity,
            dumb,
            gone: Cell::new(false),
        }
    }

    /// Only errors, questions and what was asked for are printed.
    fn is_quiet(&self) -> bool {
        self.verbosity == Verbosity::Quiet
    }

    /// A text to stdout as it is. A reader that goes away ends nothing by itself: see [`Console::reader_gone`].
    pub fn text(&self, text: &str) {
        let mut out = anstream::stdout();
        if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
            self.gone.set(true);
        }
    }

    /// Bytes to stdout, untouched.
    pub fn bytes(&self, bytes: &[u8]) {
        let mut out = io::stdout();
        if out.write_all(bytes).and_then(|()| out.flush()).is_err() {
            self.gone.set(true);
        }
    }

    /// Lines to stdout.
    pub fn line(&self, text: &str) {
        self.text(&format!("{}\n", plain::lines(text)));
    }

    /// A value to stdout, for programs.
    pub fn value(&self, notation: Notation, value: &impl Serialize) {
        let text = match notation {
            Notation::Json => {
                plain::json(&serde_json::to_string_pretty(value).expect("should be JSON: keys are texts")) + "\n"
            }
            Notation::Yaml => serde_yaml::to_string(value).expect("should be YAML: it is JSON"),
        };
        self.text(&text);
    }

    pub fn table(&self, table: &Table) {
        self.text(&table.to_string());
    }

    /// Makes room for a picture that replaces the one before: on a terminal the screen is cleared, elsewhere an empty line
    /// parts them.
    pub fn redraw(&self, first: bool) {
        if io::stdout().is_terminal() && !self.dumb {
            self.text("\x1b[H\x1b[2J");
        } else if !first {
            self.line("");
        }
    }

    /// Whether nobody reads stdout any more: time for a command to end that prints for as long as it is read.
    pub fn reader_gone(&self) -> bool {
        self.gone.get()
    }

    pub fn error(&self, error: &Error) {
        err(&format!("{}: {}", styled(BOLD_RED, "error"), plain::lines(&error.to_string())));
    }

    pub fn note(&self, text: &str) {
        if !self.is_quiet() {
            err(&plain::lines(text));
        }
    }

    /// Something that does not stop a command, and what to type about it.
    fn warning(&self, message: &str, hint: &str) {
        self.finding(&styled(BOLD_YELLOW, "warning"), message, hint);
    }

    fn finding(&self, word: &str, message: &str, hint: &str) {
        if !self.is_quiet() {
            err(&format!("{word}: {}\n  hint: {}", plain::lines(message), plain::lines(hint)));
        }
    }

    pub fn findings(&self, findings: &[Finding]) {
        for Finding { severity, message, hint } in findings {
            match severity {
                Severity::Warning => self.warning(message, hint),
                Severity::Estimate | Severity::Problem => self.finding(&styled(BOLD_RED, "problem"), message, hint),
            }
        }
    }

    /// Whether somebody can be asked at all.
    pub fn can_ask(&self) -> bool {
        self.interactive
    }

    /// Whether somebody sits there, be it that they would not see a question: what is said to them may go elsewhere.
    pub fn is_attended() -> bool {
        io::stdin().is_terminal()
    }

    /// Asks a question that only `yes` agrees to.
    pub fn agreed(&self, question: &str) -> bool {
        let _ = write!(io::stderr(), "{question} [yes/no] ");
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer);
        read.is_ok() && matches!(answer.trim(), "yes" | "y")
    }

    /// The last line of a command that did something.
    pub fn done_in(&self, text: &str, took: Duration) {
        self.done(&format!("{text} ({})", duration(took)));
    }

    /// The last line of a command that prints no data.
    pub fn done(&self, text: &str) {
        if !self.is_quiet() {
            self.line(text);
        }
    }
}
