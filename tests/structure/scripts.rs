//! What scripts promise, where that takes neither an engine nor the network.

use std::{fs, path::Path, process::Command};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What a shell prints that has the functions of the quickstart.
fn quickstart(commands: &str) -> String {
    let script = format!("source scripts/quickstart\n{commands}");
    let mut bash = Command::new("bash");
    bash.args(["-c", &script]).current_dir(root());
    for variable in ["MESH_REGISTRY", "MESH_GATEWAY_IMAGE"] {
        bash.env_remove(variable);
    }
    let output = bash.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_other_users_read_is_made_with_a_umask_of_its_own() {
    for script in ["images/build", "scripts/package", "scripts/package.d/compile"] {
        let text = fs::read_to_string(root().join(script)).unwrap();
        assert!(text.lines().any(|line| line.trim() == "umask 022"), "{script}");
    }
}

#[test]
fn the_quickstart_proves_the_mesh_that_it_made() {
    for (arguments, option) in [
        ("--no-kibana", ""),
        ("--name ci42 --no-kibana", "--name ci42 "),
        ("--no-kibana --name=ci42", "--name=ci42 "),
        ("--dir '/srv/a mesh'", "--dir /srv/a mesh "),
    ] {
        let printed = quickstart(&format!("mesh=echo; name_mesh {arguments}; ask 2 GET hello"));
        assert_eq!(printed, format!("{option}es 2 GET hello\n"));
    }
}
