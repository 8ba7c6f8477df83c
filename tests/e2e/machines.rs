//! Meshes on two machines, each with an engine of its own, and what befalls the machines and the network between them.

use std::{path::Path, time::Duration};

use crate::support::{
    Parts, links,
    machines::{Machine, Machines},
    wait_for,
};

/// A server boots on a machine that boots, too.
const BACK: Duration = Duration::from_mins(2);

/// Without a command every server answers, and the mesh is as it was asked for.
fn is_whole(machine: &Machine) {
    let containers = machine.containers();
    let format = ["inspect", "--format", "{{.State.Health.Status}}"];
    let states = || machine.docker(&[&format[..], &containers.iter().map(String::as_str).collect::<Vec<_>>()].concat());
    wait_for("the servers to answer", BACK, || states().lines().all(|state| state == "healthy").then_some(()));
    wait_for("the mesh to be whole", BACK, || (machine.mesh(&["status"]).exit == Some(0)).then_some(()));
}

#[test]
#[ignore = "needs root, Docker and the images of images/: run by scripts/test"]
fn two_machines_are_apart_and_reach_each_other() {
    let parts = Parts::begin();
    let machines = Machines::two();
    let Machines { one, two, .. } = &machines;

    parts.part("a mesh on each");
    one.create(&["1"]);
    two.create(&["2-2", "--bind", &two.address()]);
    assert_eq!(one.containers(), ["cluster01-elastic"]);
    assert_eq!(two.containers(), ["cluster02-elastic"]);
    assert_eq!(two.docker(&["info", "--format", "{{.Name}}"]).trim(), "machine2");
    links::write_document(&one.cluster(1));
    assert!(one.reaches(&two.address(), 9402), "what is published should be reached");
    assert!(!two.reaches(&one.address(), 9401), "loopback should stay loopback");

    parts.part("a partition holds one range of ports, and ends");
    machines.partition("9401:9499");
    assert!(!one.reaches(&two.address(), 9402) && one.reaches(&two.address(), 9202));
    machines.heal();
    assert!(one.reaches(&two.address(), 9402));

    parts.part("a machine is silent, and comes back");
    two.goes_silent();
    assert!(!one.reaches(&two.address(), 9402));
    is_whole(two);
    two.comes_back();
    wait_for("the other machine", BACK, || one.reaches(&two.address(), 9402).then_some(()));

    parts.part("a machine is rebooted");
    two.reboot();
    is_whole(two);
    assert!(one.reaches(&two.address(), 9402));
    is_whole(one);

    parts.part("nothing stays");
    drop(machines);
    for place in ["/var/tmp/mesh-machines/1", "/var/tmp/mesh-machines/2", "/run/netns/mesh-machines"] {
        assert!(!Path::new(place).exists(), "{place} should be gone");
    }
    parts.part("done");
}
