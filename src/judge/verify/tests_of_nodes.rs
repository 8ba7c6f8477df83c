//! The judge before whom nodes of a cluster of several do not agree.

use super::{
    tests::{NOW, key},
    *,
};
use crate::{
    facts::observed::{
        Answer, ClusterFiles, ContainerFacts, ContainerState, LinkFacts, NetworkFacts, NodeFacts, ServerFacts,
    },
    mesh::{
        example::cluster,
        id::{ClusterId, NodeNumber, REMOTE},
        network,
    },
};

/// Two clusters, the second of three nodes, of which nothing is wrong.
fn whole() -> (Mesh, Observed, Evidence) {
    let mesh = Mesh::example(2).with_nodes(2, 3);
    let network = NetworkFacts { id: network::NAME.to_owned(), subnet: mesh.subnet.to_string() };
    let mut there = Observed { network: Some(network), ..Observed::default() };
    let mut evidence = Evidence::default();
    let address = |node: NodeId| mesh.place(node.into()).unwrap().address.to_string();
    for node in mesh.all_nodes() {
        let running = ContainerFacts::in_state(ContainerState::Running);
        let container = ContainerFacts { network: Some(network::NAME.to_owned()), ..running };
        there.containers.insert(node.into(), container);
        let links = mesh.remotes(node.cluster).map(|to| (to.into(), LinkFacts::Connected)).collect();
        if mesh.has_several_nodes(node.cluster) {
            let members = mesh.nodes(node.cluster).map(|node| node.to_string()).collect();
            let (uuid, master) = (Some("uuid".to_owned()), Some("cluster02-elastic-2".to_owned()));
            let facts = NodeFacts { uuid, master, members, links, ..NodeFacts::default() };
            there.nodes.insert(node, Answer::Ready(facts));
            evidence.published.insert(node, format!("{}:{REMOTE}", address(node)));
        }
        for to in mesh.remotes(node.cluster) {
            evidence.by_key.insert((node, to), true);
            evidence.presented.insert((node, to), Presented::Known(key()));
            evidence.canaries.insert(Link { from: node.cluster, to }, CanaryFacts::Found);
            for remote in mesh.nodes(to) {
                evidence.paths.insert((node, remote), PathFacts::Reached { address: address(remote) });
            }
        }
    }
    for from in mesh.clusters() {
        let links = mesh.remotes(from).map(|to| (to.into(), LinkFacts::Connected)).collect();
        let licensed = ServerFacts::licensed("trial", NOW + time::Duration::days(30));
        let server = ServerFacts { links, remotes: mesh.remote_settings(from), ..licensed };
        there.servers.insert(from, Answer::Ready(server));
    }
    (mesh, there, evidence)
}

fn node(number: u8) -> NodeId {
    cluster(2).node(NodeNumber::new(number).unwrap())
}

fn first() -> NodeId {
    cluster(1).node(NodeNumber::FIRST)
}

fn facts(there: &mut Observed, number: u8) -> &mut NodeFacts {
    match there.nodes.get_mut(&node(number)) {
        Some(Answer::Ready(facts)) => facts,
        other => panic!("{other:?}"),
    }
}

fn stop(there: &mut Observed, number: u8) {
    there.containers.get_mut(&node(number).into()).unwrap().state = ContainerState::Stopped;
    there.nodes.remove(&node(number));
}

/// What is found after the harm is done, a link a line, of those that are not up.
fn found(harm: impl Fn(&mut Observed, &mut Evidence)) -> String {
    let (mesh, mut there, mut evidence) = whole();
    harm(&mut there, &mut evidence);
    let report = Report::new(&judge(&mesh, Scope::Mesh, &there, &evidence, NOW), Vec::new(), true);
    let line = |link: &report::LinkReport| {
        let cause = link.cause.as_ref().map(|cause| format!("{}: {}; {}", cause.code, cause.message, cause.remedy));
        let (from, to) = (link.from.number(), link.to.number());
        format!("{from}→{to} {:?} {}", link.state, cause.unwrap_or_default()).trim_end().to_owned()
    };
    assert_eq!(report.up, report.links.iter().all(|link| link.up));
    report.links.iter().filter(|link| !link.up).map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn nothing_is_found_where_all_nodes_agree() {
    assert_eq!(found(|_, _| ()), "");
}

#[test]
fn a_node_that_is_away_degrades_links_and_is_named() {
    insta::assert_snapshot!(found(|there, _| stop(there, 3)), @r"
    1→2 Degraded container-not-running: container cluster02-elastic-3 is stopped; `mesh manage start 2`
    2→1 Degraded container-not-running: container cluster02-elastic-3 is stopped; `mesh manage start 2`
    ");
    // whichever it is
    let first = found(|there, _| stop(there, 1));
    assert!(first.starts_with("1→2 Degraded") && first.contains("\n2→1 Degraded"), "{first}");
    insta::assert_snapshot!(found(|there, _| (1..=3).for_each(|number| stop(there, number))), @r"
    1→2 Down container-not-running: container cluster02-elastic is stopped; `mesh manage start 2`
    2→1 Down container-not-running: container cluster02-elastic is stopped; `mesh manage start 2`
    ");
}

#[test]
fn a_seed_that_is_unreachable_is_named_with_the_reason() {
    let closed = || PathFacts::Closed("Connection refused".to_owned());
    insta::assert_snapshot!(found(|_, evidence| drop(evidence.paths.insert((first(), node(2)), closed()))), @"1→2 Degraded seed-unreachable: the seed cluster02-elastic-2 cannot be reached: port 9443 of cluster02-elastic-2 refuses connections: Connection refused; see why with `mesh logs 2 --service elastic`; `mesh manage restart 2`");
    let all = found(|_, evidence| (1..=3).for_each(|n| drop(evidence.paths.insert((first(), node(n)), closed()))));
    insta::assert_snapshot!(all, @"1→2 Down port-closed: port 9443 of cluster02-elastic refuses connections: Connection refused; see why with `mesh logs 2 --service elastic`; `mesh manage restart 2`");
    // from one of several, which others do not agree with
    let expired = || PathFacts::Distrusted("certificate has expired".to_owned());
    insta::assert_snapshot!(found(|_, evidence| drop(evidence.paths.insert((node(3), first()), expired()))), @"2→1 Degraded certificate-expired: from cluster02-elastic-3: the certificate of cluster01-elastic has expired; `mesh verify --fix`");
}

#[test]
fn a_node_that_has_not_joined_or_is_of_another_cluster_is_named() {
    insta::assert_snapshot!(found(|there, _| facts(there, 3).master = None), @r"
    1→2 Degraded node-not-joined: cluster02-elastic-3 has not joined its cluster: it follows no elected master; `mesh verify --fix`, or see why with `mesh logs 2/3`
    2→1 Degraded node-not-joined: cluster02-elastic-3 has not joined its cluster: it follows no elected master; `mesh verify --fix`, or see why with `mesh logs 2/3`
    ");
    let stranger = found(|there, _| {
        let files = ClusterFiles { uuid: Some("uuid".to_owned()), ..ClusterFiles::default() };
        there.files.insert(cluster(2), files);
        facts(there, 1).uuid = Some("other".to_owned());
    });
    insta::assert_snapshot!(stranger, @r"
    1→2 Degraded node-of-another-cluster: cluster02-elastic belongs to a cluster of its own (other), and not to that of the other nodes of cluster02; `mesh status` says how it joins the others again
    2→1 Degraded node-of-another-cluster: cluster02-elastic belongs to a cluster of its own (other), and not to that of the other nodes of cluster02; `mesh status` says how it joins the others again
    ");
    let none = found(|there, _| {
        (1..=3).for_each(|number| facts(there, number).master = None);
        there.servers.remove(&cluster(2));
    });
    insta::assert_snapshot!(none, @r"
    1→2 Down node-not-joined: cluster02-elastic has not joined its cluster: it follows no elected master; `mesh verify --fix`, or see why with `mesh logs 2/1`
    2→1 Down node-not-joined: cluster02-elastic has not joined its cluster: it follows no elected master; `mesh verify --fix`, or see why with `mesh logs 2/1`
    ");
}

#[test]
fn an_address_that_others_do_not_reach_is_named() {
    let elsewhere = found(|_, evidence| drop(evidence.published.insert(node(2), "127.0.0.1:9443".to_owned())));
    insta::assert_snapshot!(elsewhere, @"1→2 Degraded publish-address: cluster02-elastic-2 publishes the address 127.0.0.1:9443 instead of 10.213.0.210:9443: other clusters do not reach it there; `mesh verify --fix`; where that finds nothing to do, `mesh manage restart 2`");
}

#[test]
fn a_keystore_of_one_node_is_one_of_them() {
    let lacking = found(|_, evidence| drop(evidence.presented.insert((node(3), cluster(1)), Presented::Absent)));
    insta::assert_snapshot!(lacking, @"2→1 Degraded credentials-missing: from cluster02-elastic-3: the keystore of cluster02 holds no API key of cluster01; `mesh verify --fix`");
    let down = |there: &mut Observed, number| {
        drop(facts(there, number).links.insert(ClusterId::FIRST.into(), LinkFacts::Down("no such seed".to_owned())));
    };
    insta::assert_snapshot!(found(|there, _| down(there, 2)), @"2→1 Degraded not-connected: from cluster02-elastic-2: Elasticsearch does not connect: no such seed; see what the clusters say with `mesh logs --service elastic`; `mesh verify --fix`");
    insta::assert_snapshot!(found(|there, _| (1..=3).for_each(|number| down(there, number))), @"2→1 Down not-connected: Elasticsearch does not connect: no such seed; see what the clusters say with `mesh logs --service elastic`; `mesh verify --fix`");
}

#[test]
fn what_keeps_a_link_down_comes_before_what_one_node_lacks() {
    let found = found(|there, evidence| {
        stop(there, 3);
        let expired = PathFacts::Distrusted("certificate has expired".to_owned());
        let to_all = (1..=3).map(|number| ((first(), node(number)), expired.clone()));
        evidence.paths.extend(to_all);
    });
    insta::assert_snapshot!(found, @r"
    1→2 Down certificate-expired: the certificate of cluster02-elastic has expired; `mesh verify --fix`
    2→1 Degraded container-not-running: container cluster02-elastic-3 is stopped; `mesh manage start 2`
    ");
}

#[test]
fn a_document_that_is_not_found_makes_a_fault_of_a_node_one_of_the_link() {
    let missing = CanaryFacts::Missing("skipped".to_owned());
    let found = found(|there, evidence| {
        stop(there, 3);
        evidence.canaries.insert(Link { from: cluster(1), to: cluster(2) }, missing.clone());
        evidence.canaries.remove(&Link { from: cluster(2), to: cluster(1) });
    });
    insta::assert_snapshot!(found, @r"
    1→2 Down container-not-running: container cluster02-elastic-3 is stopped; `mesh manage start 2`
    2→1 Untried
    ");
}
