//! Containers: list, create, start, stop, remove, and what is known of one that ended. I/O: Docker's socket.

use std::{collections::HashMap, io::Read as _, net::IpAddr};

use bollard::{
    models::{ContainerCreateBody, ContainerSummaryStateEnum},
    query_parameters::{
        CreateContainerOptionsBuilder, DownloadFromContainerOptionsBuilder, KillContainerOptionsBuilder,
        ListContainersOptionsBuilder, RemoveContainerOptionsBuilder, RestartContainerOptions, StartContainerOptions,
        StopContainerOptions,
    },
};
use futures::StreamExt as _;
use time::OffsetDateTime;

use super::{
    Docker, DockerError, absent_is_none,
    body::{body, gateway_body, without_label},
    label,
};
use crate::{
    facts::observed::ContainerState,
    mesh::{
        Mesh,
        fingerprint::MadeFrom,
        id::{GATEWAY, ServiceId},
    },
};

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
    /// Docker's id of the network; `None` before the container was ever started.
    pub network: Option<String>,
    /// Its address there; `None` while it does not run.
    pub address: Option<IpAddr>,
}

impl ContainerSummary {
    /// Whether its labels name it as a mesh's own gateway.
    pub fn is_gateway(&self) -> bool {
        self.labels.get(label::SERVICE).is_some_and(|service| service == GATEWAY)
    }

    /// The service that its labels name, whatever its own name is.
    pub fn service(&self) -> Option<ServiceId> {
        let (cluster, kind) = (self.labels.get(label::CLUSTER)?, self.labels.get(label::SERVICE)?);
        let node = self.labels.get(label::NODE).filter(|node| *node != "1");
        let node = node.map_or_else(String::new, |node| format!("-{node}"));
        format!("{cluster}-{kind}{node}").parse().ok()
    }
}

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
                        (name, Attachment { network: endpoint.network_id.filter(|id| !id.is_empty()), address })
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
            .create_container(Some(options), self.labeled(body(mesh, id, made_from)))
            .await
            .map_err(DockerError::refused(format!("create {name}")))?;
        Ok(())
    }

    /// Creates the container of the gateway; it does not start yet.
    pub async fn create_gateway(&self, mesh: &Mesh) -> Result<(), DockerError> {
        let name = mesh.gateway_name();
        let Some(made_from) = mesh.gateway_made_from() else { return Ok(()) };
        let options = CreateContainerOptionsBuilder::default().name(&name).build();
        let body = self.labeled(gateway_body(mesh, made_from));
        let created = self.client.create_container(Some(options), body).await;
        created.map_err(DockerError::refused(format!("create {name}"))).map(drop)
    }

    /// What is asked for, as far as labels go: see [`without_label`].
    fn labeled(&self, body: ContainerCreateBody) -> ContainerCreateBody {
        if self.selinux { without_label(body) } else { body }
    }

    /// Sends SIGHUP to a container's process, which many servers take for the order to read their files again.
    pub async fn hang_up(&self, name: &str) -> Result<(), DockerError> {
        let options = KillContainerOptionsBuilder::default().signal("HUP").build();
        let sent = self.client.kill_container(name, Some(options)).await;
        sent.map_err(DockerError::refused(format!("send SIGHUP to {name}")))
    }

    pub async fn start_container(&self, name: &str) -> Result<(), DockerError> {
        self.client
            .start_container(name, None::<StartContainerOptions>)
            .await
            .map_err(DockerError::refused(format!("start {name}")))
    }

    /// Returns when the container has ended, killed after the stop timeout that it was made with; one that is stopped
    /// or gone already is fine.
    pub async fn stop_container(&self, name: &str) -> Result<(), DockerError> {
        let stopped = self
            .client
            .stop_container(name, None::<StopContainerOptions>)
            .await
            .map_err(DockerError::refused(format!("stop {name}")));
        match stopped {
            Err(error) if error.status() == Some(304) => Ok(()),
            other => absent_is_none(other).map(|_| ()),
        }
    }

    pub async fn restart_container(&self, name: &str) -> Result<(), DockerError> {
        self.client
            .restart_container(name, None::<RestartContainerOptions>)
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
            labels: Some(label::of_mesh(mesh)),
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
