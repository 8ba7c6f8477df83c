//! The binary from outside, where no Docker engine is needed: help, mistakes, hints, exit codes.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test is a program of its own")]

use std::{
    fs,
    os::unix::{fs::PermissionsExt as _, net::UnixListener, process::CommandExt as _},
    process::{Command, Output},
};

use insta::assert_snapshot;

/// `mesh` with these arguments, no engine to talk to and a home of its own.
fn mesh(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mesh"));
    command
        .args(arguments)
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("MESH_DIR", "/nonexistent/mesh")
        .env("DOCKER_HOST", "unix:///nonexistent/docker.sock");
    command
}

/// The exit code and what was said, for people to read.
fn transcript(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("exit {}\n{}{}", output.status.code().unwrap_or(-1), out.trim_end(), err.trim_end())
}

fn run(arguments: &[&str]) -> String {
    transcript(&mesh(arguments).output().unwrap())
}

#[test]
fn help_of_every_command() {
    assert_snapshot!(run(&["--help"]), @r"
    exit 0
    A data mesh: Elasticsearch clusters on one Docker host, each a remote cluster of every other

    Usage: mesh [OPTIONS] <COMMAND>

    Commands:
      create  Create a mesh of N clusters, or bring the one that exists to N
      manage  Start, stop, restart, remove or bring back the containers of some clusters
      reset   Remove the mesh: its containers, its network and its directory with all data
      help    Print this message or the help of the given subcommand(s)

    Options:
          --dir <DIR>  The mesh's directory [default: /mnt/data/mesh for root, ~/.local/share/mesh for
                       others] [env: MESH_DIR=/nonexistent/mesh]
      -h, --help       Print help
      -V, --version    Print version
    ");
    assert_snapshot!(run(&["create", "--help"]), @r"
    exit 0
    Create a mesh of N clusters, or bring the one that exists to N

    Usage: mesh create [OPTIONS] [N]

    Arguments:
      [N]  How many clusters, 1 to 99 [default: as many as there are]

    Options:
          --dir <DIR>                The mesh's directory [default: /mnt/data/mesh for root,
                                     ~/.local/share/mesh for others] [env: MESH_DIR=/nonexistent/mesh]
          --reset                    Remove the mesh that exists, with its data, and start afresh
      -y, --yes                      Ask nothing
          --dry-run                  Print the plan and change nothing
          --force                    Go on when memory or disk seem too small
          --stack-version <VERSION>  Version of Elasticsearch and Kibana [default: 9.5.3]
          --registry <HOST>          Registry of the images [default: docker.elastic.co] [env:
                                     MESH_REGISTRY=]
          --no-kibana                Elasticsearch only
          --kibana                   Kibana, too, after `--no-kibana`
          --bind <ADDRESS>           Address of this machine that ports are published on [default:
                                     127.0.0.1]
          --subnet <NETWORK>         The mesh's Docker network, /16 to /24 [default: a free one]
          --elastic-memory <SIZE>    Memory limit of an Elasticsearch container; the heap is half of it
                                     [default: 2g]
          --kibana-memory <SIZE>     Memory limit of a Kibana container [default: 2g]
          --share <PATTERN>          Indices that the other clusters may search, besides `mesh*`; can be
                                     given again
          --san <NAME>               A name or address that certificates are valid for, besides the
                                     mesh's own; can be given again
          --key-days <DAYS>          Lifetime of the API keys between clusters, in days [default: 365]
          --license <FILE>           A licence file for every cluster; a trial of 30 days otherwise
          --no-hosts                 Leave `/etc/hosts` alone
          --hosts                    Write `/etc/hosts` (root only), after `--no-hosts`
          --timeout <TIME>           Give up after this long, for example `90s` or `10m` [default: 5m
                                     and 1m a cluster]
      -h, --help                     Print help
    ");
    assert_snapshot!(run(&["manage", "--help"]), @r"
    exit 0
    Start, stop, restart, remove or bring back the containers of some clusters

    Usage: mesh manage [OPTIONS] <ACTION> <START> [COUNT]

    Arguments:
      <ACTION>
              What the clusters are to do

              Possible values:
              - up:      Make containers again that `down` removed, and start them
              - down:    Stop and remove the containers; the data stays
              - start:   Start the containers
              - stop:    Stop the containers
              - restart: Stop the containers and start them

      <START>
              The first cluster

      [COUNT]
              How many clusters from START on
              
              [default: 1]

    Options:
          --dir <DIR>
              The mesh's directory [default: /mnt/data/mesh for root, ~/.local/share/mesh for others]
              
              [env: MESH_DIR=/nonexistent/mesh]

          --timeout <TIME>
              Give up after this long, for example `90s` or `10m` [default: 5m and 1m a cluster]

      -h, --help
              Print help (see a summary with '-h')
    ");
    assert_snapshot!(run(&["reset", "--help"]), @r"
    exit 0
    Remove the mesh: its containers, its network and its directory with all data

    Usage: mesh reset [OPTIONS]

    Options:
          --dir <DIR>  The mesh's directory [default: /mnt/data/mesh for root, ~/.local/share/mesh for
                       others] [env: MESH_DIR=/nonexistent/mesh]
      -y, --yes        Ask nothing
      -h, --help       Print help
    ");
}

#[test]
fn help_of_doctor() {
    assert_snapshot!(run(&["doctor", "-h"]), @r"
    exit 0
    Check the machine: is it ready for a mesh?

    Usage: mesh doctor [OPTIONS] [N]

    Arguments:
      [N]  For how many clusters [default: as many as the mesh has, else 2]

    Options:
          --dir <DIR>        The mesh's directory [default: /mnt/data/mesh for root, ~/.local/share/mesh
                             for others] [env: MESH_DIR=/nonexistent/mesh]
      -o, --output <OUTPUT>  How to print it [default: text] [possible values: text, json, yaml]
          --fix              Mend what is safe to mend: kernel settings
      -q, --quiet            Print nothing but errors and what was asked for
      -v, --verbose...       Tell each step; -vv each call to Docker and Elasticsearch (`MESH_LOG`
                             chooses in detail)
          --color <WHEN>     Controls when to use color [default: auto] [possible values: auto, always,
                             never]
      -h, --help             Print help (see more with '--help')
    ");
}

#[test]
fn a_machine_without_an_engine_is_checked_all_the_same() {
    let output = mesh(&["doctor", "3", "-o", "json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", transcript(&output));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["version"], &report["clusters"]), (&1.into(), &3.into()));
    let checks = report["checks"].as_array().unwrap();
    let result = |check: &str| {
        let found = checks.iter().find(|line| line["check"] == check);
        found.unwrap_or_else(|| panic!("{check} should be in {report}"))["result"].as_str().unwrap()
    };
    assert_eq!(result("docker"), "problem");
    for check in ["cgroup", "images", "other meshes"] {
        assert_eq!(result(check), "unchecked");
    }
    for check in ["memory", "disk", "network", "ports", "max_map_count", "inotify", "clock"] {
        assert_ne!(result(check), "unchecked", "{check}");
    }
    for line in checks {
        assert!(!line["message"].as_str().unwrap().is_empty(), "{line}");
        let stands = ["warning", "problem"].contains(&line["result"].as_str().unwrap());
        assert_eq!(line["remedy"].is_string(), stands, "{line}");
    }

    let told = run(&["doctor"]);
    assert!(told.starts_with("exit 3\n✗ docker         Docker is not "), "{told}");
    assert!(told.contains("\n- cgroup         not checked: Docker cannot be asked\n"), "{told}");
    let yaml = run(&["doctor", "-o", "yaml"]);
    assert!(
        yaml.starts_with("exit 3\nversion: 1\nclusters: 2\nchecks:\n- check: docker\n  result: problem\n"),
        "{yaml}"
    );
}

#[test]
fn a_number_of_clusters_that_is_none() {
    for wrong in ["0", "100", "abc", "-1", "1.5", ""] {
        let told = run(&["create", wrong]);
        assert!(told.starts_with("exit 2\n"), "{wrong}: {told}");
    }
    assert_snapshot!(run(&["create", "100"]), @r"
    exit 2
    error: invalid value '100' for '[N]': a number from 1 to 99 is needed

    For more information, try '--help'.
    ");
    assert_snapshot!(run(&["manage", "restart", "0"]), @r"
    exit 2
    error: invalid value '0' for '<START>': a number from 1 to 99 is needed

    For more information, try '--help'.
    ");
}

#[test]
fn settings_that_cannot_be() {
    let wrong = [
        ["--stack-version", "8.13.4"],
        ["--stack-version", "latest"],
        ["--registry", "https://example.org"],
        ["--elastic-memory", "100m"],
        ["--kibana-memory", "lots"],
        ["--bind", "example.org"],
        ["--subnet", "8.8.8.0/24"],
        ["--share", "two words"],
        ["--san", "a/b"],
        ["--key-days", "0"],
        ["--timeout", "soon"],
    ];
    let said: Vec<String> = wrong
        .iter()
        .map(|[flag, value]| {
            let told = run(&["create", "2", flag, value]);
            assert!(told.starts_with("exit 2\n"), "{flag} {value}: {told}");
            told.lines().nth(1).unwrap_or_default().to_owned()
        })
        .collect();
    assert_snapshot!(said.join("\n"), @r"
    error: invalid value '8.13.4' for '--stack-version <VERSION>': 8.13.4 is too old: clusters trust each other by API key from 8.14.0 on
    error: invalid value 'latest' for '--stack-version <VERSION>': `latest` is not a version such as `9.5.3`
    error: `https://example.org` is not a registry such as `docker.elastic.co` or `registry.local:5000/elastic`
    error: invalid value '100m' for '--elastic-memory <SIZE>': 100m is out of range: a container needs 512m or more
    error: invalid value 'lots' for '--kibana-memory <SIZE>': `lots` is not an amount of memory such as `2g` or `1536m`
    error: invalid value 'example.org' for '--bind <ADDRESS>': invalid IP address syntax
    error: invalid value '8.8.8.0/24' for '--subnet <NETWORK>': `8.8.8.0/24` does not fit: the network has to be private, with a prefix from /16 to /24
    error: invalid value 'two words' for '--share <PATTERN>': `two words` is not a pattern of index names such as `logs-*`
    error: invalid value 'a/b' for '--san <NAME>': `a/b` is neither a DNS name nor an IP address
    error: invalid value '0' for '--key-days <DAYS>': `0` is not a number of days from 1 to 3650
    error: invalid value 'soon' for '--timeout <TIME>': expected number at 0
    ");
}

#[test]
fn a_licence_that_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("licence.json");
    for (text, reason) in [
        ("not json", "expected ident at line 1 column 2"),
        ("{}", "it has no `license.uid`"),
        (r#"{"license": {"uid": "x", "type": "basic", "signature": "x"}}"#, "links need an Enterprise licence"),
    ] {
        fs::write(&path, text).unwrap();
        let told = run(&["create", "2", "--license", path.to_str().unwrap()]);
        assert!(
            told.starts_with("exit 2\n") && told.contains(&format!("is no licence that can be used: {reason}")),
            "{told}"
        );
    }
    assert_snapshot!(run(&["create", "2", "--license", "/nonexistent/licence.json"]), @r"
    exit 2
    error: /nonexistent/licence.json is no licence that can be used: there is no such file

    hint: give the JSON file that Elastic sent; without `--license`, a trial of 30 days is used
    ");
}

#[test]
fn an_engine_that_is_somewhere_else() {
    for host in ["tcp://10.0.0.1:2375", "ssh://vm"] {
        let told = transcript(&mesh(&["create", "2", "--dry-run"]).env("DOCKER_HOST", host).output().unwrap());
        assert!(told.starts_with(&format!("exit 3\nerror: `DOCKER_HOST` names `{host}`")), "{told}");
        assert!(told.contains("hint: the mesh's files have to be on Docker's machine"), "{told}");
    }
}

#[test]
fn an_engine_that_does_not_run() {
    let told = run(&["create", "2", "--dry-run"]);
    assert!(told.starts_with("exit 3\nerror: Docker is not "), "{told}");
    assert!(told.contains("/nonexistent/docker.sock") && told.contains("hint: "), "{told}");

    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("docker.sock");
    drop(UnixListener::bind(&socket).unwrap());
    let host = format!("unix://{}", socket.display());
    let told = transcript(&mesh(&["create", "2", "--dry-run"]).env("DOCKER_HOST", host).output().unwrap());
    assert!(told.starts_with("exit 3\nerror: Docker is not running: nothing listens on "), "{told}");
    assert!(told.contains("hint: start it with `systemctl start docker`"), "{told}");
}

/// Needs root, to become somebody else; anybody else is somebody else already.
#[test]
fn an_engine_that_this_user_may_not_use() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("docker.sock");
    let _listener = UnixListener::bind(&socket).unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o600)).unwrap();
    // where the binary is built others may not look
    let binary = dir.path().join("mesh");
    fs::copy(env!("CARGO_BIN_EXE_mesh"), &binary).unwrap();
    let mut command = Command::new(&binary);
    command.args(["create", "2", "--dry-run"]).env_clear().env("HOME", dir.path());
    command.env("DOCKER_HOST", format!("unix://{}", socket.display()));
    if is_root() {
        command.uid(65534).gid(65534);
    } else {
        fs::set_permissions(&socket, fs::Permissions::from_mode(0o000)).unwrap();
    }
    let told = transcript(&command.output().unwrap());
    assert!(told.starts_with("exit 3\nerror: this user may not use Docker's socket "), "{told}");
    assert!(told.contains("hint: run `mesh` as root, or join the group"), "{told}");
}

fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    status.lines().any(|line| line.starts_with("Uid:\t0\t"))
}

#[test]
fn a_reader_that_goes_away() {
    let mut child = mesh(&["create", "--help"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"), "{}", transcript(&output));
}
