//! Tests, groups of tests and files: what documents and scripts name exists.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::rust;

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

/// A room or a file of this repository, by the end of its path: `facts/guests.rs`, `lifecycle/`.
#[test]
fn every_room_that_the_architecture_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files: Vec<PathBuf> = rust("src").into_iter().chain(rust("tests")).map(|(path, _)| path).collect();
    let text = fs::read_to_string(root.join("docs/architecture.md")).unwrap();
    let is_rust = |span: &str| Path::new(span).extension().is_some_and(|extension| extension == "rs");
    let names = spans(&text).filter(|span| is_rust(span) || span.ends_with('/'));
    let mut checked = 0;
    for name in names.filter(|name| !name.contains('<')) {
        let end = format!("/{name}");
        let exists = root.join(name).exists() || files.iter().any(|file| file.to_str().unwrap().contains(&end));
        assert!(exists, "architecture.md names {name}, which does not exist");
        checked += 1;
    }
    assert!(checked > 100, "{checked}");
}
