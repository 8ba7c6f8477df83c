//! Commands in hints are about the mesh that the run was about, whatever the next shell has in its environment.

use std::{fs, os::unix::fs::symlink, path::Path};

use crate::{fixture::Fixture, mesh, transcript};

fn shown(command: &mut std::process::Command) -> String {
    let output = command.output().unwrap();
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn commands_name_a_directory_that_is_not_the_default_one() {
    let fixture = Fixture::new(20, "password");
    let dir = fixture.dir.path().to_str().unwrap().to_owned();
    let printed = shown(&mut fixture.mesh(&["es", "2", "GET", "/"]));
    assert!(
        printed.contains(&format!("`mesh status --dir {dir}` shows what runs; `mesh manage start 2 --dir {dir}`")),
        "{printed}"
    );
    let typed = shown(mesh(&["es", "2", "GET", "/", "--dir", &dir]).env_remove("MESH_DIR"));
    assert_eq!(typed, printed);
}

#[test]
fn a_relative_directory_is_named_in_full() {
    let fixture = Fixture::new(27, "password");
    let dir = fixture.dir.path();
    fs::create_dir(dir.join("it's here")).unwrap();
    let printed = shown(mesh(&["env", "1", "--dir", "it's here/mesh"]).current_dir(dir));
    let command = printed.split('`').find(|part| part.starts_with("mesh create 2 ")).unwrap();
    let words = shlex::split(command).unwrap();
    assert_eq!(words[3..], ["--dir".to_owned(), format!("{}/it's here/mesh", dir.display())], "{printed}");
}

#[test]
fn the_default_directory_needs_no_name() {
    let home = tempfile::tempdir().unwrap();
    let own = format!("{}/mesh", home.path().display());
    let default = if nix::unistd::geteuid().is_root() { "/mnt/data/mesh".to_owned() } else { own };
    let run = |variable: Option<&str>| {
        let mut command = mesh(&["env", "1"]);
        command.env_remove("MESH_DIR").env("XDG_DATA_HOME", home.path()).env("HOME", home.path());
        if let Some(other) = variable {
            command.env("MESH_DIR", other).args(["--dir", &default]);
        }
        shown(&mut command)
    };
    // there may be a mesh of the machine's own
    let is_there = Path::new(&default).exists();
    let plain = run(None);
    assert!(is_there || plain.contains("`mesh create 2`"), "{plain}");
    assert!(!plain.contains(" --dir /"), "{plain}");
    let shadowed = run(Some("/nonexistent/other"));
    assert!(is_there || shadowed.contains(&format!("`mesh create 2 --dir {default}`")), "{shadowed}");
    assert!(!shadowed.contains("`mesh create 2`"), "{shadowed}");
}

#[test]
fn a_directory_that_is_a_link_to_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let link = dir.path().join("link");
    symlink("/nonexistent/disk", &link).unwrap();
    for (name, below) in [("link", link.clone()), ("below", link.join("mesh"))] {
        let path = below.to_str().unwrap();
        let commands: [&[&str]; 9] = [
            &["create", "2"],
            &["status"],
            &["doctor"],
            &["reset", "--yes"],
            &["manage", "stop", "1"],
            &["env", "1"],
            &["config"],
            &["search", "mesh-*"],
            &["upgrade", "9.6.0"],
        ];
        for arguments in commands {
            let printed = transcript(&mesh(arguments).args(["--dir", path]).output().unwrap());
            let wanted = format!("exit 3\nerror: `{}` is a symbolic link that leads nowhere\n", link.display());
            assert!(printed.starts_with(&wanted), "{name}, {arguments:?}: {printed}");
        }
    }
}

#[test]
fn an_error_has_the_format_of_the_result() {
    let output = mesh(&["status", "-o", "json", "--dir", "/nonexistent/mesh"]).output().unwrap();
    insta::assert_snapshot!(transcript(&output), @r#"
    exit 3
    {
      "version": 1,
      "error": "Docker is not running: nothing listens on /nonexistent/docker.sock",
      "causes": [],
      "remedy": "start it with `systemctl start docker`, or `dockerd &` where there is no systemd",
      "exit": 3
    }
    "#);
    insta::assert_snapshot!(crate::run(&["keys", "ls", "-o", "yaml", "--wrong"]), @r#"
    exit 2
    version: 1
    error: unexpected argument '--wrong' found
    causes:
    - 'tip: to pass ''--wrong'' as a value, use ''-- --wrong'''
    remedy: '`mesh keys ls --help`'
    exit: 2
    "#);
}
