//! Is this machine ready for the mesh? Facts in, findings out. Pure.

use std::{net::IpAddr, path::Path};

use ipnet::IpNet;

use super::{
    host::{HostFacts, Listener},
    observed::{ContainerState, Observed},
    reach::is_own,
};
use crate::mesh::{
    Mesh, hosts_file,
    id::{ServiceId, ServiceKind},
    layout,
    spec::MeshSpec,
};

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Warning,
    /// The mesh would not work. `--force` overrides it.
    Estimate,
    /// The mesh cannot be made.
    Problem,
}

/// Something a check has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub severity: Severity,
    pub message: String,
    pub hint: String,
}

impl Finding {
    fn new(severity: Severity, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { severity, message: message.into(), hint: hint.into() }
    }

    fn problem(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Severity::Problem, message, hint)
    }
}

const MEBIBYTE: u64 = 1 << 20;
const GIBIBYTE: u64 = 1 << 30;

/// What a server needs besides its heap, measured: 615 MiB resident at a heap of 400 MiB, more with use.
const ELASTIC_OVERHEAD: u64 = 700 * MEBIBYTE;
/// What a Kibana of version 9 takes after its start, at most its limit.
const KIBANA_RESIDENT: u64 = 900 * MEBIBYTE;
/// What a new cluster writes before anybody uses it, with room to flush.
const CLUSTER_DISK: u64 = 512 * MEBIBYTE;
/// Elasticsearch assigns no shard to a disk that is 90 % full, or has less than this free if that is less; see
/// <https://www.elastic.co/docs/reference/elasticsearch/configuration-reference/cluster-level-shard-allocation-routing-settings>.
const WATERMARK_HEADROOM: u64 = 150 * GIBIBYTE;
/// What Elasticsearch asks for; see
/// <https://www.elastic.co/docs/deploy-manage/deploy/self-managed/vm-max-map-count>.
const MAX_MAP_COUNT: u64 = 262_144;

/// Everything that speaks against making `mesh` on this machine, or deserves a warning.
pub fn machine(mesh: &Mesh, there: &Observed, host: &HostFacts, listeners: &[Listener]) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(foreign(mesh, there));
    findings.extend(lost_credentials(mesh, there));
    findings.extend(address(mesh, there, host));
    findings.extend(ports(mesh, there, listeners));
    findings.extend(memory(mesh, there, host));
    findings.extend(disk(mesh, there, host));
    findings.extend(hosts(mesh, there));
    findings
}

/// Whether a directory with these entries may become a mesh's, seen before anything is written.
pub fn directory(dir: &Path, entries: &[String], recorded: bool) -> Option<Finding> {
    let strangers: Vec<&str> =
        entries.iter().map(String::as_str).filter(|name| !name.starts_with(".mesh.json.")).collect();
    if recorded || strangers.is_empty() {
        return None;
    }
    let dir = dir.display();
    // the bash scripts that mesh replaces kept these names in theirs
    let scripts = strangers.iter().any(|name| name.ends_with("-ccs-api-key.json"))
        || (strangers.contains(&layout::CREDENTIALS) && strangers.iter().any(|name| is_own(name)));
    Some(if scripts {
        Finding::problem(
            format!(
                "{dir} holds clusters but no mesh.json: they are not of `mesh`, perhaps of the scripts it replaces"
            ),
            "move the directory away, or name another with `--dir`; `mesh` does not take over data it did not make",
        )
    } else {
        Finding::problem(
            format!("{dir} is not empty and holds no mesh.json: it is not a mesh's directory"),
            "name an empty or a new one with `--dir`",
        )
    })
}

/// Whether files can be made where the mesh is to live.
pub fn writable(dir: &Path, writable: bool) -> Option<Finding> {
    (!writable).then(|| {
        Finding::problem(
            format!("nothing can be written in {}", dir.display()),
            "run `mesh` as its owner or as root, or name another directory with `--dir`",
        )
    })
}

fn foreign(mesh: &Mesh, there: &Observed) -> Vec<Finding> {
    let foreign = &there.foreign;
    let mut findings = Vec::new();
    for dir in &foreign.meshes {
        findings.push(Finding::problem(
            format!("another mesh is on this Docker engine, in {dir}"),
            format!(
                "there is one mesh an engine: use it with `--dir {dir}`, or remove it with `mesh reset --dir {dir}`"
            ),
        ));
    }
    if foreign.meshes.is_empty() {
        let taken = foreign.containers.iter().filter(|name| name.parse().is_ok_and(|service| mesh.has(service)));
        findings.extend(taken.map(|name| {
            Finding::problem(
                format!("there is a container {name} that is not of this mesh"),
                format!("see what it is with `docker inspect {name}`; rename or remove it"),
            )
        }));
        if foreign.network {
            findings.push(Finding::problem(
                "there is a network data-mesh-network that is not of this mesh",
                "see who uses it with `docker network inspect data-mesh-network`; remove it with `docker network rm data-mesh-network`",
            ));
        }
    }
    findings
}

/// Without the file, nobody can log in to data that exists: making new passwords would lock everybody out.
fn lost_credentials(mesh: &Mesh, there: &Observed) -> Option<Finding> {
    let data = there.files.values().any(|files| files.keystore.is_some());
    (data && there.credentials.is_none()).then(|| {
        Finding::problem(
            format!(
                "{} is lost, and the clusters' data needs its passwords",
                mesh.dir.join(layout::CREDENTIALS).display()
            ),
            "bring the file back from a backup; `mesh reset` removes the mesh with its data",
        )
    })
}

fn address(mesh: &Mesh, there: &Observed, host: &HostFacts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let bind = mesh.spec.bind;
    if !bind.is_unspecified() && !bind.is_loopback() && !host.interfaces.contains(&bind) {
        findings.push(Finding::problem(
            format!("{bind} is not an address of this machine"),
            "see its addresses with `ip address`; `--bind 0.0.0.0` publishes on all of them",
        ));
    }
    let known = there.network.as_ref().is_some_and(|network| network.subnet == mesh.subnet.to_string());
    if !known {
        let own: Vec<IpNet> = there.network.iter().filter_map(|network| network.subnet.parse().ok()).collect();
        let docker = there.foreign.subnets.iter().find(|(net, _)| mesh.subnet.overlap(&[*net]).is_some());
        let taken: Vec<IpNet> =
            host.networks.iter().copied().filter(|net| !own.iter().any(|own| own.contains(net))).collect();
        let overlap = match docker {
            Some((net, name)) => Some(format!("{net} of Docker's network {name}")),
            None => mesh
                .subnet
                .overlap(&taken)
                .map(|net| format!("{net}, which this machine has an interface or a route in")),
        };
        findings.extend(overlap.map(|what| {
            Finding::problem(
                format!("the mesh's network {} overlaps {what}", mesh.subnet),
                "name a free one, for example `--subnet 10.214.0.0/24`",
            )
        }));
    }
    findings
}

/// Ports that somebody else has. Our own containers' do not count: they are replaced, or stay.
fn ports(mesh: &Mesh, there: &Observed, listeners: &[Listener]) -> Vec<Finding> {
    let bind = mesh.spec.bind;
    let collides = |address: Option<IpAddr>| {
        address.is_none_or(|address| address == bind || address.is_unspecified() || bind.is_unspecified())
    };
    let mut findings = Vec::new();
    let runs = |service: ServiceId| {
        there.containers.get(&service).is_some_and(|container| container.state == ContainerState::Running)
    };
    for service in mesh.services().filter(|service| !runs(*service)) {
        for port in service.ports() {
            let container =
                there.foreign.ports.iter().find(|(address, taken, _)| *taken == port.host && collides(*address));
            let listener =
                listeners.iter().find(|listener| listener.port == port.host && collides(Some(listener.address)));
            let owner = match (container, listener) {
                (Some((_, _, name)), _) => format!("container {name}"),
                (None, Some(Listener { owner: Some(process), .. })) => {
                    format!("{} (pid {})", process.name, process.pid)
                }
                (None, Some(_)) => "a process of another user".to_owned(),
                (None, None) => continue,
            };
            findings.push(Finding::problem(
                format!("port {} of {service} is taken by {owner}", port.host),
                "stop what has it, or publish the mesh on another address with `--bind`",
            ));
        }
    }
    findings
}

/// What a service will have resident, in bytes.
fn resident(spec: &MeshSpec, kind: ServiceKind) -> u64 {
    match kind {
        ServiceKind::Elastic => {
            (spec.elastic_memory.heap_mebibytes() * MEBIBYTE + ELASTIC_OVERHEAD).min(spec.elastic_memory.bytes())
        }
        ServiceKind::Kibana => KIBANA_RESIDENT.min(spec.kibana_memory.bytes()),
    }
}

fn gibibytes(bytes: u64) -> String {
    let tenths = bytes * 10 / GIBIBYTE;
    format!("{}.{} GiB", tenths / 10, tenths % 10)
}

fn memory(mesh: &Mesh, there: &Observed, host: &HostFacts) -> Option<Finding> {
    let spec = &mesh.spec;
    let needed: u64 = mesh.services().map(|service| resident(spec, service.kind)).sum();
    // what runs already was counted when it started, and is free again when it is replaced
    let old = there.record.as_ref().map_or(spec, |record| &record.spec);
    let running = there.containers.iter().filter(|(_, container)| container.state == ContainerState::Running);
    let ours: u64 = running.map(|(service, _)| resident(old, service.kind)).sum();
    let available = host.memory_available + ours;
    if needed > available {
        return Some(Finding::new(
            Severity::Estimate,
            format!(
                "{} clusters need about {} of memory, and {} is available",
                spec.clusters.number(),
                gibibytes(needed),
                gibibytes(available)
            ),
            "ask for fewer clusters, smaller ones (`--elastic-memory 1g --kibana-memory 1g`) or none of Kibana (`--no-kibana`); `--force` tries all the same",
        ));
    }
    let limits: u64 = mesh.services().map(|service| mesh.service(service).memory.bytes()).sum();
    (limits > host.memory_total).then(|| {
        Finding::new(
            Severity::Warning,
            format!(
                "the containers' limits add up to {}, and the machine has {}",
                gibibytes(limits),
                gibibytes(host.memory_total)
            ),
            "under full load something will be ended for want of memory: lower `--elastic-memory` or `--kibana-memory`",
        )
    })
}

fn disk(mesh: &Mesh, there: &Observed, host: &HostFacts) -> Vec<Finding> {
    let new = mesh.clusters().filter(|cluster| !there.files.contains_key(cluster)).count() as u64;
    let needed = new * CLUSTER_DISK;
    let watermark = (host.disk_total / 10).min(WATERMARK_HEADROOM);
    let free = host.disk_free;
    let dir = host.disk.display();
    if free < needed {
        vec![Finding::new(
            Severity::Estimate,
            format!(
                "{new} new clusters need about {} of disk, and {dir} has {} free",
                gibibytes(needed),
                gibibytes(free)
            ),
            "free some, or name a directory on another disk with `--dir`; `--force` tries all the same",
        )]
    } else if free.saturating_sub(needed) < watermark {
        vec![Finding::new(
            Severity::Estimate,
            format!(
                "{dir} has {} free, and Elasticsearch assigns no shard below {}",
                gibibytes(free),
                gibibytes(watermark)
            ),
            "free some, or name a directory on another disk with `--dir`; `--force` tries all the same",
        )]
    } else {
        Vec::new()
    }
}

fn hosts(mesh: &Mesh, there: &Observed) -> Option<Finding> {
    let text = there.hosts_file.as_deref().filter(|_| mesh.spec.hosts)?;
    let error = hosts_file::with_block(text, None).err()?;
    Some(Finding::problem(format!("/etc/hosts cannot be edited: {error}"), error.hint()))
}

/// The kernel setting that Elasticsearch warns of with one node, and refuses to start without once there are several.
pub fn max_map_count(host: &HostFacts) -> Option<Finding> {
    (host.max_map_count < MAX_MAP_COUNT).then(|| {
        Finding::new(
            Severity::Warning,
            format!("vm.max_map_count is {}, and Elasticsearch asks for {MAX_MAP_COUNT}", host.max_map_count),
            format!("set it with `sysctl -w vm.max_map_count={MAX_MAP_COUNT}`; single-node clusters start without it"),
        )
    })
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::plan::{host::Process, observed::ContainerFacts};

    fn roomy() -> HostFacts {
        HostFacts {
            hostname: "vm".to_owned(),
            memory_total: 64 * GIBIBYTE,
            memory_available: 60 * GIBIBYTE,
            cores: 4,
            max_map_count: MAX_MAP_COUNT,
            is_root: true,
            uid: 0,
            gid: 0,
            disk: "/mnt".into(),
            disk_free: 90 * GIBIBYTE,
            disk_total: 100 * GIBIBYTE,
            networks: BTreeSet::new(),
            interfaces: BTreeSet::new(),
        }
    }

    fn messages(findings: &[Finding]) -> String {
        let lines: Vec<String> =
            findings.iter().map(|finding| format!("{:?}: {}", finding.severity, finding.message)).collect();
        lines.join("\n")
    }

    fn listener(port: u16) -> Listener {
        let owner = Some(Process { pid: 42, name: "nginx".to_owned() });
        Listener { address: [0, 0, 0, 0].into(), port, owner }
    }

    #[test]
    fn a_roomy_machine_has_nothing_against_it() {
        assert_eq!(machine(&Mesh::example(4), &Observed::default(), &roomy(), &[]), []);
    }

    #[test]
    fn a_taken_port_is_named_with_its_owner_unless_it_is_ours() {
        let mesh = Mesh::example(1);
        let first = mesh.services().next().unwrap();
        let findings = ports(&mesh, &Observed::default(), &[listener(9201)]);
        insta::assert_snapshot!(messages(&findings), @"Problem: port 9201 of cluster01-elastic is taken by nginx (pid 42)");
        let container = ContainerFacts {
            id: "c".to_owned(),
            fingerprint: String::new(),
            state: ContainerState::Running,
            network: String::new(),
        };
        let ours = Observed { containers: BTreeMap::from([(first, container)]), ..Observed::default() };
        assert_eq!(ports(&mesh, &ours, &[listener(9201)]), []);
        let other_address = Listener { address: [10, 0, 0, 1].into(), ..listener(9201) };
        assert_eq!(ports(&mesh, &Observed::default(), &[other_address]), []);
    }

    #[test]
    fn too_little_memory_is_refused_on_the_estimate_and_warned_of_on_the_limits() {
        let mesh = Mesh::example(8);
        let small = HostFacts { memory_available: 8 * GIBIBYTE, ..roomy() };
        insta::assert_snapshot!(messages(&machine(&mesh, &Observed::default(), &small, &[])), @"Estimate: 8 clusters need about 20.5 GiB of memory, and 8.0 GiB is available");
        let tight = HostFacts { memory_total: 24 * GIBIBYTE, memory_available: 22 * GIBIBYTE, ..roomy() };
        insta::assert_snapshot!(messages(&machine(&mesh, &Observed::default(), &tight, &[])), @"Warning: the containers' limits add up to 32.0 GiB, and the machine has 24.0 GiB");
    }

    #[test]
    fn a_disk_below_the_watermark_is_refused() {
        let full = HostFacts { disk_free: 9 * GIBIBYTE, ..roomy() };
        insta::assert_snapshot!(messages(&machine(&Mesh::example(1), &Observed::default(), &full, &[])), @"Estimate: /mnt has 9.0 GiB free, and Elasticsearch assigns no shard below 10.0 GiB");
    }

    #[test]
    fn a_network_in_use_is_refused() {
        let mesh = Mesh::example(1);
        let host = HostFacts { networks: ["10.0.0.0/8".parse().unwrap()].into(), ..roomy() };
        insta::assert_snapshot!(messages(&machine(&mesh, &Observed::default(), &host, &[])), @"Problem: the mesh's network 10.213.0.0/24 overlaps 10.0.0.0/8, which this machine has an interface or a route in");
    }

    #[test]
    fn a_directory_of_something_else_is_refused() {
        let look = |entries: &[&str]| {
            let entries: Vec<String> = entries.iter().map(ToString::to_string).collect();
            directory(Path::new("/mnt/data/mesh"), &entries, false).map(|finding| finding.message)
        };
        assert_eq!(look(&[]), None);
        assert_eq!(look(&[".mesh.json.mesh-tmp-1"]), None);
        insta::assert_snapshot!(look(&["photos"]).unwrap(), @"/mnt/data/mesh is not empty and holds no mesh.json: it is not a mesh's directory");
        insta::assert_snapshot!(look(&["cluster01", "credentials.txt"]).unwrap(), @"/mnt/data/mesh holds clusters but no mesh.json: they are not of `mesh`, perhaps of the scripts it replaces");
    }
}
