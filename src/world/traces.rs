//! What a mesh without its `mesh.json` left behind: [`Traces`]. I/O: Docker, disk; changes nothing.

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
};

use time::{Duration, OffsetDateTime};

use super::{
    Survey, World, account,
    disk::{self, Tree},
    docker::{ContainerSummary, DockerError, label},
    files::{self, FilesError},
    survey::WorldError,
};
use crate::facts::gateway::GatewayFiles;
use crate::mesh::{
    Owner,
    certs::{self, Names},
    container::{Bytes, Container, Fixed},
    credentials::Credentials,
    defaults::Revision,
    hosts_file,
    id::{ClusterId, NodeNumber, ServiceKind},
    keystore::Keyring,
    layout,
    links::Key,
    ports,
    rebuild::{ContainerTrace, DirectoryTrace, GatewayContainer, GatewayTrace, NodeTrace, Traces},
    recover::Found,
    render::spans_machines,
    secret::Secret,
    settings::{KeyDays, Profile},
    snapshots,
};

/// A key is saved within moments of being made.
const MOMENTS: Duration = Duration::minutes(10);

impl World {
    /// What is left of the mesh of this directory; `None` where nothing says that there was one.
    pub async fn traces(&self, survey: &Survey) -> Result<Option<Traces>, WorldError> {
        let Some(tree) = self.tree()? else { return Ok(None) };
        let directories = directories(&tree)?;
        if directories.is_empty() {
            return Ok(None);
        }
        let id = self.id_of_labels(survey);
        let ours = |labels: &HashMap<String, String>| id.is_some() && labels.get(label::MESH) == id.as_ref();
        let mut containers = Vec::new();
        for container in survey.containers.iter().filter(|container| ours(&container.labels)) {
            containers.extend(self.container_trace(container).await?);
        }
        let gateway = survey.containers.iter().find(|found| ours(&found.labels) && found.is_gateway());
        let gateway = match gateway {
            Some(container) => self.docker.made_of(&container.id).await?.map(|made| made.container),
            None => None,
        };
        let gateway = gateway_trace(gateway, &files::gateway(&tree).unwrap_or_default());
        let network = survey.networks.iter().find(|network| ours(&network.labels));
        let labeled = |labels: &HashMap<String, String>| labels.get(label::PORTS).map(|text| ports::of_label(text));
        let of_containers = survey.containers.iter().filter(|container| ours(&container.labels));
        let of_containers = of_containers.filter_map(|container| labeled(&container.labels)).reduce(|a, b| &a | &b);
        let credentials = files::credentials(&tree).unwrap_or_default();
        let traces = Traces {
            containers,
            gateway,
            ports: network.and_then(|network| labeled(&network.labels)).or(of_containers),
            subnet: network.and_then(|network| network.subnets.first()?.parse().ok()),
            directories,
            peers: files::joined(&tree),
            hosts: self.has_block(survey),
            passphrase_words: credentials.as_ref().and_then(words),
            id,
        };
        Ok(Some(traces).filter(Traces::are_of_a_mesh))
    }

    async fn container_trace(&self, container: &ContainerSummary) -> Result<Option<ContainerTrace>, DockerError> {
        let Some(service) = container.service() else { return Ok(None) };
        let Some(made) = self.docker.made_of(&container.id).await? else { return Ok(None) };
        let made = made.container;
        let memory = if let Bytes::Limit(limit) = made.limits.memory { limit } else { 0 };
        let bind = made.fixed.ports.iter().filter(|port| !port.is_remote()).find_map(|port| port.address);
        let defaults = Revision::of_label(container.labels.get(label::DEFAULTS).map(String::as_str));
        let Fixed { image, user, ports, mut mounts, .. } = made.fixed;
        let backup = mounts.remove(snapshots::location());
        Ok(Some(ContainerTrace { service, image, memory, user, bind, ports, defaults, backup }))
    }

    /// Only root's meshes have a block there.
    fn has_block(&self, survey: &Survey) -> Option<bool> {
        if !survey.host.is_root {
            return None;
        }
        let name = self.name_of(survey);
        // one that is no file holds no names
        let text = disk::read_outside(&self.hosts_file).ok()?.unwrap_or_default();
        Some(hosts_file::with_block(&text, name.as_ref(), None).map_or(true, |without| without != text))
    }

    /// What is left of `credentials.txt` where there is data that needs it; `None` if the file is there, or nothing
    /// needs it yet.
    pub fn found_of_credentials(&self) -> Result<Option<Found>, WorldError> {
        let Some(tree) = self.tree()? else { return Ok(None) };
        if files::credentials(&tree)?.is_some() {
            return Ok(None);
        }
        let (mut found, mut needed, mut keys) = (Found::default(), false, Keyring::default());
        for cluster in files::clusters(&tree)? {
            // one that cannot be looked into tells nothing
            let services = files::services(&tree, cluster).unwrap_or_default();
            for service in &services {
                needed |= tree.metadata(layout::settings(*service))?.is_some();
            }
            for node in services.iter().filter_map(|service| service.node()) {
                needed |= tree.metadata(layout::keystore(node))?.is_some();
                // one that is damaged holds nothing
                if let Ok(Some(keystore)) = files::keystore(&tree, node, &mut keys) {
                    found.in_keystore(&keystore);
                }
            }
            if let Ok(Some(settings)) = files::text(&tree, &layout::settings(cluster.kibana())) {
                found.in_settings(cluster, &Secret::new(settings));
            }
        }
        Ok(needed.then_some(found))
    }

    /// Whether the owner of a mesh that is not recorded is a user of this machine.
    pub fn knows(&self, owner: Owner) -> Result<bool, WorldError> {
        Ok(account::has_uid(owner.uid)?)
    }
}

/// What the container of a gateway, which has one port, and its files tell.
fn gateway_trace(made: Option<Container>, files: &GatewayFiles) -> Option<GatewayTrace> {
    let published = |made: Container| {
        let port = made.fixed.ports.first()?;
        Some(GatewayContainer { at: SocketAddr::new(port.address?, port.host?), image: made.fixed.image })
    };
    let container = made.and_then(published);
    let given = |certificate: &String| {
        // by its own authority, it is signed for as long as it lasts
        let own = certs::examine(certificate).ok().zip(files.authority.as_ref());
        own.is_none_or(|(facts, authority)| certs::verify(certificate, None, authority, facts.not_after).is_err())
    };
    let given = files.certificate.as_ref().is_some_and(given);
    (container.is_some() || files.present).then_some(GatewayTrace { container, given })
}

/// Whether a directory without a `mesh.json` holds data of a mesh, as its authorities tell.
pub fn holds_a_mesh(tree: &Tree) -> bool {
    directories(tree).is_ok_and(|found| found.values().any(|directory| directory.ours))
}

fn directories(tree: &Tree) -> Result<BTreeMap<ClusterId, DirectoryTrace>, FilesError> {
    Ok(files::clusters(tree)?.into_iter().map(|cluster| (cluster, directory(tree, cluster))).collect())
}

/// A file that is damaged or not where it belongs tells nothing here; a plan looks at it again.
fn directory(tree: &Tree, cluster: ClusterId) -> DirectoryTrace {
    let text = |path: String| files::text(tree, &path).ok().flatten();
    let authority = text(layout::authority_certificate(cluster)).and_then(|pem| certs::examine(&pem).ok());
    let mut names = BTreeMap::new();
    for kind in ServiceKind::ALL {
        let certificate = text(layout::certificate(cluster.service(kind)));
        if let Some(facts) = certificate.and_then(|pem| certs::examine(&pem).ok()) {
            names.insert(kind, Names { common_name: facts.common_name, dns: facts.dns, ip: facts.ip });
        }
    }
    let nodes = files::nodes(tree, cluster).unwrap_or_default().into_iter().map(|node| {
        let certificate = text(layout::certificate(node.into())).and_then(|pem| certs::examine(&pem).ok());
        let addresses = certificate.map(|facts| facts.ip.into_iter().collect()).unwrap_or_default();
        (node.number, NodeTrace { settings: text(layout::settings(node.into())).map(Secret::new), addresses })
    });
    let options = text(layout::jvm_options(cluster.node(NodeNumber::FIRST)));
    let settings = |kind: ServiceKind| Some((kind, Secret::new(text(layout::settings(cluster.service(kind)))?)));
    let heap =
        |options: &String| options.lines().find_map(|line| line.strip_prefix("-Xmx")?.strip_suffix('m')?.parse().ok());
    let owner = tree.metadata(layout::config(cluster.first_node(), "")).ok().flatten();
    let yml = text(layout::settings(cluster.first_node()));
    DirectoryTrace {
        spans_machines: yml.as_deref().is_some_and(spans_machines),
        ours: authority.is_some_and(|facts| certs::is_authority_of(&facts.common_name, &cluster.to_string())),
        names,
        profile: options.as_deref().and_then(Profile::of_jvm_options),
        heap: options.as_ref().and_then(heap),
        settings: ServiceKind::ALL.into_iter().filter_map(settings).collect(),
        nodes: nodes.collect(),
        options,
        kibana: tree.metadata(layout::settings(cluster.kibana())).is_ok_and(|found| found.is_some()),
        owner: owner.map(|meta| Owner { uid: meta.uid, gid: meta.gid }),
        key_days: key_days(tree, cluster),
        version: files::seed_record(tree, cluster.first_node()).map(|record| record.version),
    }
}

/// From when the key was saved until it expires.
fn key_days(tree: &Tree, cluster: ClusterId) -> Option<KeyDays> {
    let saved = tree.metadata(layout::api_key(cluster)).ok()??.modified;
    let expires = files::saved_key(tree, Key::shared(cluster)).ok()??.expires;
    let lifetime = expires - OffsetDateTime::from_unix_timestamp(saved).ok()?;
    let days = (lifetime + MOMENTS).whole_days();
    // a file that was copied is younger than its key
    let is_whole = (lifetime - Duration::days(days)).abs() < MOMENTS;
    is_whole.then(|| days.to_string().parse().ok()).flatten()
}

/// How many words the password has, if it is one that `mesh` makes.
fn words(credentials: &Credentials) -> Option<crate::mesh::settings::PassphraseWords> {
    credentials.elastic.expose().split('-').count().to_string().parse().ok()
}
