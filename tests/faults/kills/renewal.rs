//! A renewal that is killed at steps all along its way: the same command again, or `create`, completes it, and no
//! server is started again for it.

use crate::support::{
    Parts,
    interrupted::is_killed,
    links,
    mesh::Mesh,
    renewal::{is_as_asked, starts},
};

/// How often each is killed.
const KILLS: usize = 4;

#[test]
#[ignore = "takes minutes: run by scripts/faults"]
fn renewals_are_killed_at_four_steps_each() {
    let parts = Parts::begin();
    let mesh = Mesh::new("renewal-kills");
    mesh.create(&["2", "--no-kibana"]);
    (1..=2).for_each(|number| links::write_document(&mesh.cluster(number)));
    is_killed_on_its_way(&mesh, &parts, &["keys", "rotate", "--yes"]);
    is_killed_on_its_way(&mesh, &parts, &["certs", "rotate", "--ca", "--yes"]);
    parts.part("done");
}

#[test]
#[ignore = "takes minutes: run by scripts/faults"]
fn a_replacement_of_service_tokens_is_killed_at_four_steps() {
    let parts = Parts::begin();
    let mesh = Mesh::new("token-kills");
    mesh.create(&["2"]);
    (1..=2).for_each(|number| links::write_document(&mesh.cluster(number)));
    is_killed_on_its_way(&mesh, &parts, &["keys", "rotate", "--kibana", "--yes"]);
    parts.part("done");
}

/// Once not killed, which tells the steps, and then killed after some of them.
fn is_killed_on_its_way(mesh: &Mesh, parts: &Parts, command: &[&str]) {
    let (typed, begun) = (command.join(" "), starts(mesh, 2));
    parts.part(&format!("`{typed}`, not killed"));
    let command = &[command, &["-v"]].concat()[..];
    let whole = mesh.start(command);
    let heard = whole.stderr();
    assert_eq!(whole.end().exit, Some(0));
    let steps = heard.steps();
    assert!(steps > KILLS, "`{typed}` has {steps} steps");
    is_as_asked(mesh, &begun);
    for kill in 0..KILLS {
        let step = 1 + kill * steps / KILLS;
        let again = if kill % 2 == 0 { command } else { &["create"] };
        parts.part(&format!("`{typed}` killed after step {step} of {steps}, then `{}`", again.join(" ")));
        let killed = mesh.start(command).kill_after_steps(step);
        is_killed(&killed);
        let last = killed.stderr.lines().rfind(|line| line.contains(": done after ")).unwrap_or_default();
        println!("          {}", last.trim());
        mesh.run(again, 0);
        is_as_asked(mesh, &begun);
    }
}
