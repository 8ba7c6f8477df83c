//! The mesh as it is shown, from facts.

use time::macros::datetime;

use super::look::percent;
use super::*;
use crate::facts::{
    health::{Color, Watermark},
    observed::{Answer, ContainerFacts, ContainerState, LinkFacts, NetworkFacts, ServerFacts},
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
        server.links = mesh.remotes(cluster).map(|remote| (remote, LinkFacts::Connected)).collect();
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
