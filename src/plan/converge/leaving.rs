//! Nodes that leave a cluster of which a node that stays is stopped. Pure.

use super::{Model, plan_for};
use crate::{
    facts::observed::ContainerState,
    mesh::{
        Mesh,
        example::cluster,
        id::{NodeNumber, ServiceId},
    },
};

fn node(number: u8) -> ServiceId {
    cluster(2).node(NodeNumber::new(number).unwrap()).into()
}

/// The second cluster has so many nodes.
fn mesh(nodes: u8) -> Mesh {
    Mesh::example(2).without_kibana().with_nodes(2, nodes)
}

#[test]
fn a_node_that_stays_and_is_stopped_starts_before_others_leave() {
    let three = mesh(3);
    let whole = Model::empty().converge(&mesh(5));
    let mut stopped = whole.clone();
    let second = stopped.there.containers.get_mut(&node(2)).unwrap();
    (second.state, second.address) = (ContainerState::Stopped, None);
    let plan = plan_for(&three, &stopped);
    let shown = plan.to_string();
    let begins = "start nodes that stay\n  ~ container cluster02-elastic-2\n  ? cluster02-elastic-2 answers\n";
    let ends = shown.find(begins).map(|at| at + begins.len());
    assert!(ends.is_some_and(|at| shown[at..].starts_with("move links to nodes that stay")), "{shown}");
    assert_eq!(shown.matches("  ~ container cluster02-elastic-2\n").count(), 1, "{shown}");
    for half in stopped.states_of(&three, &plan) {
        let done = half.converge(&three);
        done.assert_is(&three);
        done.assert_keeps_data_and_keys_of(&whole);
    }
}
