//! The plans of `manage`, and what keeps it from them.

mod nodes;

use super::*;
use crate::{
    explain::Explain as _,
    facts::observed::{ClusterFiles, ContainerFacts, NetworkFacts, Orphan, ServiceFiles},
    mesh::{certs::Authority, example::cluster, id::Count},
};

fn count(number: u8) -> Count {
    Count::new(number).unwrap()
}

fn running(mesh: &Mesh, stopped: u8) -> Observed {
    let containers = mesh
        .services()
        .map(|service| {
            let stopped = service.cluster() == cluster(stopped);
            let state = if stopped { ContainerState::Stopped } else { ContainerState::Running };
            (service, ContainerFacts::in_state(state))
        })
        .collect();
    Observed { containers, ..Observed::default() }
}

fn selection(mesh: &Mesh, set: &str) -> Selection {
    Selection::new(mesh, set.parse().unwrap()).unwrap()
}

#[test]
fn count_is_a_number_of_clusters() {
    let mesh = Mesh::example(8);
    let from = |first, number| Selection::from(&mesh, cluster(first), count(number));
    assert_eq!(from(1, 8), Ok(selection(&mesh, "1-8")));
    assert_eq!(from(8, 1), Ok(selection(&mesh, "8")));
    insta::assert_snapshot!(from(8, 2).unwrap_err(), @"there is no cluster 9: the mesh has 8");
    insta::assert_snapshot!(from(99, 99).unwrap_err(), @"there is no cluster 197: the mesh has 8");
}

#[test]
fn a_selection_is_of_clusters_that_the_mesh_has() {
    let mesh = Mesh::example(1).with_clusters("2,5-8");
    assert_eq!(selection(&mesh, "8,2").to_string(), "clusters 2,8");
    assert_eq!(selection(&mesh, "7").to_string(), "cluster07");
    let refused = |set: &str| Selection::new(&mesh, set.parse().unwrap()).unwrap_err().to_string();
    assert_eq!(refused("1-2"), "there is no cluster 1: the mesh has 2,5-8");
    let gap = Selection::from(&mesh, cluster(2), count(2)).unwrap_err();
    assert_eq!(gap.to_string(), "there is no cluster 3: the mesh has 2,5-8");
}

#[test]
fn a_restart_waits_for_links_in_both_directions_but_not_for_what_is_stopped() {
    let mesh = Mesh::example(3).without_kibana();
    let selected = selection(&mesh, "2");
    insta::assert_snapshot!(select(&mesh, &running(&mesh, 3), &selected, Action::Restart), @r"
    stop Elasticsearch
      ~ container cluster02-elastic
    start clusters
      ~ container cluster02-elastic
      ? cluster02-elastic answers
    prove links
      ? links from cluster01 to cluster02
      ? links from cluster02 to cluster01
    ");
}

#[test]
fn stopping_touches_only_what_runs() {
    let mesh = Mesh::example(2);
    let selected = selection(&mesh, "1-2");
    assert!(select(&mesh, &running(&mesh, 2), &selected, Action::Restart).restarts());
    for action in [Action::Stop, Action::Down, Action::Start] {
        assert!(!select(&mesh, &running(&mesh, 2), &selected, action).restarts(), "{action:?}");
    }
    insta::assert_snapshot!(select(&mesh, &running(&mesh, 2), &selected, Action::Stop), @r"
    stop Kibana
      ~ container cluster01-kibana
    stop Elasticsearch
      ~ container cluster01-elastic
    ");
}

#[test]
fn what_is_missing_is_reported_before_anything_is_stopped() {
    let mesh = Mesh::example(2);
    let selected = selection(&mesh, "1-2");
    let mut there = running(&mesh, 2);
    there.containers.remove(&cluster(2).kibana());
    let lacks = |there: &Observed, action| {
        selected.lacks(&mesh, there, action).map(|lacking| format!("{lacking}; {}", lacking.hint().unwrap()))
    };
    let gone = "the mesh's network or a cluster's directory is gone; `mesh create 2` makes it again";
    for action in [Action::Up, Action::Start, Action::Restart] {
        assert_eq!(lacks(&there, action).as_deref(), Some(gone));
    }
    assert_eq!(lacks(&there, Action::Down), None);
    there.network = Some(NetworkFacts { id: String::new(), subnet: String::new() });
    let missing = "there is no container cluster02-kibana; `mesh manage up 1-2` makes it again";
    assert_eq!(lacks(&there, Action::Restart).as_deref(), Some(missing));
    there.files = mesh.clusters().map(|cluster| (cluster, ClusterFiles::default())).collect();
    assert_eq!(lacks(&there, Action::Up), None);
    let old = |state, service| [("old".to_owned(), Orphan { state, service })].into();
    there.orphans = old(ContainerState::Stopped, None);
    assert_eq!(lacks(&there, Action::Up), None);
    there.orphans = old(ContainerState::Running, Some(cluster(2).kibana()));
    let renamed = "container old is the mesh's under another name, and may hold the address and ports of cluster02-kibana; \
                   `mesh create 2` removes that container, and makes the one that is missing; \
                   `docker rename old cluster02-kibana` gives it its name back";
    for action in [Action::Up, Action::Start, Action::Stop, Action::Down, Action::Restart] {
        assert_eq!(lacks(&there, action).as_deref(), Some(renamed));
    }
    let other = selection(&mesh, "1");
    assert_eq!(other.lacks(&mesh, &there, Action::Stop), None, "it is not of the cluster that is to stop");
    // beside one that has its name
    there.orphans = old(ContainerState::Paused, Some(cluster(1).first_node()));
    assert!(lacks(&there, Action::Stop).is_some_and(|message| !message.contains("docker rename")));
}

#[test]
fn nothing_starts_on_the_files_of_another_cluster() {
    let mesh = Mesh::example(2).without_kibana();
    let selected = selection(&mesh, "1-2");
    let mut there = running(&mesh, 2);
    there.network = Some(NetworkFacts { id: String::new(), subnet: String::new() });
    let mut holds = |at, of: u8| {
        let now = time::macros::datetime!(2026-01-31 12:00 UTC);
        let names = mesh.certificate_names(cluster(of).first_node()).unwrap();
        let certificate = Some(Authority::issue("cluster", now).sign(&names, now).certificate);
        let service = ServiceFiles { certificate, ..ServiceFiles::default() };
        let services = [(cluster(at).first_node(), service)].into();
        there.files.insert(cluster(at), ClusterFiles { services, ..ClusterFiles::default() });
        there.clone()
    };
    holds(1, 1);
    assert_eq!(selected.lacks(&mesh, &holds(2, 2), Action::Up), None);
    holds(1, 2);
    let there = holds(2, 1);
    for action in [Action::Up, Action::Start, Action::Restart] {
        let lacking = selected.lacks(&mesh, &there, action).unwrap();
        assert_eq!(lacking.to_string(), "/mnt/data/mesh/cluster01 holds the files of cluster02", "{action:?}");
        assert!(lacking.hint().is_some_and(|hint| hint.contains("their names back")), "{:?}", lacking.hint());
    }
    assert_eq!(selected.lacks(&mesh, &there, Action::Stop), None, "what runs can be ended");
}
