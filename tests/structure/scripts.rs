//! What scripts promise, where that takes neither an engine nor the network.

use std::{fs, path::Path};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn what_other_users_read_is_made_with_a_umask_of_its_own() {
    for script in ["images/build", "scripts/package", "scripts/package.d/compile"] {
        let text = fs::read_to_string(root().join(script)).unwrap();
        assert!(text.lines().any(|line| line.trim() == "umask 022"), "{script}");
    }
}
