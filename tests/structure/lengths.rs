//! Files stay short enough to be read at one sitting.

use super::rust;

/// The most lines of a file, with its tests.
const MOST: usize = 300;

/// The most lines of a file that [`LONGER`] excuses.
const MOST_BY_FAR: usize = 500;

/// Longer files, each with the reason why it is one file.
const LONGER: [(&str, &str); 10] = [
    ("src/apply/mod.rs", "the order of stages and lanes is read as a whole"),
    ("src/judge/container_exit/tests/elasticsearch.rs", "real logs, word for word, each with its cause"),
    ("src/mesh/settings/define.rs", "an entry of the table of settings, and all that is made of it"),
    ("src/mesh/settings/precedence.rs", "its tests are tables of which source wins"),
    ("src/mesh/settings/snapshots.rs", "one setting: its forms, its schema and its record"),
    ("src/mesh/settings/topology.rs", "two settings that are one: a topology, or rules for links"),
    ("src/plan/reconcile/mod.rs", "the order of stages is read as a whole"),
    ("tests/cli/settings.rs", "the output for every mistake, word for word"),
    ("tests/e2e/inspection.rs", "one mesh is started for all of it"),
    ("tests/engine/main.rs", "the output for every mistake, word for word"),
];

#[test]
#[allow(clippy::print_stdout, reason = "`--nocapture` shows the list")]
fn files_that_are_longer_have_a_reason() {
    let (mut found, mut longer) = (Vec::new(), Vec::new());
    for (path, text) in rust("src").into_iter().chain(rust("tests")) {
        let path = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().to_str().unwrap().to_owned();
        let (length, reason) = (text.lines().count(), LONGER.iter().find(|(longer, _)| *longer == path));
        if length > MOST {
            println!("{length} {path}: {}", reason.map_or("no reason", |(_, reason)| reason));
        }
        if length > if reason.is_some() { MOST_BY_FAR } else { MOST } {
            found.push(format!("{path} has {length} lines: give its second purpose a file, or LONGER a reason"));
        }
        if length > MOST {
            longer.push(path);
        }
    }
    for (path, _) in LONGER.iter().filter(|(path, _)| !longer.iter().any(|longer| longer == path)) {
        found.push(format!("{path} has no more than {MOST} lines: take it out of LONGER"));
    }
    assert!(found.is_empty(), "LONGER is in {}:\n{}", file!(), found.join("\n"));
}
