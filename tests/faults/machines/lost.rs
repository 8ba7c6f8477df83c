//! A machine that reboots, is cut off or gets another address, while the other machine's mesh searches it.

use std::time::Duration;

use crate::support::{
    Parts, links,
    machines::{
        Machine, Machines,
        joined::{ALL, ANSWERED, BACK, causes, finds, finds_again, is_whole, search},
    },
    wait_for,
};

/// `mesh status` waits no longer for what does not answer.
const STATUS: Duration = Duration::from_secs(20);
const NEW_ADDRESS: &str = "10.99.0.22";

#[test]
#[ignore = "takes minutes: run by scripts/faults"]
fn machines_are_lost_and_come_back() {
    let parts = Parts::begin();
    let machines = Machines::two();
    let Machines { one, two, .. } = &machines;
    machines.create();
    machines.both().into_iter().for_each(|machine| drop(machines.join(machine)));
    all_find_all_again(&machines);

    for machine in machines.both() {
        parts.part(&format!("{} is rebooted while the other one searches it", machine.name()));
        machine.switch_off();
        let other = machines.other(machine);
        is_answered_without(other, machine);
        machine.switch_on_again();
        machines.both().into_iter().for_each(is_whole);
        all_find_all_again(&machines);
    }

    parts.part("a partition of the ports that clusters search by");
    machines.partition("9401:9499");
    is_answered_without(one, two);
    is_answered_without(two, one);
    for machine in machines.both() {
        let silent = causes(machine);
        assert!(!silent.is_empty() && silent.iter().all(|code| code == "peer-silent"), "{silent:?}");
    }
    machines.heal();
    all_find_all_again(&machines);
    machines.both().into_iter().for_each(is_whole);

    parts.part("machine 2 boots before it has its address: `status` says so, and what mends it");
    two.switch_off();
    two.switch_on_without_address();
    wait_for("Docker to give up", BACK, || {
        let states = two.docker(&["ps", "--all", "--format", "{{.State}}"]);
        states.lines().all(|state| state == "exited").then_some(())
    });
    let status = two.run(&["status"], 1);
    let why = "this machine had no such address when Docker started it";
    assert!(status.stdout.contains(why) || status.stderr.contains(why), "{}{}", status.stdout, status.stderr);
    two.gets_address();
    for number in ["2", "3"] {
        two.run(&["manage", "start", number], 0);
    }
    is_whole(two);
    all_find_all_again(&machines);

    parts.part("machine 2 gets another address: machine 1 joins by a new invitation");
    two.change_address(NEW_ADDRESS);
    two.run(&["create", "--advertise", NEW_ADDRESS], 0);
    is_answered_without(one, two);
    machines.join(one);
    finds(&one.cluster(1), &ALL);
    machines.both().into_iter().for_each(is_whole);
    all_find_all_again(&machines);
    parts.part("done");
}

fn all_find_all_again(machines: &Machines) {
    for cluster in machines.clusters() {
        finds_again(&cluster, &ALL);
    }
}

/// Searches of a machine's own clusters are answered, and `status` names the peer that is not reached.
fn is_answered_without(machine: &Machine, gone: &Machine) {
    let number = if machine.name() == "machine1" { 1 } else { 2 };
    let (found, took) = search(&machine.cluster(number));
    println!("          {} searches for {:.1} s", machine.name(), took.as_secs_f64());
    assert!(took < ANSWERED, "{took:?}");
    let own = format!("cluster{number:02}");
    assert!(links::sources(&found).contains(&own), "{found}");
    assert_eq!(found["_clusters"]["failed"], 0, "{found}");
    assert!(found["_clusters"]["skipped"].as_u64() > Some(0), "{found}");
    let status = machine.mesh(&["status"]);
    let printed = format!("{}{}", status.stdout, status.stderr);
    assert!(status.took < STATUS && status.exit == Some(1), "{:?} {printed}", status.took);
    assert!(printed.contains(&gone.name()), "{printed}");
}
