//! The machines themselves: each with its own ports, and silent, cut off or rebooted without the other.

use std::path::Path;

use crate::support::{
    Parts,
    machines::{
        Machines,
        joined::{BACK, is_whole},
    },
    wait_for,
};

#[test]
#[ignore = "needs root, Docker and the images of images/: run by scripts/test"]
fn two_machines_are_apart_and_reach_each_other() {
    let parts = Parts::begin();
    let machines = Machines::two();
    let Machines { one, two, .. } = &machines;

    parts.part("a mesh on one of them");
    two.create(&["2-2", "--bind", &two.address()]);
    assert_eq!((one.containers(), two.containers()), (Vec::new(), vec!["cluster02-elastic".to_owned()]));
    assert_eq!(two.docker(&["info", "--format", "{{.Name}}"]).trim(), "machine2");
    assert!(one.reaches(&two.address(), 9402), "what is published should be reached");

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

    parts.part("nothing stays");
    drop(machines);
    for place in ["/var/tmp/mesh-machines/1", "/var/tmp/mesh-machines/2", "/run/netns/mesh-machines"] {
        assert!(!Path::new(place).exists(), "{place} should be gone");
    }
    parts.part("done");
}
