//! What a container was made from, as Docker keeps it. I/O: Docker's socket.

use std::net::IpAddr;

use bollard::query_parameters::InspectContainerOptions;

use super::{Docker, DockerError, absent_is_none};

/// What a container was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    pub image: String,
    /// Its limit in bytes; 0 for none.
    pub memory: u64,
    /// `uid:gid` of its process.
    pub user: String,
    /// The address that its ports are published on, whether it runs or not.
    pub bind: Option<IpAddr>,
}

impl Docker {
    /// `None` for a container that is gone meanwhile.
    pub async fn made_of(&self, name: &str) -> Result<Option<Made>, DockerError> {
        let found = self.client.inspect_container(name, None::<InspectContainerOptions>).await;
        let Some(found) = absent_is_none(found.map_err(DockerError::refused(format!("inspect {name}"))))? else {
            return Ok(None);
        };
        let (config, host) = (found.config.unwrap_or_default(), found.host_config.unwrap_or_default());
        let ports = host.port_bindings.unwrap_or_default();
        let bind = ports.values().flatten().flatten().find_map(|binding| binding.host_ip.as_ref()?.parse().ok());
        Ok(Some(Made {
            image: config.image.unwrap_or_default(),
            memory: host.memory.and_then(|limit| u64::try_from(limit).ok()).unwrap_or_default(),
            user: config.user.unwrap_or_default(),
            bind,
        }))
    }
}
