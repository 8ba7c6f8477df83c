//! Commands that hand something out: passwords, variables, completions, pages.

use std::{
    fs,
    process::{Command, Output},
};

use insta::assert_snapshot;

use crate::{fixture::Fixture, help::subcommands, mesh, run, transcript};

const HOSTILE: &str = r#"it's "$HOME" `id` \ $(id) ; & | !! ~ * {a,b} #ü"#;

fn printed(output: Output) -> String {
    assert!(output.status.success(), "{}", transcript(&output));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn credentials_are_printed_for_people_and_programs() {
    let fixture = Fixture::new(21, "correct-horse");
    assert_snapshot!(fixture.neutral(&printed(fixture.mesh(&["credentials"]).output().unwrap())), @r"
    USER           PASSWORD       FOR
    elastic        correct-horse  you: Elasticsearch and Kibana of every cluster
    kibana_system  of-kibana      Kibana itself

    cluster01  https://127.213.0.21:9201  https://127.213.0.21:5601/cluster01
    cluster02  https://127.213.0.21:9202  https://127.213.0.21:5602/cluster02
    cluster03  https://127.213.0.21:9203  https://127.213.0.21:5603/cluster03

    authorities for clients and browsers: /mesh/ca.crt
    ");
    assert_snapshot!(fixture.neutral(&printed(fixture.mesh(&["credentials", "-o", "json"]).output().unwrap())), @r#"
    {
      "version": 1,
      "users": [
        {
          "name": "elastic",
          "password": "correct-horse",
          "for": "you: Elasticsearch and Kibana of every cluster"
        },
        {
          "name": "kibana_system",
          "password": "of-kibana",
          "for": "Kibana itself"
        }
      ],
      "clusters": [
        {
          "cluster": "cluster01",
          "elasticsearch": "https://127.213.0.21:9201",
          "nodes": [
            "https://127.213.0.21:9201"
          ],
          "kibana": "https://127.213.0.21:5601/cluster01"
        },
        {
          "cluster": "cluster02",
          "elasticsearch": "https://127.213.0.21:9202",
          "nodes": [
            "https://127.213.0.21:9202"
          ],
          "kibana": "https://127.213.0.21:5602/cluster02"
        },
        {
          "cluster": "cluster03",
          "elasticsearch": "https://127.213.0.21:9203",
          "nodes": [
            "https://127.213.0.21:9203"
          ],
          "kibana": "https://127.213.0.21:5603/cluster03"
        }
      ],
      "authorities": "/mesh/ca.crt"
    }
    "#);
    let yaml = printed(fixture.mesh(&["credentials", "-o", "yaml"]).output().unwrap());
    assert!(yaml.starts_with("version: 1\nusers:\n- name: elastic\n  password: correct-horse\n"), "{yaml}");
    fs::remove_file(fixture.dir.path().join("credentials.txt")).unwrap();
    assert_snapshot!(fixture.neutral(&transcript(&fixture.mesh(&["credentials"]).output().unwrap())), @r"
    exit 1
    error: /mesh/credentials.txt is lost

    hint: `mesh create --recover-credentials` brings its passwords back, or sets new ones
    ");
}

#[test]
fn bash_takes_the_variables_over_whatever_they_hold() {
    let fixture = Fixture::new(22, HOSTILE);
    let script = r#"eval "$("$0" env 3)" && printf '%s\n' "$MESH_CLUSTER" "$ES_URL" "$ES_USER" "$ES_PASSWORD" "$ES_CACERT" "$KIBANA_URL" && env | grep -c '^ES_'"#;
    let output = Command::new("bash")
        .args(["--norc", "-c", script, env!("CARGO_BIN_EXE_mesh")])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("MESH_DIR", fixture.dir.path())
        .output()
        .unwrap();
    let read = fixture.neutral(&printed(output));
    assert!(read.contains(&format!("\n{HOSTILE}\n")), "{read}");
    assert_snapshot!(read.replace(HOSTILE, "(the password)"), @r"
    3
    https://127.213.0.22:9203
    elastic
    (the password)
    /mesh/ca.crt
    https://127.213.0.22:5603/cluster03
    5
    ");
}

#[test]
fn a_shell_is_taken_from_the_environment_unless_it_is_named() {
    let fixture = Fixture::new(23, "password");
    let first = |command: &mut Command| printed(command.output().unwrap()).lines().next().unwrap().to_owned();
    assert_eq!(first(&mut fixture.mesh(&["env", "2"])), "export MESH_CLUSTER=2");
    assert_eq!(first(fixture.mesh(&["env", "2"]).env("SHELL", "/usr/bin/fish")), "set -gx MESH_CLUSTER '2';");
    assert_eq!(
        first(fixture.mesh(&["env", "2", "--shell", "zsh"]).env("SHELL", "/usr/bin/fish")),
        "export MESH_CLUSTER=2"
    );
}

/// What is offered for the last of these words, as the script for the shell asks for it.
fn offered(fixture: &Fixture, shell: &str, words: &[&str]) -> String {
    let mut command = fixture.mesh(&["--", "mesh"]);
    command.args(words).env("COMPLETE", shell).env("_CLAP_COMPLETE_INDEX", words.len().to_string());
    command.env("_CLAP_IFS", "\n");
    printed(command.output().unwrap())
}

#[test]
fn the_clusters_that_exist_are_completed() {
    let fixture = Fixture::new(24, "password");
    for words in [
        &["manage", "stop", ""] as &[&str],
        &["upgrade", "9.5.3", ""],
        &["logs", ""],
        &["create", "2", "--remove", ""],
        &["logs", "1", ""],
        &["es", ""],
        &["search", "mesh*", "--from", ""],
        &["env", ""],
        &["keys", "extend", ""],
        &["certs", "rotate", "--ca", "1", ""],
    ] {
        let numbers: Vec<String> = offered(&fixture, "bash", words).lines().map(str::to_owned).collect();
        assert_eq!(&numbers[..3], ["1", "2", "3"], "{words:?}");
    }
    assert_snapshot!(offered(&fixture, "fish", &["env", ""]), @r"
    1	cluster01, https://127.213.0.24:9201
    2	cluster02, https://127.213.0.24:9202
    3	cluster03, https://127.213.0.24:9203
    --user	A user of the mesh instead of `elastic`
    --shell	The shell that reads it [default: the one in `SHELL`]
    --help	Print help (see more with '--help')
    --dir	The mesh's directory [default: /mnt/data/mesh for root, ~/.local/share/mesh for others]
    --name	The mesh's name, for several on one engine: a prefix of its containers' names; its directory is `mesh-NAME`, beside the default one
    --quiet	Print errors and the result only
    --verbose	Log each step; with -vv each call to Docker and Elasticsearch (`MESH_LOG` filters in detail)
    --color	Controls when to use color
    ");
    assert_snapshot!(offered(&fixture, "bash", &["cr"]), @r"
    create
    credentials
    ");
    let elsewhere = fixture.dir.path().join("cluster01");
    let none = offered(&fixture, "fish", &["--dir", elsewhere.to_str().unwrap(), "env", ""]);
    assert!(!none.contains("cluster"), "{none}");
}

#[test]
fn bash_completes_with_the_script() {
    let fixture = Fixture::new(25, "password");
    let script = r#"source <("$0" completions bash) && COMP_WORDS=(mesh env "") COMP_CWORD=2 COMP_TYPE=9 && _clap_complete_mesh mesh "" env && echo "${COMPREPLY[@]}""#;
    let output = Command::new("bash")
        .args(["--norc", "-c", script, env!("CARGO_BIN_EXE_mesh")])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("MESH_DIR", fixture.dir.path())
        .output()
        .unwrap();
    let read = printed(output);
    assert!(read.starts_with("1 2 3"), "{read}");
}

#[test]
fn every_shell_gets_a_script() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = printed(mesh(&["completions", shell]).output().unwrap());
        assert!(script.contains("COMPLETE") && script.contains(shell), "{script}");
    }
    assert!(run(&["completions", "tcsh"]).starts_with("exit 2\n"));
}

#[test]
fn every_command_gets_a_page() {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("share/man1");
    let shown = printed(mesh(&["man", "--into", to.to_str().unwrap()]).output().unwrap());
    assert!(shown.contains("mesh.1"), "{shown}");
    let help = printed(mesh(&["--help"]).output().unwrap());
    let commands = subcommands(&help);
    assert!(commands.len() > 15, "{commands:?}");
    for command in commands {
        let page = fs::read_to_string(to.join(format!("mesh-{command}.1"))).unwrap();
        assert!(page.contains(".SH SYNOPSIS"), "{page}");
    }
    for page in ["mesh-keys-rotate.1", "mesh-certs-ls.1"] {
        assert!(fs::read_to_string(to.join(page)).unwrap().contains(".SH SYNOPSIS"), "{page}");
    }
    let page = fs::read_to_string(to.join("mesh.1")).unwrap();
    for section in [".SH \"EXIT STATUS\"", ".SH ENVIRONMENT", ".SH FILES", "mesh\\-credentials(1)"] {
        assert!(page.contains(section), "{section}");
    }
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    // with the form of earlier versions
    let failure = run(&["man", file.to_str().unwrap()]);
    assert!(failure.starts_with("exit 3\nerror: cannot "), "{failure}");
    assert!(run(&["man"]).starts_with("exit 2\n"));
}

#[test]
fn the_log_of_a_node_is_asked_for_by_its_number() {
    let fixture = Fixture::new(26, "password");
    assert_snapshot!(transcript(&fixture.mesh(&["logs", "2/3"]).output().unwrap()), @r"
    exit 2
    error: there is no node 3 in cluster02: it has 1

    hint: `2/1` is its only node; `mesh create --set 2.nodes=3` gives it 3
    ");
    assert_snapshot!(transcript(&fixture.mesh(&["logs", "2/1", "--service", "kibana"]).output().unwrap()), @r"
    exit 2
    error: cluster02-elastic is a node, and its Kibana is that of the cluster

    hint: `mesh logs 2 --service kibana`
    ");
}
