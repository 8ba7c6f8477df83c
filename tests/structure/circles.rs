//! The modules of `src/mesh` depend on each other in one direction, but for one circle that is known.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::{code, sources};

/// Settings name peers and users, and these consist of values that are settings.
const CIRCLE: [&str; 3] = ["peers", "settings", "users"];

/// Whether a file is compiled for tests only.
fn is_for_tests(file: &Path) -> bool {
    let name = file.file_stem().unwrap().to_str().unwrap();
    name.starts_with("tests") || ["example", "read_back", "reference"].contains(&name)
}

/// Every module of `src/mesh`, with those that its files use. `Mesh` itself does not count: its methods are written
/// where their subject is.
fn modules() -> BTreeMap<String, BTreeSet<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/mesh");
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in sources("mesh").into_iter().filter(|(path, _)| !is_for_tests(path)) {
        let inside = path.strip_prefix(&root).unwrap();
        let parts: Vec<&str> = inside.iter().map(|part| part.to_str().unwrap()).collect();
        let module = parts[0].trim_end_matches(".rs");
        if module == "mod" {
            continue;
        }
        let is_beside_others = parts.len() == 1 || parts[1..] == ["mod.rs"];
        let code = code(&text);
        let names = code.lines().filter_map(|line| {
            let beside = line.strip_prefix("super::").filter(|_| is_beside_others);
            line.strip_prefix("crate::mesh::").or(beside)?.split("::").next()
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
fn the_modules_of_mesh_are_no_circle_but_the_known_one() {
    let uses = modules();
    assert!(uses.len() > 40 && uses["decide"].contains("allocate"), "{uses:?}");
    let circle: Vec<&str> =
        uses.keys().filter(|module| reached(module, &uses).contains(*module)).map(String::as_str).collect();
    assert_eq!(circle, CIRCLE, "a module should not use one that uses it, whatever is between: {uses:#?}");
}
