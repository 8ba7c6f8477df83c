//! The only room that prints. stdout carries the result, stderr everything else. I/O: the terminal.
//!
//! Colors are always written and taken out on the way where they are not wanted: by `--color`, `NO_COLOR`, `TERM=dumb`
//! or because the reader is no terminal. Words from outside lose what a terminal would obey: see [`plain`].

mod amount;
mod ask;
mod bench;
mod create;
mod date;
mod doctor;
mod document;
mod expiry;
mod guests;
mod links;
mod load;
mod meshes;
mod peers;
mod places;
mod plain;
mod problems;
mod question;
mod same_mesh;
mod settings;
mod snapshots;
mod stage;
mod status;
mod stdout;
mod table;
mod timings;
mod upgrade;
mod users;
mod views;
mod watch;

use std::{
    cell,
    io::{self, IsTerminal as _, Write as _},
    time::Duration,
};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

pub use self::{
    amount::bytes,
    load::LoadLine,
    same_mesh::MeshOption,
    stage::StageLine,
    table::{Cell, Column, Mark, Table},
    timings::StageTime,
};
use self::{amount::duration, same_mesh::SameMesh, stdout::Stdout};
use crate::{
    cli::Format,
    error::Error,
    judge::check::{Finding, Severity},
};

/// Where messages go, and whether a user can read and answer them.
#[derive(Debug)]
pub struct Console {
    /// stderr is a terminal: a live line shows what is going on.
    live: bool,
    /// The user can be asked.
    interactive: bool,
    verbosity: Verbosity,
    /// The terminal can do nothing but write one line after the other.
    dumb: bool,
    /// Room for the titles of stages.
    title_width: cell::Cell<usize>,
    stdout: Stdout,
    same_mesh: SameMesh,
    /// The format of errors: that of the result.
    errors: Format,
}

/// How much is printed besides the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verbosity {
    Quiet,
    Normal,
    /// Steps or calls are logged as they happen, so there is no live line for them to run into.
    Verbose,
}

/// The version of the form of an [`ErrorReport`].
const ERROR_VERSION: u32 = 1;

/// An error as programs read it, on stderr.
#[derive(Serialize)]
struct ErrorReport<'a> {
    version: u32,
    error: &'a str,
    causes: &'a [String],
    /// What to type.
    remedy: Option<&'a str>,
    exit: u8,
}

impl<'a> ErrorReport<'a> {
    fn new(error: &'a Error) -> Self {
        let Error { exit, message, causes, hint, .. } = error;
        Self { version: ERROR_VERSION, error: message, causes, remedy: hint.as_deref(), exit: *exit as u8 }
    }
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

/// A value as a program reads it; `None` in a format for people.
fn encode(format: Format, value: &impl Serialize) -> Option<String> {
    match format {
        Format::Table | Format::Wide => None,
        Format::Json => {
            let text = serde_json::to_string_pretty(value).expect("should be JSON: keys are texts");
            Some(plain::json(&text) + "\n")
        }
        Format::Yaml => Some(serde_yaml::to_string(value).expect("should be YAML: it is JSON")),
    }
}

impl Console {
    /// `dumb` says that the terminal can do nothing but write one line after the other, `option` what commands have to
    /// name so that they are about the same mesh in any shell.
    pub fn new(verbosity: Verbosity, dumb: bool, option: Option<&MeshOption>) -> Self {
        let terminal = io::stderr().is_terminal();
        Self {
            live: terminal && !dumb && verbosity == Verbosity::Normal,
            interactive: terminal && io::stdin().is_terminal(),
            verbosity,
            dumb,
            title_width: cell::Cell::new(stage::TITLE_WIDTH),
            stdout: Stdout::default(),
            same_mesh: SameMesh::new(option),
            errors: Format::Table,
        }
    }

    /// Whether only errors, questions and the result are printed.
    fn is_quiet(&self) -> bool {
        self.verbosity == Verbosity::Quiet
    }

    /// A text to stdout as it is. A failure ends nothing by itself: see [`Console::stdout_failed`] and
    /// [`Console::lost`].
    pub fn text(&self, text: &str) {
        self.stdout.text(text);
    }

    /// Bytes to stdout, untouched.
    pub fn bytes(&self, bytes: &[u8]) {
        self.stdout.bytes(bytes);
    }

    /// Lines to stdout.
    pub fn line(&self, text: &str) {
        self.text(&format!("{}\n", plain::lines(text)));
    }

    /// A value to stdout, in a format for programs or by `table` for people.
    pub fn show(&self, format: Format, value: &impl Serialize, table: impl FnOnce()) {
        match encode(format, value) {
            Some(text) => self.text(&text),
            None => table(),
        }
    }

    /// One of many values to stdout, as [`Console::show`] does, as a stream that programs can split: a line of JSON
    /// each, or a YAML document each.
    pub fn show_one_of_many(&self, format: Format, value: &impl Serialize, table: impl FnOnce()) {
        match format {
            Format::Json => {
                let text = serde_json::to_string(value).expect("should be JSON: keys are texts");
                self.text(&format!("{}\n", plain::json(&text)));
            }
            Format::Yaml => {
                self.text("---\n");
                self.show(format, value, table);
            }
            Format::Table | Format::Wide => table(),
        }
    }

    /// A report to stdout, as [`Console::show`] does: data of our own, whose texts name commands.
    pub fn report(&self, format: Format, report: &impl Serialize, table: impl FnOnce()) {
        let report = serde_yaml::to_value(report).expect("should be YAML: it is JSON");
        self.show(format, &self.same_mesh.in_report(report), table);
    }

    /// Whether stdout is a terminal, so that what is printed is for who sits there.
    pub fn is_on_terminal(&self) -> bool {
        self.stdout.is_terminal()
    }

    pub fn table(&self, table: &Table) {
        self.text(&table.to_string());
    }

    /// Whether what is printed to stdout reaches another program, and neither a screen nor a file.
    pub fn pipes_result(&self) -> bool {
        self.stdout.is_pipe()
    }

    /// Whether nothing more can be written to stdout: time for a command to end that prints for as long as it is read.
    pub fn stdout_failed(&self) -> bool {
        self.stdout.failed()
    }

    /// The error if the result could not be written to stdout.
    pub fn lost(&self) -> Option<Error> {
        self.stdout.lost()
    }

    /// This console with commands in hints as a user has to type them who started this program by `sudo`.
    #[must_use]
    pub fn started_by_sudo(self, by_sudo: bool) -> Self {
        Self { same_mesh: self.same_mesh.typed_after_sudo(by_sudo), ..self }
    }

    /// This console with errors in the format of the result.
    #[must_use]
    pub fn with_errors_in(self, format: Format) -> Self {
        Self { errors: format, ..self }
    }

    pub fn error(&self, error: &Error) {
        let report = serde_yaml::to_value(ErrorReport::new(error)).expect("should be YAML: it holds texts and numbers");
        if let Some(text) = encode(self.errors, &self.same_mesh.in_report(report)) {
            return err(text.trim_end());
        }
        let text = self.same_mesh.in_text(&error.to_string());
        err(&format!("{}: {}", styled(BOLD_RED, "error"), plain::lines(&text)));
    }

    /// A command as it has to be typed so that it is about the same mesh in any shell.
    pub fn same_command(&self, command: &str) -> String {
        self.same_mesh.in_command(command)
    }

    pub fn note(&self, text: &str) {
        if !self.is_quiet() {
            err(&plain::lines(&self.same_mesh.in_text(text)));
        }
    }

    /// Something that does not stop a command, and what to type about it.
    fn warning(&self, message: &str, hint: &str) {
        self.finding(&styled(BOLD_YELLOW, "warning"), message, hint);
    }

    fn finding(&self, word: &str, message: &str, hint: &str) {
        if !self.is_quiet() {
            let text = self.same_mesh.in_text(&format!("{message}\n  hint: {hint}"));
            err(&format!("{word}: {}", plain::lines(&text)));
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
