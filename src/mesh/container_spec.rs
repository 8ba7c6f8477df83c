//! Everything that Docker is told of a container: the room that talks to Docker only translates it. Pure: no I/O.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
};

use serde::Serialize;

use super::{
    Mesh,
    container::{Container, Fixed, Limits, Published},
    id::{KIBANA, Port, REST, ServiceId, ServiceKind},
    layout,
    service::{Mount, STOP_TIMEOUT, Service},
};

/// A container as Docker is asked for it.
///
/// It is hashed as it is serialized, see [`fingerprint`](super::fingerprint), so the serialized names are a contract: a field that
/// is renamed keeps its name with `#[serde(rename)]`, and a new one is left out while it has its default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContainerSpec {
    /// The name that the image is asked for by.
    pub image: String,
    pub hostname: String,
    /// `uid:gid` of the process.
    pub user: String,
    /// In the mesh's network.
    pub address: Ipv4Addr,
    pub ports: BTreeSet<Published>,
    /// Directories of the host, by their places in the container.
    pub mounts: BTreeMap<String, String>,
    pub limits: Limits,
    pub health_check: HealthCheck,
    pub dropped_capabilities: Vec<String>,
    pub security_options: Vec<String>,
    /// `host`: files belong to the same numbers inside and outside.
    pub user_namespace: String,
    pub log: Log,
    /// Time between SIGTERM and SIGKILL.
    pub stop_timeout_seconds: u32,
}

/// When Docker calls a container healthy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HealthCheck {
    /// Run by a shell in the container. It needs no password.
    pub command: String,
    pub interval_seconds: u32,
    pub timeout_seconds: u32,
    pub retries: u32,
    pub start_period_seconds: u32,
}

/// Where Docker keeps what the container writes, and how much of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Log {
    pub driver: String,
    pub options: BTreeMap<String, String>,
}

/// The capability that stands for all of them.
pub const ALL_CAPABILITIES: &str = "ALL";
pub const NO_NEW_PRIVILEGES: &str = "no-new-privileges";

impl Mesh {
    pub fn container_spec(&self, id: ServiceId) -> ContainerSpec {
        let Service { image, memory, user, address, ports, mounts, .. } = self.service(id);
        let published = |port: Port| Published {
            address: Some(self.spec.bind),
            host: Some(port.host),
            container: format!("{}/tcp", port.container),
        };
        let place = |Mount { host, container }: Mount| (container.to_owned(), host);
        ContainerSpec {
            image,
            hostname: id.to_string(),
            user,
            address,
            ports: ports.into_iter().map(published).collect(),
            mounts: mounts.into_iter().map(place).collect(),
            limits: Limits::of(memory),
            health_check: HealthCheck {
                command: health_command(id),
                // Docker's own default: a look is a process in the container and a handshake of its server, and nothing waits for it
                interval_seconds: 30,
                timeout_seconds: 10,
                retries: 3,
                start_period_seconds: 120,
            },
            dropped_capabilities: vec![ALL_CAPABILITIES.to_owned()],
            security_options: vec![NO_NEW_PRIVILEGES.to_owned()],
            user_namespace: "host".to_owned(),
            log: Log {
                driver: "json-file".to_owned(),
                options: [("max-size", "10m"), ("max-file", "3")]
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .into(),
            },
            stop_timeout_seconds: STOP_TIMEOUT,
        }
    }
}

fn health_command(id: ServiceId) -> String {
    let authority = format!("{}/certs/ca.crt", layout::mounts(id.kind)[0].1);
    match id.kind {
        // any answer will do, 401 too: it shows that the REST API is served
        ServiceKind::Elastic => format!("curl -s -o /dev/null --cacert {authority} https://localhost:{REST}/"),
        ServiceKind::Kibana => {
            format!("curl -sf -o /dev/null --cacert {authority} https://localhost:{KIBANA}/{}/api/status", id.cluster)
        }
    }
}

impl ContainerSpec {
    /// The container as Docker describes one that was made by this.
    pub fn as_inspected(&self) -> Container {
        let fixed = Fixed {
            image: self.image.clone(),
            user: self.user.clone(),
            mounts: self.mounts.clone(),
            ports: self.ports.clone(),
            health_check: self.health_check.command.clone(),
            confined: true,
            stays: true,
        };
        Container { fixed, limits: self.limits.clone() }
    }
}
