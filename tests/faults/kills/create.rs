//! `create` and `manage restart`, killed after every stage and at random moments: the same command again ends in the
//! mesh that was asked for.

use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use crate::support::{
    Parts,
    interrupted::{FOR_EVER, create_without_kibana, is_whole_after, kill_after_stage_and_steps, when},
    links,
    mesh::Mesh,
};

/// Moments are drawn from this, so that a failure can be repeated.
const SEED: u64 = 20_261_122;

/// Kills `create 3`. Where it has come to its end before that moment, since the machine is less busy than it was, the
/// next one is killed after half the time.
fn kill(mesh: &Mesh, parts: &Parts, stage: Option<usize>, moment: Duration) {
    let when = when(stage, moment);
    parts.part(&format!("`create 3` killed after {when}"));
    if create_without_kibana(mesh, "3").kill_after(stage, moment).is_none() {
        assert_eq!(stage, None, "should have been killed after {when}");
        mesh.run(&["reset", "--yes"], 0);
        kill(mesh, parts, None, moment / 2);
    }
}

#[test]
#[ignore = "takes a quarter of an hour: run by scripts/faults"]
fn create_is_killed_at_every_stage() {
    let parts = Parts::begin();
    let mesh = Mesh::new("kills");
    parts.part("without a kill");
    let whole = create_without_kibana(&mesh, "3").end();
    assert_eq!(whole.exit, Some(0), "{}", whole.stderr);
    let (stages, time) = (whole.stderr.matches('✓').count(), whole.took);
    mesh.run(&["reset", "--yes"], 0);

    let mut moments = StdRng::seed_from_u64(SEED);
    let boundaries = (1..stages).map(|stage| (Some(stage), FOR_EVER));
    let random: Vec<_> = (0..12).map(|_| (None, time.mul_f64(moments.random_range(0.01..0.98)))).collect();
    for (stage, moment) in boundaries.chain(random) {
        kill(&mesh, &parts, stage, moment);
        is_whole_after(&mesh, &["create", "3"], 3);
        mesh.run(&["reset", "--yes"], 0);
    }

    let within =
        [("create the network", 2), ("create containers", 11), ("set roles and users", 2), ("set roles and users", 5)];
    for (stage, steps) in within {
        parts.part(&format!("`create 3` killed {steps} steps after the stage `{stage}`"));
        kill_after_stage_and_steps(create_without_kibana(&mesh, "3"), stage, steps);
        is_whole_after(&mesh, &["create", "3"], 3);
        mesh.run(&["reset", "--yes"], 0);
    }

    for stage in [3, 6, 9, 10] {
        parts.part(&format!("`create 4` on three clusters, killed after stage {stage}"));
        mesh.create(&["3", "--no-kibana"]);
        links::write_document(&mesh.cluster(1));
        let killed = create_without_kibana(&mesh, "4").kill_after(Some(stage), FOR_EVER);
        assert!(killed.is_some(), "should have been killed after stage {stage}");
        is_whole_after(&mesh, &["create", "4"], 4);
        assert_eq!(mesh.cluster(1).get("/mesh-cluster01/_count")["count"], 1, "no document is lost");
        mesh.run(&["reset", "--yes"], 0);
    }

    mesh.create(&["3", "--no-kibana"]);
    links::write_document(&mesh.cluster(2));
    // after the third stage, it has ended
    for (stages, moment) in [(Some(1), FOR_EVER), (Some(2), FOR_EVER), (None, Duration::from_millis(700))] {
        parts.part(&format!("`manage restart` killed after {}", when(stages, moment)));
        assert!(mesh.start(&["manage", "restart", "1", "3"]).kill_after(stages, moment).is_some());
        is_whole_after(&mesh, &["manage", "restart", "1", "3"], 3);
        assert_eq!(mesh.cluster(2).get("/mesh-cluster02/_count")["count"], 1, "no document is lost");
    }
    parts.part("done");
}
