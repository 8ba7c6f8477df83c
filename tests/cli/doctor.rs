//! `mesh doctor` where no engine can be asked.

use crate::{mesh, run, transcript};

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
    for check in ["memory", "disk", "network", "ports", "max_map_count", "inotify"] {
        assert_ne!(result(check), "unchecked", "{check}");
    }
    for line in checks {
        assert!(!line["message"].as_str().unwrap().is_empty(), "{line}");
        let stands = ["warning", "problem"].contains(&line["result"].as_str().unwrap());
        assert_eq!(line["remedy"].is_string(), stands, "{line}");
    }

    let printed = run(&["doctor"]);
    assert!(printed.starts_with("exit 3\n✗ docker         Docker is not "), "{printed}");
    assert!(printed.contains("\n- cgroup         not checked: Docker cannot be asked\n"), "{printed}");
    let yaml = run(&["doctor", "-o", "yaml"]);
    assert!(
        yaml.starts_with("exit 3\nversion: 1\nclusters: 2\nchecks:\n- check: docker\n  result: problem\n"),
        "{yaml}"
    );
}

/// As `mesh create` would make it, so that the user need not make one to learn that it does not fit.
#[test]
fn a_mesh_of_other_settings_is_checked() {
    let memory = |settings: &[&str]| {
        let printed = run(&[&["doctor", "99"], settings].concat());
        let line = printed.lines().find(|line| line[3..].trim_start().starts_with("memory"));
        let line = line.unwrap_or_else(|| panic!("memory should be in {printed}"));
        // what the machine has free changes from one run to the next
        line.split(", and ").next().unwrap_or_default().to_owned()
    };
    assert_ne!(memory(&[]), memory(&["--no-kibana"]));
    assert_ne!(memory(&["--no-kibana"]), memory(&["--no-kibana", "--profile", "smoke"]));
    let refused = run(&["doctor", "-f", "/nonexistent/mesh.yaml"]);
    assert!(refused.starts_with("exit 2\nerror: /nonexistent/mesh.yaml cannot be read"), "{refused}");
}
