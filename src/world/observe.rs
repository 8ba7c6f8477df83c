//! Asks everything at once and fills in [`Survey`] and [`Observed`]. I/O: Docker, disk, network; changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::{join_all, try_join_all};
use ipnet::IpNet;

use super::{
    Survey, World,
    account::{self, AccountError},
    disk::{self, DiskError, Tree},
    docker::{ContainerSummary, DockerError, label},
    elasticsearch::Elasticsearch,
    files::{self, FilesError},
    host::{self, HostError},
    https::HttpsError,
    kibana::Kibana,
    ports::{self, PortsError},
};
use crate::{
    mesh::{
        Mesh, Owner,
        credentials::Credentials,
        decide::Circumstances,
        id::{ClusterId, ServiceId},
        layout, network,
        spec::Asked,
    },
    plan::observed::{ClusterFiles, ContainerFacts, ContainerState, Foreign, NetworkFacts, Observed, ServerFacts},
    plan::{Plan, Step},
};

/// The name of the system user that owns the files when `mesh` runs as root.
pub const ACCOUNT: &str = "elastic";

/// Something could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    #[error(transparent)]
    Docker(#[from] DockerError),
    #[error(transparent)]
    Disk(#[from] DiskError),
    #[error(transparent)]
    Files(#[from] FilesError),
    #[error(transparent)]
    Host(#[from] HostError),
    #[error(transparent)]
    Ports(#[from] PortsError),
    #[error(transparent)]
    Account(#[from] AccountError),
}

impl World {
    /// Looks at what is there before anything is decided.
    pub async fn survey(&self) -> Result<Survey, WorldError> {
        let tree = self.tree()?;
        let host = host::facts(&self.dir)?;
        let (containers, networks) = futures::try_join!(self.docker.containers(), self.docker.networks())?;
        Ok(Survey {
            record: tree.as_ref().map(|tree| files::record(tree, &self.dir)).transpose()?.flatten(),
            writable: disk::may_write(&host.disk),
            entries: tree.as_ref().map(|tree| tree.entries("")).transpose()?.unwrap_or_default(),
            listeners: ports::listeners()?,
            containers,
            networks,
            elastic: if host.is_root { account::find(ACCOUNT)?.map(|account| account.uid) } else { None },
            free_uid: if host.is_root { account::free_uid(ACCOUNT)? } else { None },
            host,
        })
    }

    /// Looks at everything that a plan for `mesh` depends on.
    pub async fn observe(&self, mesh: &Mesh, survey: &Survey) -> Result<Observed, WorldError> {
        let tree = self.tree()?;
        let mut there = Observed {
            record: survey.record.clone(),
            account: !survey.host.is_root || survey.elastic.is_some(),
            network: network_facts(mesh, survey),
            foreign: foreign(mesh, survey),
            ..Observed::default()
        };
        for container in survey.containers.iter().filter(|container| is_ours(mesh, container)) {
            match container.name.parse() {
                Ok(service) => {
                    there.containers.insert(service, container_facts(container));
                }
                Err(_) => there.strays.push(container.name.clone()),
            }
        }
        if survey.host.is_root {
            there.hosts_file = disk::read_outside(&self.hosts_file)?;
        }
        if let Some(tree) = &tree
            && survey.record.is_some()
        {
            there.credentials = files::credentials(tree)?;
            there.browser_bundle = files::text(tree, layout::BUNDLE)?;
            there.files = cluster_files(tree)?;
        }
        there.images = self.images(mesh).await?;
        self.ask_services(mesh, &mut there).await;
        Ok(there)
    }

    /// Which of the images of `mesh` are on this machine.
    async fn images(&self, mesh: &Mesh) -> Result<BTreeSet<String>, DockerError> {
        let wanted: BTreeSet<String> = mesh.services().map(|service| mesh.service(service).image).collect();
        let found = try_join_all(wanted.into_iter().map(async |image| {
            let here = self.docker.has_image(&image).await?;
            Ok::<_, DockerError>(here.then_some(image))
        }))
        .await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// Asks every running service. One that does not answer leaves no facts, which is a fact, too.
    async fn ask_services(&self, mesh: &Mesh, there: &mut Observed) {
        let Some(credentials) = there.credentials.clone() else { return };
        // what runs was made from what is recorded
        let mesh = there.record.clone().unwrap_or_else(|| mesh.clone());
        let running = |service: ServiceId| {
            there.containers.get(&service).is_some_and(|container| container.state == ContainerState::Running)
        };
        let authority = |cluster: &ClusterId| Some((*cluster, there.files.get(cluster)?.authority.clone()?));
        let clusters: Vec<(ClusterId, String)> = there.files.keys().filter_map(authority).collect();
        let servers =
            clusters.iter().filter(|(cluster, _)| running(cluster.elastic())).map(async |(cluster, authority)| {
                server_facts(&mesh, *cluster, authority, &credentials)
                    .await
                    .ok()
                    .flatten()
                    .map(|facts| (*cluster, facts))
            });
        let kibanas =
            clusters.iter().filter(|(cluster, _)| running(cluster.kibana())).map(async |(cluster, authority)| {
                let status = Kibana::new(&mesh, *cluster, authority).ok()?.status().await;
                Some((*cluster, status.ok()?.ok()?.certificate))
            });
        let (servers, kibanas) = futures::join!(join_all(servers), join_all(kibanas));
        there.servers = servers.into_iter().flatten().collect();
        there.kibanas = kibanas.into_iter().flatten().collect();
    }
}

impl World {
    /// Networks that a new one must not overlap: the host's and Docker's, without those that Docker has for a mesh.
    pub fn taken_networks(&self, survey: &Survey) -> Vec<IpNet> {
        let parse = |subnet: &String| subnet.parse::<IpNet>().ok();
        let (ours, others): (Vec<_>, Vec<_>) =
            survey.networks.iter().partition(|found| found.labels.contains_key(label::MESH));
        let ours: Vec<IpNet> = ours.iter().flat_map(|found| found.subnets.iter().filter_map(parse)).collect();
        let host = survey.host.networks.iter().copied().filter(|net| !ours.iter().any(|own| own.contains(net)));
        host.chain(others.iter().flat_map(|found| found.subnets.iter().filter_map(parse))).collect()
    }

    /// Adds what another mesh has to the facts, as if it were the wanted one's: it goes before that comes.
    pub fn count_as_ours(&self, old: &Mesh, survey: &Survey, there: &mut Observed) {
        there.foreign = foreign(old, survey);
        there.network = network_facts(old, survey);
        there.files.clear();
        for container in survey.containers.iter().filter(|container| is_ours(old, container)) {
            if let Ok(service) = container.name.parse() {
                there.containers.insert(service, container_facts(container));
            }
        }
    }

    /// The mesh that labels tell of when `mesh.json` is gone: enough of it to remove what is left.
    pub fn mesh_of_labels(&self, survey: &Survey) -> Option<Mesh> {
        let dir = self.dir.display().to_string();
        let containers = survey.containers.iter().map(|container| &container.labels);
        let networks = survey.networks.iter().map(|found| &found.labels);
        let id = containers.chain(networks).find(|labels| labels.get(label::DIR) == Some(&dir))?.get(label::MESH)?;
        let asked = Asked { clusters: ClusterId::new(ClusterId::MAX), ..Asked::default() };
        let now = Circumstances {
            dir: self.dir.clone(),
            new_id: id.clone(),
            owner: Owner { uid: survey.host.uid, gid: 0 },
            host_name: survey.host.hostname.clone(),
            taken: Vec::new(),
        };
        Mesh::decide(&asked, None, now).ok()
    }

    /// Bytes that the plan deletes on disk.
    pub fn size_of(&self, plan: &Plan) -> Result<u64, DiskError> {
        let Some(tree) = self.tree()? else { return Ok(0) };
        plan.steps()
            .map(|step| match step {
                Step::RemoveDirectory => tree.size(""),
                Step::RemoveFiles(cluster) => tree.size(cluster.to_string()),
                _ => Ok(0),
            })
            .sum()
    }
}

/// `None` for a server that is not healthy.
async fn server_facts(
    mesh: &Mesh,
    cluster: ClusterId,
    authority: &str,
    credentials: &Credentials,
) -> Result<Option<ServerFacts>, HttpsError> {
    let server = Elasticsearch::new(mesh, cluster, authority, &credentials.elastic)?;
    if server.health().await?.is_some() {
        return Ok(None);
    }
    let (licence, keys, remotes, passwords, links) = futures::try_join!(
        server.licence(),
        server.keys(mesh),
        server.remotes(),
        server.accepts("kibana_system", &credentials.kibana_system),
        // a server whose links cannot be asked is there all the same, with links that are not known to be connected
        async { Ok(server.links().await.unwrap_or_default()) },
    )?;
    Ok(licence.map(|licence| ServerFacts { passwords, licence, keys, remotes, links }))
}

fn cluster_files(tree: &Tree) -> Result<BTreeMap<ClusterId, ClusterFiles>, FilesError> {
    files::clusters(tree)?.into_iter().map(|cluster| Ok((cluster, files::cluster(tree, cluster)?))).collect()
}

pub(crate) fn is_ours(mesh: &Mesh, container: &ContainerSummary) -> bool {
    container.labels.get(label::MESH) == Some(&mesh.id)
}

fn container_facts(container: &ContainerSummary) -> ContainerFacts {
    ContainerFacts {
        id: container.id.clone(),
        fingerprint: container.labels.get(label::FINGERPRINT).cloned().unwrap_or_default(),
        state: container.state,
        network: container.networks.get(network::NAME).cloned().unwrap_or_default(),
    }
}

fn network_facts(mesh: &Mesh, survey: &Survey) -> Option<NetworkFacts> {
    let ours = survey
        .networks
        .iter()
        .find(|found| found.name == network::NAME && found.labels.get(label::MESH) == Some(&mesh.id))?;
    Some(NetworkFacts { id: ours.id.clone(), subnet: ours.subnets.first().cloned().unwrap_or_default() })
}

fn foreign(mesh: &Mesh, survey: &Survey) -> Foreign {
    let others = || survey.containers.iter().filter(|container| !is_ours(mesh, container));
    let labels =
        others().map(|container| &container.labels).chain(survey.networks.iter().map(|network| &network.labels));
    let not_ours =
        |labels: &&std::collections::HashMap<String, String>| labels.get(label::MESH).is_some_and(|id| *id != mesh.id);
    let networks = survey.networks.iter().filter(|network| network.labels.get(label::MESH) != Some(&mesh.id));
    Foreign {
        containers: others().map(|container| container.name.clone()).collect(),
        meshes: labels.filter(not_ours).filter_map(|labels| labels.get(label::DIR).cloned()).collect(),
        network: networks.clone().any(|found| found.name == network::NAME),
        subnets: networks
            .flat_map(|found| {
                found.subnets.iter().filter_map(|subnet| Some((subnet.parse().ok()?, found.name.clone())))
            })
            .collect(),
        ports: others()
            .flat_map(|container| {
                container.ports.iter().map(|(address, port)| (*address, *port, container.name.clone()))
            })
            .collect(),
    }
}
