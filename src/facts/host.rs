//! What the machine is and has: the facts that checks depend on. Pure: [`crate::world`] fills them in.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    path::PathBuf,
};

use ipnet::IpNet;
use time::OffsetDateTime;

use crate::mesh::taken::{Route, Taken};

/// What a machine is and has, at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostFacts {
    /// The kernel's host name, not looked up anywhere.
    pub hostname: String,
    /// Physical memory in bytes (`MemTotal`).
    pub memory_total: u64,
    /// Bytes that new programs can have without swapping, as the kernel estimates (`MemAvailable`).
    pub memory_available: u64,
    /// Bytes of swap that the machine has, used or not.
    pub swap: u64,
    /// The smallest limit of memory that the control groups above containers have; `None` where there is none, or none
    /// is seen.
    pub memory_limit: Option<MemoryLimit>,
    /// Cores that this process may use: its affinity and control group are taken into account.
    pub cores: usize,
    /// What the first processor can do, in the words of `/proc/cpuinfo`; `None` on machines that are no x86-64.
    pub processor: Option<BTreeSet<String>>,
    pub limits: Limits,
    /// Whether the effective user is root.
    pub is_root: bool,
    /// The effective user.
    pub uid: u32,
    /// The effective group.
    pub gid: u32,
    /// The nearest existing directory at or above the one asked for: what the two sizes are about.
    pub disk: PathBuf,
    /// Bytes that a user who is not root can still write there.
    pub disk_free: u64,
    /// Bytes that the file system there holds in all.
    pub disk_total: u64,
    /// Where the engine keeps images, and the bytes that are free there; `None` where that is not seen.
    pub images_disk: Option<(PathBuf, u64)>,
    /// Networks of interfaces, those that are down included. The mesh's own network is among them once it exists.
    pub networks: BTreeSet<IpNet>,
    /// Bridges that are down and have a name as Docker gives it, with the network of each: it leaves one behind when it
    /// cannot make a network. Their networks are not among the others.
    pub left_bridges: BTreeMap<String, IpNet>,
    pub routes: BTreeSet<Route>,
    /// The addresses of this machine, those of interfaces that are down included.
    pub interfaces: BTreeSet<IpAddr>,
    /// Those of them that it has for some time only, as from DHCP.
    pub leased: BTreeSet<IpAddr>,
}

impl HostFacts {
    /// What a network has to keep clear of on this machine and in Docker, where nothing in the networks `ours` counts.
    pub fn taken(&self, ours: &[IpNet], docker: impl IntoIterator<Item = IpNet>) -> Taken {
        let others = |net: &IpNet| !ours.iter().any(|own| own.contains(net));
        let networks = self.networks.iter().copied().filter(others).chain(docker).collect();
        let routes = self.routes.iter().filter(|route| others(&IpNet::V4(route.to))).cloned().collect();
        Taken { networks, routes, ..Taken::default() }
    }
}

/// A limit of memory that a control group has for all that is in it, containers among that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryLimit {
    /// Its path below the root of control groups: `/` is the machine's own, as a container that holds it sees it.
    pub group: String,
    pub bytes: u64,
    /// What is in use, without what is dropped when memory is short.
    pub used: u64,
    /// Whether it was reached since the group was made.
    pub reached: bool,
}

impl MemoryLimit {
    /// What containers can still have, in bytes.
    pub fn free(&self) -> u64 {
        self.bytes.saturating_sub(self.used)
    }
}

/// A listening TCP socket in this network namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// The address it is bound to; `0.0.0.0` and `::` mean every one (`::` usually IPv4 too).
    pub address: IpAddr,
    /// The port it is bound to.
    pub port: u16,
    /// The process that holds it; `None` where we may not look (another user's, unless we are root) or it has ended
    /// meanwhile.
    pub owner: Option<Process>,
}

/// A process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: i32,
    /// Its name as the kernel has it, 15 bytes at most: `docker-proxy`, `java`.
    pub name: String,
}

/// What a Docker engine says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineFacts {
    /// Docker's version: `20.10.24`.
    pub version: String,
    /// The version of its API that was agreed on: `1.41`.
    pub api: String,
    /// `1` or `2`; `None` where the engine does not say.
    pub cgroup_version: Option<String>,
    /// Whether a container's memory limit counts.
    pub limits_memory: bool,
    /// Whether a container's limit of memory and swap together counts.
    pub limits_swap: bool,
    /// The control group that containers are put into; `None` where the engine's process is not seen, which may then be
    /// in others.
    pub control_group: Option<String>,
    /// The hard limit of open files that containers get, if they get another than the engine's own; `u64::MAX` is none.
    pub open_files: Option<u64>,
    /// Where it keeps images; `None` where its process is not seen, which may then have other files there.
    pub images: Option<PathBuf>,
}

/// Whether an image can be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageFacts {
    Here,
    /// Its registry has it.
    Pullable,
    /// Its registry does not answer, or does not have it: in Docker's words.
    Missing(String),
}

/// Limits of the kernel and of the process that starts containers; `None` for one that cannot be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// `vm.max_map_count`; Elasticsearch asks for 262144.
    pub max_map_count: Option<u64>,
    /// The most entries of the kernel's table of neighbours; not to be read in a network namespace of its own.
    pub neighbours: Option<u64>,
    /// `fs.inotify.max_user_instances`.
    pub inotify_instances: Option<u64>,
    /// `fs.inotify.max_user_watches`.
    pub inotify_watches: Option<u64>,
    /// `fs.file-max`: open files of the whole machine.
    pub files: Option<u64>,
    /// Files that are open now, of `fs.file-nr`.
    pub files_open: Option<u64>,
    /// What the kernel grants programs that reserve memory.
    pub overcommit: Option<Overcommit>,
    /// The process whose own limits containers start with.
    pub starter: Option<Starter>,
    /// As [`EngineFacts::open_files`].
    pub given_files: Option<u64>,
}

/// How the kernel grants memory that programs reserve, used or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overcommit {
    /// `vm.overcommit_memory`: 2 grants no more than the limit; see
    /// <https://docs.kernel.org/mm/overcommit-accounting.html>.
    pub mode: u64,
    /// The bytes that all programs may reserve in that mode (`CommitLimit`).
    pub limit: u64,
    /// The bytes that they have reserved (`Committed_AS`).
    pub reserved: u64,
}

/// The process that containers inherit their limits from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Starter {
    /// `containerd` or `dockerd`.
    pub name: String,
    /// The hard limit of open files; `u64::MAX` is none.
    pub open_files: u64,
    /// The hard limit of locked memory, in bytes; `u64::MAX` is none.
    pub locked_memory: u64,
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockFacts {
    pub now: OffsetDateTime,
    /// Whether the kernel holds it for synchronized; `None` if unknown.
    pub synchronized: Option<bool>,
}
