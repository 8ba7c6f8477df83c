//! All options of a container: the room that talks to Docker only translates them. Pure: no I/O.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
};

use serde::Serialize;

use super::{
    Mesh,
    cluster::Port,
    container::{Container, Fixed, Limits, Published},
    defaults::{Defaults, HealthTimes},
    id::{KIBANA, REST, ServiceId, ServiceKind},
    layout,
    service::{Mount, Service},
};

/// A container as Docker is asked for it.
///
/// It is hashed as it is serialized, see [`fingerprint`](super::fingerprint), so the serialized names are a contract: a
/// field that is renamed keeps its name with `#[serde(rename)]`, and a new one is left out while it has its default.
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
    /// Directories of the host, by their places in the container; `:ro` at the end of a place makes it one that the
    /// container only reads.
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
    /// Settings of the kernel that hold for the container's own network.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sysctls: BTreeMap<String, String>,
    /// What is run in place of the image's own program; empty for that.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entrypoint: Vec<String>,
    /// Whether the image's files are read-only.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
    /// Directories in memory, each with its options.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tmpfs: BTreeMap<String, String>,
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
    /// What the container of a service is given.
    pub fn container_spec(&self, service: Service) -> ContainerSpec {
        let Service { id, image, memory, user, address, ports, mounts } = service;
        let Defaults { health_check, log_options, stop_timeout_seconds, .. } = self.revision(id.cluster()).defaults();
        let HealthTimes { interval_seconds, timeout_seconds, retries, start_period_seconds } = health_check;
        let published = |port: Port| Published {
            address: Some(self.bind_of(id.cluster(), port)),
            host: Some(port.host),
            container: format!("{}/tcp", port.container),
        };
        let place = |Mount { host, container }: Mount| (container.to_owned(), host);
        ContainerSpec {
            image,
            hostname: self.container_name(id),
            user,
            address,
            ports: ports.into_iter().map(published).collect(),
            mounts: mounts.into_iter().map(place).collect(),
            limits: Limits::of(memory),
            health_check: HealthCheck {
                command: health_command(id),
                interval_seconds: *interval_seconds,
                timeout_seconds: *timeout_seconds,
                retries: *retries,
                start_period_seconds: *start_period_seconds,
            },
            dropped_capabilities: vec![ALL_CAPABILITIES.to_owned()],
            security_options: vec![NO_NEW_PRIVILEGES.to_owned()],
            user_namespace: "host".to_owned(),
            log: Log {
                driver: "json-file".to_owned(),
                options: log_options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            },
            stop_timeout_seconds: *stop_timeout_seconds,
            sysctls: self.sysctls(id),
            entrypoint: Vec::new(),
            read_only: false,
            tmpfs: BTreeMap::new(),
        }
    }
}

fn health_command(id: ServiceId) -> String {
    let authority = format!("{}/certs/ca.crt", layout::mounts(id.kind())[0].1);
    match id.kind() {
        // any answer will do, 401 too: it shows that the REST API is served
        ServiceKind::Elastic => format!("curl -s -o /dev/null --cacert {authority} https://localhost:{REST}/"),
        ServiceKind::Kibana => {
            format!("curl -sf -o /dev/null --cacert {authority} https://localhost:{KIBANA}/{}/api/status", id.cluster())
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

    /// The differences from what is `wanted`, such as `memory 2g → 3g`.
    pub fn differences(&self, wanted: &Self) -> Vec<String> {
        let log = |spec: &Self| {
            let options = spec.log.options.iter().map(|(name, value)| format!(" {name}={value}"));
            format!("{}{}", spec.log.driver, options.collect::<String>())
        };
        let sysctls = |spec: &Self| match &spec.sysctls {
            none if none.is_empty() => "none".to_owned(),
            some => some.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" "),
        };
        let tmpfs = |spec: &Self| match &spec.tmpfs {
            none if none.is_empty() => "none".to_owned(),
            some => some.iter().map(|(place, options)| format!("{place}:{options}")).collect::<Vec<_>>().join(" "),
        };
        let seconds = |count: u32| format!("{count} s");
        let (check, other) = (&self.health_check, &wanted.health_check);
        let further = [
            ("hostname", self.hostname.clone(), wanted.hostname.clone()),
            ("address", self.address.to_string(), wanted.address.to_string()),
            ("health check interval", seconds(check.interval_seconds), seconds(other.interval_seconds)),
            ("health check timeout", seconds(check.timeout_seconds), seconds(other.timeout_seconds)),
            ("health check retries", check.retries.to_string(), other.retries.to_string()),
            ("health check start period", seconds(check.start_period_seconds), seconds(other.start_period_seconds)),
            ("dropped capabilities", self.dropped_capabilities.join(" "), wanted.dropped_capabilities.join(" ")),
            ("security options", self.security_options.join(" "), wanted.security_options.join(" ")),
            ("user namespace", self.user_namespace.clone(), wanted.user_namespace.clone()),
            ("log", log(self), log(wanted)),
            ("kernel settings", sysctls(self), sysctls(wanted)),
            ("entrypoint", self.entrypoint.join(" "), wanted.entrypoint.join(" ")),
            ("read-only", self.read_only.to_string(), wanted.read_only.to_string()),
            ("tmpfs", tmpfs(self), tmpfs(wanted)),
            ("stop timeout", seconds(self.stop_timeout_seconds), seconds(wanted.stop_timeout_seconds)),
        ];
        let changed = further.into_iter().filter(|(_, has, wants)| has != wants);
        let changed = changed.map(|(name, has, wants)| format!("{name} {has} → {wants}"));
        self.as_inspected().differences(&wanted.as_inspected()).into_iter().chain(changed).collect()
    }
}
