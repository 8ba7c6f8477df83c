//! A container as Docker is asked for it, and as Docker describes it: one type, so that the two can be compared. Pure:
//! no I/O.
//!
//! It holds what every engine gives back as it was asked for. An engine may rewrite the rest, such as the intervals of
//! a health check, and what is rewritten would differ for ever.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::IpAddr,
};

use serde::{Serialize, Serializer};

use super::{
    Mesh,
    id::{REMOTE, ServiceId},
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
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Published {
    pub address: Option<IpAddr>,
    pub host: Option<u16>,
    /// With its protocol: `9200/tcp`.
    pub container: String,
}

/// What Docker can change while a container runs, by the names that `docker update` has for it. Serialized as
/// [`ContainerSpec`](super::container_spec::ContainerSpec) is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Limits {
    pub memory: Bytes,
    /// Memory and swap together.
    pub memory_swap: Bytes,
    /// In billionths of a core; `None` for all cores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpus: Option<u64>,
    /// Microseconds a period; `None` for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_quota: Option<u64>,
    /// The weight beside other containers; `None` for the usual one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_shares: Option<u64>,
    /// The cores by their numbers; `None` for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpuset_cpus: Option<String>,
    /// Processes and threads; `None` for any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pids_limit: Option<u64>,
    pub restart: Restart,
}

/// As text, as people read it.
impl Serialize for Restart {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// A number, or a word.
impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Limit(bytes) => to.serialize_u64(*bytes),
            Self::Unlimited | Self::Unsupported => to.collect_str(self),
        }
    }
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
    /// Also after a reboot, unless the container was stopped on purpose.
    UnlessStopped,
}

impl Mesh {
    /// A service's container as Docker describes it while it is as wanted; `None` for one that the mesh does not have.
    pub fn container(&self, id: ServiceId) -> Option<Container> {
        Some(self.container_spec(self.service(id)?).as_inspected())
    }
}

impl Container {
    /// In what it differs from what is `wanted`, such as `memory 2g → 3g`.
    pub fn differences(&self, wanted: &Self) -> Vec<String> {
        let (has, wants) = (&self.fixed, &wanted.fixed);
        let listed = |items: Vec<String>| if items.is_empty() { "none".to_owned() } else { items.join(" ") };
        let ports = |fixed: &Fixed| listed(fixed.ports.iter().map(ToString::to_string).collect());
        let mounts = |fixed: &Fixed, other: &Fixed| {
            let only = fixed.mounts.iter().filter(|(place, host)| other.mounts.get(*place) != Some(host));
            listed(only.map(|(place, host)| format!("{host}:{place}")).collect())
        };
        let changes = [
            ("image", has.image.clone(), wants.image.clone()),
            ("user", has.user.clone(), wants.user.clone()),
            ("ports", ports(has), ports(wants)),
            ("mounts", mounts(has, wants), mounts(wants, has)),
        ];
        let changes = changes.into_iter().filter(|(_, has, wants)| has != wants);
        let facts = [
            (has.health_check != wants.health_check, "another health check"),
            (has.confined != wants.confined, "extra capabilities or privileges"),
            (has.stays != wants.stays, "removed by Docker when it exits"),
        ];
        let mut limits = self.limits.changes(&wanted.limits);
        if self.limits.memory == self.limits.memory_swap && wanted.limits.memory == wanted.limits.memory_swap {
            // a mesh sets both to the same, so that one says it
            limits.retain(|change| !change.starts_with("memory-swap "));
        }
        changes
            .map(|(name, has, wants)| format!("{name} {has} → {wants}"))
            .chain(facts.into_iter().filter(|(differs, _)| *differs).map(|(_, fact)| fact.to_owned()))
            .chain(limits)
            .collect()
    }
}

impl Published {
    /// Whether other clusters come in by it.
    pub fn is_remote(&self) -> bool {
        self.container == format!("{REMOTE}/tcp")
    }
}

impl fmt::Display for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.host.map_or_else(String::new, |port| port.to_string());
        match self.address {
            Some(IpAddr::V6(address)) => write!(f, "[{address}]:{host}:{}", self.container),
            Some(IpAddr::V4(address)) => write!(f, "{address}:{host}:{}", self.container),
            None => write!(f, "{host}:{}", self.container),
        }
    }
}

impl Limits {
    /// As much memory as that and no swap, since a heap that is swapped out is slower than a container that fails
    /// because it is too small; started again after a reboot, unless it was stopped on purpose.
    pub(super) fn of(memory: Memory) -> Self {
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

    /// Whether memory and swap are as `wanted`, as far as the kernel limits them.
    pub fn has_memory_of(&self, wanted: &Self) -> bool {
        let pairs = [(self.memory, wanted.memory), (self.memory_swap, wanted.memory_swap)];
        pairs.iter().all(|(found, wanted)| found == wanted || *found == Bytes::Unsupported)
    }

    /// What is to change until they are `wanted`, such as `memory 700m → 2g`. What the kernel does not support is no
    /// difference.
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
