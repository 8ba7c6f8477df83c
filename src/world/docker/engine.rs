//! What the engine says of itself and of its way to a registry. I/O: Docker's socket; Docker asks the registry.

use std::{path::Path, time::Duration};

use bollard::{
    models::{ContainerCreateBody, HostConfig, Mount, MountType},
    query_parameters::CreateContainerOptions,
};
use tokio::time::timeout;

use super::{Docker, DockerError, images::login};
use crate::plan::host::{EngineFacts, ImageFacts};

/// A registry that says nothing for this long does not answer.
const ANSWER: Duration = Duration::from_secs(10);
/// An image that no engine has.
const NO_IMAGE: &str = "mesh.invalid/none:none";

impl Docker {
    pub async fn facts(&self) -> Result<EngineFacts, DockerError> {
        let info = self.client.info().await.map_err(DockerError::refused("describe itself"))?;
        Ok(EngineFacts {
            version: info.server_version.unwrap_or_default(),
            api: self.client.client_version().to_string(),
            cgroup_version: info.cgroup_version.map(|version| version.to_string()).unwrap_or_default(),
            limits_memory: info.memory_limit.unwrap_or_default(),
            limits_swap: info.swap_limit.unwrap_or_default(),
        })
    }

    /// Whether the engine has something at a path. It is asked for a container that mounts it, of an image that is nowhere: of the
    /// two that are missing, an engine names the mount first. Nothing is made. See `verifyContainerSettings` in
    /// <https://github.com/moby/moby/blob/master/daemon/create.go>, which 20.10 has in the same order.
    pub async fn sees(&self, path: &Path) -> Result<bool, DockerError> {
        let mount = Mount {
            target: Some("/seen".to_owned()),
            source: Some(path.display().to_string()),
            typ: Some(MountType::BIND),
            ..Mount::default()
        };
        let body = ContainerCreateBody {
            image: Some(NO_IMAGE.to_owned()),
            host_config: Some(HostConfig { mounts: Some(vec![mount]), ..HostConfig::default() }),
            ..ContainerCreateBody::default()
        };
        let asked = timeout(ANSWER, self.client.create_container(None::<CreateContainerOptions>, body)).await;
        let asked = asked.map_err(|_| DockerError::Silent)?;
        match asked.map_err(DockerError::refused(format!("look for {}", path.display()))) {
            Err(error) if error.is_absent() => Ok(true),
            Err(error) if error.words().contains("bind source path does not exist") => Ok(false),
            Err(error) => Err(error),
            // somebody has an image of that name
            Ok(made) => self.remove_container(&made.id).await.map(|()| true),
        }
    }

    /// Whether an image is here, or its registry has it. Nothing is pulled; see
    /// <https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Distribution>.
    pub async fn image_facts(&self, image: &str) -> Result<ImageFacts, DockerError> {
        if self.image(image).await?.is_some() {
            return Ok(ImageFacts::Here);
        }
        let asked = timeout(ANSWER, self.client.inspect_registry_image(image, login(image))).await;
        Ok(match asked.map(|found| found.map_err(DockerError::refused(format!("ask for {image}")))) {
            Ok(Ok(_)) => ImageFacts::Pullable,
            Ok(Err(error)) => ImageFacts::Missing(error.words()),
            Err(_) => ImageFacts::Missing(format!("its registry did not answer within {} seconds", ANSWER.as_secs())),
        })
    }
}
