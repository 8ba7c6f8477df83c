//! What the engine says of itself and of its way to a registry. I/O: Docker's socket; Docker asks the registry.

use std::time::Duration;

use tokio::time::timeout;

use super::{Docker, DockerError, images::login};
use crate::plan::host::{EngineFacts, ImageFacts};

/// A registry that says nothing for this long does not answer.
const ANSWER: Duration = Duration::from_secs(10);

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

    /// Whether an image is here, or its registry has it. Nothing is pulled; see
    /// <https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Distribution>.
    pub async fn image_facts(&self, image: &str) -> Result<ImageFacts, DockerError> {
        if self.has_image(image).await? {
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
