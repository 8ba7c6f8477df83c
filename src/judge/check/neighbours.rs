//! The kernel's table of neighbours: which address of a network is which device. Pure.

use super::{Checked, Finding, Severity};
use crate::{facts::observed::Observed, mesh::Mesh};

/// The hard limit of the table. There is one table for all containers of a machine; when it is full, what is sent to an
/// address that is not in it is dropped, and links time out for no visible reason. See
/// <https://docs.kernel.org/networking/ip-sysctl.html>; 1024 is the kernel's own.
pub const LIMIT: &str = "net.ipv4.neigh.default.gc_thresh3";
/// Above this, entries that were unused for 5 s are dropped.
pub const SOFT_LIMIT: &str = "net.ipv4.neigh.default.gc_thresh2";
/// What they are raised to: enough for the largest mesh, at some hundred bytes an entry.
pub const RAISED: u64 = 16_384;
pub const RAISED_SOFT: u64 = 12_288;

/// On top of what else a machine talks to.
const OTHERS: u64 = 64;

/// Entries of a mesh that is up: both ends of a link know each other, a Kibana and its server each other, and each
/// container and the host.
pub(super) fn needed(mesh: &Mesh) -> u64 {
    let clusters = u64::from(mesh.count().get());
    let services = mesh.services().count() as u64;
    // it and each service know each other, and it and the host
    let gateway = if mesh.gateway.is_some() { 2 * services + 2 } else { 0 };
    mesh.linked_pairs() as u64 * 2 + 2 * (services - clusters) + 2 * services + gateway + OTHERS
}

/// What to type for the limits that depend on the mesh. The clusters alone tell of one node each, and of no gateway.
pub(super) fn fix(mesh: &Mesh) -> String {
    let command = format!("`mesh doctor --fix {}`", mesh.cluster_set().to_mesh_text());
    let plain = mesh.all_nodes().count() == usize::from(mesh.count().get()) && mesh.gateway.is_none();
    if plain { command } else { format!("{command} with the mesh's other settings") }
}

pub(super) fn neighbours(mesh: &Mesh, there: &Observed, limit: Option<u64>) -> Checked {
    let Some(limit) = limit else { return Checked::unknown("neighbours", format!("{LIMIT} cannot be read")) };
    let needed = needed(mesh);
    // what is there already is mended rather than left
    let grows = there.record.as_ref().is_none_or(|recorded| recorded.count() < mesh.count());
    let severity = if grows { Severity::Estimate } else { Severity::Warning };
    let finding = (limit < needed).then(|| {
        Finding::new(
            severity,
            format!("{LIMIT} is {limit}, and the containers need about {needed}: without, some links time out"),
            format!("{} raises and keeps it; `mesh create` with `--force` tries all the same", fix(mesh)),
        )
    });
    Checked::new("neighbours", format!("{LIMIT} is {limit}; about {needed} are needed"), finding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::check::example::rendered;

    #[test]
    fn a_kernel_knows_enough_for_some_thirty_clusters_by_itself() {
        let check = |clusters, kibana| {
            let mesh = Mesh::example(clusters);
            let mesh = if kibana { mesh } else { mesh.without_kibana() };
            neighbours(&mesh, &Observed::default(), Some(1024))
        };
        insta::assert_snapshot!(rendered([check(28, true), check(29, true), check(30, false), check(31, false)]), @r"
        good: neighbours: net.ipv4.neigh.default.gc_thresh3 is 1024; about 988 are needed
        Estimate: net.ipv4.neigh.default.gc_thresh3 is 1024, and the containers need about 1050: without, some links time out
          `mesh doctor --fix 29` raises and keeps it; `mesh create` with `--force` tries all the same
        good: neighbours: net.ipv4.neigh.default.gc_thresh3 is 1024; about 994 are needed
        Estimate: net.ipv4.neigh.default.gc_thresh3 is 1024, and the containers need about 1056: without, some links time out
          `mesh doctor --fix 31` raises and keeps it; `mesh create` with `--force` tries all the same
        ");
        assert!(needed(&Mesh::example(99)) < RAISED_SOFT);
        assert_eq!(fix(&Mesh::example(20).with_nodes(2, 3)), "`mesh doctor --fix 20` with the mesh's other settings");
        let with_gateway = Mesh::example(2).with_gateway("127.0.0.1:8443");
        assert_eq!(needed(&with_gateway) - needed(&Mesh::example(2)), 2 * 4 + 2);
    }

    #[test]
    fn a_mesh_that_is_there_is_warned_of_only() {
        let mesh = Mesh::example(40);
        let there = Observed { record: Some(mesh.clone()), ..Observed::default() };
        let severity = |limit| neighbours(&mesh, &there, limit).findings().first().map(|finding| finding.severity);
        assert_eq!(
            (severity(Some(1024)), severity(Some(RAISED)), severity(None)),
            (Some(Severity::Warning), None, None)
        );
    }
}
