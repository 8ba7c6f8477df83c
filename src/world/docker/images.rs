//! Images: whether one is here, and pulling it. I/O: Docker's socket, the user's Docker configuration.

use std::{borrow::Cow, collections::BTreeMap, time::Duration};

use bollard::{auth::DockerCredentials, query_parameters::CreateImageOptionsBuilder};
use futures::{StreamExt as _, future::try_join_all};
use tokio::time::timeout;

use super::{Docker, DockerError, absent_is_none, logins};
use crate::mesh::{Mesh, settings::registry_of};

/// A pull that says nothing for this long has stalled.
const IDLE: Duration = Duration::from_mins(2);

/// The label that `images/build` gives to what it makes.
const RECIPE: &str = "mesh.recipe";

/// An image that is on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Image {
    /// Whether this project's `images/build` made it: it is none of Elastic's, and needs less of a machine.
    pub is_built_here: bool,
}

/// How far a pull is, in bytes, over the layers known so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    pub done: u64,
    pub total: u64,
}

impl Docker {
    /// Those of the images of a mesh that are on this machine, by name.
    pub async fn images(&self, mesh: &Mesh) -> Result<BTreeMap<String, Image>, DockerError> {
        let found = try_join_all(mesh.images().into_iter().chain(mesh.gateway_image()).map(async |name| {
            let image = self.image(&name).await?;
            Ok::<_, DockerError>(image.map(|image| (name, image)))
        }))
        .await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// `None` for one that is not here.
    pub async fn image(&self, name: &str) -> Result<Option<Image>, DockerError> {
        let found =
            self.client.inspect_image(name).await.map_err(DockerError::refused(format!("inspect image {name}")));
        Ok(absent_is_none(found)?.map(|found| {
            let labels = found.config.and_then(|config| config.labels).unwrap_or_default();
            Image { is_built_here: labels.contains_key(RECIPE) }
        }))
    }

    /// Pulls an image with the login that the user's Docker configuration has for its registry.
    ///
    /// # Errors
    /// A login that cannot be had is an error only where the pull fails without it, as with `docker`: most who have a
    /// helper need none here.
    pub async fn pull_image(&self, image: &str, report: impl FnMut(Progress)) -> Result<(), DockerError> {
        with_login(image, async |login| self.pull_as(login, image, report).await).await
    }

    async fn pull_as(
        &self,
        login: Option<DockerCredentials>,
        image: &str,
        mut report: impl FnMut(Progress),
    ) -> Result<(), DockerError> {
        let options = CreateImageOptionsBuilder::default().from_image(&with_tag(image)).build();
        let mut layers = std::collections::HashMap::new();
        let mut stream = self.client.create_image(Some(options), None, login);
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

/// Does something of an image's registry with the user's login there. Where that cannot be had and the work fails
/// without, the login is the error.
pub(super) async fn with_login<T>(
    image: &str,
    ask: impl AsyncFnOnce(Option<DockerCredentials>) -> Result<T, DockerError>,
) -> Result<T, DockerError> {
    let registry = registry_of(image);
    match logins::login(registry).await {
        Ok(login) => ask(login).await,
        Err(login) => ask(None).await.map_err(|cause| DockerError::NoLogin {
            registry: registry.to_owned(),
            login,
            words: cause.words(),
        }),
    }
}

/// The name of an image as `docker pull` reads it. Without a tag, the engine's API pulls every tag that the registry
/// has; see <https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Image/operation/ImageCreate>.
fn with_tag(image: &str) -> Cow<'_, str> {
    let last = image.rsplit('/').next().unwrap_or(image);
    if last.contains([':', '@']) { Cow::Borrowed(image) } else { Cow::Owned(format!("{image}:latest")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_tag_is_pulled() {
        for whole in ["nginx:1.28.0", "vm:5000/nginx/nginx:1", "nginx@sha256:00ff", "vm:5000/nginx:1@sha256:00ff"] {
            assert_eq!(with_tag(whole), whole);
        }
        assert_eq!(with_tag("nginx"), "nginx:latest");
        assert_eq!(with_tag("vm:5000/nginx/nginx"), "vm:5000/nginx/nginx:latest");
    }
}
