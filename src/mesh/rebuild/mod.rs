//! A mesh whose `mesh.json` is lost, rebuilt from what it left behind: labels, containers, certificates, files. Pure:
//! no I/O.

mod changes;
mod gateway;
mod links;
mod nodes;
mod ports;
mod repositories;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_of_gateway;
#[cfg(test)]
mod tests_of_peers;
#[cfg(test)]
mod tests_of_settings;
mod traces;
mod users;

use std::collections::{BTreeMap, BTreeSet};

pub use self::{
    gateway::{GatewayContainer, GatewayTrace},
    links::LinkTrace,
    nodes::NodeTrace,
    repositories::SnapshotTrace,
    traces::{ContainerTrace, DirectoryTrace, Traces},
    users::UserTrace,
};
use super::{
    Mesh,
    cluster_set::ClusterSet,
    data_set::LOCAL,
    decide::{Circumstances, DecideError},
    id::{ClusterId, ServiceKind},
    links::Link,
    settings::{
        ClusterOverride, ClusterSettings, DataSet, ElasticSettings, KibanaSettings, Overrides, PerCluster, SubjectName,
    },
    taken::Taken,
};
use crate::{exit::Exit, explain::Explain};

/// Why a mesh cannot be rebuilt from its traces.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RebuildError {
    #[error("mesh.json is lost, and no container is left to tell which version the data is of")]
    NoVersion,
    #[error("mesh.json is lost, and the files of a gateway are there without a container that tells its address")]
    NoGatewayAddress,
    /// A link that shares by a list of its own, which the remote alone knows.
    #[error("mesh.json is lost, and only {}, which does not answer, knows what {} may search of it", .0.to, .0.from)]
    UnknownShare(Link),
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
            Self::NoGatewayAddress => Some(
                "name it with `mesh create --gateway ADDRESS:PORT`, and its image if that was not the default; \
                 `mesh create --no-gateway` deletes the files, with its authority"
                    .to_owned(),
            ),
            Self::UnknownShare(Link { to, .. }) => Some(format!(
                "start the container of {to} with `docker start` and type the same command again, or name the `links` \
                 in a settings file"
            )),
            Self::Undecided(error) => error.hint(),
        }
    }
}

impl Mesh {
    /// The mesh that left these traces, as `mesh.json` would tell of it. What nothing tells is as it is by default; the
    /// version is as `asked` where no container tells it, and never a guess; so is the address of a gateway.
    pub fn rebuild(traces: &Traces, asked: &Overrides, now: Circumstances) -> Result<Self, RebuildError> {
        let registry = traces.containers.iter().find_map(|container| Some(traces::image(&container.image)?.0));
        let versions = traces.versions();
        // in the middle of an upgrade there are two: what the others came to is what was asked for
        let version = versions.values().max().copied().or(asked.stack_version);
        let elastic_memory = traces.memory(ServiceKind::Elastic);
        let kibana_memory = traces.memory(ServiceKind::Kibana);
        let nodes = traces.nodes(&elastic_memory);
        let (elastic, kibana) = (traces.added::<false>(), traces.added::<true>());
        let snapshots = traces.snapshots(&now.dir, now.name.as_ref());
        let advertised = traces.advertised();
        let spec = Overrides {
            advertise: most_common(advertised.values().copied()),
            snapshots: most_common(snapshots.values().cloned()),
            nodes: most_common(nodes.values().cloned()),
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
            settings: Some(ElasticSettings::common(&elastic.values().collect::<Vec<_>>())),
            kibana_settings: Some(KibanaSettings::common(&kibana.values().collect::<Vec<_>>())),
            ..traces.of_gateway(&now.dir, asked)?
        };
        let own = |cluster: ClusterId| Overrides {
            advertise: advertised.get(&cluster).copied().filter(|own| Some(*own) != spec.advertise),
            snapshots: snapshots.get(&cluster).cloned().filter(|own| Some(own) != spec.snapshots.as_ref()),
            nodes: nodes.get(&cluster).cloned().filter(|own| Some(own) != spec.nodes.as_ref()),
            elastic_memory: elastic_memory.get(&cluster).copied().filter(|own| Some(*own) != spec.elastic_memory),
            kibana_memory: kibana_memory.get(&cluster).copied().filter(|own| Some(*own) != spec.kibana_memory),
            kibana: (spec.kibana == Some(true) && !traces.kibana_of(cluster)).then_some(false),
            settings: elastic.get(&cluster).and_then(|own| own.beyond(spec.settings.as_ref()?)),
            kibana_settings: kibana.get(&cluster).and_then(|own| own.beyond(spec.kibana_settings.as_ref()?)),
            ..Overrides::default()
        };
        let overrides = traces.directories.keys().filter_map(|cluster| of_cluster(*cluster, &own(*cluster))).collect();
        let per_cluster = PerCluster { overrides: Some(overrides), ..PerCluster::default() };
        let spec = Overrides { per_cluster, ..spec.clone() };
        let taken = now.taken.ports.clone();
        let now = Circumstances {
            new_id: traces.id.clone().unwrap_or(now.new_id),
            owner: traces.owner().unwrap_or(now.owner),
            // the gateway is where it was: what took its port meanwhile is found by the check of the machine
            taken: Taken { of_clusters: BTreeSet::new(), gateways: BTreeSet::new(), ..now.taken },
            ..now
        };
        let mut mesh = Self::decide(&spec, None, now)?;
        mesh.publish_as(traces, &taken);
        mesh.place_nodes_as(traces);
        mesh.spec.san = mesh.names_asked_for(traces);
        let revisions = traces.revisions();
        mesh.defaults = revisions.values().max().copied().unwrap_or(mesh.defaults);
        for (id, cluster) in &mut mesh.clusters {
            cluster.version = versions.get(id).copied().unwrap_or(cluster.version);
            cluster.defaults = revisions.get(id).copied().unwrap_or(mesh.defaults);
            cluster.spans_machines = traces.directories.get(id).is_some_and(|kept| kept.spans_machines);
        }
        mesh.peers.clone_from(&traces.peers);
        Ok(mesh)
    }

    /// Takes over the patterns of the keys that servers know, see [`Mesh::shared`].
    pub fn share(&mut self, names: &BTreeMap<ClusterId, Vec<String>>) {
        let more = |names: &Vec<String>| Mesh::asked_to_share(names);
        let Some(share) = most_common(names.values().map(more)) else { return };
        self.spec.data_set = DataSet(names.values().flatten().any(|name| name == LOCAL));
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
