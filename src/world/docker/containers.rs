//! Containers: list, create, start, stop, remove, and what is known of one that ended. I/O: Docker's socket.

use std::{collections::HashMap, io::Read as _, net::IpAddr};

use bollard::{
    models::{
        ContainerCreateBody, ContainerSummaryStateEnum, EndpointIpamConfig, EndpointSettings, HealthConfig, HostConfig,
        HostConfigLogConfig, Mount, MountType, NetworkingConfig, PortBinding,
    },
    query_parameters::{
        CreateContainerOptionsBuilder, DownloadFromContainerOptionsBuilder, ListContainersOptionsBuilder,
        RemoveContainerOptionsBuilder, RestartContainerOptionsBuilder, StartContainerOptions,
        StopContainerOptionsBuilder,
    },
};
use futures::StreamExt as _;
use time::OffsetDateTime;

use super::{
    Docker, DockerError, absent_is_none,
    made::{in_bytes, policy},
};
use crate::{
    facts::observed::ContainerState,
    mesh::{
        Mesh, container::Published, container_spec::ContainerSpec, fingerprint::MadeFrom, id::ServiceId, ports,
        service::STOP_TIMEOUT,
    },
};

/// Labels on everything that belongs to a mesh.
pub mod label {
    pub const MESH: &str = "mesh.id";
    pub const DIR: &str = "mesh.dir";
    /// Absent on things of a mesh without a name.
    pub const NAME: &str = "mesh.name";
    /// The ports of the host that the mesh (on its network) or a service publishes; absent where they follow from the clusters' numbers.
    pub const PORTS: &str = "mesh.ports";
    pub const CLUSTER: &str = "mesh.cluster";
    /// `elastic` or `kibana`.
    pub const SERVICE: &str = "mesh.service";
    /// The number of an Elasticsearch node within its cluster; absent on containers of older programs, which had one.
    pub const NODE: &str = "mesh.node";
    pub const FINGERPRINT: &str = "mesh.fingerprint";
    /// The revision of the defaults that a container was made with; one without it has the first.
    pub const DEFAULTS: &str = "mesh.defaults";
}

/// One line of `docker ps -a`.
#[derive(Debug, Clone)]
pub struct ContainerSummary {
    pub id: String,
    pub name: String,
    pub labels: HashMap<String, String>,
    pub state: ContainerState,
    pub created: Option<OffsetDateTime>,
    /// The networks it is attached to, by name.
    pub networks: HashMap<String, Attachment>,
    /// Published ports, with the address they are bound to where it is known.
    pub ports: Vec<(Option<IpAddr>, u16)>,
}

/// A container's place in a network.
#[derive(Debug, Clone, Default)]
pub struct Attachment {
    /// Docker's id of the network; empty before the container was ever started.
    pub network: String,
    /// Its address there; `None` while it does not run.
    pub address: Option<IpAddr>,
}

impl ContainerSummary {
    /// The service that its labels name, whatever its own name is.
    pub fn service(&self) -> Option<ServiceId> {
        let (cluster, kind) = (self.labels.get(label::CLUSTER)?, self.labels.get(label::SERVICE)?);
        let node = self.labels.get(label::NODE).filter(|node| *node != "1");
        let node = node.map_or_else(String::new, |node| format!("-{node}"));
        format!("{cluster}-{kind}{node}").parse().ok()
    }
}

/// Nanoseconds.
const SECOND: i64 = 1_000_000_000;

impl Docker {
    /// All containers of this engine, running or not.
    pub async fn containers(&self) -> Result<Vec<ContainerSummary>, DockerError> {
        let options = ListContainersOptionsBuilder::default().all(true).build();
        let list = self.client.list_containers(Some(options)).await.map_err(DockerError::refused("list containers"))?;
        Ok(list
            .into_iter()
            .map(|found| ContainerSummary {
                id: found.id.unwrap_or_default(),
                name: found
                    .names
                    .unwrap_or_default()
                    .first()
                    .map_or_else(String::new, |name| name.trim_start_matches('/').to_owned()),
                labels: found.labels.unwrap_or_default(),
                created: found.created.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok()),
                state: match found.state {
                    Some(ContainerSummaryStateEnum::CREATED) => ContainerState::Created,
                    Some(ContainerSummaryStateEnum::RUNNING) => ContainerState::Running,
                    Some(ContainerSummaryStateEnum::PAUSED) => ContainerState::Paused,
                    Some(ContainerSummaryStateEnum::RESTARTING) => ContainerState::Restarting,
                    _ => ContainerState::Stopped,
                },
                networks: found
                    .network_settings
                    .and_then(|settings| settings.networks)
                    .unwrap_or_default()
                    .into_iter()
                    .map(|(name, endpoint)| {
                        let address = endpoint.ip_address.and_then(|address| address.parse().ok());
                        (name, Attachment { network: endpoint.network_id.unwrap_or_default(), address })
                    })
                    .collect(),
                ports: found
                    .ports
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(|port| Some((port.ip.and_then(|ip| ip.parse().ok()), port.public_port?)))
                    .collect(),
            })
            .collect())
    }

    /// Creates the container of a service, attached to the network at its fixed address; it does not start yet.
    pub async fn create_container(&self, mesh: &Mesh, id: ServiceId, made_from: MadeFrom) -> Result<(), DockerError> {
        let name = mesh.container_name(id);
        let options = CreateContainerOptionsBuilder::default().name(&name).build();
        self.client
            .create_container(Some(options), body(mesh, id, made_from))
            .await
            .map_err(DockerError::refused(format!("create {name}")))?;
        Ok(())
    }

    pub async fn start_container(&self, name: &str) -> Result<(), DockerError> {
        self.client
            .start_container(name, None::<StartContainerOptions>)
            .await
            .map_err(DockerError::refused(format!("start {name}")))
    }

    /// Returns when the container has ended; one that is stopped or gone already is fine.
    pub async fn stop_container(&self, name: &str) -> Result<(), DockerError> {
        let options = StopContainerOptionsBuilder::default().t(STOP_TIMEOUT.cast_signed()).build();
        let stopped =
            self.client.stop_container(name, Some(options)).await.map_err(DockerError::refused(format!("stop {name}")));
        match stopped {
            Err(error) if error.status() == Some(304) => Ok(()),
            other => absent_is_none(other).map(|_| ()),
        }
    }

    pub async fn restart_container(&self, name: &str) -> Result<(), DockerError> {
        let options = RestartContainerOptionsBuilder::default().t(STOP_TIMEOUT.cast_signed()).build();
        self.client
            .restart_container(name, Some(options))
            .await
            .map_err(DockerError::refused(format!("restart {name}")))
    }

    /// Removes a container that does not run; one that is gone already is fine.
    pub async fn remove_container(&self, name: &str) -> Result<(), DockerError> {
        let options = RemoveContainerOptionsBuilder::default().v(true).build();
        let removed = self
            .client
            .remove_container(name, Some(options))
            .await
            .map_err(DockerError::refused(format!("remove {name}")));
        absent_is_none(removed).map(|_| ())
    }

    /// The files of a directory in an image, as paths below it with their contents. Nothing of the image is run: a
    /// container is created for reading and removed again.
    pub async fn read_image_dir(
        &self,
        mesh: &Mesh,
        image: &str,
        dir: &str,
    ) -> Result<Vec<(String, Vec<u8>)>, DockerError> {
        let body = ContainerCreateBody {
            image: Some(image.to_owned()),
            labels: Some(mesh_labels(mesh)),
            ..ContainerCreateBody::default()
        };
        let action = || DockerError::refused(format!("read {dir} of {image}"));
        let created = self
            .client
            .create_container(None::<bollard::query_parameters::CreateContainerOptions>, body)
            .await
            .map_err(action())?;
        let options = DownloadFromContainerOptionsBuilder::default().path(dir).build();
        let mut stream = self.client.download_from_container(&created.id, Some(options));
        let mut archive = Vec::new();
        let mut outcome = Ok(());
        while let Some(chunk) = stream.next().await {
            match chunk {
                Ok(bytes) => archive.extend_from_slice(&bytes),
                Err(cause) => {
                    outcome = Err(action()(cause));
                    break;
                }
            }
        }
        self.remove_container(&created.id).await?;
        outcome?;
        unpack(&archive).map_err(|cause| action()(cause.into()))
    }
}

/// The regular files of a tar archive, without their first directory.
fn unpack(archive: &[u8]) -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    for entry in tar::Archive::new(archive).entries()? {
        let mut entry = entry?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path: std::path::PathBuf = entry.path()?.components().skip(1).collect();
        let mut contents = Vec::new();
        entry.read_to_end(&mut contents)?;
        files.push((path.display().to_string(), contents));
    }
    Ok(files)
}

/// The labels by which a thing is known to belong to the mesh.
pub(super) fn mesh_labels(mesh: &Mesh) -> HashMap<String, String> {
    let dir = mesh.dir.display().to_string();
    let name = mesh.name.iter().map(|name| (label::NAME.to_owned(), name.to_string()));
    [(label::MESH.to_owned(), mesh.id.clone()), (label::DIR.to_owned(), dir)].into_iter().chain(name).collect()
}

fn bind_mount((container, host): (String, String)) -> Mount {
    Mount { target: Some(container), source: Some(host), typ: Some(MountType::BIND), ..Mount::default() }
}

/// What holds for every process of an image, whatever it is started for: what it may use and what it may do.
pub(super) fn confined(spec: &ContainerSpec) -> HostConfig {
    HostConfig {
        userns_mode: Some(spec.user_namespace.clone()),
        memory: in_bytes(spec.limits.memory),
        memory_swap: in_bytes(spec.limits.memory_swap),
        security_opt: Some(spec.security_options.clone()),
        cap_drop: Some(spec.dropped_capabilities.clone()),
        log_config: Some(HostConfigLogConfig {
            typ: Some(spec.log.driver.clone()),
            config: Some(spec.log.options.clone().into_iter().collect()),
        }),
        ..HostConfig::default()
    }
}

/// The specification in Docker's words.
pub(super) fn body(mesh: &Mesh, id: ServiceId, made_from: MadeFrom) -> ContainerCreateBody {
    let fingerprint = made_from.fingerprint();
    let spec = made_from.container;
    let mut labels = mesh_labels(mesh);
    labels.insert(label::CLUSTER.to_owned(), id.cluster().to_string());
    labels.insert(label::SERVICE.to_owned(), id.kind().word().to_owned());
    labels.insert(label::FINGERPRINT.to_owned(), fingerprint);
    labels.insert(label::DEFAULTS.to_owned(), mesh.revision(id.cluster()).to_string());
    if mesh.ports.is_some() {
        let published = mesh.service(id).ports.into_iter().map(|port| port.host).collect();
        labels.insert(label::PORTS.to_owned(), ports::as_label(&published));
    }
    if let ServiceId::Node(node) = id {
        labels.insert(label::NODE.to_owned(), node.number.get().to_string());
    }
    let bind = |port: &Published| {
        let binding = PortBinding {
            host_ip: port.address.as_ref().map(ToString::to_string),
            host_port: port.host.as_ref().map(ToString::to_string),
        };
        (port.container.clone(), Some(vec![binding]))
    };
    let endpoint = EndpointSettings {
        ipam_config: Some(EndpointIpamConfig {
            ipv4_address: Some(spec.address.to_string()),
            ..EndpointIpamConfig::default()
        }),
        ..EndpointSettings::default()
    };
    let confined = confined(&spec);
    let check = spec.health_check;
    let nanoseconds = |seconds: u32| Some(i64::from(seconds) * SECOND);
    ContainerCreateBody {
        exposed_ports: Some(spec.ports.iter().map(|port| port.container.clone()).collect()),
        image: Some(spec.image),
        hostname: Some(spec.hostname),
        user: Some(spec.user),
        labels: Some(labels),
        stop_timeout: Some(spec.stop_timeout_seconds.into()),
        healthcheck: Some(HealthConfig {
            test: Some(vec!["CMD-SHELL".to_owned(), check.command]),
            interval: nanoseconds(check.interval_seconds),
            timeout: nanoseconds(check.timeout_seconds),
            retries: Some(check.retries.into()),
            start_period: nanoseconds(check.start_period_seconds),
            start_interval: None,
        }),
        host_config: Some(HostConfig {
            // as mounts, since for `binds` Docker makes a directory that is missing
            mounts: Some(spec.mounts.into_iter().map(bind_mount).collect()),
            port_bindings: Some(spec.ports.iter().map(bind).collect()),
            restart_policy: Some(policy(spec.limits.restart)),
            network_mode: Some(mesh.network_name()),
            ..confined
        }),
        networking_config: Some(NetworkingConfig {
            endpoints_config: Some(HashMap::from([(mesh.network_name(), endpoint)])),
        }),
        ..ContainerCreateBody::default()
    }
}
