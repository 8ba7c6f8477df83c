//! Runs that are killed, and what the same command has to reach afterwards.

use std::time::Duration;

use serde_json::Value;

use crate::support::{
    links,
    mesh::{Mesh, SMALL},
    run::{Run, Running},
};

/// No stage of any run takes longer.
pub const FOR_EVER: Duration = Duration::from_mins(3);

/// SIGKILL for a run with `-v`, so many steps after this stage has ended.
pub fn kill_after_stage_and_steps(running: Running<'_>, stage: &str, steps: usize) {
    let (heard, ended) = (running.stderr(), format!("✓ {stage} "));
    let is_there = |printed: &str| {
        printed.split_once(&ended).is_some_and(|(_, after)| after.matches(": done after ").count() >= steps)
    };
    is_killed(&running.kill_when(&format!("{steps} steps after `{stage}`"), || is_there(&heard.text())));
}

pub fn when(stage: Option<usize>, moment: Duration) -> String {
    stage.map_or_else(|| format!("{:.2} s", moment.as_secs_f64()), |stage| format!("stage {stage}"))
}

pub fn create_without_kibana<'a>(mesh: &'a Mesh, clusters: &str) -> Running<'a> {
    mesh.start(&[&["-v", "create", clusters, "--no-kibana"], &SMALL[..]].concat())
}

pub fn is_killed(run: &Run) {
    assert_eq!(run.exit, None, "{}", run.stderr);
}

/// An interrupted command run again: nothing is left to do, every link is proved, and there is one key a cluster.
pub fn is_whole_after(mesh: &Mesh, command: &[&str], clusters: u8) -> Run {
    let command =
        if command[0] == "create" { [command, &["--no-kibana"], &SMALL[..]].concat() } else { command.to_vec() };
    let run = mesh.run(&command, 0);
    let plan = mesh.run(&["create", "--dry-run"], 0).stdout;
    assert!(plan.contains("nothing to do"), "{plan}");
    let report: Value = serde_json::from_str(&mesh.run(&["verify", "-o", "json"], 0).stdout).expect("should be JSON");
    assert_eq!(report["up"], true, "{report}");
    (1..=clusters).for_each(|number| links::has_one_key(&mesh.cluster(number)));
    run
}

pub fn is_gone_after_reset(mesh: &Mesh) {
    mesh.run(&["reset", "--yes"], 0);
    assert_eq!(mesh.containers(), Vec::<String>::new());
    assert!(!mesh.path("mesh.json").exists() && !mesh.path("cluster01").exists());
    let again = mesh.run(&["reset", "--yes"], 0).stdout;
    assert!(again.contains("nothing to do"), "{again}");
}
