//! What the layout promises, held by a test: dependencies point one way, pure rooms do no I/O, files stay rooms.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test is a program of its own")]

mod circles;
mod commands;
mod documents;
mod lengths;
mod scripts;
mod words;

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
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
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

#[test]
fn code_after_a_module_of_tests_in_another_file_is_code() {
    let text = "#[cfg(test)]\nmod tests;\n\nuse std::{fs, io};\n#[cfg(test)]\nmod tests {\n    use std::env;\n}\n";
    let code = code(text);
    assert!(code.contains("std::fs") && !code.contains("std::env"), "{code}");
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
    assert_free_of("page", &IO);
}

#[test]
fn dependencies_point_one_way() {
    // each room may use those before it
    let rooms = [
        "exit", "explain", "mesh", "facts", "ask", "plan", "judge", "page", "world", "error", "cli", "console",
        "session", "apply", "commands",
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

#[test]
fn every_file_says_what_it_is_for() {
    for (path, text) in sources("") {
        assert!(text.starts_with("//! "), "{} should begin with what it is for", path.display());
    }
}
