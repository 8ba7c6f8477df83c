//! Lines are as wide as a person reads them, and in the words of docs/style.md.

use std::{fs, path::Path};

use super::rust;

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

/// Beginnings of words in British spelling, and the American one.
const BRITISH: [(&str, &str); 7] = [
    ("behaviour", "behavior"),
    ("catalogue", "catalog"),
    ("colour", "color"),
    ("judgement", "judgment"),
    ("labelled", "labeled"),
    ("licence", "license"),
    ("recognis", "recogniz"),
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
        let dialect = DIALECT.iter().find(|(dialect, _)| *dialect == word);
        let (_, instead) = dialect.or_else(|| BRITISH.iter().find(|(british, _)| word.starts_with(british)))?;
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
    for line in
        ["fn a_fault_is_told() {", "let x = \"Somebody's\";", "    /// The same once more.", "//! The same", "colours"]
    {
        assert!(dialect(line).is_some(), "{line}");
    }
    for line in ["let unsaid = retold;", "/// The user's.", "// in the same way", "assert_eq!(a, b, \"The same\");"] {
        assert_eq!(dialect(line), None, "{line}");
    }
}
