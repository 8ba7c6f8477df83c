//! The plans of `manage` for clusters of several nodes, and for one node.

use super::*;
use crate::{
    facts::observed::{Answer, NodeFacts, ServerFacts},
    mesh::id::NodeNumber,
    plan::NodeStep,
};

/// Three nodes in the second cluster, of which the second one was elected and those with these numbers are stopped.
fn of_several(mesh: &Mesh, stopped: &[u8]) -> Observed {
    let mut there = running(mesh, 99);
    there.network = Some(NetworkFacts { id: String::new(), subnet: String::new() });
    let node = |number| cluster(2).node(NodeNumber::new(number).unwrap());
    for number in stopped {
        there.containers.get_mut(&node(*number).into()).unwrap().state = ContainerState::Stopped;
    }
    if stopped.len() < 2 {
        let server = ServerFacts::licensed("trial", time::macros::datetime!(2026-02-01 12:00 UTC));
        there.servers.insert(cluster(2), Answer::Ready(server));
        let facts = NodeFacts { master: Some(mesh.container_name(node(2).into())), ..NodeFacts::default() };
        let running = (1..=3).filter(|number| !stopped.contains(number)).map(node);
        there.nodes.extend(running.map(|node| (node, Answer::Ready(facts.clone()))));
    }
    there
}

#[test]
fn a_cluster_of_several_is_restarted_node_by_node_and_the_elected_master_last() {
    let mesh = Mesh::example(2).with_nodes(2, 3);
    let plan =
        |stopped: &[u8], set: &str, action| select(&mesh, &of_several(&mesh, stopped), &selection(&mesh, set), action);
    assert!(plan(&[], "2", Action::Restart).restarts());
    insta::assert_snapshot!(plan(&[], "1-2", Action::Restart), @r"
    restart nodes
      ? every shard of cluster02 is assigned that can be
      ~ shards of cluster02 stay where they are
      ~ container cluster02-elastic
      ? cluster02-elastic answers
      ~ shards of cluster02 move again
      ? every shard of cluster02 is assigned that can be
      ~ shards of cluster02 stay where they are
      ~ container cluster02-elastic-3
      ? cluster02-elastic-3 answers
      ~ shards of cluster02 move again
      ? every shard of cluster02 is assigned that can be
      ~ shards of cluster02 stay where they are
      ~ container cluster02-elastic-2
      ? cluster02-elastic-2 answers
      ~ shards of cluster02 move again
      ? every shard of cluster02 is assigned that can be
    restart Kibana
      ~ container cluster02-kibana
    stop Kibana
      ~ container cluster01-kibana
    stop Elasticsearch
      ~ container cluster01-elastic
    start clusters
      ~ container cluster01-elastic
      ? cluster01-elastic answers
      ~ container cluster01-kibana
    prove links
      ? links from cluster01 to cluster02
      ? links from cluster02 to cluster01
    wait for Kibana
      ? cluster01-kibana answers
      ? cluster02-kibana answers
    ");
    insta::assert_snapshot!(plan(&[1], "2", Action::Restart), @r"
    restart nodes
      ~ container cluster02-elastic
      ? cluster02-elastic answers
      ? every shard of cluster02 is assigned that can be
      ~ shards of cluster02 stay where they are
      ~ container cluster02-elastic-3
      ? cluster02-elastic-3 answers
      ~ shards of cluster02 move again
      ? every shard of cluster02 is assigned that can be
      ~ shards of cluster02 stay where they are
      ~ container cluster02-elastic-2
      ? cluster02-elastic-2 answers
      ~ shards of cluster02 move again
      ? every shard of cluster02 is assigned that can be
    restart Kibana
      ~ container cluster02-kibana
    prove links
      ? links from cluster01 to cluster02
      ? links from cluster02 to cluster01
    wait for Kibana
      ? cluster02-kibana answers
    ");
    // it does not serve, so it is started as a whole
    insta::assert_snapshot!(plan(&[1, 2], "2", Action::Restart), @r"
    stop Kibana
      ~ container cluster02-kibana
    stop Elasticsearch
      ~ container cluster02-elastic-3
    start clusters
      ~ container cluster02-elastic
      ~ container cluster02-elastic-2
      ~ container cluster02-elastic-3
      ? cluster02-elastic answers
      ? cluster02-elastic-2 answers
      ? cluster02-elastic-3 answers
      ~ container cluster02-kibana
    prove links
      ? links from cluster01 to cluster02
      ? links from cluster02 to cluster01
    wait for Kibana
      ? cluster02-kibana answers
    ");
}

#[test]
fn a_cluster_of_several_stops_and_starts_as_a_whole() {
    let mesh = Mesh::example(2).with_nodes(2, 3);
    let plan =
        |stopped: &[u8], set: &str, action| select(&mesh, &of_several(&mesh, stopped), &selection(&mesh, set), action);
    insta::assert_snapshot!(plan(&[], "2", Action::Stop), @r"
    stop Kibana
      ~ container cluster02-kibana
    stop Elasticsearch
      ~ container cluster02-elastic
      ~ container cluster02-elastic-2
      ~ container cluster02-elastic-3
    ");
    insta::assert_snapshot!(plan(&[1, 2, 3], "2", Action::Start), @r"
    start clusters
      ~ container cluster02-elastic
      ~ container cluster02-elastic-2
      ~ container cluster02-elastic-3
      ? cluster02-elastic answers
      ? cluster02-elastic-2 answers
      ? cluster02-elastic-3 answers
    prove links
      ? links from cluster01 to cluster02
      ? links from cluster02 to cluster01
    wait for Kibana
      ? cluster02-kibana answers
    ");
}

/// The record has one node since the run that was to remove the other two began.
#[test]
fn nodes_that_leave_stop_and_start_with_their_cluster() {
    let three = Mesh::example(2).with_nodes(2, 3);
    let mut mesh = three.clone();
    mesh.overrides.clear();
    let mesh = mesh.with_nodes(2, 1);
    let plan =
        |stopped: &[u8], set: &str, action| select(&mesh, &of_several(&three, stopped), &selection(&mesh, set), action);
    insta::assert_snapshot!(plan(&[], "2", Action::Stop), @r"
    stop Kibana
      ~ container cluster02-kibana
    stop Elasticsearch
      ~ container cluster02-elastic
      ~ container cluster02-elastic-2
      ~ container cluster02-elastic-3
    ");
    insta::assert_snapshot!(plan(&[2], "2", Action::Down), @r"
    remove Kibana's containers
      - container cluster02-kibana
    stop nodes that leave
      ~ container cluster02-elastic-3
    remove Elasticsearch's containers
      - container cluster02-elastic
    ");
    for action in [Action::Start, Action::Up] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(plan(&[1, 2, 3], "2", action), @r"
            start clusters
              ~ container cluster02-elastic
              ~ container cluster02-elastic-2
              ~ container cluster02-elastic-3
              ? cluster02-elastic answers
            prove links
              ? links from cluster01 to cluster02
              ? links from cluster02 to cluster01
            wait for Kibana
              ? cluster02-kibana answers
            ");
        }
    }
    for action in [Action::Stop, Action::Down] {
        let other = plan(&[], "1", action);
        assert!(!other.to_string().contains("cluster02"), "{other}");
        assert_eq!(plan(&[], "2/1", action).steps().count(), 1, "the node that stays alone");
    }
}

#[test]
fn one_node_is_restarted_stopped_and_started_alone() {
    let mesh = Mesh::example(2).with_nodes(2, 3);
    let plan =
        |stopped: &[u8], set: &str, action| select(&mesh, &of_several(&mesh, stopped), &selection(&mesh, set), action);
    insta::assert_snapshot!(plan(&[], "2/2", Action::Restart), @r"
    restart nodes
      ? every shard of cluster02 is assigned that can be
      ~ shards of cluster02 stay where they are
      ~ container cluster02-elastic-2
      ? cluster02-elastic-2 answers
      ~ shards of cluster02 move again
      ? every shard of cluster02 is assigned that can be
    prove links
      ? links from cluster01 to cluster02
      ? links from cluster02 to cluster01
    ");
    insta::assert_snapshot!(plan(&[], "2/2", Action::Stop), @r"
    stop Elasticsearch
      ~ container cluster02-elastic-2
    ");
    insta::assert_snapshot!(plan(&[], "2/2", Action::Down), @r"
    remove Elasticsearch's containers
      - container cluster02-elastic-2
    ");
    insta::assert_snapshot!(plan(&[3], "2/3", Action::Start), @r"
    start clusters
      ~ container cluster02-elastic-3
      ? cluster02-elastic-3 answers
      ? every shard of cluster02 is assigned that can be
    prove links
      ? links from cluster01 to cluster02
      ? links from cluster02 to cluster01
    ");
    // it cannot join, so it is not waited for
    insta::assert_snapshot!(plan(&[1, 2, 3], "2/3", Action::Start), @r"
    start clusters
      ~ container cluster02-elastic-3
    ");
    let mut there = of_several(&mesh, &[]);
    there.server_mut(cluster(2)).allocation.enabled = Some("primaries".to_owned());
    let held = select(&mesh, &there, &selection(&mesh, "2/1"), Action::Restart);
    let first = held.steps().next().cloned();
    assert_eq!(first, Some(NodeStep::ReleaseShards(cluster(2)).into()), "a run was interrupted");
    there.containers.get_mut(&cluster(2).first_node()).unwrap().state = ContainerState::Stopped;
    let started = select(&mesh, &there, &selection(&mesh, "2/1"), Action::Start).to_string();
    assert!(started.contains("  ~ shards of cluster02 move again\n  ? every shard of cluster02 is"), "{started}");
    // only that node has to be there
    there.containers.remove(&cluster(2).kibana());
    let lacks = |set: &str| selection(&mesh, set).lacks(&mesh, &there, Action::Restart);
    assert_eq!(lacks("2/1"), None);
    assert_eq!(lacks("2").unwrap().hint().unwrap(), "`mesh manage up 2` makes it again");
    there.containers.remove(&cluster(2).first_node());
    let lacks = selection(&mesh, "2/1").lacks(&mesh, &there, Action::Restart).unwrap();
    assert_eq!(lacks.hint().unwrap(), "`mesh manage up 2/1` makes it again");
}
