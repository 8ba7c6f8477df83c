//! `reset`, killed on its way: the same command again removes what is left.

use std::time::Duration;

use crate::support::{
    Parts,
    interrupted::{FOR_EVER, is_gone_after_reset, when},
    mesh::Mesh,
};

/// At two moments of its first stage, and after each but the last, which leaves nothing to do.
#[test]
#[ignore = "makes a mesh for each kill: run by scripts/faults"]
fn reset_is_killed_at_every_stage() {
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
