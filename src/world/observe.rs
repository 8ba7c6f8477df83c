//! Asks everything at once and fills in [`Observed`]. I/O: Docker, disk, network; changes nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
};

use futures::future::{join_all, try_join_all};

use super::{
    Survey, World,
    access::Access,
    disk::{self, Tree},
    docker::{ContainerSummary, DockerError, NetworkSummary, label},
    elasticsearch::{Elasticsearch, Greeting, unasked},
    files::{self, FilesError},
    https::HttpsError,
    kibana::Kibana,
    mounts,
    open_files::TooManyOpenFiles,
    permissions, routes,
    survey::WorldError,
};
use crate::{
    facts::{
        health::Unasked,
        observed::{
            ClusterFiles, ContainerFacts, ContainerState, Lost, NetworkFacts, Observed, Orphan, PermissionFacts,
            ServerFacts, Unmanaged, Vitals, Way,
        },
    },
    mesh::{
        Mesh,
        container::Container,
        credentials::Credentials,
        id::{ClusterId, ServiceId},
        layout,
    },
};

impl World {
    /// Looks at what there is to remove of `mesh`: nothing that a damaged file or a hung server could hide.
    pub fn remains(&self, mesh: &Mesh, survey: &Survey) -> Result<Observed, WorldError> {
        let mut there = Observed {
            record: survey.record.clone(),
            engine: Some(survey.engine.clone()),
            lost: Lost { record: survey.record.is_none() && survey.rebuilt.is_some(), ..Lost::default() },
            mounts: mounts::below(&self.dir)?,
            way: way(mesh),
            before_main: before_main(mesh),
            account: !survey.host.is_root || survey.elastic.is_some() || survey.owner_exists,
            ..on_engine(mesh, &survey.containers, &survey.networks)
        };
        if survey.host.is_root {
            match disk::read_outside(&self.hosts_file) {
                Ok(text) => there.hosts_file = text,
                Err(error) => there.hosts_fault = Some(error.to_string()),
            }
        }
        Ok(there)
    }

    /// Looks at everything that a plan for `mesh` depends on.
    pub async fn observe(&self, mesh: &Mesh, survey: &Survey) -> Result<Observed, WorldError> {
        self.look(mesh, survey, false).await
    }

    /// The same, and how servers fare, which no plan depends on.
    pub async fn observe_closely(&self, mesh: &Mesh, survey: &Survey) -> Result<Observed, WorldError> {
        self.look(mesh, survey, true).await
    }

    async fn look(&self, mesh: &Mesh, survey: &Survey, closely: bool) -> Result<Observed, WorldError> {
        let mut there = self.remains(mesh, survey)?;
        if let Some(tree) = self.tree()?
            && survey.known().is_some_and(|known| known.id == mesh.id)
        {
            there.credentials = files::credentials(&tree)?;
            if let Some(recovered) = survey.recovered.as_ref().filter(|_| there.credentials.is_none()) {
                there.credentials = Some(recovered.clone());
                there.lost.credentials = true;
            }
            there.browser_bundle = files::text(&tree, layout::BUNDLE)?;
            there.files = cluster_files(&tree)?;
            let found = permissions::found(&tree, there.files.keys().copied())?;
            let (user, account) = (survey.host.uid, survey.elastic);
            there.permissions = Some(PermissionFacts { user, account, found });
        }
        let (images, mut made) = futures::try_join!(self.docker.images(mesh), self.made(&there))?;
        there.built_here =
            images.iter().filter(|(_, image)| image.is_built_here).map(|(name, _)| name.clone()).collect();
        there.images = images.into_keys().collect();
        there.containers.retain(|service, facts| {
            facts.made = made.remove(service);
            facts.made.is_some()
        });
        // what runs was made from what is recorded
        self.ask_services(survey.known().unwrap_or(mesh), &mut there, closely).await?;
        Ok(there)
    }

    /// What each of the mesh's containers was made from and is limited to, but for those that are gone meanwhile.
    async fn made(&self, there: &Observed) -> Result<BTreeMap<ServiceId, Container>, DockerError> {
        let found = there.containers.iter().map(async |(service, facts)| {
            let made = self.docker.made_of(&facts.id).await?;
            Ok::<_, DockerError>(made.map(|made| (*service, made)))
        });
        Ok(try_join_all(found).await?.into_iter().flatten().collect())
    }

    /// Asks every running service. One that does not answer leaves no facts, which is a fact, too.
    async fn ask_services(&self, mesh: &Mesh, there: &mut Observed, closely: bool) -> Result<(), TooManyOpenFiles> {
        let Some(credentials) = there.credentials.clone() else { return Ok(()) };
        // one that the mesh has not, has no port to be asked at
        let running = |service: ServiceId| {
            mesh.has(service)
                && there.containers.get(&service).is_some_and(|container| container.state == ContainerState::Running)
        };
        // a remote that is stopped is known not to answer: to ask about it takes Elasticsearch five seconds
        let reachable: BTreeSet<ClusterId> = mesh.clusters().filter(|cluster| there.is_reachable(*cluster)).collect();
        let of_running = there.files.keys().filter(|cluster| running(cluster.first_node()));
        let accessible = of_running.filter_map(|cluster| Some((*cluster, Access::observed(there, *cluster)?)));
        let servers = accessible.map(async |(cluster, access)| {
            (cluster, ask(mesh, cluster, (access, &credentials), &reachable, closely).await)
        });
        let servers: Vec<_> = servers.collect();
        let kibanas =
            there.files.iter().filter(|(cluster, _)| running(cluster.kibana())).map(async |(cluster, files)| {
                // one that nobody can trust is one that shows no certificate we know
                let Some(trusted) = files.trusted() else { return Ok(Some((*cluster, String::new()))) };
                let Ok(kibana) = Kibana::new(mesh, *cluster, &trusted) else { return Ok(None) };
                match kibana.status().await {
                    Ok(status) => Ok(status.ok().map(|ready| (*cluster, ready.certificate))),
                    Err(HttpsError::OpenFiles(error)) => Err(error),
                    Err(error) => Ok(error.is_distrust().then(|| (*cluster, String::new()))),
                }
            });
        let (servers, kibanas) = futures::join!(join_all(servers), join_all(kibanas));
        for (cluster, said) in servers {
            match said {
                Ok(Said { facts, vitals }) => {
                    there.servers.insert(cluster, facts);
                    there.vitals.extend(vitals.map(|vitals| (cluster, vitals)));
                }
                // nothing is known of a server that was not asked
                Err(HttpsError::OpenFiles(error)) => return Err(error),
                Err(error) => drop(there.unasked.insert(cluster, self.dated(mesh, cluster, unasked(error)).await)),
            }
        }
        let kibanas: Vec<_> = kibanas.into_iter().collect::<Result<_, _>>()?;
        there.kibanas = kibanas.into_iter().flatten().collect();
        Ok(())
    }

    /// The same, with the start of the container of a server that was not reached: it may be booting.
    async fn dated(&self, mesh: &Mesh, cluster: ClusterId, why: Unasked) -> Unasked {
        match why {
            Unasked::Unreachable { words, .. } => {
                let started = self.docker.started(&mesh.container_name(cluster.first_node())).await.ok().flatten();
                Unasked::Unreachable { words, started }
            }
            why => why,
        }
    }
}

/// Where packets for the mesh's first server go.
pub fn way(mesh: &Mesh) -> Option<Way> {
    routes::way(first_address(mesh))
}

/// The tables that are looked into before the main one for it.
pub fn before_main(mesh: &Mesh) -> BTreeSet<u32> {
    routes::before_main(first_address(mesh))
}

fn first_address(mesh: &Mesh) -> Ipv4Addr {
    let first = mesh.services().next();
    first.map_or(mesh.subnet.gateway(), |service| mesh.service(service).address)
}

/// What the engine's lists tell: of `mesh`, and of others.
pub fn on_engine(mesh: &Mesh, containers: &[ContainerSummary], networks: &[NetworkSummary]) -> Observed {
    let mut there = Observed {
        name: mesh.name.clone(),
        network: network_facts(mesh, networks),
        gateways: networks.iter().flat_map(|network| network.gateways.iter().copied()).collect(),
        unmanaged: unmanaged(mesh, containers, networks),
        ..Observed::default()
    };
    for container in containers.iter().filter(|container| is_ours(mesh, container)) {
        match container.service() {
            // one under another name is not found by those who look for it in the network
            Some(service) if mesh.container_name(service) == container.name => {
                there.containers.insert(service, container_facts(mesh, container));
            }
            service => {
                there.orphans.insert(container.name.clone(), Orphan { state: container.state, service });
            }
        }
    }
    there
}

/// What a server that answers said.
struct Said {
    facts: ServerFacts,
    vitals: Option<Vitals>,
}

/// One question after the other over one connection: to set up another costs a server more than most of these answers.
async fn ask(
    mesh: &Mesh,
    cluster: ClusterId,
    (access, credentials): (Access, &Credentials),
    reachable: &BTreeSet<ClusterId>,
    closely: bool,
) -> Result<Said, HttpsError> {
    let server = Elasticsearch::new(mesh, cluster, access)?;
    let greeting = server.greet().await?;
    let facts = facts(&server, credentials, greeting, reachable).await?;
    let vitals = if closely { server.vitals().await.ok().flatten() } else { None };
    Ok(Said { facts, vitals })
}

async fn facts(
    server: &Elasticsearch,
    credentials: &Credentials,
    Greeting { license, keys, certificate }: Greeting,
    reachable: &BTreeSet<ClusterId>,
) -> Result<ServerFacts, HttpsError> {
    let remotes = server.remotes().await?;
    let passwords = server.accepts("kibana_system", &credentials.kibana_system).await?;
    // a server whose links cannot be asked is there all the same, with links that are not known to be connected
    let is_set = |remote: &ClusterId| {
        let prefix = format!("cluster.remote.{remote}.");
        remotes.keys().any(|name| name.starts_with(&prefix))
    };
    let of: Vec<ClusterId> = reachable.iter().copied().filter(is_set).collect();
    let links = server.links(&of).await.unwrap_or_default();
    Ok(ServerFacts { passwords, license, keys, remotes, links, certificate })
}

pub fn cluster_files(tree: &Tree) -> Result<BTreeMap<ClusterId, ClusterFiles>, FilesError> {
    files::clusters(tree)?.into_iter().map(|cluster| Ok((cluster, files::cluster(tree, cluster)?))).collect()
}

fn is_ours(mesh: &Mesh, container: &ContainerSummary) -> bool {
    container.labels.get(label::MESH) == Some(&mesh.id)
}

fn container_facts(mesh: &Mesh, container: &ContainerSummary) -> ContainerFacts {
    let attached = container.networks.get(&mesh.network_name());
    ContainerFacts {
        id: container.id.clone(),
        fingerprint: container.labels.get(label::FINGERPRINT).cloned().unwrap_or_default(),
        state: container.state,
        network: attached.map(|attached| attached.network.clone()).unwrap_or_default(),
        address: attached.and_then(|attached| attached.address),
        made: None,
    }
}

fn network_facts(mesh: &Mesh, networks: &[NetworkSummary]) -> Option<NetworkFacts> {
    let name = mesh.network_name();
    let ours = networks.iter().find(|found| found.name == name && found.labels.get(label::MESH) == Some(&mesh.id))?;
    Some(NetworkFacts { id: ours.id.clone(), subnet: ours.subnets.first().cloned().unwrap_or_default() })
}

fn unmanaged(mesh: &Mesh, containers: &[ContainerSummary], networks: &[NetworkSummary]) -> Unmanaged {
    let others = || containers.iter().filter(|container| !is_ours(mesh, container));
    let labels = others().map(|container| &container.labels).chain(networks.iter().map(|network| &network.labels));
    let not_ours =
        |labels: &&std::collections::HashMap<String, String>| labels.get(label::MESH).is_some_and(|id| *id != mesh.id);
    let called = mesh.name.as_ref().map(ToString::to_string);
    let same_name = |labels: &&std::collections::HashMap<String, String>| labels.get(label::NAME) == called.as_ref();
    let networks = networks.iter().filter(|network| network.labels.get(label::MESH) != Some(&mesh.id));
    let name = mesh.network_name();
    Unmanaged {
        containers: others().map(|container| container.name.clone()).collect(),
        meshes: labels.clone().filter(not_ours).filter_map(|labels| labels.get(label::DIR).cloned()).collect(),
        namesakes: labels
            .filter(not_ours)
            .filter(same_name)
            .filter_map(|labels| labels.get(label::DIR).cloned())
            .collect(),
        network: networks.clone().any(|found| found.name == name),
        attached: others()
            .filter(|container| container.networks.contains_key(&name))
            .map(|container| container.name.clone())
            .collect(),
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
