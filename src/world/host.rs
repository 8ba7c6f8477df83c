//! The machine that `mesh` runs on: memory, cores, disk, addresses. Reads `/proc` and asks the kernel; changes nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    net::IpAddr,
    path::{Path, PathBuf},
};

use ipnet::IpNet;
use nix::{
    ifaddrs::getifaddrs,
    net::if_::InterfaceFlags,
    sys::{socket::SockaddrStorage, statvfs::statvfs},
    unistd::{getegid, geteuid, gethostname},
};
use procfs::{CpuInfo, Current, Meminfo};

use super::{cgroup, kernel, leases, routes, words::words};
use crate::{
    exit::Exit,
    explain::Explain,
    facts::host::{EngineFacts, HostFacts, Limits},
};

/// A fact that could not be had; names the file or the call.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    #[error("cannot read `{}`: {}", path.display(), words(cause))]
    Read { path: PathBuf, cause: io::Error },
    /// A file under `/proc` could not be read or understood.
    #[error("cannot read `{path}`: {cause}")]
    Proc { path: &'static str, cause: procfs::ProcError },
    #[error("cannot ask the kernel for {what}: {}", words(cause))]
    Kernel { what: &'static str, cause: io::Error },
}

impl Explain for HostError {
    fn exit(&self) -> Exit {
        Exit::Machine
    }

    fn hint(&self) -> Option<String> {
        None
    }
}

/// The facts of this machine; `dir` need not exist yet.
///
/// # Errors
/// `/proc` is not mounted or not Linux's, or a directory above `dir` may not be searched.
pub fn facts(dir: &Path) -> Result<HostFacts, HostError> {
    let memory = Meminfo::current().map_err(|cause| HostError::Proc { path: "/proc/meminfo", cause })?;
    let hostname = gethostname().map_err(|errno| HostError::Kernel { what: "the host name", cause: errno.into() })?;
    let cores = std::thread::available_parallelism()
        .map_err(|cause| HostError::Kernel { what: "the number of cores", cause })?;
    let disk = nearest_existing(dir)?;
    let (disk_free, disk_total) = space(&disk)?;
    let Interfaces { addresses, networks, left_bridges } = interfaces()?;
    let leased =
        leases::leased().map_err(|cause| HostError::Kernel { what: "how long it has its addresses", cause })?;
    let routes = routes::all().map_err(|cause| HostError::Kernel { what: "its routes", cause })?;
    Ok(HostFacts {
        hostname: hostname.to_string_lossy().into_owned(),
        memory_total: memory.mem_total,
        swap: memory.swap_total,
        memory_limit: None,
        // Kernels before 3.14 do not estimate it.
        memory_available: memory.mem_available.unwrap_or(memory.mem_free + memory.cached),
        cores: cores.get(),
        processor: processor(),
        limits: kernel::limits(),
        is_root: geteuid().is_root(),
        uid: geteuid().as_raw(),
        gid: getegid().as_raw(),
        disk,
        disk_free,
        disk_total,
        networks,
        left_bridges,
        routes: routes.into_iter().collect(),
        interfaces: addresses,
        leased,
        images_disk: None,
    })
}

/// Bytes free for users and in all, on the file system that holds a directory, which need not exist yet.
pub fn space(dir: &Path) -> Result<(u64, u64), HostError> {
    let disk = nearest_existing(dir)?;
    let space = statvfs(&disk).map_err(|errno| HostError::Read { path: disk.clone(), cause: errno.into() })?;
    Ok((space.blocks_available() * space.fragment_size(), space.blocks() * space.fragment_size()))
}

/// Facts of the host, completed with what the engine's containers and images find on this machine.
#[must_use]
pub fn with_engine(facts: HostFacts, engine: &EngineFacts) -> HostFacts {
    let limit = engine.control_group.as_deref().and_then(cgroup::memory_limit);
    let free = |dir: &Path| statvfs(dir).ok().map(|space| space.blocks_available() * space.fragment_size());
    HostFacts {
        memory_limit: limit.filter(|limit| limit.bytes < facts.memory_total),
        limits: Limits { given_files: engine.open_files, ..facts.limits },
        images_disk: engine.images.as_ref().and_then(|dir| Some((dir.clone(), free(dir)?))),
        ..facts
    }
}

/// The nearest existing directory at or above one.
///
/// # Errors
/// A directory above may not be searched.
pub fn nearest_existing(dir: &Path) -> Result<PathBuf, HostError> {
    let dir = std::path::absolute(dir).map_err(|cause| HostError::Read { path: dir.to_owned(), cause })?;
    for candidate in dir.ancestors() {
        match fs::metadata(candidate) {
            Ok(meta) if meta.is_dir() => return Ok(candidate.to_owned()),
            Err(cause) if !matches!(cause.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Err(HostError::Read { path: candidate.to_owned(), cause });
            }
            _ => {}
        }
    }
    Ok(PathBuf::from("/"))
}

/// Where it cannot be read, nothing is known of it.
fn processor() -> Option<BTreeSet<String>> {
    let info = CpuInfo::current().ok()?;
    Some(info.flags(0)?.into_iter().map(str::to_owned).collect())
}

/// What the machine's interfaces have; see [`HostFacts`].
pub struct Interfaces {
    pub addresses: BTreeSet<IpAddr>,
    pub networks: BTreeSet<IpNet>,
    pub left_bridges: BTreeMap<String, IpNet>,
}

/// # Errors
/// The kernel gives no answer.
pub fn interfaces() -> Result<Interfaces, HostError> {
    let found = getifaddrs().map_err(|errno| HostError::Kernel { what: "the interfaces", cause: errno.into() })?;
    let (mut addresses, mut networks, mut left_bridges) = (BTreeSet::new(), BTreeSet::new(), BTreeMap::new());
    for interface in found {
        let Some(address) = interface.address.as_ref().and_then(ip) else { continue };
        addresses.insert(address);
        let mask = interface.netmask.as_ref().and_then(ip);
        let Some(network) = mask.and_then(|mask| IpNet::with_netmask(address, mask).ok()) else { continue };
        if !interface.flags.contains(InterfaceFlags::IFF_UP) && is_named_by_docker(&interface.interface_name) {
            left_bridges.insert(interface.interface_name, network.trunc());
        } else {
            networks.insert(network.trunc());
        }
    }
    Ok(Interfaces { addresses, networks, left_bridges })
}

/// The bridge of a network is named by the first 12 digits of the network's id.
fn is_named_by_docker(interface: &str) -> bool {
    let id = interface.strip_prefix("br-");
    id.is_some_and(|id| id.len() == 12 && id.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

fn ip(address: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = address.as_sockaddr_in().map(|address| IpAddr::V4(address.ip()));
    v4.or_else(|| address.as_sockaddr_in6().map(|address| IpAddr::V6(address.ip())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_plausible_facts() {
        let temp = tempfile::tempdir().unwrap();
        let facts = facts(&temp.path().join("not/yet/there")).unwrap();
        assert_eq!(facts.disk, temp.path());
        assert!(facts.memory_total >= facts.memory_available && facts.memory_available > 1 << 20);
        assert!(facts.disk_total >= facts.disk_free && facts.disk_total > 0);
        assert!(facts.cores > 0 && facts.limits.max_map_count > Some(0) && !facts.hostname.is_empty());
        assert_eq!(facts.is_root, facts.uid == 0);
        assert!(facts.interfaces.contains(&"127.0.0.1".parse().unwrap()));
        assert!(facts.networks.contains(&"127.0.0.0/8".parse().unwrap()));
    }

    #[test]
    fn a_bridge_of_docker_is_known_by_its_name() {
        assert!(is_named_by_docker("br-2d280870a331"));
        assert!(
            !is_named_by_docker("br-lan") && !is_named_by_docker("docker0") && !is_named_by_docker("br-2d280870a33x")
        );
    }

    #[test]
    fn a_file_in_the_way_is_passed_over() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join("file"), "").unwrap();
        assert_eq!(nearest_existing(&temp.path().join("file/below")).unwrap(), temp.path());
        assert!(nearest_existing(Path::new("relative/to/here")).unwrap().is_absolute());
    }
}
