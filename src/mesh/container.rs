//! A container as Docker is asked for it, and as Docker describes it: one type, so that the two can be compared. Pure: no I/O.
//!
//! It holds what every engine gives back as it was asked for. An engine may rewrite the rest, such as the intervals of a health
//! check, and what is rewritten would differ for ever.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::IpAddr,
};

use super::{
    Mesh,
    id::{Port, ServiceId},
    service::{Mount, Service},
    settings::Memory,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    pub fixed: Fixed,
    pub limits: Limits,
}

/// What only a new container can have otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixed {
    /// The name that the image was asked for by.
    pub image: String,
    /// `uid:gid` of the process.
    pub user: String,
    /// Directories of the host, by their places in the container.
    pub mounts: BTreeMap<String, String>,
    pub ports: BTreeSet<Published>,
    /// The health check's command, run by a shell in the container.
    pub health_check: String,
    /// Whether its processes have no capability and no way to gain one.
    pub confined: bool,
    /// Whether it outlives its process: Docker removes one that was made with `--rm` when it ends.
    pub stays: bool,
}

/// A port of the host that leads to one of a container; `None` where Docker chooses it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Published {
    pub address: Option<IpAddr>,
    pub host: Option<u16>,
    /// With its protocol: `9200/tcp`.
    pub container: String,
}

/// What Docker can change while a container runs, by the names that `docker update` has for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    pub memory: Bytes,
    /// Memory and swap together.
    pub memory_swap: Bytes,
    /// In billionths of a core; `None` for all cores.
    pub cpus: Option<u64>,
    /// Microseconds a period; `None` for all.
    pub cpu_quota: Option<u64>,
    /// The weight beside other containers; `None` for the usual one.
    pub cpu_shares: Option<u64>,
    /// The cores by their numbers; `None` for all.
    pub cpuset_cpus: Option<String>,
    /// Processes and threads; `None` for any number.
    pub pids_limit: Option<u64>,
    pub restart: Restart,
}

/// A limit in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bytes {
    Limit(u64),
    Unlimited,
    /// The kernel knows no such limit, so the engine leaves it out.
    Unsupported,
}

/// When Docker starts a container again that ended; see <https://docs.docker.com/engine/containers/start-containers-automatically/>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restart {
    No,
    OnFailure,
    Always,
    /// Also after a reboot, except where somebody stopped it.
    UnlessStopped,
}

impl Mesh {
    /// A service's container as Docker is asked for it.
    pub fn container(&self, id: ServiceId) -> Container {
        let Service { image, memory, user, ports, mounts, health_check, .. } = self.service(id);
        let published = |port: Port| Published {
            address: Some(self.spec.bind),
            host: Some(port.host),
            container: format!("{}/tcp", port.container),
        };
        let place = |Mount { host, container }: Mount| (container.to_owned(), host);
        let fixed = Fixed {
            image,
            user,
            mounts: mounts.into_iter().map(place).collect(),
            ports: ports.into_iter().map(published).collect(),
            health_check,
            confined: true,
            stays: true,
        };
        Container { fixed, limits: Limits::of(memory) }
    }
}

impl Limits {
    /// As much memory as that and no swap, since a heap that is swapped out is slower than a container that is told it is too
    /// small; started again after a reboot, unless somebody stopped it.
    fn of(memory: Memory) -> Self {
        Self {
            memory: Bytes::Limit(memory.bytes()),
            memory_swap: Bytes::Limit(memory.bytes()),
            cpus: None,
            cpu_quota: None,
            cpu_shares: None,
            cpuset_cpus: None,
            pids_limit: None,
            restart: Restart::UnlessStopped,
        }
    }

    /// What is to change until they are `wanted`, such as `memory 700m → 2g`. What the kernel does not support is no difference.
    pub fn changes(&self, wanted: &Self) -> Vec<String> {
        let cores = |cpus: u64| format!("{}.{:02}", cpus / 1_000_000_000, cpus / 10_000_000 % 100);
        let number = |value: Option<u64>| value.map_or_else(|| "none".to_owned(), |value| value.to_string());
        let cpus = |limits: &Self| limits.cpus.map_or_else(|| "all".to_owned(), cores);
        let cpuset = |limits: &Self| limits.cpuset_cpus.clone().unwrap_or_else(|| "all".to_owned());
        let bytes = |found: Bytes, wanted: Bytes| {
            if found == Bytes::Unsupported { (wanted, wanted) } else { (found, wanted) }
        };
        let (memory, swap) = (bytes(self.memory, wanted.memory), bytes(self.memory_swap, wanted.memory_swap));
        [
            ("memory", memory.0.to_string(), memory.1.to_string()),
            ("memory-swap", swap.0.to_string(), swap.1.to_string()),
            ("cpus", cpus(self), cpus(wanted)),
            ("cpu-quota", number(self.cpu_quota), number(wanted.cpu_quota)),
            ("cpu-shares", number(self.cpu_shares), number(wanted.cpu_shares)),
            ("cpuset-cpus", cpuset(self), cpuset(wanted)),
            ("pids-limit", number(self.pids_limit), number(wanted.pids_limit)),
            ("restart", self.restart.to_string(), wanted.restart.to_string()),
        ]
        .into_iter()
        .filter(|(_, found, wanted)| found != wanted)
        .map(|(name, found, wanted)| format!("{name} {found} → {wanted}"))
        .collect()
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Limit(bytes) if bytes.is_multiple_of(1 << 30) => write!(f, "{}g", bytes >> 30),
            Self::Limit(bytes) if bytes.is_multiple_of(1 << 20) => write!(f, "{}m", bytes >> 20),
            Self::Limit(bytes) => write!(f, "{bytes}b"),
            Self::Unlimited => f.write_str("none"),
            Self::Unsupported => f.write_str("unsupported"),
        }
    }
}

impl fmt::Display for Restart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::No => "no",
            Self::OnFailure => "on-failure",
            Self::Always => "always",
            Self::UnlessStopped => "unless-stopped",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_to_change_is_named_as_docker_update_does() {
        let wanted = Limits::of(Memory::gibibytes(2));
        assert_eq!(wanted.changes(&wanted), Vec::<String>::new());
        let found = Limits {
            memory: Bytes::Limit(700 << 20),
            memory_swap: Bytes::Unlimited,
            cpus: Some(500_000_000),
            cpu_quota: Some(50_000),
            cpu_shares: Some(512),
            cpuset_cpus: Some("0".to_owned()),
            pids_limit: Some(100),
            restart: Restart::No,
        };
        insta::assert_snapshot!(found.changes(&wanted).join("\n"), @r"
        memory 700m → 2g
        memory-swap none → 2g
        cpus 0.50 → all
        cpu-quota 50000 → none
        cpu-shares 512 → none
        cpuset-cpus 0 → all
        pids-limit 100 → none
        restart no → unless-stopped
        ");
    }

    #[test]
    fn a_limit_that_the_kernel_does_not_support_is_no_difference() {
        let wanted = Limits::of(Memory::gibibytes(2));
        let found = Limits { memory_swap: Bytes::Unsupported, ..wanted.clone() };
        assert_eq!(found.changes(&wanted), Vec::<String>::new());
    }
}
