//! A mesh whose `mesh.json` is lost, rebuilt from what it left behind: labels, containers, certificates, files. Pure:
//! no I/O.

mod traces;

use std::collections::{BTreeMap, BTreeSet};

pub use self::traces::{ContainerTrace, DirectoryTrace, Traces};
use super::{
    Mesh,
    cluster_set::ClusterSet,
    decide::{Circumstances, DecideError},
    id::{ClusterId, ServiceKind},
    settings::{ClusterOverride, ClusterSettings, IndexPattern, Overrides, PerCluster, SHARED, SubjectName},
};
use crate::{exit::Exit, explain::Explain};

/// Why a mesh cannot be rebuilt from its traces.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RebuildError {
    #[error("mesh.json is lost, and no container is left to tell which version the data is of")]
    NoVersion,
    #[error(transparent)]
    Undecided(#[from] DecideError),
}

impl Explain for RebuildError {
    fn exit(&self) -> Exit {
        Exit::Machine
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoVersion => Some(
                "name it with `mesh create --stack-version VERSION`, and with it every other setting that was not the \
                 default: a newer version would change the data for good"
                    .to_owned(),
            ),
            Self::Undecided(error) => error.hint(),
        }
    }
}

impl Mesh {
    /// The mesh that left these traces, as `mesh.json` would tell of it. What nothing tells is as it is by default; the
    /// version is as `asked` where no container tells it, and never a guess.
    pub fn rebuild(traces: &Traces, asked: &Overrides, now: Circumstances) -> Result<Self, RebuildError> {
        let registry = traces.containers.iter().find_map(|container| Some(traces::image(&container.image)?.0));
        let versions = traces.versions();
        // in the middle of an upgrade there are two: what the others came to is what was asked for
        let version = versions.values().max().copied().or(asked.stack_version);
        let elastic_memory = traces.memory(ServiceKind::Elastic);
        let kibana_memory = traces.memory(ServiceKind::Kibana);
        let spec = Overrides {
            clusters: traces.clusters(),
            stack_version: Some(version.ok_or(RebuildError::NoVersion)?),
            registry,
            kibana: Some(traces.kibana()),
            profile: traces.directories.values().find_map(|kept| kept.profile),
            bind: traces.containers.iter().find_map(|container| container.bind),
            elastic_memory: most_common(elastic_memory.values().copied()),
            kibana_memory: most_common(kibana_memory.values().copied()),
            key_days: traces.directories.values().find_map(|kept| kept.key_days),
            hosts: traces.hosts,
            subnet: traces.subnet.or_else(|| traces.subnet_of_certificates()),
            passphrase_words: traces.passphrase_words,
            ..Overrides::default()
        };
        let own = |cluster: ClusterId| Overrides {
            elastic_memory: elastic_memory.get(&cluster).copied().filter(|own| Some(*own) != spec.elastic_memory),
            kibana_memory: kibana_memory.get(&cluster).copied().filter(|own| Some(*own) != spec.kibana_memory),
            kibana: (spec.kibana == Some(true) && !traces.kibana_of(cluster)).then_some(false),
            ..Overrides::default()
        };
        let overrides = traces.directories.keys().filter_map(|cluster| of_cluster(*cluster, &own(*cluster))).collect();
        let per_cluster = PerCluster { overrides: Some(overrides), ..PerCluster::default() };
        let spec = Overrides { per_cluster, ..spec.clone() };
        let now = Circumstances {
            new_id: traces.id.clone().unwrap_or(now.new_id),
            owner: traces.owner().unwrap_or(now.owner),
            ..now
        };
        let mut mesh = Self::decide(&spec, None, now)?;
        mesh.spec.san = mesh.names_asked_for(traces);
        let revisions = traces.revisions();
        mesh.defaults = revisions.values().max().copied().unwrap_or(mesh.defaults);
        for (id, cluster) in &mut mesh.clusters {
            cluster.version = versions.get(id).copied().unwrap_or(cluster.version);
            cluster.defaults = revisions.get(id).copied().unwrap_or(mesh.defaults);
        }
        Ok(mesh)
    }

    /// Takes over the patterns of the keys that servers know, see [`Mesh::shared`].
    pub fn share(&mut self, names: &BTreeMap<ClusterId, Vec<String>>) {
        let more = |names: &Vec<String>| -> Vec<IndexPattern> {
            names.iter().filter(|name| *name != SHARED).filter_map(|name| name.parse().ok()).collect()
        };
        let Some(share) = most_common(names.values().map(more)) else { return };
        for (cluster, names) in names {
            let own = Overrides { share: Some(more(names)).filter(|own| *own != share), ..Overrides::default() };
            self.overrides.extend(of_cluster(*cluster, &own));
        }
        self.spec.share = share;
    }

    /// The names in certificates that are not the mesh's own.
    fn names_asked_for(&self, traces: &Traces) -> Vec<SubjectName> {
        let mut asked = BTreeSet::new();
        for (cluster, kept) in &traces.directories {
            let of = |kind: ServiceKind| Some(cluster.service(kind)).filter(|service| self.has(*service));
            for (service, names) in kept.names.iter().filter_map(|(kind, names)| Some((of(*kind)?, names))) {
                let Some(own) = self.certificate_names(service) else { continue };
                asked.extend(names.dns.difference(&own.dns).filter_map(|name| name.parse().ok()));
                asked.extend(names.ip.difference(&own.ip).map(|address| SubjectName::Ip(*address)));
            }
        }
        asked.into_iter().collect()
    }
}

/// What one cluster has by itself; `None` if it is nothing.
fn of_cluster(cluster: ClusterId, own: &Overrides) -> Option<ClusterOverride> {
    let settings = ClusterSettings::of(own);
    Some(ClusterOverride { clusters: ClusterSet::new([cluster])?, settings }).filter(|one| !one.settings.is_empty())
}

/// What most have; of what as many have, the first.
fn most_common<T: PartialEq>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut counted: Vec<(T, usize)> = Vec::new();
    for value in values {
        match counted.iter_mut().find(|(known, _)| *known == value) {
            Some((_, count)) => *count += 1,
            None => counted.push((value, 1)),
        }
    }
    counted.into_iter().rev().max_by_key(|(_, count)| *count).map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::{
        Owner,
        defaults::Revision,
        settings::{Profile, per_cluster::read_set},
        taken::Taken,
    };

    fn now() -> Circumstances {
        Circumstances {
            dir: "/mnt/data/mesh".into(),
            new_id: "f".repeat(16),
            name: None,
            owner: Owner { uid: 5, gid: 5 },
            engine: None,
            host_name: "vm".to_owned(),
            taken: Taken { networks: vec!["10.213.0.0/24".parse().unwrap()], ..Taken::default() },
            unmade: false,
        }
    }

    /// What a whole mesh leaves.
    fn traces(mesh: &Mesh) -> Traces {
        let containers = mesh.services().map(|service| {
            let made = mesh.service(service).unwrap();
            ContainerTrace {
                service,
                image: made.image,
                memory: made.memory.bytes(),
                user: made.user,
                bind: Some(mesh.spec.bind),
                defaults: mesh.revision(service.cluster()),
            }
        });
        let directory = |cluster: ClusterId| DirectoryTrace {
            ours: true,
            names: mesh
                .services()
                .filter(|service| service.cluster() == cluster)
                .map(|service| (service.kind(), mesh.certificate_names(service).unwrap()))
                .collect(),
            heap: Some(mesh.settings(cluster).elastic_memory.heap_mebibytes()),
            profile: Some(mesh.spec.profile),
            kibana: mesh.has(cluster.kibana()),
            owner: Some(mesh.owner),
            key_days: Some(mesh.spec.key_days),
            version: Some(mesh.version(cluster)),
        };
        Traces {
            id: Some(mesh.id.clone()),
            containers: containers.collect(),
            subnet: Some(mesh.subnet),
            directories: mesh.clusters().map(|cluster| (cluster, directory(cluster))).collect(),
            hosts: Some(mesh.spec.hosts),
            passphrase_words: Some(mesh.spec.passphrase_words),
        }
    }

    fn unusual() -> Mesh {
        let mut mesh = Mesh::example(3).of_version("8.19.21".parse().unwrap());
        mesh.spec.registry = "registry.local:5000/elastic".parse().unwrap();
        mesh.spec.profile = Profile::Smoke;
        mesh.spec.elastic_memory = "1536m".parse().unwrap();
        mesh.spec.kibana_memory = "3g".parse().unwrap();
        mesh.spec.bind = [0, 0, 0, 0].into();
        mesh.spec.key_days = "40".parse().unwrap();
        mesh.spec.passphrase_words = "9".parse().unwrap();
        mesh.spec.san = vec!["vm.example".parse().unwrap(), "192.0.2.7".parse().unwrap()];
        mesh.spec.hosts = false;
        mesh
    }

    #[test]
    fn a_mesh_is_rebuilt_from_what_it_left() {
        for mesh in [Mesh::example(1), Mesh::example(3), Mesh::example(1).with_clusters("2,5-6"), unusual()] {
            let rebuilt = Mesh::rebuild(&traces(&mesh), &Overrides::default(), now()).unwrap();
            assert_eq!(rebuilt, mesh);
        }
        let without_kibana = Mesh::example(2).without_kibana();
        assert_eq!(Mesh::rebuild(&traces(&without_kibana), &Overrides::default(), now()), Ok(without_kibana));
    }

    #[test]
    fn settings_of_single_clusters_are_rebuilt() {
        let mut mesh = Mesh::example(4);
        mesh.overrides =
            ["2.elastic_memory=3g", "3.kibana=false", "4.kibana_memory=3g"].map(|text| read_set(text).unwrap()).into();
        let mesh = mesh.moved_to("10.213.0.0/24".parse().unwrap());
        assert!(!mesh.has(ClusterId::new(3).unwrap().kibana()));
        assert_eq!(Mesh::rebuild(&traces(&mesh), &Overrides::default(), now()).unwrap(), mesh);
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let known = [(1, names(&["mesh*"])), (2, names(&["hr-*", "mesh*"])), (3, names(&["mesh*"]))];
        let mut shared = mesh.clone();
        shared.share(&known.map(|(cluster, names)| (ClusterId::new(cluster).unwrap(), names)).into());
        assert_eq!(shared.spec, mesh.spec);
        assert_eq!(shared.shared(ClusterId::new(2).unwrap()), ["hr-*", "mesh*"]);
        assert_eq!(shared.shared(ClusterId::FIRST), ["mesh*"]);
    }

    #[test]
    fn without_docker_its_files_tell_all_but_the_version() {
        let mesh = unusual();
        let mut left = Traces { id: None, containers: Vec::new(), subnet: None, ..traces(&mesh) };
        let rebuilt = Mesh::rebuild(&left, &Overrides::default(), now()).unwrap();
        assert_eq!(rebuilt.spec.stack_version, mesh.spec.stack_version, "the files of its image tell");
        left.directories.values_mut().for_each(|kept| kept.version = None);
        assert!(left.are_of_a_mesh());
        assert_eq!(Mesh::rebuild(&left, &Overrides::default(), now()), Err(RebuildError::NoVersion));
        let asked = Overrides { stack_version: Some(mesh.spec.stack_version), ..Overrides::default() };
        let rebuilt = Mesh::rebuild(&left, &asked, now()).unwrap();
        assert_eq!((rebuilt.id.as_str(), rebuilt.subnet), ("ffffffffffffffff", mesh.subnet));
        assert_eq!(rebuilt.owner, mesh.owner);
        assert_eq!(rebuilt.spec.elastic_memory, mesh.spec.elastic_memory);
        assert_eq!(rebuilt.count(), mesh.count());
    }

    #[test]
    fn an_upgrade_in_progress_is_rebuilt() {
        let mut mesh = Mesh::example(3);
        for cluster in [2, 3] {
            mesh.clusters.get_mut(&ClusterId::new(cluster).unwrap()).unwrap().version = "8.19.21".parse().unwrap();
        }
        assert_eq!(Mesh::rebuild(&traces(&mesh), &Overrides::default(), now()).unwrap(), mesh);
        // the second's files have come from the new image already, and its container has not
        let mut turned = traces(&mesh);
        turned.directories.get_mut(&ClusterId::new(2).unwrap()).unwrap().version = Some(mesh.spec.stack_version);
        let rebuilt = Mesh::rebuild(&turned, &Overrides::default(), now()).unwrap();
        assert_eq!(rebuilt.pending_upgrade().count(), 1);
    }

    #[test]
    fn each_cluster_keeps_the_defaults_that_its_containers_were_made_with() {
        let mesh = Mesh::example(3);
        let half = mesh.clone().with_defaults(Revision::NEXT, Some(&mesh)).with_defaults_on(ClusterId::FIRST);
        let mut left = traces(&half);
        assert_eq!(Mesh::rebuild(&left, &Overrides::default(), now()).unwrap(), half);
        // a Kibana that is the same in both revisions was not made anew
        let kibana = left.containers.iter_mut().find(|container| container.service == ClusterId::FIRST.kibana());
        kibana.unwrap().defaults = Revision::FIRST;
        assert_eq!(Mesh::rebuild(&left, &Overrides::default(), now()).unwrap(), half);
    }

    #[test]
    fn directories_beyond_the_last_container_are_of_the_mesh() {
        let mut left = traces(&Mesh::example(3));
        left.containers.retain(|container| container.service.cluster() == ClusterId::FIRST);
        assert_eq!(Mesh::rebuild(&left, &Overrides::default(), now()).unwrap().count().get(), 3);
    }

    #[test]
    fn what_no_label_and_no_certificate_calls_ours_is_not_a_mesh() {
        let mut left = traces(&Mesh::example(1));
        left.directories.values_mut().for_each(|kept| kept.ours = false);
        assert!(left.are_of_a_mesh(), "labels tell");
        left.id = None;
        assert!(!left.are_of_a_mesh());
        let labels_alone = Traces { directories: BTreeMap::new(), ..traces(&Mesh::example(1)) };
        assert!(!labels_alone.are_of_a_mesh(), "a mesh without data is made, not rebuilt");
    }
}
