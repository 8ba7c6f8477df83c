//! A renewal that is killed at stages all along its way: the same command again, or `create`, completes it, and no server is
//! started again for it.

use crate::{
    Parts,
    kills::FOR_EVER,
    lifetimes::{is_as_asked, starts},
    links,
    mesh::Mesh,
};

/// How often each is killed.
const KILLS: usize = 4;

#[test]
#[ignore = "takes minutes: run by scripts/faults"]
fn renewals_are_killed_everywhere() {
    let parts = Parts::begin();
    let mesh = Mesh::new("renewal-kills");
    mesh.create(&["2", "--no-kibana"]);
    (1..=2).for_each(|number| links::write_document(&mesh.cluster(number)));
    is_killed_on_its_way(&mesh, &parts, &["keys", "rotate"]);
    is_killed_on_its_way(&mesh, &parts, &["certs", "rotate", "--ca"]);
    parts.part("done");
}

/// Once not killed, which tells the stages, and then killed after some of them.
fn is_killed_on_its_way(mesh: &Mesh, parts: &Parts, command: &[&str]) {
    let (typed, begun) = (command.join(" "), starts(mesh, 2));
    parts.part(&format!("`{typed}`, not killed"));
    let stages = mesh.run(command, 0).stderr.matches('✓').count();
    assert!(stages >= KILLS, "`{typed}` has {stages} stages");
    is_as_asked(mesh, &begun);
    for kill in 0..KILLS {
        let stage = 1 + kill * stages / KILLS;
        let again = if kill % 2 == 0 { command } else { &["create"] };
        parts.part(&format!("`{typed}` killed after stage {stage} of {stages}, then `{}`", again.join(" ")));
        let killed = mesh.start(command).kill_after(Some(stage), FOR_EVER).expect("should have been killed");
        let last = killed.stderr.lines().rfind(|line| line.contains('✓')).unwrap_or_default();
        println!("          {}", last.trim());
        mesh.run(again, 0);
        is_as_asked(mesh, &begun);
    }
}
