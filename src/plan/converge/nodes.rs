//! Clusters of several nodes: grown, shrunk, restarted node by node, stopped at every step on the way. Pure.

use super::{Model, plan_for};
use crate::{
    mesh::{
        Mesh,
        example::cluster,
        id::{ClusterId, NodeNumber, ServiceId},
        settings::per_cluster::read_set,
    },
    plan::{NodeStep, Step},
};

/// Two clusters, the second one of so many nodes.
fn mesh(nodes: u8) -> Mesh {
    Mesh::example(2).with_nodes(2, nodes)
}

fn node(number: u8) -> ServiceId {
    cluster(2).node(NodeNumber::new(number).unwrap()).into()
}

/// A mesh of one node in each cluster that had `nodes` in the second before.
fn shrunk_from(nodes: u8) -> Mesh {
    let mut mesh = mesh(nodes);
    mesh.overrides.clear();
    mesh.with_nodes(2, 1)
}

fn with(mut mesh: Mesh, set: &str) -> Mesh {
    mesh.overrides.push(read_set(set).unwrap());
    mesh
}

#[test]
fn three_nodes_are_founded_by_the_first() {
    let mesh = mesh(3);
    let founded = Model::empty().converge(&mesh);
    founded.assert_is(&mesh);
    for half in Model::empty().states_of(&mesh, &plan_for(&mesh, &Model::empty())) {
        half.converge(&mesh).assert_is(&mesh);
    }
}

#[test]
fn a_cluster_grows_and_shrinks_wherever_a_run_stops() {
    let mut walks = 0;
    for (from, to) in [
        (mesh(1), mesh(3)),
        (mesh(3), mesh(5)),
        (mesh(5), mesh(3)),
        (mesh(3), shrunk_from(3)),
        (shrunk_from(3), mesh(3)),
        (mesh(3), with(mesh(3), "2.elastic_memory=3g")),
        (mesh(4), with(mesh(3), "2.elastic_memory=3g")),
        (with(mesh(1), "2.elastic_memory=3g"), mesh(3)),
    ] {
        // what a cluster was before is in its record
        let from = Model::empty().converge(&from);
        for half in from.states_of(&to, &plan_for(&to, &from)) {
            let done = half.converge(&to);
            done.assert_is(&to);
            done.assert_keeps_data_and_keys_of(&from);
            walks += 1;
        }
    }
    assert!(walks > 200, "{walks} interrupted runs");
}

/// A cluster of several nodes is never away: only one that could not be joined restarts once.
#[test]
fn a_cluster_serves_while_its_nodes_come_restart_and_leave() {
    let (one, three) = (Model::empty().converge(&mesh(1)), Model::empty().converge(&mesh(3)));
    let renewed = with(mesh(3), "2.elastic_memory=3g");
    for (from, to, away) in
        [(&one, mesh(3), true), (&three, mesh(4), false), (&three, shrunk_from(3), false), (&three, renewed, false)]
    {
        let plan = plan_for(&to, from);
        let walk = from.walk(&to, plan.steps());
        let was_away = walk.states().iter().any(|state| !state.runs(cluster(2)));
        assert_eq!(was_away, away, "{plan}");
        assert!(walk.states().iter().all(|state| state.runs(cluster(1))), "{plan}");
    }
}

#[test]
fn the_steps_of_growing_and_shrinking() {
    let one = Model::empty().converge(&mesh(1));
    insta::assert_snapshot!(plan_for(&mesh(3), &one), @r#"
    prove the directory
      ? Docker sees the mesh's directory
    record the mesh
      ~ mesh.json
    remove containers
      - container cluster02-kibana: setting elasticsearch.hosts ["https://cluster02-elastic:9200"] → ["https://cluster02-elastic:9200","https://cluster02-elastic-2:9200","https://cluster02-elastic-3:9200"]
    write bundles
      ~ authorities that cluster02 trusts
    issue certificates
      + certificate of cluster02-elastic-2
      + certificate of cluster02-elastic-3
    record UUIDs
      ~ UUID of cluster02
    copy the images' files
      ~ files of cluster02-elastic-2 from its image
      ~ files of cluster02-elastic-3 from its image
    write settings
      ~ settings of cluster02-elastic-2
      ~ settings of cluster02-elastic-3
      ~ settings of cluster02-kibana
    write keystores
      ~ keystore of cluster02-elastic-2
      ~ keystore of cluster02-elastic-3
    create containers
      + container cluster02-elastic-2
      + container cluster02-elastic-3
      + container cluster02-kibana
    start clusters
      ~ container cluster02-kibana
    bring in and restart nodes
      - container cluster02-elastic: setting discovery.seed_providers none → "file", setting discovery.type "single-node" → none
      ~ settings of cluster02-elastic
      + container cluster02-elastic
      ~ container cluster02-elastic
      ? cluster02-elastic answers
      ~ container cluster02-elastic-2
      ~ container cluster02-elastic-3
      ? cluster02-elastic-2 answers
      ? cluster02-elastic-3 answers
      ? every shard of cluster02 is assigned that can be
    register snapshot repositories
      ~ snapshot repository of cluster02
    link clusters
      ~ remotes of cluster01: cluster02, no longer cluster.remote.cluster02.proxy_address cluster.remote.cluster02.proxy_socket_connections cluster.remote.cluster02.server_name
      ~ keystore of cluster02: credentials of cluster01
    prove links
      ? links from cluster01 to cluster02
      ? links from cluster02 to cluster01
    wait for Kibana
      ? cluster02-kibana answers
    make data views
      ~ data views of cluster02-kibana: local-data-set mesh-data-set
    update /etc/hosts
      ~ block in /etc/hosts
    "#);
    let three = Model::empty().converge(&mesh(3));
    let mut asked = three.clone();
    asked.servers.get_mut(&cluster(2)).unwrap().allocation.replicas = [("logs".to_owned(), 1)].into();
    insta::assert_snapshot!(plan_for(&shrunk_from(3), &asked), @r#"
    prove the directory
      ? Docker sees the mesh's directory
    record the mesh
      ~ mesh.json
    move links to nodes that stay
      ~ remotes of cluster01: cluster02, no longer cluster.remote.cluster02.node_connections cluster.remote.cluster02.seeds
      ? links from cluster01 to cluster02
    move shards and votes to nodes that stay
      ~ replicas of cluster02 → 0: logs
      ~ shards leave cluster02-elastic-2 and cluster02-elastic-3
      ~ cluster02-elastic-2 and cluster02-elastic-3 no longer vote
    remove containers
      - container cluster02-elastic-2
      - container cluster02-elastic-3
      - container cluster02-kibana: setting elasticsearch.hosts ["https://cluster02-elastic:9200","https://cluster02-elastic-2:9200","https://cluster02-elastic-3:9200"] → ["https://cluster02-elastic:9200"]
    clear exclusions of nodes
      - what kept shards and votes of cluster02 from nodes
    remove nodes
      - directory of cluster02-elastic-2, whose shards are on other nodes
      - directory of cluster02-elastic-3, whose shards are on other nodes
    write settings
      ~ settings of cluster02-elastic
      ~ settings of cluster02-kibana
    create containers
      + container cluster02-kibana
    start clusters
      ~ container cluster02-kibana
    wait for Kibana
      ? cluster02-kibana answers
    make data views
      ~ data views of cluster02-kibana: local-data-set mesh-data-set
    update /etc/hosts
      ~ block in /etc/hosts
    "#);
}

/// A run that was killed, or a node that died, leaves replicas that are on their way.
#[test]
fn no_node_stops_before_every_shard_is_assigned() {
    let three = Model::empty().converge(&mesh(3));
    let plan = plan_for(&with(mesh(3), "2.elastic_memory=3g"), &three);
    let steps: Vec<&Step> = plan.steps().collect();
    let of: fn(fn(ClusterId) -> NodeStep) -> Step = |step| step(cluster(2)).into();
    let [held, first, then] = [NodeStep::HoldShards, NodeStep::AwaitRecoveries, NodeStep::AwaitShards].map(of);
    let before = steps.windows(2).filter(|pair| *pair[1] == held).map(|pair| pair[0]);
    assert_eq!(before.collect::<Vec<_>>(), [&first, &then, &then], "{plan}");
}

#[test]
fn the_elected_master_restarts_last() {
    let three = Model::empty().converge(&mesh(3));
    let to = with(mesh(3), "2.elastic_memory=3g");
    let plan = plan_for(&to, &three);
    let started = plan.steps().filter_map(|step| match step {
        Step::StartContainer(service) => Some(*service),
        _ => None,
    });
    // the model elects the highest number
    assert_eq!(started.collect::<Vec<_>>(), [node(1), node(2), node(3)]);
    let mut other = three.observe();
    for facts in other.nodes.values_mut() {
        if let crate::facts::observed::Answer::Ready(facts) = facts {
            facts.master = Some(node(1).to_string());
        }
    }
    let plan = super::reconcile(&to, &other, &super::inputs());
    let started = plan.steps().filter_map(|step| match step {
        Step::StartContainer(service) => Some(*service),
        _ => None,
    });
    assert_eq!(started.collect::<Vec<_>>(), [node(2), node(3), node(1)]);
}

type Loss = fn(&mut Model, ServiceId);

#[test]
fn what_a_node_lost_comes_back_and_the_others_notice_nothing() {
    let mesh = mesh(3);
    let whole = Model::empty().converge(&mesh);
    let losses: [(&str, Loss); 5] = [
        ("its container", |model, node| drop(model.there.containers.remove(&node))),
        ("its process", |model, node| {
            let container = model.there.containers.get_mut(&node).unwrap();
            (container.state, container.address) = (crate::facts::observed::ContainerState::Stopped, None);
        }),
        ("its directory", |model, node| {
            model.there.containers.remove(&node);
            let files = model.files(node.cluster());
            files.services.remove(&node);
            files.nodes.remove(&node.node().unwrap().number);
        }),
        ("its keystore", |model, node| model.node_files(node.node().unwrap()).keystore = None),
        ("its certificate", |model, node| {
            model.files(node.cluster()).services.get_mut(&node).unwrap().certificate = None;
        }),
    ];
    for number in 1..=3 {
        for (what, lose) in losses {
            let mut lost = whole.clone();
            lose(&mut lost, node(number));
            let plan = plan_for(&mesh, &lost);
            assert!(!plan.is_empty(), "{what} of {}", node(number));
            for half in lost.walk(&mesh, plan.steps()).states() {
                assert!(half.runs(cluster(2)), "{what} of {}: {plan}", node(number));
                let mended = half.clone().converge(&mesh);
                mended.assert_is(&mesh);
                mended.assert_keeps_data_and_keys_of(&whole);
            }
        }
    }
}

#[test]
fn all_nodes_that_are_stopped_start_together() {
    let mesh = mesh(3);
    let whole = Model::empty().converge(&mesh);
    let mut stopped = whole.clone();
    stopped.stop_all();
    for half in stopped.states_of(&mesh, &plan_for(&mesh, &stopped)) {
        let done = half.converge(&mesh);
        done.assert_is(&mesh);
        done.assert_keeps_data_and_keys_of(&whole);
    }
}

/// Only a cluster that serves lets nodes go, and this one has no majority without them.
#[test]
fn nodes_that_leave_and_are_stopped_start_until_their_cluster_lets_them_go() {
    let (whole, to) = (Model::empty().converge(&mesh(3)), shrunk_from(3));
    let mut stopped = whole.clone();
    stopped.stop_all();
    for half in stopped.states_of(&to, &plan_for(&to, &stopped)) {
        let done = half.converge(&to);
        done.assert_is(&to);
        done.assert_keeps_data_and_keys_of(&whole);
    }
}

/// A restart or a farewell that was interrupted leaves settings, which the next run takes back.
#[test]
fn what_an_interrupted_run_left_in_a_cluster_is_drift() {
    let mesh = mesh(3);
    let whole = Model::empty().converge(&mesh);
    let mut held = whole.clone();
    held.carry_out_all(&mesh, [&NodeStep::HoldShards(cluster(2)).into()]).converge(&mesh).assert_is(&mesh);
    held = whole.clone();
    let leaving = vec![node(3).node().unwrap()];
    let drained = NodeStep::DrainNodes { on: cluster(2), nodes: leaving.clone() }.into();
    let silenced = NodeStep::ExcludeVotes { on: cluster(2), nodes: leaving }.into();
    let farewell = held.carry_out_all(&mesh, [&drained, &silenced]);
    farewell.converge(&mesh).assert_is(&mesh);
}
