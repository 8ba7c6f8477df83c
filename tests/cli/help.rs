//! `--help` of every command, word for word: it is the page docs/commands.md.

use std::{
    fs,
    time::{Duration, Instant},
};

use regex::Regex;

use crate::mesh;

/// A shell that completes words runs `mesh` at every press of a key. That is too short to be noticed, and twice
/// what a development build needs.
const SOON: Duration = Duration::from_millis(20);
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/commands.md");
const HEAD: &str = "\
# Commands

`mesh COMMAND --help`, word for word; the options of every command stand once, at the top. Locks, documents and exit
codes are in [reference.md](reference.md). `tests/cli/help.rs` compares this page with the program, and writes it with
`UPDATE_DOCS=1 cargo test --test cli help`.
";

#[test]
fn help_comes_at_once() {
    let took = || {
        let begun = Instant::now();
        mesh(&["--help"]).output().unwrap();
        begun.elapsed()
    };
    // the machine may be busy with something else, though not at every time
    let least = (0..50).map(|_| took()).min().unwrap();
    assert!(least < SOON, "{least:?}");
}

/// The help of a command, without spaces at the ends of lines.
fn help(command: &[&str]) -> String {
    let output = mesh(&[command, &["--help"]].concat()).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{command:?}: {output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// The commands that a help lists.
pub fn subcommands(help: &str) -> Vec<String> {
    let above = help.split("\nOptions:").next().unwrap();
    let name = Regex::new("(?m)^  ([a-z]+)  +[A-Z]").unwrap();
    let names = name.captures_iter(above).map(|found| found[1].to_owned());
    names.filter(|name| name != "help").collect()
}

/// A help without the options that every command has.
fn own(help: &str) -> String {
    let (before, global) = help.split_once("\nGlobal options:\n").unwrap();
    let after = global.split_once("\n\n").filter(|(_, after)| after.starts_with(|c: char| c.is_alphabetic()));
    after.map_or(before.to_owned(), |(_, after)| format!("{before}\n{after}")).trim_end().to_owned()
}

fn section(title: &str, help: &str) -> String {
    format!("\n{title}\n\n```text\n{}\n```\n", own(help))
}

#[test]
fn the_page_of_commands_is_their_help() {
    let root = help(&[]);
    let mut page = format!("{HEAD}\n```text\n{root}\n```\n");
    let commands = subcommands(&root);
    assert!(commands.len() > 15, "{commands:?}");
    for command in &commands {
        let text = help(&[command]);
        page.push_str(&section(&format!("## mesh {command}"), &text));
        for below in subcommands(&text) {
            page.push_str(&section(&format!("### mesh {command} {below}"), &help(&[command, &below])));
        }
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(PAGE, &page).unwrap();
    }
    let written = fs::read_to_string(PAGE).unwrap();
    for (line, shown) in written.lines().zip(page.lines()) {
        assert_eq!(
            line, shown,
            "docs/commands.md is out of date: `UPDATE_DOCS=1 cargo test --test cli help` writes it"
        );
    }
    assert_eq!(
        written.lines().count(),
        page.lines().count(),
        "`UPDATE_DOCS=1 cargo test --test cli help` writes the page"
    );
}
