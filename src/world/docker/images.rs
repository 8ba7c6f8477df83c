//! Images: whether one is here, and pulling it. I/O: Docker's socket, the user's Docker configuration.

use std::time::Duration;

use bollard::{auth::DockerCredentials, query_parameters::CreateImageOptionsBuilder};
use docker_credential::DockerCredential;
use futures::StreamExt as _;
use tokio::time::timeout;

use super::{Docker, DockerError, absent_is_none};

/// A pull that says nothing for this long has stalled.
const IDLE: Duration = Duration::from_mins(2);

/// How far a pull is, in bytes, over the layers known so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    pub done: u64,
    pub total: u64,
}

impl Docker {
    pub async fn has_image(&self, image: &str) -> Result<bool, DockerError> {
        let found =
            self.client.inspect_image(image).await.map_err(DockerError::refused(format!("inspect image {image}")));
        Ok(absent_is_none(found)?.is_some())
    }

    /// Pulls an image with the login that the user's Docker configuration has for its registry.
    pub async fn pull_image(&self, image: &str, mut report: impl FnMut(Progress)) -> Result<(), DockerError> {
        let options = CreateImageOptionsBuilder::default().from_image(image).build();
        let mut layers = std::collections::HashMap::new();
        let mut stream = self.client.create_image(Some(options), None, login(image));
        loop {
            let next = timeout(IDLE, stream.next()).await.map_err(|_| DockerError::Stalled(image.to_owned()))?;
            let Some(info) = next else { break };
            let info = info.map_err(DockerError::refused(format!("pull {image}")))?;
            if let (Some(layer), Some(detail)) = (info.id, info.progress_detail)
                && let (Some(current), Some(total)) = (detail.current, detail.total)
            {
                layers.insert(layer, (current.unsigned_abs(), total.unsigned_abs()));
                let (done, total) = layers.values().fold((0, 0), |sum, layer| (sum.0 + layer.0, sum.1 + layer.1));
                report(Progress { done, total });
            }
        }
        Ok(())
    }
}

/// The login for an image's registry, if the user has one. The first part of an image's name is its registry.
pub(super) fn login(image: &str) -> Option<DockerCredentials> {
    let registry = image.split('/').next()?;
    let credentials = match docker_credential::get_credential(registry).ok()? {
        DockerCredential::IdentityToken(token) => {
            DockerCredentials { identitytoken: Some(token), ..DockerCredentials::default() }
        }
        DockerCredential::UsernamePassword(username, password) => {
            DockerCredentials { username: Some(username), password: Some(password), ..DockerCredentials::default() }
        }
    };
    Some(DockerCredentials { serveraddress: Some(registry.to_owned()), ..credentials })
}
