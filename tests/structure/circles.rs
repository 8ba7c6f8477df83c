//! The modules of a room depend on each other in one direction, but for one circle that is known.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::{code, sources};

/// The modules of `src/mesh` that need each other: settings name peers and users, and these consist of values that are
/// settings.
const CIRCLE: [&str; 3] = ["peers", "settings", "users"];

/// Whether a file, by its path in a room, is compiled for tests only.
fn is_for_tests(file: &Path) -> bool {
    let names: Vec<&str> = file.iter().map(|part| part.to_str().unwrap()).collect();
    names.iter().any(|name| name.starts_with("tests") || ["example.rs", "read_back.rs", "reference.rs"].contains(name))
}

/// Every module of a room, with those that its files use. What the room's own file defines does not count: `Mesh` has
/// its methods where their subject is.
fn modules(room: &str) -> BTreeMap<String, BTreeSet<String>> {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room);
    let path_of_room = format!("crate::{room}::");
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in sources(room) {
        let inside = path.strip_prefix(&place).unwrap();
        let parts: Vec<&str> = inside.iter().map(|part| part.to_str().unwrap()).collect();
        let module = parts[0].trim_end_matches(".rs");
        if module == "mod" || is_for_tests(inside) {
            continue;
        }
        let is_beside_others = parts.len() == 1 || parts[1..] == ["mod.rs"];
        let code = code(&text);
        let names = code.lines().filter_map(|line| {
            let beside = line.strip_prefix("super::").filter(|_| is_beside_others);
            line.strip_prefix(&path_of_room).or(beside)?.split("::").next()
        });
        let used = names.filter(|name| *name != module && name.starts_with(|c: char| c.is_ascii_lowercase()));
        found.entry(module.to_owned()).or_default().extend(used.map(str::to_owned));
    }
    found
}

/// The modules that one uses, and those that these use.
fn reached(from: &str, uses: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<String> {
    let (mut found, mut next) = (BTreeSet::new(), vec![from.to_owned()]);
    while let Some(module) = next.pop() {
        for used in uses.get(&module).into_iter().flatten() {
            if found.insert(used.clone()) {
                next.push(used.clone());
            }
        }
    }
    found
}

#[test]
fn the_modules_of_mesh_and_judge_are_no_circle_but_the_known_one() {
    for (room, known) in [("mesh", &CIRCLE[..]), ("judge", &[][..])] {
        let uses = modules(room);
        assert!(uses.len() > 10 && uses.values().any(|used| !used.is_empty()), "{uses:?}");
        let circle: Vec<&str> =
            uses.keys().filter(|module| reached(module, &uses).contains(*module)).map(String::as_str).collect();
        assert_eq!(circle, known, "a module of {room} should not use one that uses it, whatever is between: {uses:#?}");
    }
}

#[test]
fn a_circle_of_three_is_seen() {
    let uses = [("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")];
    let uses: BTreeMap<String, BTreeSet<String>> =
        uses.map(|(from, to)| (from.to_owned(), BTreeSet::from([to.to_owned()]))).into();
    assert!(reached("a", &uses).contains("a") && !reached("d", &uses).contains("d"));
}
