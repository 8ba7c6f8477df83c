//! The stages of `mesh manage`: what some clusters of a mesh are to do. Pure.

use std::fmt;

use super::{Plan, Step, lacking::Lacking};
use crate::facts::observed::{ContainerState, Observed};
use crate::mesh::{
    Mesh, certs,
    cluster_set::{ClusterSet, NoSuchCluster},
    id::{ClusterId, Count, ServiceId, ServiceKind},
};

/// Some clusters of a mesh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection(ClusterSet);

impl Selection {
    /// # Errors
    /// The mesh does not have one of them.
    pub fn new(mesh: &Mesh, clusters: ClusterSet) -> Result<Self, NoSuchCluster> {
        mesh.require(&clusters).map(|()| Self(clusters))
    }

    /// `count` clusters from `first` on.
    ///
    /// # Errors
    /// The mesh does not have one of them.
    pub fn from(mesh: &Mesh, first: ClusterId, count: Count) -> Result<Self, NoSuchCluster> {
        let last = u16::from(first.number()) + u16::from(count.get()) - 1;
        let cluster = |number: u16| u8::try_from(number).ok().and_then(ClusterId::new);
        let clusters: Option<Vec<ClusterId>> = (first.number().into()..=last).map(cluster).collect();
        match clusters.and_then(ClusterSet::new) {
            Some(clusters) => Self::new(mesh, clusters),
            None => Err(NoSuchCluster::new(last, &mesh.cluster_set())),
        }
    }

    /// What the action needs and is not there.
    pub fn lacks(&self, mesh: &Mesh, there: &Observed, action: Action) -> Option<Lacking> {
        let wanted: Vec<ServiceId> = mesh.services().filter(|service| self.contains(service.cluster())).collect();
        let clusters = || mesh.cluster_set();
        let missing = wanted.iter().find(|service| !there.containers.contains_key(service)).copied();
        let exchanged = wanted.iter().filter(|_| !action.ends()).find_map(|service| {
            let files = there.files.get(&service.cluster())?.services.get(service)?;
            let name = certs::examine(files.certificate.as_ref()?).ok()?.common_name;
            let of = name.parse::<ServiceId>().ok().filter(|of| of != service)?;
            Some(Lacking::Exchanged { of: of.cluster(), at: mesh.dir.join(service.cluster().to_string()) })
        });
        let parts = match action {
            Action::Stop | Action::Down => false,
            Action::Up => {
                there.network.is_none() || wanted.iter().any(|service| !there.files.contains_key(&service.cluster()))
            }
            // Docker starts no container in a network that is gone
            Action::Start | Action::Restart => there.network.is_none(),
        };
        if parts {
            return Some(Lacking::Parts { clusters: clusters() });
        }
        // it would start on another's data, and no link would trust its certificate
        if exchanged.is_some() {
            return exchanged;
        }
        // one that runs unseen would be told as stopped, or hold what another needs
        let renamed = there.orphans.iter().filter(|(_, orphan)| orphan.state.is_up()).find_map(|(name, orphan)| {
            let service = orphan.service.map_or(missing, |service| Some(service).filter(|s| wanted.contains(s)))?;
            let free = !there.containers.contains_key(&service);
            let (orphan, name) = (name.clone(), mesh.container_name(service));
            Some(Lacking::Renamed { service, free, orphan, name, clusters: clusters() })
        });
        renamed.or_else(|| match action {
            Action::Start | Action::Restart => {
                Some(Lacking::Container { missing: mesh.container_name(missing?), selected: self.0.clone() })
            }
            Action::Stop | Action::Down | Action::Up => None,
        })
    }

    fn contains(&self, cluster: ClusterId) -> bool {
        self.0.contains(cluster)
    }

    fn services(&self, mesh: &Mesh, kind: ServiceKind) -> impl Iterator<Item = ServiceId> {
        mesh.services_of(kind).filter(move |service| self.contains(service.cluster()))
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.named())
    }
}

/// What the selected clusters are to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Make the containers again where they are missing, and start them.
    Up,
    /// Stop the containers and remove them; data stays.
    Down,
    Start,
    Stop,
    Restart,
}

impl Action {
    /// Whether it leaves nothing running, so that nothing has to be asked but Docker.
    pub fn ends(self) -> bool {
        matches!(self, Self::Stop | Self::Down)
    }

    /// What was done, for the closing line.
    pub fn past(self) -> &'static str {
        match self {
            Self::Up => "made and started",
            Self::Down => "removed the containers of",
            Self::Start => "started",
            Self::Stop => "stopped",
            Self::Restart => "restarted",
        }
    }

    /// What is told where there is nothing to do.
    pub fn idle(self, selection: &Selection) -> String {
        match self {
            Self::Down => format!("there is no container of {selection}"),
            Self::Up | Self::Start | Self::Stop | Self::Restart => format!("no container of {selection} runs"),
        }
    }
}

/// The stages that do it. Kibana is stopped before its Elasticsearch and started after it.
pub fn select(mesh: &Mesh, there: &Observed, selection: &Selection, action: Action) -> Plan {
    let elastic = || selection.services(mesh, ServiceKind::Elastic);
    let kibana = || selection.services(mesh, ServiceKind::Kibana);
    let state = |service: &ServiceId| there.containers.get(service).map(|container| container.state);
    let exists = |service: &ServiceId| state(service).is_some();
    let up = |service: &ServiceId| state(service).is_some_and(ContainerState::is_up);
    let start = |plan: Plan| {
        let bring_up = |service: ServiceId| match state(&service) {
            Some(ContainerState::Paused) if action != Action::Restart => Some(Step::RestartContainer(service)),
            _ if action == Action::Restart || !up(&service) => Some(Step::StartContainer(service)),
            _ => None,
        };
        plan.stage("start Elasticsearch", elastic().filter_map(bring_up))
            .stage("wait for Elasticsearch", elastic().map(Step::AwaitReady))
            .stage("start Kibana", kibana().filter_map(bring_up))
            .stage("prove links", links(mesh, there, selection))
            .stage("wait for Kibana", kibana().map(Step::AwaitReady))
    };
    match action {
        Action::Stop => Plan::of(mesh.name.as_ref())
            .stage("stop Kibana", kibana().filter(up).map(Step::StopContainer))
            .stage("stop Elasticsearch", elastic().filter(up).map(Step::StopContainer)),
        Action::Down => Plan::of(mesh.name.as_ref())
            .stage("remove Kibana's containers", kibana().filter(exists).map(Step::remove))
            .stage("remove Elasticsearch's containers", elastic().filter(exists).map(Step::remove)),
        Action::Start => start(Plan::of(mesh.name.as_ref())),
        Action::Up => {
            let missing: Vec<ServiceId> = elastic().chain(kibana()).filter(|service| !exists(service)).collect();
            start(
                Plan::of(mesh.name.as_ref())
                    .stage("prove the directory", (!missing.is_empty()).then_some(Step::ProveDirectory))
                    .stage("create containers", missing.into_iter().map(Step::CreateContainer)),
            )
        }
        Action::Restart => start(
            Plan::of(mesh.name.as_ref())
                .stage("stop Kibana", kibana().filter(up).map(Step::StopContainer))
                .stage("stop Elasticsearch", elastic().filter(up).map(Step::StopContainer)),
        ),
    }
}

/// Links in both directions between the selected clusters and all that run; one that was stopped on purpose is not waited for.
fn links(mesh: &Mesh, there: &Observed, selection: &Selection) -> Vec<Step> {
    let runs = |cluster: ClusterId| {
        let state = there.containers.get(&cluster.first_node()).map(|container| container.state);
        selection.contains(cluster) || state == Some(ContainerState::Running)
    };
    mesh.clusters()
        .filter(|on| runs(*on))
        .map(|on| Step::ProveLinks {
            on,
            to: mesh
                .searchable(on)
                .filter(|to| runs(*to) && (selection.contains(on) || selection.contains(*to)))
                .collect(),
        })
        .filter(|step| matches!(step, Step::ProveLinks { to, .. } if !to.is_empty()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        explain::Explain as _,
        facts::observed::{ClusterFiles, ContainerFacts, NetworkFacts, Orphan, ServiceFiles},
        mesh::certs::Authority,
    };

    fn count(number: u8) -> Count {
        Count::new(number).unwrap()
    }

    fn cluster(number: u8) -> ClusterId {
        ClusterId::new(number).unwrap()
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
        start Elasticsearch
          ~ container cluster02-elastic
        wait for Elasticsearch
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
    fn what_is_missing_is_told_before_anything_is_stopped() {
        let mesh = Mesh::example(2);
        let selected = selection(&mesh, "1-2");
        let mut there = running(&mesh, 2);
        there.containers.remove(&cluster(2).kibana());
        let told = |there: &Observed, action| {
            selected.lacks(&mesh, there, action).map(|lacking| format!("{lacking}; {}", lacking.hint().unwrap()))
        };
        let gone = "the mesh's network or a cluster's directory is gone; `mesh create 2` makes it again";
        for action in [Action::Up, Action::Start, Action::Restart] {
            assert_eq!(told(&there, action).as_deref(), Some(gone));
        }
        assert_eq!(told(&there, Action::Down), None);
        there.network = Some(NetworkFacts { id: String::new(), subnet: String::new() });
        let missing = "there is no container cluster02-kibana; `mesh manage up 1-2` makes it again";
        assert_eq!(told(&there, Action::Restart).as_deref(), Some(missing));
        there.files = mesh.clusters().map(|cluster| (cluster, ClusterFiles::default())).collect();
        assert_eq!(told(&there, Action::Up), None);
        let old = |state, service| [("old".to_owned(), Orphan { state, service })].into();
        there.orphans = old(ContainerState::Stopped, None);
        assert_eq!(told(&there, Action::Up), None);
        there.orphans = old(ContainerState::Running, Some(cluster(2).kibana()));
        let renamed = "container old is the mesh's under another name, and may hold the address and ports of cluster02-kibana; \
                       `mesh create 2` removes that container, and makes the one that is missing; \
                       `docker rename old cluster02-kibana` gives it its name back";
        for action in [Action::Up, Action::Start, Action::Stop, Action::Down, Action::Restart] {
            assert_eq!(told(&there, action).as_deref(), Some(renamed));
        }
        let other = selection(&mesh, "1");
        assert_eq!(other.lacks(&mesh, &there, Action::Stop), None, "it is not of the cluster that is to stop");
        // beside one that has its name
        there.orphans = old(ContainerState::Paused, Some(cluster(1).first_node()));
        assert!(told(&there, Action::Stop).is_some_and(|told| !told.contains("docker rename")));
    }

    #[test]
    fn nothing_starts_on_the_files_of_another_cluster() {
        let mesh = Mesh::example(2).without_kibana();
        let selected = selection(&mesh, "1-2");
        let mut there = running(&mesh, 2);
        there.network = Some(NetworkFacts { id: String::new(), subnet: String::new() });
        let mut holds = |at, of: u8| {
            let now = time::macros::datetime!(2026-01-31 12:00 UTC);
            let names = mesh.certificate_names(cluster(of).first_node());
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
}
