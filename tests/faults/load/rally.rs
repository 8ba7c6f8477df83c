//! Elastic's load tester Rally, itself, over a mesh of two clusters, by the track that `mesh export rally` writes.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use serde_json::json;

use crate::support::{Parts, mesh::Mesh, wait_for};

/// The version that the track was tried with.
const RALLY: &str = "esrally==2.13.0";
/// Its processes end some seconds after the command, and two races do not go together.
const ENDED: Duration = Duration::from_mins(2);
/// Where it is kept from one run to the next.
const PLACE: &str = "/var/tmp/mesh-rally";

#[test]
#[ignore = "takes minutes, and installs Rally: run by scripts/faults"]
fn rally_races_over_a_mesh() {
    let parts = Parts::begin();
    parts.part("install Rally");
    let rally = rally();
    let mesh = Mesh::new("rally");
    mesh.create(&["2", "--no-hosts", "--no-kibana"]);

    parts.part("export");
    let track = mesh.dir.with_file_name("race");
    let into = track.display().to_string();
    let exported = mesh.run(&["export", "rally", "--into", &into, "--documents", "3000"], 0);
    assert!(exported.stdout.starts_with("esrally race ") && exported.stdout.contains(&into), "{}", exported.stdout);
    let mode = fs::metadata(track.join("client-options.json")).expect("should be written").permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    assert!(
        !exported.stdout.contains(&mesh.credential("elastic"))
            && !exported.stderr.contains(&mesh.credential("elastic"))
    );
    let own = mesh.dir.display().to_string();
    mesh.run(&["export", "rally", "--into", &own], 2);
    // written over an earlier export
    mesh.run(&["export", "rally", "--into", &into, "--documents", "2000"], 0);

    parts.part("the command as it was printed, and shorter");
    let summary = race(&rally, &exported.stdout, &mesh, 0);
    assert!(metric(&summary, "load", "Max Throughput") > 0.0, "{summary}");
    for task in ["alone-count", "mesh-hits", "mesh-roundtrips-sums"] {
        assert!(metric(&summary, task, "50th percentile service time") > 0.0, "{task}: {summary}");
        assert!(metric(&summary, task, "error rate") < 0.001, "{task}: {summary}");
    }
    for number in 1..=2 {
        assert_eq!(mesh.cluster(number).ask("GET", "/mesh-bench", None).status, 404);
    }

    parts.part("half a mesh fails the race");
    let nowhere = json!({ "persistent": { "cluster.remote.cluster02.proxy_address": "127.0.0.1:1" } });
    mesh.cluster(1).put("/_cluster/settings", &nowhere);
    let failed = race(&rally, &exported.stdout, &mesh, 64);
    assert!(failed.contains("Expected [hits] to be == [4000] but was [2000]"), "{failed}");
    mesh.run(&["create"], 0);

    parts.part("what a race leaves, `mesh bench` removes");
    assert_eq!(mesh.cluster(1).ask("GET", "/mesh-bench", None).status, 200);
    mesh.run(&["bench", "--seconds", "1", "--documents", "100"], 0);
    assert_eq!(mesh.cluster(1).ask("GET", "/mesh-bench", None).status, 404);
    fs::remove_dir_all(track).expect("should be ours");
    parts.part("done");
}

/// The program, installed once.
fn rally() -> PathBuf {
    let program = Path::new(PLACE).join("venv/bin/esrally");
    if !program.exists() {
        let run = |command: &mut Command| {
            let status = command.status().expect("should start");
            assert!(status.success(), "{command:?}");
        };
        run(Command::new("python3").args(["-m", "venv"]).arg(Path::new(PLACE).join("venv")));
        run(Command::new(Path::new(PLACE).join("venv/bin/pip")).args(["install", "--quiet", RALLY]));
    }
    program
}

/// Runs the command that was printed, for a second a task; what Rally prints.
fn race(rally: &Path, printed: &str, mesh: &Mesh, exit: i32) -> String {
    let line = printed.replacen("esrally", &rally.display().to_string(), 1).replace("\\\n", " ");
    // Rally's own processes print to a terminal only
    let report = Path::new(PLACE).join("report.md");
    let line = format!(
        "{} --track-params=clients:2,throughput:10,seconds:2,warm_up:1 --report-file={}",
        line.trim(),
        report.display()
    );
    let (code, printed) = wait_for("the end of an earlier race", ENDED, || {
        let _ = fs::remove_file(&report);
        let run = Command::new("bash").args(["-c", &line]).env("HOME", PLACE).env_remove("XDG_CONFIG_HOME").output();
        let output = run.expect("bash should be there");
        let printed = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        (!printed.contains("other Rally processes")).then_some((output.status.code(), printed))
    });
    let text = printed + &fs::read_to_string(report).unwrap_or_default();
    mesh.keep(&text);
    println!("{text}");
    assert_eq!(code, Some(exit), "{line}\n{text}");
    text
}

/// A figure of Rally's summary: a row `| metric | task | value | unit |`.
fn metric(summary: &str, task: &str, metric: &str) -> f64 {
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        (cells.len() > 4 && cells[1].eq_ignore_ascii_case(metric) && cells[2] == task).then(|| cells[3].parse().ok())?
    };
    summary.lines().find_map(row).unwrap_or_else(|| panic!("should have {metric} of {task}: {summary}"))
}
