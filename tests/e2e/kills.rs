//! A run that is killed, at any stage and at any moment: the same command again ends in the mesh that was asked for.
//!
//! `killed_here_and_there` fits into CI. The others are the whole, and `scripts/faults` runs them.

use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde_json::Value;

use crate::{
    Parts, links,
    mesh::{Mesh, SMALL},
    run::Run,
};

/// No stage of any run takes longer.
const FOR_EVER: Duration = Duration::from_mins(3);
/// Steps of `create 3 --no-kibana` until containers are created.
const CREATED: usize = 26;
/// Those that start the clusters then; nine more link them.
const STARTED: usize = 12;
/// Moments are drawn from this, so that a failure can be repeated.
const SEED: u64 = 20_261_122;

#[test]
#[ignore = "needs root, Docker and the images of images/: run by scripts/test"]
fn killed_here_and_there() {
    let parts = Parts::begin();
    let mesh = Mesh::new("kills");
    for stages in [2, 9, 10] {
        parts.part(&format!("`create 3` killed after stage {stages}"));
        let killed = create(&mesh, "3").kill_after(Some(stages), FOR_EVER);
        assert!(killed.is_some(), "should have been killed");
        is_whole_after(&mesh, &["create", "3"], 3);
        mesh.run(&["reset", "--yes"], 0);
    }
    parts.part("`create 3` killed while clusters are linked");
    is_killed(&create(&mesh, "3").kill_after_steps(CREATED + STARTED + 4));
    is_whole_after(&mesh, &["create", "3"], 3);
    parts.part("`manage restart` loses its terminal, is killed, and typed again");
    let ended = mesh.start(&["manage", "restart", "1", "3"]);
    let heard = ended.stderr();
    let ended = ended.ask_to_end("-HUP", "a first stage", || heard.stages() > 0);
    assert_eq!(ended.exit, Some(4), "{}", ended.stderr);
    assert!(ended.stderr.contains("hint: type the same command again"), "{}", ended.stderr);
    assert!(mesh.start(&["manage", "restart", "1", "3"]).kill_after(Some(2), FOR_EVER).is_some());
    is_whole_after(&mesh, &["manage", "restart", "1", "3"], 3);
    parts.part("`reset` is killed, and typed again");
    assert!(mesh.start(&["reset", "--yes"]).kill_after(Some(1), FOR_EVER).is_some());
    is_gone_after_reset(&mesh);
    parts.part("done");
}

#[test]
#[ignore = "takes a quarter of an hour: run by scripts/faults"]
fn killed_everywhere() {
    let parts = Parts::begin();
    let mesh = Mesh::new("kills");
    parts.part("as it is when nobody kills it");
    let whole = create(&mesh, "3").end();
    assert_eq!(whole.exit, Some(0), "{}", whole.stderr);
    let (stages, time) = (whole.stderr.matches('✓').count(), whole.took);
    mesh.run(&["reset", "--yes"], 0);

    let mut moments = StdRng::seed_from_u64(SEED);
    let boundaries = (1..stages).map(|stage| (Some(stage), FOR_EVER));
    let random: Vec<_> = (0..12).map(|_| (None, time.mul_f64(moments.random_range(0.01..0.98)))).collect();
    for (stage, moment) in boundaries.chain(random) {
        let when = when(stage, moment);
        parts.part(&format!("`create 3` killed after {when}"));
        let killed = create(&mesh, "3").kill_after(stage, moment);
        assert!(killed.is_some(), "should have been killed after {when}");
        is_whole_after(&mesh, &["create", "3"], 3);
        mesh.run(&["reset", "--yes"], 0);
    }

    for step in [CREATED + 2, CREATED + STARTED - 1, CREATED + STARTED + 2, CREATED + STARTED + 7] {
        parts.part(&format!("`create 3` killed after step {step}"));
        is_killed(&create(&mesh, "3").kill_after_steps(step));
        is_whole_after(&mesh, &["create", "3"], 3);
        mesh.run(&["reset", "--yes"], 0);
    }

    for stage in [3, 6, 9, 10] {
        parts.part(&format!("`create 4` on three clusters, killed after stage {stage}"));
        mesh.create(&["3", "--no-kibana"]);
        links::write_document(&mesh.cluster(1));
        let killed = create(&mesh, "4").kill_after(Some(stage), FOR_EVER);
        assert!(killed.is_some(), "should have been killed after stage {stage}");
        is_whole_after(&mesh, &["create", "4"], 4);
        assert_eq!(mesh.cluster(1).get("/mesh-cluster01/_count")["count"], 1, "no document is lost");
        mesh.run(&["reset", "--yes"], 0);
    }

    mesh.create(&["3", "--no-kibana"]);
    links::write_document(&mesh.cluster(2));
    for stage in 1..=4 {
        parts.part(&format!("`manage restart` killed after stage {stage}"));
        let moment = if stage == 4 { Duration::from_millis(700) } else { FOR_EVER };
        let stages = (stage != 4).then_some(stage);
        assert!(mesh.start(&["manage", "restart", "1", "3"]).kill_after(stages, moment).is_some());
        is_whole_after(&mesh, &["manage", "restart", "1", "3"], 3);
        assert_eq!(mesh.cluster(2).get("/mesh-cluster02/_count")["count"], 1, "no document is lost");
    }
    parts.part("done");
}

/// At two moments of its first stage, and after each but the last, which leaves nothing to do.
#[test]
#[ignore = "makes a mesh for each kill: run by scripts/faults"]
fn a_reset_is_killed_everywhere() {
    let parts = Parts::begin();
    let mesh = Mesh::new("kills");
    let early = [30, 150].map(|milliseconds| (None, Duration::from_millis(milliseconds)));
    for (stage, moment) in early.into_iter().chain([(Some(1), FOR_EVER), (Some(2), FOR_EVER)]) {
        mesh.create(&["2", "--no-kibana"]);
        parts.part(&format!("`reset` killed after {}", when(stage, moment)));
        let killed = mesh.start(&["reset", "--yes"]).kill_after(stage, moment);
        assert!(killed.is_some(), "should have been killed");
        is_gone_after_reset(&mesh);
    }
    parts.part("done");
}

fn when(stage: Option<usize>, moment: Duration) -> String {
    stage.map_or_else(|| format!("{:.2} s", moment.as_secs_f64()), |stage| format!("stage {stage}"))
}

fn create<'a>(mesh: &'a Mesh, clusters: &str) -> crate::run::Running<'a> {
    mesh.start(&[&["-v", "create", clusters, "--no-kibana"], &SMALL[..]].concat())
}

fn is_killed(run: &Run) {
    assert_eq!(run.exit, None, "{}", run.stderr);
}

/// The same command, and then: nothing is left to do, every link is proved, and there is one key a cluster.
fn is_whole_after(mesh: &Mesh, command: &[&str], clusters: u8) -> Run {
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

fn is_gone_after_reset(mesh: &Mesh) {
    mesh.run(&["reset", "--yes"], 0);
    assert_eq!(mesh.containers(), Vec::<String>::new());
    assert!(!mesh.path("mesh.json").exists() && !mesh.path("cluster01").exists());
    let again = mesh.run(&["reset", "--yes"], 0).stdout;
    assert!(again.contains("nothing to do"), "{again}");
}
