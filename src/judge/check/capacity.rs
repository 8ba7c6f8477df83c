//! Memory and disk against what the mesh needs. Pure.

use super::{Checked, Finding, Severity, least_memory, less_memory};
use crate::{
    facts::{
        host::{HostFacts, MemoryLimit},
        observed::{ContainerState, Observed},
    },
    mesh::{
        Mesh,
        counted::counted,
        id::{NodeId, ServiceId, ServiceKind},
        settings::Memory,
    },
};

const MEBIBYTE: u64 = 1 << 20;
pub(super) const GIBIBYTE: u64 = 1 << 30;

/// What a server needs besides its heap, measured: 615 MiB resident at a heap of 400 MiB, more with use.
const ELASTIC_OVERHEAD: u64 = 700 * MEBIBYTE;
/// What a Kibana is counted with at the least, and at most its limit: an estimate, since no real Kibana was within
/// reach to be measured. One that is busy has its largest heap.
const KIBANA_RESIDENT: u64 = 1229 * MEBIBYTE;
/// What the stand-in for Kibana is counted with: 30 MiB were measured.
const STAND_IN_RESIDENT: u64 = 100 * MEBIBYTE;
/// What a new node writes before anybody uses it, with room to flush.
const NODE_DISK: u64 = 512 * MEBIBYTE;
/// Elasticsearch assigns no shard to a disk that is 90 % full, or has less than this free if that is less; see
/// <https://www.elastic.co/docs/reference/elasticsearch/configuration-reference/cluster-level-shard-allocation-routing-settings>.
const WATERMARK_HEADROOM: u64 = 150 * GIBIBYTE;

/// What a service will have resident with such a limit, in bytes.
fn resident(mesh: &Mesh, there: &Observed, service: ServiceId, memory: Memory) -> u64 {
    let resident = match service.kind() {
        ServiceKind::Elastic => memory.heap_mebibytes() * MEBIBYTE + ELASTIC_OVERHEAD,
        ServiceKind::Kibana if there.built_here.contains(&mesh.image(service)) => STAND_IN_RESIDENT,
        ServiceKind::Kibana => {
            let heap = memory.bytes() / 100 * mesh.version(service.cluster()).kibana_heap_percent();
            heap.max(KIBANA_RESIDENT)
        }
    };
    resident.min(memory.bytes())
}

/// What the gateway is counted with: its limit, which large bodies that come at once fill.
fn of_gateway(mesh: &Mesh) -> u64 {
    mesh.gateway_memory().map_or(0, Memory::bytes)
}

/// What all containers will have resident, in bytes.
pub(super) fn needed(mesh: &Mesh, there: &Observed) -> u64 {
    mesh.services().map(|service| resident(mesh, there, service, mesh.memory(service))).sum::<u64>() + of_gateway(mesh)
}

/// What those have that run already: it was counted when they started, and is free again when they are replaced.
pub(super) fn running(mesh: &Mesh, there: &Observed) -> u64 {
    let old = there.record.as_ref().unwrap_or(mesh);
    let running = there.containers.iter().filter(|(_, container)| container.state == ContainerState::Running);
    let ours: u64 = running.map(|(service, _)| resident(old, there, *service, old.memory(*service))).sum();
    ours + if there.gateway.runs() { of_gateway(old) } else { 0 }
}

pub(super) fn gibibytes(bytes: u64) -> String {
    let tenths = bytes * 10 / GIBIBYTE;
    format!("{}.{} GiB", tenths / 10, tenths % 10)
}

pub(super) fn memory(mesh: &Mesh, there: &Observed, host: &HostFacts) -> Checked {
    let (needed, ours) = (needed(mesh, there), running(mesh, there));
    let limit = host.memory_limit.as_ref();
    // what is short is what the group allows, or what the machine has
    let tight = limit.filter(|limit| limit.free() < host.memory_available);
    let total = limit.map_or(host.memory_total, |limit| limit.bytes.min(host.memory_total));
    let available = (tight.map_or(host.memory_available, MemoryLimit::free) + ours).min(total);
    let limits: u64 = mesh.services().map(|service| mesh.memory(service).bytes()).sum();
    let limits = limits + of_gateway(mesh);
    let count = mesh.count().get();
    let nodes = mesh.all_nodes().count();
    let of_nodes = if nodes > usize::from(count) { format!(" of {nodes} nodes") } else { String::new() };
    let has_gateway = mesh.gateway.is_some();
    let amounts = format!(
        "{}{of_nodes}{} {} about {} of memory, and {} is available{}",
        counted(count, "cluster"),
        if has_gateway { " and the gateway" } else { "" },
        if count == 1 && !has_gateway { "needs" } else { "need" },
        gibibytes(needed),
        gibibytes(available),
        tight.map(in_group).unwrap_or_default()
    );
    let raise = |limit: Option<&MemoryLimit>| if limit.is_some() { "raise that limit; or " } else { "" };
    let finding = if needed > available {
        let most = available.saturating_sub(of_gateway(mesh));
        let less = less_memory::ways(mesh, most, |service, memory| resident(mesh, there, service, memory));
        let hint = format!("{}{less}; `mesh create` with `--force` tries all the same", raise(tight));
        Some(Finding::new(Severity::Estimate, amounts.clone(), hint))
    } else {
        (limits > total).then(|| {
            let has = match limit {
                Some(limit) => format!("the control group {} allows them {}", limit.group, gibibytes(total)),
                None => format!("the machine has {}", gibibytes(total)),
            };
            let most = total.saturating_sub(of_gateway(mesh));
            let lower = match less_memory::flags(mesh, most, |_, memory| memory.bytes()) {
                Some(flags) => format!("lower it with `mesh create {} {flags}`", mesh.cluster_set().to_mesh_text()),
                None => "ask for fewer clusters".to_owned(),
            };
            Finding::warning(
                format!("the containers' limits add up to {}, and {has}", gibibytes(limits)),
                format!("under full load something will be killed: out of memory: {}{lower}", raise(limit)),
            )
        })
    };
    Checked::new("memory", amounts, least_memory::below(mesh, there).into_iter().chain(finding))
}

fn in_group(limit: &MemoryLimit) -> String {
    format!(" in the control group {}, which is limited to {}", limit.group, gibibytes(limit.bytes))
}

pub(super) fn disk(mesh: &Mesh, there: &Observed, host: &HostFacts) -> Checked {
    let is_new = |node: &NodeId| there.files.get(&node.cluster).is_none_or(|files| files.node(node.number).is_none());
    let new: Vec<NodeId> = mesh.all_nodes().filter(is_new).collect();
    let what = if new.iter().all(|node| !mesh.has_several_nodes(node.cluster)) { "new cluster" } else { "new node" };
    let new = new.len() as u64;
    let needed = new * NODE_DISK;
    let watermark = (host.disk_total / 10).min(WATERMARK_HEADROOM);
    let free = host.disk_free;
    let dir = host.disk.display();
    let low = format!(
        "{dir} has {} free, and Elasticsearch assigns no shard below {}",
        gibibytes(free),
        gibibytes(watermark)
    );
    let (wants, has) = (gibibytes(needed), gibibytes(free));
    let (fresh, need) = (counted(new, what), if new == 1 { "needs" } else { "need" });
    let message = if free < needed {
        Some(format!("{fresh} {need} about {wants} of disk, and {dir} has {has} free"))
    } else if free < watermark {
        Some(low.clone())
    } else {
        (free - needed < watermark).then(|| format!("{low}: {fresh} {need} about {wants}"))
    };
    let finding = message.map(|message| {
        let elsewhere = "free some, or type the same command again with `--dir DIR`, a directory on another disk; \
                         `mesh create` with `--force` tries all the same";
        let hint = if there.record.is_none() {
            elsewhere
        } else {
            "free some; `mesh create` with `--force` tries all the same"
        };
        Finding::new(Severity::Estimate, message, hint)
    });
    // Elasticsearch's own options have one written into `data`
    let heaps = mesh.services_of(ServiceKind::Elastic).map(|node| mesh.memory(node).heap_mebibytes());
    let dump = heaps.max().unwrap_or_default() * MEBIBYTE;
    let no_dump = || {
        (free - needed < watermark + dump).then(|| {
            Finding::warning(
                format!("{low}: the heap dump of a server, {}, would go below that", gibibytes(dump)),
                "free some: a server whose heap is used up writes it into its `data` directory before it ends",
            )
        })
    };
    Checked::new("disk", low.clone(), finding.or_else(no_dump))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        facts::observed::ContainerFacts,
        judge::check::{
            Verdict,
            example::{messages, roomy},
            machine,
        },
    };

    #[test]
    fn too_little_memory_is_refused_on_the_estimate_and_warned_of_on_the_limits() {
        let mesh = Mesh::example(8);
        let small = HostFacts { memory_available: 8 * GIBIBYTE, ..roomy() };
        insta::assert_snapshot!(messages(&machine(&mesh, &Observed::default(), &small, &[])), @"Estimate: 8 clusters need about 25.0 GiB of memory, and 8.0 GiB is available");
        let tight = HostFacts { memory_total: 28 * GIBIBYTE, memory_available: 26 * GIBIBYTE, ..roomy() };
        insta::assert_snapshot!(messages(&machine(&mesh, &Observed::default(), &tight, &[])), @"Warning: the containers' limits add up to 32.0 GiB, and the machine has 28.0 GiB");
    }

    #[test]
    fn a_kibana_is_counted_with_the_heap_of_its_version() {
        let needed = |change: fn(&mut Mesh)| {
            let mut mesh = Mesh::example(8);
            change(&mut mesh);
            match memory(&mesh, &Observed::default(), &roomy()).verdict {
                Verdict::Good(amounts) => amounts.split(" of memory").next().unwrap().to_owned(),
                other => panic!("{other:?}"),
            }
        };
        let texts = [
            needed(|_| ()),
            needed(|mesh| mesh.spec.kibana_memory = Memory::gibibytes(1)),
            needed(|mesh| *mesh = mesh.clone().of_version("9.3.0".parse().unwrap())),
            needed(|mesh| *mesh = mesh.clone().without_kibana()),
        ];
        insta::assert_snapshot!(texts.join("\n"), @r"
        8 clusters need about 25.0 GiB
        8 clusters need about 21.0 GiB
        8 clusters need about 22.6 GiB
        8 clusters need about 13.0 GiB
        ");
        let mesh = Mesh::example(8);
        let built_here = Observed { built_here: mesh.images(), ..Observed::default() };
        insta::assert_snapshot!(format!("{:?}", memory(&mesh, &built_here, &roomy()).verdict), @r#"Good("8 clusters need about 13.8 GiB of memory, and 60.0 GiB is available")"#);
    }

    #[test]
    fn the_gateway_is_counted_with_its_limit() {
        let mesh = Mesh::example(2).with_gateway("127.0.0.1:8443");
        let limits = HostFacts { memory_total: 8 * GIBIBYTE, memory_available: 7 * GIBIBYTE, ..roomy() };
        insta::assert_snapshot!(messages(&memory(&mesh, &Observed::default(), &limits).findings()), @"Warning: the containers' limits add up to 8.5 GiB, and the machine has 8.0 GiB");
        let little = HostFacts { memory_available: 6 * GIBIBYTE, ..roomy() };
        let mut there = Observed { record: Some(mesh.clone()), ..Observed::default() };
        insta::assert_snapshot!(messages(&memory(&mesh, &there, &little).findings()), @"Estimate: 2 clusters and the gateway need about 6.7 GiB of memory, and 6.0 GiB is available");
        there.gateway.container = Some(ContainerFacts::in_state(ContainerState::Running));
        insta::assert_snapshot!(messages(&memory(&mesh, &there, &little).findings()), @"Estimate: 2 clusters and the gateway need about 6.7 GiB of memory, and 6.5 GiB is available");
    }

    #[test]
    fn every_node_is_counted() {
        let mesh = Mesh::example(2).without_kibana().with_nodes(2, 3);
        let little = HostFacts { memory_available: 4 * GIBIBYTE, disk_free: GIBIBYTE, ..roomy() };
        let texts =
            [memory, disk].map(|check| check(&mesh, &Observed::default(), &little).findings().remove(0).message);
        insta::assert_snapshot!(texts.join("\n"), @r"
        2 clusters of 4 nodes need about 6.5 GiB of memory, and 4.0 GiB is available
        4 new nodes need about 2.0 GiB of disk, and /mnt has 1.0 GiB free
        ");
    }

    #[test]
    fn a_disk_that_a_heap_dump_would_fill_is_warned_of() {
        let tight = HostFacts { disk_free: 11 * GIBIBYTE, ..roomy() };
        insta::assert_snapshot!(messages(&machine(&Mesh::example(1), &Observed::default(), &tight, &[])), @"Warning: /mnt has 11.0 GiB free, and Elasticsearch assigns no shard below 10.0 GiB: the heap dump of a server, 0.9 GiB, would go below that");
    }

    #[test]
    fn the_smallest_limit_above_the_containers_counts() {
        let limit = |gibibytes: u64, used| MemoryLimit {
            group: "/box".to_owned(),
            bytes: gibibytes * GIBIBYTE,
            used: used * GIBIBYTE,
            reached: false,
        };
        let texts = |limit| {
            let host = HostFacts { memory_limit: Some(limit), ..roomy() };
            memory(&Mesh::example(2), &Observed::default(), &host).findings().pop()
        };
        let lines = [texts(limit(6, 0)), texts(limit(12, 8)), texts(limit(7, 0)), texts(limit(12, 2))];
        let lines = lines.map(|finding| {
            finding.map_or("good".to_owned(), |finding| {
                format!("{:?}: {}\n  {}", finding.severity, finding.message, finding.hint)
            })
        });
        insta::assert_snapshot!(lines.join("\n"), @r"
        Estimate: 2 clusters need about 6.2 GiB of memory, and 6.0 GiB is available in the control group /box, which is limited to 6.0 GiB
          raise that limit; or `mesh create` with fewer clusters, with `--elastic-memory 1g --kibana-memory 1g` or with `--no-kibana`; `mesh create` with `--force` tries all the same
        Estimate: 2 clusters need about 6.2 GiB of memory, and 4.0 GiB is available in the control group /box, which is limited to 12.0 GiB
          raise that limit; or `mesh create` with fewer clusters, with `--elastic-memory 1g --kibana-memory 1g` or with `--no-kibana`; `mesh create` with `--force` tries all the same
        Warning: the containers' limits add up to 8.0 GiB, and the control group /box allows them 7.0 GiB
          under full load something will be killed: out of memory: raise that limit; or lower it with `mesh create 2 --elastic-memory 1g --kibana-memory 1g`
        good
        ");
        let short = HostFacts { memory_available: GIBIBYTE, memory_limit: Some(limit(12, 0)), ..roomy() };
        let texts = messages(&memory(&Mesh::example(2), &Observed::default(), &short).findings());
        assert!(!texts.contains("/box"), "the machine itself is short: {texts}");
        // what runs in the group already is ours, and free again when it is replaced
        let mesh = Mesh::example(2);
        let running = ContainerFacts::in_state(ContainerState::Running);
        let containers = mesh.services().map(|service| (service, running.clone())).collect();
        let there = Observed { record: Some(mesh.clone()), containers, ..Observed::default() };
        let host = HostFacts { memory_limit: Some(limit(7, 7)), ..roomy() };
        assert_eq!(memory(&mesh, &there, &host).findings().len(), 1, "only of the limits");
    }

    #[test]
    fn a_disk_below_the_watermark_is_refused() {
        let full = HostFacts { disk_free: 9 * GIBIBYTE, ..roomy() };
        insta::assert_snapshot!(messages(&machine(&Mesh::example(1), &Observed::default(), &full, &[])), @"Estimate: /mnt has 9.0 GiB free, and Elasticsearch assigns no shard below 10.0 GiB");
        let tight = HostFacts { disk_free: 10 * GIBIBYTE, ..roomy() };
        insta::assert_snapshot!(messages(&machine(&Mesh::example(1), &Observed::default(), &tight, &[])), @"Estimate: /mnt has 10.0 GiB free, and Elasticsearch assigns no shard below 10.0 GiB: 1 new cluster needs about 0.5 GiB");
        let tight = HostFacts { disk_free: 11 * GIBIBYTE, ..roomy() };
        insta::assert_snapshot!(messages(&machine(&Mesh::example(3), &Observed::default(), &tight, &[])), @"Estimate: /mnt has 11.0 GiB free, and Elasticsearch assigns no shard below 10.0 GiB: 3 new clusters need about 1.5 GiB");
    }
}
