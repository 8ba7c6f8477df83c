//! Commands to type: what documents, hints and comments name is a command of the program, with options that it has.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use super::rust;

/// The options of every command, by its words: `snapshots restore`. Those of all commands are those of the empty one.
type Options = BTreeMap<String, BTreeSet<String>>;

/// Singular and plural mean the same: what a document names to say so.
const ALIASES: [&str; 1] = ["mesh key ls"];

fn document(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// As docs/commands.md has them, which tests/cli/help.rs holds to the program.
fn options() -> Options {
    let page = document("docs/commands.md");
    let mut found = Options::from([(String::new(), BTreeSet::from(["--version".to_owned()]))]);
    let mut command = String::new();
    let name = |word: &&str| is_option(word);
    for line in page.lines() {
        if let Some(words) = line.strip_prefix('#') {
            command = String::from(words.trim_start_matches('#').trim().strip_prefix("mesh ").unwrap_or_default());
            found.entry(command.clone()).or_default();
        } else if line.starts_with("  ") && line.trim_start().starts_with('-') {
            let names = line.split_whitespace().map(|word| word.trim_end_matches(',')).take_while(name);
            found.get_mut(&command).unwrap().extend(names.map(str::to_owned));
        }
    }
    assert!(found["snapshots restore"].contains("--rename") && found[""].contains("--dir"), "{found:?}");
    found
}

/// `-y`, `--yes`; neither a value nor an ellipsis.
fn is_option(word: &str) -> bool {
    let name = word.trim_start_matches('-');
    word.starts_with('-') && name.starts_with(|c: char| c.is_ascii_lowercase())
}

/// What is wrong with a command, as it is typed.
fn fault(options: &Options, typed: &str) -> Option<String> {
    let mut words = typed.split_whitespace().skip(1).peekable();
    let is_global = |word: &&str| is_option(word.split('=').next().unwrap());
    while let Some(option) = words.next_if(is_global) {
        let name = option.split('=').next().unwrap();
        if !options[""].contains(name) {
            return Some(format!("mesh has no {name}"));
        }
        if name == option && matches!(name, "--dir" | "--name" | "--color") {
            words.next();
        }
    }
    let mut command = String::new();
    let below = |command: &str, word: &str| format!("{command} {word}").trim_start().to_owned();
    while let Some(word) = words.next_if(|word| options.contains_key(&below(&command, word))) {
        command = below(&command, word);
    }
    let is_word = |word: &&str| word.chars().all(|c| c.is_ascii_lowercase());
    let has_more = command.is_empty() || options.keys().any(|of| of.starts_with(&format!("{command} ")));
    if has_more && let Some(word) = words.peek().filter(|word| is_word(word)) {
        return Some(format!("`mesh {command}` has no {word}"));
    }
    let of_shell = |word: &&str| !matches!(*word, "|" | "||" | "&&" | ";" | ">" | "<" | "#" | "--");
    let typed = words.take_while(of_shell).map(|word| word.split(['=', '[', ']']).next().unwrap());
    let known = |name: &&str| !is_option(name) || options[&command].contains(*name) || options[""].contains(*name);
    typed
        .filter(|_| !command.is_empty())
        .find(|name| !known(name))
        .map(|name| format!("`mesh {command}` has no {name}"))
}

/// The commands between backticks, on one line each.
fn quoted(text: &str) -> Vec<String> {
    let spans = text.split("`mesh ").skip(1).filter_map(|rest| rest.split_once('`'));
    spans.map(|(rest, _)| format!("mesh {}", rest.split_whitespace().collect::<Vec<_>>().join(" "))).collect()
}

#[test]
fn every_command_to_type_is_one_of_the_program() {
    let options = options();
    let mut found = Vec::new();
    let mut check = |place: &str, commands: Vec<String>| {
        let commands = commands.into_iter().filter(|typed| !ALIASES.contains(&typed.as_str()));
        let faults = commands.filter_map(|typed| Some(format!("{place}: `{typed}`: {}", fault(&options, &typed)?)));
        found.extend(faults);
    };
    for name in ["README.md", "docs/architecture.md", "docs/install.md", "docs/metrics.md", "docs/operate.md"]
        .into_iter()
        .chain(["docs/performance.md", "docs/reference.md", "docs/release.md", "docs/reliability.md"])
    {
        let text = document(name);
        let lines = text.lines().filter_map(|line| line.strip_prefix("    ").or_else(|| line.strip_prefix("$ ")));
        let lines = lines.map(|line| line.trim_start_matches("sudo ")).filter(|line| line.starts_with("mesh "));
        check(name, lines.map(str::to_owned).chain(quoted(&text)).collect());
    }
    for (path, text) in rust("src") {
        // a text that goes on in the next line
        let joined = text.split("\\\n").map(str::trim_start).collect::<String>();
        check(&path.display().to_string(), quoted(&joined));
    }
    assert!(found.is_empty(), "these cannot be typed:\n{}", found.join("\n"));
}

#[test]
fn a_command_that_cannot_be_typed_is_noticed() {
    let options = options();
    let faulty = |typed: &str| fault(&options, typed).is_some();
    for typed in ["mesh make 2", "mesh snapshots take", "mesh create --memory 1g", "mesh --directory /srv status"] {
        assert!(faulty(typed), "{typed}");
    }
    for typed in
        ["mesh", "mesh COMMAND --help", "mesh --dir /srv status -o json", "mesh es 1 GET / | jq --raw-output ."]
    {
        assert!(!faulty(typed), "{typed}");
    }
}
