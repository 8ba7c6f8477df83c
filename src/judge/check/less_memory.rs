//! What to type where a mesh is to have more memory than there is. Pure.

use std::collections::BTreeSet;

use crate::mesh::{
    Mesh,
    id::{ServiceId, ServiceKind},
    settings::Memory,
};

/// The flags of `mesh create` by which all services stay within `most`; `None` where no limits are low enough.
///
/// Those that are large by a setting of their own are lowered first, since the others may be as they are.
pub(super) fn flags(mesh: &Mesh, most: u64, bytes: impl Fn(ServiceId, Memory) -> u64) -> Option<String> {
    let least = Memory::LEAST_OF_ELASTIC;
    let large: BTreeSet<ServiceId> = mesh.services().filter(|service| mesh.memory(*service) > least).collect();
    let alone = large.iter().copied().filter(|service| mesh.has_memory_alone(*service)).collect();
    let enough = |lowered: &BTreeSet<ServiceId>| {
        let memory = |service: ServiceId| if lowered.contains(&service) { least } else { mesh.memory(service) };
        mesh.services().map(|service| bytes(service, memory(service))).sum::<u64>() <= most
    };
    let lowered = [alone, large].into_iter().find(|lowered| !lowered.is_empty() && enough(lowered))?;
    Some(mesh.memory_flags(lowered, least))
}

/// Every way to a mesh that stays within `most`, in words.
pub(super) fn ways(mesh: &Mesh, most: u64, bytes: impl Fn(ServiceId, Memory) -> u64) -> String {
    let servers = mesh.services_of(ServiceKind::Elastic).map(|server| bytes(server, mesh.memory(server))).sum::<u64>();
    let mut kibanas = mesh.services_of(ServiceKind::Kibana);
    let without_kibana =
        servers <= most && kibanas.all(|kibana| !mesh.is_set_alone(kibana.cluster(), |of| of.kibana.is_some()));
    let fewer = (mesh.count().get() > 1).then(|| "with fewer clusters".to_owned());
    let lower = flags(mesh, most, bytes).map(|flags| format!("with `{flags}`"));
    let without_kibana = without_kibana.then(|| "with `--no-kibana`".to_owned());
    let mut ways: Vec<String> = [fewer, lower, without_kibana].into_iter().flatten().collect();
    let last = ways.pop();
    match last {
        None => "free some memory".to_owned(),
        Some(only) if ways.is_empty() => format!("`mesh create` {only}"),
        Some(last) => format!("`mesh create` {} or {last}", ways.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::settings::per_cluster::read_set;

    #[test]
    fn what_is_large_by_itself_is_lowered_first() {
        let mut mesh = Mesh::example(3);
        mesh.overrides.push(read_set("2.elastic_memory=40g").unwrap());
        let found = |mesh: &Mesh, gibibytes: u64| ways(mesh, gibibytes << 30, |_, memory| memory.bytes());
        insta::assert_snapshot!([11, 6, 5].map(|most| found(&mesh, most)).join("\n"), @r"
        `mesh create` with fewer clusters or with `--set cluster02.elastic_memory=1g`
        `mesh create` with fewer clusters or with `--elastic-memory 1g --kibana-memory 1g --set cluster02.elastic_memory=1g`
        `mesh create` with fewer clusters
        ");
        let one = Mesh::example(1);
        insta::assert_snapshot!([3, 1].map(|most| found(&one, most)).join("\n"), @r"
        `mesh create` with `--elastic-memory 1g --kibana-memory 1g` or with `--no-kibana`
        free some memory
        ");
    }
}
