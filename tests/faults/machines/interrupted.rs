//! `join` and `leave` that are killed after each of their stages: the same command again, or `create`, completes them.

use crate::support::{
    Parts,
    interrupted::FOR_EVER,
    links,
    machines::{
        Machine, Machines,
        joined::{ALL, finds, peers},
    },
};

/// Stages of `join` and of `leave`, at the least: authorities, keystores, remotes.
const LEAST_STAGES: usize = 3;

#[test]
#[ignore = "takes minutes: run by scripts/faults"]
fn join_and_leave_are_killed_after_each_stage() {
    let parts = Parts::begin();
    let machines = Machines::two();
    let Machines { one, .. } = &machines;
    machines.create();
    let (file, _) = machines.invite(&machines.two, &[]);
    let path = file.display().to_string();
    let join = ["join", &path];

    let mut kills = 0;
    for stage in 1.. {
        parts.part(&format!("`join` killed after stage {stage}, then the same command"));
        let Some(killed) = one.begin(&join).kill_after(Some(stage), FOR_EVER) else { break };
        println!("          {}", killed.stderr.lines().rfind(|line| line.contains('✓')).unwrap_or_default().trim());
        kills += 1;
        one.run(&join, 0);
        has_joined(one);
        // as it was: the first join also has the cluster started again
        one.run(&["reset", "--yes"], 0);
        one.create(&["1", "--advertise", &one.address()]);
        links::write_document(&one.cluster(1));
    }
    has_joined(one);
    assert!(kills >= LEAST_STAGES, "killed {kills} times");

    kills = 0;
    for stage in 1.. {
        let again = if stage % 2 == 0 { &["create"][..] } else { &["leave", "machine2", "--yes"] };
        parts.part(&format!("`leave` killed after stage {stage}, then `{}`", again.join(" ")));
        let Some(killed) = one.begin(&["leave", "machine2", "--yes"]).kill_after(Some(stage), FOR_EVER) else { break };
        println!("          {}", killed.stderr.lines().rfind(|line| line.contains('✓')).unwrap_or_default().trim());
        kills += 1;
        let run = one.mesh(again);
        // where it was complete but for its last words, there is no such peer
        assert!(run.exit == Some(0) || (run.exit == Some(2) && peers(one) == 0), "{}", run.stderr);
        has_left(one);
        one.run(&join, 0);
        has_joined(one);
    }
    has_left(one);
    assert!(kills >= LEAST_STAGES, "killed {kills} times");
    parts.part("done");
}

fn is_steady(machine: &Machine) {
    machine.run(&["status"], 0);
    assert!(machine.run(&["create", "--dry-run"], 0).stdout.contains("nothing to do"));
}

fn has_joined(machine: &Machine) {
    is_steady(machine);
    machine.run(&["verify"], 0);
    finds(&machine.cluster(1), &ALL);
    let retries = machine.docker(&["exec", "cluster01-elastic", "cat", "/proc/sys/net/ipv4/tcp_retries2"]);
    assert_eq!(retries.trim(), "5");
}

/// No remote, key or authority of the peer is left.
fn has_left(machine: &Machine) {
    is_steady(machine);
    assert_eq!(peers(machine), 0);
    finds(&machine.cluster(1), &["cluster01"]);
    let settings = machine.cluster(1).get("/_cluster/settings").to_string();
    assert!(!settings.contains("cluster02"), "{settings}");
    let authorities = machine.read("cluster01/elastic/config/certs/mesh-ca.crt");
    assert!(authorities.matches("BEGIN CERTIFICATE").count() <= 1, "{authorities}");
    let held = machine.docker(&["exec", "cluster01-elastic", "bin/elasticsearch-keystore", "list"]);
    assert!(!held.contains("cluster02"), "{held}");
}
