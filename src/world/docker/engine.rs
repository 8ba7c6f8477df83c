//! What the engine says of itself and of its way to a registry. I/O: Docker's socket; Docker asks the registry.

use std::path::{Path, PathBuf};

use bollard::{
    models::{ContainerCreateBody, HostConfig, Mount, MountType, SystemInfoCgroupDriverEnum},
    query_parameters::CreateContainerOptions,
};
use tokio::time::timeout;

use super::{ANSWER, Docker, DockerError, images::with_login};
use crate::{
    facts::host::{EngineFacts, ImageFacts},
    world::{cgroup, dockerd::Options},
};

/// An image that no engine has.
const NO_IMAGE: &str = "mesh.invalid/none:none";

impl Docker {
    pub async fn facts(&self) -> Result<EngineFacts, DockerError> {
        let info = self.client.info().await.map_err(DockerError::refused("describe itself"))?;
        Ok(EngineFacts {
            version: info.server_version.unwrap_or_default(),
            api: self.client.client_version().to_string(),
            cgroup_version: info
                .cgroup_version
                .map(|version| version.to_string())
                .filter(|version| !version.is_empty()),
            limits_memory: info.memory_limit.unwrap_or_default(),
            limits_swap: info.swap_limit.unwrap_or_default(),
            control_group: self.options.as_ref().map(|options| control_group(options, info.cgroup_driver)),
            open_files: self.options.as_ref().and_then(|options| options.open_files),
            images: self
                .options
                .as_ref()
                .and(info.docker_root_dir)
                .map(|root| images_in(root.into(), info.driver_status.as_deref())),
        })
    }

    /// Whether the engine has something at a path. It is asked for a container that mounts it, of an image that is
    /// nowhere: of the two that are missing, an engine names the mount first. Nothing is made. See
    /// `verifyContainerSettings` in <https://github.com/moby/moby/blob/master/daemon/create.go>, which 20.10 has in the
    /// same order.
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
            Err(error) if is_unseen(&error.words()) => Ok(false),
            Err(error) => Err(error),
            // an image of that name exists
            Ok(made) => self.remove_container(&made.id).await.map(|()| true),
        }
    }

    /// Whether an image is here, or its registry has it. Nothing is pulled; see
    /// <https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Distribution>.
    pub async fn image_facts(&self, image: &str) -> Result<ImageFacts, DockerError> {
        if self.image(image).await?.is_some() {
            return Ok(ImageFacts::Here);
        }
        let asked = with_login(image, async |login| {
            let asked = timeout(ANSWER, self.client.inspect_registry_image(image, login)).await;
            let found = asked.map_err(|_| DockerError::SilentRegistry)?;
            found.map(|_| ()).map_err(DockerError::refused(format!("ask for {image}")))
        });
        Ok(asked.await.map_or_else(|error| ImageFacts::Missing(error.words()), |()| ImageFacts::Pullable))
    }
}

/// Whether an engine that refuses a mount does so since it does not see the place: root may be kept from a home on NFS
/// or FUSE, and an engine of snap by its profile.
fn is_unseen(words: &str) -> bool {
    words.contains("bind source path does not exist")
        || (words.contains("invalid mount config") && words.contains("permission denied"))
}

/// See <https://docs.docker.com/reference/cli/dockerd/#default-cgroup-parent>.
fn control_group(options: &Options, driver: Option<SystemInfoCgroupDriverEnum>) -> String {
    let parent = options.cgroup_parent.as_deref();
    match driver {
        Some(SystemInfoCgroupDriverEnum::SYSTEMD) => cgroup::of_slice(parent.unwrap_or("system.slice")),
        _ => parent.unwrap_or("/docker").to_owned(),
    }
}

/// Where an engine keeps images: below its root, or in the containerd that it shares with others. See
/// <https://docs.docker.com/engine/storage/containerd/>.
fn images_in(root: PathBuf, status: Option<&[Vec<String>]>) -> PathBuf {
    let in_containerd =
        status.into_iter().flatten().any(|line| line.iter().any(|word| word.starts_with("io.containerd.snapshotter.")));
    let shared = Path::new("/var/lib/containerd");
    if in_containerd && shared.is_dir() && !root.join("containerd/daemon").is_dir() { shared.to_owned() } else { root }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_the_engine_may_not_look_into_is_not_seen() {
        let refused = |why: &str| format!("invalid mount config for type \"bind\": {why}");
        assert!(is_unseen(&refused("bind source path does not exist: /srv/x")));
        assert!(is_unseen(&refused("stat /home/anna/x: permission denied")));
        assert!(!is_unseen("permission denied while trying to pull") && !is_unseen(&refused("invalid mount path")));
    }
}
