//! `mesh doctor` where no engine can be asked.

use insta::assert_snapshot;

use crate::{mesh, run, transcript};

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
