//! The mesh as it is shown, from facts.

use std::collections::BTreeSet;

use time::macros::datetime;

use super::look::percent;
use super::*;
use crate::{
    facts::{
        health::{Color, Watermark},
        observed::{
            Answer, ClusterFiles, ContainerFacts, ContainerState, LinkFacts, NetworkFacts, NodeFacts, ServerFacts,
        },
    },
    mesh::{
        example::cluster,
        id::{NodeId, NodeNumber},
    },
};

const NOW: OffsetDateTime = datetime!(2026-01-31 12:00 UTC);

#[test]
fn a_mesh_of_which_nothing_is_there_is_shown_as_that() {
    let mesh = Mesh::example(2).without_kibana();
    let status = status(&mesh, Scope::Mesh, &Observed::default(), NOW);
    assert!(!status.in_sync);
    assert!(status.clusters.iter().all(|cluster| cluster.elastic.state == State::Absent && cluster.kibana.is_none()));
    assert_eq!(status.clusters[0].links.down.len(), 1);
    assert!(status.pending_changes.contains(&"container cluster01-elastic".to_owned()));
}

#[test]
fn a_server_that_is_there_and_does_not_answer_is_shown_with_the_reason() {
    let mesh = Mesh::example(1);
    let first = mesh.clusters().next().unwrap();
    let container = ContainerFacts::in_state(ContainerState::Running);
    let there = Observed {
        containers: [(first.first_node(), container)].into(),
        servers: [(first, Answer::Unreachable { words: "connection refused".to_owned(), started: None })].into(),
        ..Observed::default()
    };
    let status = status(&mesh, Scope::Mesh, &there, NOW);
    let elastic = &status.clusters[0].elastic;
    assert_eq!(
        (elastic.state, elastic.reason.as_deref()),
        (State::Unready, Some("does not answer: connection refused"))
    );
    assert_eq!(status.clusters[0].kibana.as_ref().unwrap().state, State::Absent);
}

#[test]
fn a_red_index_or_a_disk_that_takes_nothing_more_does_not_serve_though_all_is_as_asked() {
    let mesh = Mesh::example(1);
    let ready = || ServiceStatus { state: State::Ready, url: String::new(), reason: None };
    let mut cluster = status(&mesh, Scope::Mesh, &Observed::default(), NOW).clusters.remove(0);
    (cluster.elastic, cluster.kibana) = (ready(), Some(ready()));
    assert!(cluster.serves(), "a license that has ended tells no health");
    cluster.health = Some(Color::Yellow);
    cluster.disk_watermark = Some(Watermark::High);
    assert!(cluster.serves(), "a warning is no fault");
    cluster.disk_watermark = Some(Watermark::FloodStage);
    assert!(!cluster.serves());
    (cluster.disk_watermark, cluster.health) = (None, Some(Color::Red));
    assert!(!cluster.serves());
}

#[test]
fn days_are_whole_and_go_below_zero() {
    let (mesh, there) = (Mesh::example(1), Observed::default());
    let look = Look { mesh: &mesh, there: &there, now: NOW };
    assert_eq!(look.days_until(datetime!(2026-02-01 11:59 UTC)), 0);
    assert_eq!(look.days_until(datetime!(2026-02-01 12:00 UTC)), 1);
    assert_eq!(look.days_until(datetime!(2026-01-31 11:59 UTC)), -1);
}

#[test]
fn a_share_of_nothing_is_unknown() {
    assert_eq!((percent(1, 4), percent(1, 0)), (Some(25), None));
}

#[test]
fn a_cluster_that_is_stopped_is_reported_with_its_remedy_and_its_links_are_not_asked_about() {
    let mesh = Mesh::example(2);
    let mut there =
        Observed { network: Some(NetworkFacts { id: "n".to_owned(), subnet: String::new() }), ..Observed::default() };
    for cluster in mesh.clusters() {
        let state = if cluster == ClusterId::FIRST { ContainerState::Running } else { ContainerState::Stopped };
        let container = ContainerFacts { network: Some("n".to_owned()), ..ContainerFacts::in_state(state) };
        there.containers.insert(cluster.first_node(), container);
    }
    let mut licensed = ServerFacts::licensed("trial", NOW);
    there.servers.insert(ClusterId::FIRST, Answer::Ready(licensed.clone()));
    let clusters = status(&mesh, Scope::Mesh, &there, NOW).clusters;
    assert_eq!(clusters[1].elastic.reason.as_deref(), Some("is stopped; `mesh manage start 2` starts it"));
    let reason = clusters[0].links.down.values().next().map(String::as_str);
    assert_eq!(reason, Some("container cluster02-elastic is stopped"));

    there.containers.get_mut(&clusters[1].cluster.first_node()).unwrap().state = ContainerState::Running;
    licensed.license.active = false;
    there.servers.insert(ClusterId::FIRST, Answer::Ready(licensed));
    let ended = status(&mesh, Scope::Mesh, &there, NOW);
    let reason = ended.clusters[0].links.down.values().next().map(String::as_str);
    assert_eq!(reason, Some("the trial license of cluster01 has expired"));
    assert_eq!(ended.expiring[0].remedy, "mesh create --license FILE");
    assert_eq!(ended.expiring[0].days_left, -1, "reported as ended, whatever the clock here says");
}

#[test]
fn a_scope_judges_its_clusters_and_their_links_alone() {
    let mesh = Mesh::example(3).without_kibana();
    let mut there =
        Observed { network: Some(NetworkFacts { id: "n".to_owned(), subnet: String::new() }), ..Observed::default() };
    for cluster in mesh.clusters() {
        let running = ContainerFacts::in_state(ContainerState::Running);
        there.containers.insert(cluster.first_node(), ContainerFacts { network: Some("n".to_owned()), ..running });
        let mut server = ServerFacts::licensed("enterprise", NOW + time::Duration::days(cluster.number().into()));
        server.links = mesh.remotes(cluster).map(|remote| (remote.into(), LinkFacts::Connected)).collect();
        there.servers.insert(cluster, Answer::Ready(server));
    }
    let third = mesh.clusters().last().unwrap();
    there.containers.remove(&third.first_node());
    there.servers.remove(&third);
    let on = |set: &str| status(&mesh, Scope::new(Some(&set.parse().unwrap())), &there, NOW);

    let first = on("1");
    assert_eq!(first.clusters.len(), 1);
    assert!(first.serves, "another cluster is absent");
    assert_eq!(first.expiring[0].clusters, [ClusterId::FIRST]);
    // its own links to the others are its matter, and no service of another cluster is
    let foreign = |change: &String| change.contains("cluster02-") || change.contains("cluster03-");
    assert!(!first.pending_changes.is_empty() && !first.pending_changes.iter().any(foreign));
    let (from, to) = (&first.clusters[0].links, &first.clusters[0].searched_by);
    assert_eq!((from.up, from.wanted), (2, 2), "as its server says");
    assert_eq!((to.up, to.wanted, to.down[&third].as_str()), (1, 2, "there is no container cluster03-elastic"));

    let rest = on("2-3");
    assert!(!rest.serves && rest.pending_changes.contains(&"container cluster03-elastic".to_owned()));
}

/// Two clusters, the second of three nodes, of which nothing is wrong.
fn with_three_nodes() -> (Mesh, Observed) {
    let mesh = Mesh::example(2).without_kibana().with_nodes(2, 3);
    let mut there =
        Observed { network: Some(NetworkFacts { id: "n".to_owned(), subnet: String::new() }), ..Observed::default() };
    let members: BTreeSet<String> = mesh.nodes(cluster(2)).map(|node| node.to_string()).collect();
    for node in mesh.all_nodes() {
        let running = ContainerFacts::in_state(ContainerState::Running);
        there.containers.insert(node.into(), ContainerFacts { network: Some("n".to_owned()), ..running });
        let links: BTreeMap<_, _> = mesh.remotes(node.cluster).map(|to| (to.into(), LinkFacts::Connected)).collect();
        if mesh.has_several_nodes(node.cluster) {
            let master = Some("cluster02-elastic-2".to_owned());
            let (members, uuid) = (members.clone(), Some("uuid".to_owned()));
            let facts = NodeFacts { uuid, master, members, links: links.clone(), ..NodeFacts::default() };
            there.nodes.insert(node, Answer::Ready(facts));
        }
        let server = ServerFacts { links, ..ServerFacts::licensed("enterprise", NOW + time::Duration::days(900)) };
        there.servers.insert(node.cluster, Answer::Ready(server));
    }
    (mesh, there)
}

fn node(number: u8) -> NodeId {
    cluster(2).node(NodeNumber::new(number).unwrap())
}

fn node_facts(there: &mut Observed, number: u8) -> &mut NodeFacts {
    match there.nodes.get_mut(&node(number)) {
        Some(Answer::Ready(facts)) => facts,
        other => panic!("{other:?}"),
    }
}

/// What is shown of the second cluster: its state, its nodes, its links, the reasons.
fn shown(mesh: &Mesh, there: &Observed) -> String {
    let status = status(mesh, Scope::Mesh, there, NOW);
    let shown = &status.clusters[1];
    let mut lines = vec![format!(
        "{} {} serves={} degraded={:?} links {}/{}",
        shown.elastic.state.word(),
        shown.elastic.url,
        status.serves,
        status.degraded.iter().map(|cluster| cluster.number()).collect::<Vec<_>>(),
        shown.links.up,
        shown.links.wanted
    )];
    lines.extend(shown.elastic.reason.clone());
    lines.extend(shown.nodes.iter().map(|node| {
        let marks = [(node.joined, " joined"), (node.master, " master")];
        let marks: String = marks.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
        format!("{} {}{marks} {}", node.name, node.state.word(), node.reason.as_deref().unwrap_or_default())
    }));
    lines.extend(shown.links.down.values().cloned());
    lines.join("\n").replace(" \n", "\n").trim_end().to_owned()
}

#[test]
fn a_cluster_of_several_nodes_is_shown_with_all_of_them() {
    let (mesh, there) = with_three_nodes();
    insta::assert_snapshot!(shown(&mesh, &there), @r"
    ready https://localhost:9202 serves=true degraded=[] links 1/1
    cluster02-elastic ready joined
    cluster02-elastic-2 ready joined master
    cluster02-elastic-3 ready joined
    ");
}

#[test]
fn a_node_that_is_away_degrades_its_cluster_which_serves() {
    for number in 1..=3 {
        let (mesh, mut there) = with_three_nodes();
        there.containers.get_mut(&node(number).into()).unwrap().state = ContainerState::Stopped;
        there.nodes.remove(&node(number));
        let status = status(&mesh, Scope::Mesh, &there, NOW);
        assert_eq!((status.serves, status.degraded), (true, vec![cluster(2)]), "{number}");
        let (elastic, nodes) = (&status.clusters[1].elastic, &status.clusters[1].nodes);
        assert_eq!((elastic.state, elastic.reason.as_deref()), (State::Degraded, Some("serves with 2 of 3 nodes")));
        let away: Vec<&str> = nodes.iter().filter(|node| !node.joined).map(|node| node.name.as_str()).collect();
        assert_eq!(away, [node(number).to_string()]);
        assert_eq!(status.clusters[1].links.up, 1, "the others search");
        assert_eq!(status.clusters[0].links.up, 1, "the others are searched");
    }
    let (mesh, mut there) = with_three_nodes();
    there.containers.remove(&node(1).into());
    there.nodes.remove(&node(1));
    insta::assert_snapshot!(shown(&mesh, &there), @r"
    degraded https://localhost:10202 serves=true degraded=[2] links 1/1
    serves with 2 of 3 nodes
    cluster02-elastic absent has no container; `mesh manage up 2` makes it
    cluster02-elastic-2 ready joined master
    cluster02-elastic-3 ready joined
    ");
}

#[test]
fn a_node_that_answers_and_has_not_joined_is_shown_with_the_reason() {
    let (mesh, mut there) = with_three_nodes();
    node_facts(&mut there, 1).master = None;
    for number in [2, 3] {
        node_facts(&mut there, number).members.remove("cluster02-elastic-3");
    }
    insta::assert_snapshot!(shown(&mesh, &there), @r"
    degraded https://localhost:10202 serves=true degraded=[2] links 1/1
    serves with 1 of 3 nodes
    cluster02-elastic unready has not joined its cluster: it follows no elected master
    cluster02-elastic-2 ready joined master
    cluster02-elastic-3 unready has not joined its cluster: the others do not count it
    ");
    let (mesh, mut there) = with_three_nodes();
    there.files.insert(cluster(2), ClusterFiles { uuid: Some("uuid".to_owned()), ..ClusterFiles::default() });
    node_facts(&mut there, 1).uuid = Some("other".to_owned());
    insta::assert_snapshot!(shown(&mesh, &there), @r"
    degraded https://localhost:10202 serves=true degraded=[2] links 1/1
    serves with 2 of 3 nodes
    cluster02-elastic unready belongs to a cluster of its own (other)
    cluster02-elastic-2 ready joined master
    cluster02-elastic-3 ready joined
    ");
}

#[test]
fn a_cluster_without_a_majority_is_down() {
    let (mesh, mut there) = with_three_nodes();
    for number in [2, 3] {
        there.containers.get_mut(&node(number).into()).unwrap().state = ContainerState::Stopped;
        there.nodes.remove(&node(number));
    }
    node_facts(&mut there, 1).master = None;
    there.servers.insert(cluster(2), Answer::NotReady("no master is elected (1 of 3 nodes run)".to_owned()));
    insta::assert_snapshot!(shown(&mesh, &there), @r"
    unready https://localhost:9202 serves=false degraded=[] links 0/1
    is not ready: no master is elected (1 of 3 nodes run)
    cluster02-elastic unready has not joined its cluster: it follows no elected master
    cluster02-elastic-2 stopped is stopped; `mesh manage start 2` starts it
    cluster02-elastic-3 stopped is stopped; `mesh manage start 2` starts it
    cluster02 does not answer
    ");
    there.servers.remove(&cluster(2));
    there.nodes.clear();
    there.containers.get_mut(&node(1).into()).unwrap().state = ContainerState::Stopped;
    assert_eq!(status(&mesh, Scope::Mesh, &there, NOW).clusters[1].elastic.state, State::Stopped);
}

#[test]
fn a_link_is_up_when_every_node_that_searches_says_so() {
    let (mesh, mut there) = with_three_nodes();
    node_facts(&mut there, 3).links.insert(ClusterId::FIRST.into(), LinkFacts::Down("no seed node left".to_owned()));
    insta::assert_snapshot!(shown(&mesh, &there), @r"
    ready https://localhost:9202 serves=true degraded=[] links 0/1
    cluster02-elastic ready joined
    cluster02-elastic-2 ready joined master
    cluster02-elastic-3 ready joined
    from cluster02-elastic-3: no seed node left
    ");
}
