//! Memory and disk against what the mesh needs. Pure.

use super::{Checked, Finding, Severity};
use crate::{
    mesh::{Mesh, id::ServiceKind, spec::MeshSpec},
    plan::{
        counted::counted,
        host::HostFacts,
        observed::{ContainerState, Observed},
    },
};

const MEBIBYTE: u64 = 1 << 20;
pub(super) const GIBIBYTE: u64 = 1 << 30;

/// What a server needs besides its heap, measured: 615 MiB resident at a heap of 400 MiB, more with use.
const ELASTIC_OVERHEAD: u64 = 700 * MEBIBYTE;
/// What a Kibana is counted with, at most its limit: an estimate, since no real Kibana was within reach to be measured.
const KIBANA_RESIDENT: u64 = 900 * MEBIBYTE;
/// What a new cluster writes before anybody uses it, with room to flush.
const CLUSTER_DISK: u64 = 512 * MEBIBYTE;
/// Elasticsearch assigns no shard to a disk that is 90 % full, or has less than this free if that is less; see
/// <https://www.elastic.co/docs/reference/elasticsearch/configuration-reference/cluster-level-shard-allocation-routing-settings>.
const WATERMARK_HEADROOM: u64 = 150 * GIBIBYTE;

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

pub(super) fn memory(mesh: &Mesh, there: &Observed, host: &HostFacts) -> Checked {
    let spec = &mesh.spec;
    let needed: u64 = mesh.services().map(|service| resident(spec, service.kind)).sum();
    // what runs already was counted when it started, and is free again when it is replaced
    let old = there.record.as_ref().map_or(spec, |record| &record.spec);
    let running = there.containers.iter().filter(|(_, container)| container.state == ContainerState::Running);
    let ours: u64 = running.map(|(service, _)| resident(old, service.kind)).sum();
    let available = (host.memory_available + ours).min(host.memory_total);
    let limits: u64 = mesh.services().map(|service| mesh.service(service).memory.bytes()).sum();
    let count = spec.clusters.number();
    let amounts = format!(
        "{} {} about {} of memory, and {} is available",
        counted(count, "cluster"),
        if count == 1 { "needs" } else { "need" },
        gibibytes(needed),
        gibibytes(available)
    );
    let finding = if needed > available {
        Some(Finding::new(
            Severity::Estimate,
            amounts.clone(),
            "`mesh create` with fewer clusters, with `--elastic-memory 1g --kibana-memory 1g` or with `--no-kibana`; `mesh create --force` tries all the same",
        ))
    } else {
        (limits > host.memory_total).then(|| {
            Finding::warning(
                format!(
                    "the containers' limits add up to {}, and the machine has {}",
                    gibibytes(limits),
                    gibibytes(host.memory_total)
                ),
                "under full load something will be ended for want of memory: lower it with `mesh create --elastic-memory 1g --kibana-memory 1g`",
            )
        })
    };
    Checked::new("memory", amounts, finding)
}

pub(super) fn disk(mesh: &Mesh, there: &Observed, host: &HostFacts) -> Checked {
    let new = mesh.clusters().filter(|cluster| !there.files.contains_key(cluster)).count() as u64;
    let needed = new * CLUSTER_DISK;
    let watermark = (host.disk_total / 10).min(WATERMARK_HEADROOM);
    let free = host.disk_free;
    let dir = host.disk.display();
    let low = format!(
        "{dir} has {} free, and Elasticsearch assigns no shard below {}",
        gibibytes(free),
        gibibytes(watermark)
    );
    let (wants, has) = (gibibytes(needed), gibibytes(free));
    let (fresh, need) = (counted(new, "new cluster"), if new == 1 { "needs" } else { "need" });
    let message = if free < needed {
        Some(format!("{fresh} {need} about {wants} of disk, and {dir} has {has} free"))
    } else if free < watermark {
        Some(low.clone())
    } else {
        (free - needed < watermark).then(|| format!("{low}: {fresh} {need} about {wants}"))
    };
    let finding = message.map(|message| {
        let elsewhere = "free some, or name a directory on another disk with `mesh create --dir DIR`; `mesh create --force` tries all the same";
        let hint = if there.record.is_none() { elsewhere } else { "free some; `mesh create --force` tries all the same" };
        Finding::new(Severity::Estimate, message, hint)
    });
    Checked::new("disk", low, finding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::check::{
        example::{messages, roomy},
        machine,
    };

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
        let tight = HostFacts { disk_free: 10 * GIBIBYTE, ..roomy() };
        insta::assert_snapshot!(messages(&machine(&Mesh::example(1), &Observed::default(), &tight, &[])), @"Estimate: /mnt has 10.0 GiB free, and Elasticsearch assigns no shard below 10.0 GiB: 1 new cluster needs about 0.5 GiB");
        let tight = HostFacts { disk_free: 11 * GIBIBYTE, ..roomy() };
        insta::assert_snapshot!(messages(&machine(&Mesh::example(3), &Observed::default(), &tight, &[])), @"Estimate: /mnt has 11.0 GiB free, and Elasticsearch assigns no shard below 10.0 GiB: 3 new clusters need about 1.5 GiB");
    }
}
