//! What the layout promises, held by a test: dependencies point one way, pure rooms do no I/O, files stay rooms.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test is a program of its own")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Every Rust file below a directory of the checkout, with its text.
fn rust(dir: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut dirs = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(dir)];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty());
    found
}

fn sources(dir: &str) -> Vec<(PathBuf, String)> {
    rust(&format!("src/{dir}"))
}

/// The code of a file without comments and tests, and with every `use` tree written out: `use std::{fs, io};` becomes
/// `std::fs` and `std::io`.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code = lines.collect::<Vec<_>>().join("\n");
    let uses = code.split("use ").skip(1).filter_map(|rest| rest.split_once(';')).flat_map(|(tree, _)| paths("", tree));
    let uses: Vec<String> = uses.collect();
    format!("{code}\n{}", uses.join("\n"))
}

/// The paths of a `use` tree.
fn paths(prefix: &str, tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((head, rest)) = tree.split_once('{') else { return vec![format!("{prefix}{tree}")] };
    let (mut depth, mut from, mut found) = (0, 0, Vec::new());
    let inner = rest.rsplit_once('}').map_or(rest, |(inner, _)| inner);
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.extend(paths(&format!("{prefix}{head}"), &inner[from..at]));
                from = at + 1;
            }
            _ => {}
        }
    }
    found.extend(paths(&format!("{prefix}{head}"), &inner[from..]));
    found
}

#[test]
fn a_use_tree_is_written_out() {
    let found = paths("", "crate::{\n    mesh::{Mesh, id},\n    world::disk,\n}");
    assert_eq!(found, ["crate::mesh::Mesh", "crate::mesh::id", "crate::world::disk", "crate::"]);
}

/// Fails for every file of `dir` that has one of `words` outside its tests.
fn assert_free_of(dir: &str, words: &[&str]) {
    // the convergence model is all tests
    for (path, text) in
        sources(dir).into_iter().filter(|(path, _)| !path.components().any(|part| part.as_os_str() == "converge"))
    {
        let code = code(&text);
        for word in words {
            assert!(!code.contains(word), "{} should not have `{word}`", path.display());
        }
    }
}

const IO: [&str; 9] =
    ["tokio", "bollard", "hyper::", "std::fs", "std::process", "std::env", "now_utc", "SystemTime", "async fn"];

#[test]
fn what_is_wanted_and_what_must_change_is_decided_without_io() {
    assert_free_of("mesh", &IO);
    assert_free_of("facts", &IO);
    assert_free_of("plan", &IO);
    assert_free_of("judge", &IO);
    assert_free_of("ask", &IO);
}

#[test]
fn dependencies_point_one_way() {
    // each room may use those before it
    let rooms = [
        "exit", "explain", "mesh", "facts", "ask", "plan", "judge", "world", "error", "cli", "console", "session",
        "apply", "commands",
    ];
    let files = ["exit", "explain", "error"];
    for (at, room) in rooms.iter().enumerate().filter(|(_, room)| !files.contains(room)) {
        let above: Vec<String> = rooms[at + 1..].iter().map(|above| format!("crate::{above}")).collect();
        let above: Vec<&str> = above.iter().map(String::as_str).collect();
        assert_free_of(room, &above);
    }
}

#[test]
fn the_users_error_knows_no_other_error() {
    for file in ["exit.rs", "explain.rs", "error.rs"] {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(file)).unwrap();
        assert!(
            !code(&text).replace("crate::explain::", "").replace("crate::exit::", "").contains("crate::"),
            "{file}"
        );
    }
}

/// The widest line that a person writes; rustfmt holds the code to it, and texts that programs read may be wider.
const WIDEST: usize = 120;

#[test]
fn comments_and_documents_are_no_wider_than_the_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let documents = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let documents = documents.chain([root.join("README.md")]).filter(|path| path.extension().unwrap() == "md");
    let documents = documents.map(|path| (fs::read_to_string(&path).unwrap(), path));
    let mut wide = Vec::new();
    for (text, path) in documents {
        let mut shown = false;
        for line in text.lines() {
            shown ^= line.trim_start().starts_with("```");
            // tables, and what is shown word for word, have no other lines
            if !shown && !line.starts_with('|') && !line.starts_with("    ") && is_wide(line) {
                wide.push(format!("{}: {line}", path.display()));
            }
        }
    }
    for (path, text) in rust("src").into_iter().chain(rust("tests")) {
        // the help of a setting is one line of its entry
        let is_help = |line: &str| path.ends_with("settings/table.rs") && line.starts_with("    ///");
        let comments = text.lines().filter(|line| line.trim_start().starts_with("//") && !is_help(line));
        wide.extend(comments.filter(|line| is_wide(line)).map(|line| format!("{}: {line}", path.display())));
    }
    assert!(wide.is_empty(), "no line should have more than {WIDEST} columns:\n{}", wide.join("\n"));
}

/// Whether a line could be shorter: an address cannot be broken.
fn is_wide(line: &str) -> bool {
    line.chars().count() > WIDEST && !line.contains("https://")
}

/// Words of this project's first dialect, and what takes their place. This list is the only one that has them.
const DIALECT: [(&str, &str); 4] = [
    ("told", "reported, printed, shown"),
    ("said", "reported, printed, shown"),
    ("somebody", "the user, another user, a client"),
    ("nobody", "no one, no user, or the noun that is meant"),
];

/// The words of a line in lower case; each part of a name counts: `is_reported` has `is` and `reported`.
fn words(line: &str) -> impl Iterator<Item = String> {
    line.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty()).map(str::to_ascii_lowercase)
}

/// What is wrong with the words of a line, by docs/style.md.
fn dialect(line: &str) -> Option<String> {
    let comment = line.trim_start();
    let text = comment.strip_prefix("///").or_else(|| comment.strip_prefix("//!")).unwrap_or_default().trim_start();
    if text.starts_with("The same") {
        return Some("a comment should begin with the noun it is about, not with `The same`".to_owned());
    }
    words(line).find_map(|word| {
        let (_, instead) = DIALECT.iter().find(|(dialect, _)| *dialect == word)?;
        Some(format!("write {instead} instead of `{word}`"))
    })
}

#[test]
fn code_and_comments_are_in_the_words_of_the_field() {
    let mut found = Vec::new();
    for (path, text) in rust("src").into_iter().chain(rust("tests")).filter(|(path, _)| !path.ends_with(file!())) {
        let path = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().to_owned();
        for (number, line) in (1..).zip(text.lines()) {
            found.extend(dialect(line).map(|why| format!("{}:{number}: {why}: {}", path.display(), line.trim())));
        }
    }
    assert!(found.is_empty(), "docs/style.md has the words to use:\n{}", found.join("\n"));
}

#[test]
fn the_dialect_is_found_in_names_texts_and_beginnings() {
    for line in ["fn a_fault_is_told() {", "let x = \"Somebody's\";", "    /// The same once more.", "//! The same"] {
        assert!(dialect(line).is_some(), "{line}");
    }
    for line in ["let unsaid = retold;", "/// The user's.", "// in the same way", "assert_eq!(a, b, \"The same\");"] {
        assert_eq!(dialect(line), None, "{line}");
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    for (path, text) in sources("") {
        assert!(text.starts_with("//! "), "{} should begin with what it is for", path.display());
    }
}

/// A test of this repository.
struct Test {
    /// `src`, or the folder of `tests` that it is in.
    target: String,
    /// Its modules and its name, as the test runner prints them.
    path: String,
    ignored: Option<String>,
}

/// Every test of `src` and of the folders of `tests`.
fn tests() -> Vec<Test> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for (file, text) in rust("src").into_iter().chain(rust("tests")) {
        let file = file.strip_prefix(root).unwrap().with_extension("");
        let mut parts: Vec<&str> = file.iter().map(|part| part.to_str().unwrap()).collect();
        parts.retain(|part| !matches!(*part, "main" | "mod"));
        let target = if parts[0] == "tests" && parts.len() > 2 { parts.drain(..2).next_back() } else { None };
        let target = target.unwrap_or_else(|| parts.remove(0));
        let inline = text.find("\nmod tests {").unwrap_or(text.len());
        for (at, _) in text.match_indices("test]\n") {
            let (attributes, rest) = text[at..].split_once("fn ").unwrap();
            let modules = parts.iter().copied().chain((at > inline).then_some("tests"));
            let path: Vec<&str> = modules.chain(rest.split('(').next()).collect();
            let ignored = attributes.split_once("#[ignore = \"").and_then(|(_, reason)| reason.split('"').next());
            found.push(Test { target: target.to_owned(), path: path.join("::"), ignored: ignored.map(str::to_owned) });
        }
    }
    assert!(found.iter().any(|test| test.target == "e2e" && test.path == "lifecycle::a_mesh_from_create_to_reset"));
    found
}

/// What needs an engine is left to the scripts that have one, and is run by one of them.
#[test]
fn every_test_of_a_real_engine_is_ignored_and_says_what_runs_it() {
    for test in tests() {
        let script = match test.target.as_str() {
            "engine" | "e2e" => Some("run by scripts/test"),
            "faults" => Some("run by scripts/faults"),
            _ => None,
        };
        if let Some(script) = script {
            let reason = test.ignored.as_deref().unwrap_or_default();
            assert!(reason.ends_with(script), "{} {} should be ignored: {script}", test.target, test.path);
        }
    }
}

#[test]
fn every_group_of_scripts_faults_is_a_module_of_tests_faults() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let script = fs::read_to_string(root.join("scripts/faults")).unwrap();
    let groups = script.split_once("readonly groups=(").and_then(|(_, rest)| rest.split(')').next()).unwrap();
    let groups: Vec<&str> = groups.split(' ').filter(|group| *group != "ci").collect();
    let folders = fs::read_dir(root.join("tests/faults")).unwrap().map(|entry| entry.unwrap());
    let mut folders: Vec<_> = folders.filter(|entry| entry.path().is_dir()).map(|entry| entry.file_name()).collect();
    folders.sort();
    assert_eq!(folders, groups);
    let tests: Vec<Test> = tests().into_iter().filter(|test| test.target == "faults").collect();
    for group in &groups {
        assert!(tests.iter().any(|test| test.path.starts_with(&format!("{group}::"))), "{group} has no test");
        assert!(script.contains(&format!("  {group} ")), "`scripts/faults --help` should explain {group}");
    }
    for test in &tests {
        // the runner takes a group for a part of a test's path
        let chosen = groups.iter().filter(|group| test.path.contains(&format!("{group}::")));
        assert_eq!(chosen.count(), 1, "{} should be in one group", test.path);
    }
}

/// The code spans of a text.
fn spans(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Whether there is a test, or a module with tests, by a name as documents have it: `kills::…` is each test of a
/// module.
fn names_a_test(tests: &[Test], name: &str) -> bool {
    let (name, whole) = name.strip_suffix('…').map_or((name, true), |start| (start, false));
    tests.iter().any(|test| {
        let path = format!("::{}::", test.path);
        path.contains(&format!("::{name}{}", if whole { "::" } else { "" }))
    })
}

#[test]
fn every_test_that_the_documents_name_exists() {
    let tests = tests();
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let mut checked = 0;
    let mut check = |document: &str, name: &str| {
        assert!(names_a_test(&tests, name), "{document} names the test `{name}`, which does not exist");
        checked += 1;
    };
    for document in ["performance.md", "reliability.md"] {
        let text = fs::read_to_string(docs.join(document)).unwrap();
        spans(&text).filter(|span| span.contains("::")).for_each(|path| check(document, path));
    }
    let architecture = fs::read_to_string(docs.join("architecture.md")).unwrap();
    spans(&architecture).filter(|span| span.contains("::…")).for_each(|path| check("architecture.md", path));
    let reliability = fs::read_to_string(docs.join("reliability.md")).unwrap();
    let row = |line: &&str| line.ends_with("| yes |") || line.ends_with("| no |");
    for row in reliability.lines().filter(row) {
        let cell = row.rsplit(" | ").nth(1).unwrap();
        spans(cell).for_each(|name| check("reliability.md", name));
    }
    assert!(checked > 80, "{checked}");
}

#[test]
fn every_file_that_the_documents_name_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut checked = 0;
    for document in ["architecture.md", "performance.md", "reliability.md", "style.md"] {
        let text = fs::read_to_string(root.join("docs").join(document)).unwrap();
        for span in spans(&text) {
            let ours = ["src/", "tests/", "templates/", "images/", "scripts/"].iter().any(|dir| span.starts_with(dir));
            if ours && !span.contains(['<', ' ', '*']) {
                assert!(root.join(span).exists(), "{document} names {span}, which does not exist");
                checked += 1;
            }
        }
    }
    assert!(checked > 40, "{checked}");
}
