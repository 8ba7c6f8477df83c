//! Nodes that run and are in no cluster. Pure.

use super::{Model, inputs};
use crate::{
    facts::observed::Answer,
    mesh::{Mesh, example::cluster, id::NodeNumber, settings::per_cluster::read_set},
    plan::reconcile::reconcile,
};

/// More memory may be the remedy for one that ends again and again, and shards that were on it may come back nowhere
/// else.
#[test]
fn a_node_outside_its_cluster_is_made_anew_before_shards_are_waited_for() {
    let mesh = Mesh::example(2).without_kibana().with_nodes(2, 3);
    let three = Model::empty().converge(&mesh);
    let mut larger = mesh.clone();
    larger.overrides.push(read_set("2.elastic_memory=3g").unwrap());
    let mut there = three.observe_for(&larger);
    let second = cluster(2).node(NodeNumber::new(2).unwrap());
    there.nodes.remove(&second);
    for answer in there.nodes.values_mut() {
        if let Answer::Ready(facts) = answer {
            facts.members.remove("cluster02-elastic-2");
        }
    }
    let plan = reconcile(&larger, &there, &inputs()).to_string();
    let made = plan.find("+ container cluster02-elastic-2").unwrap();
    let awaited = plan.find("? every shard of cluster02").unwrap();
    let held = plan.find("~ shards of cluster02 stay").unwrap();
    assert!(made < awaited && awaited < held, "{plan}");
}
