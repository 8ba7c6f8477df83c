//! The memory below which an image does not come up. Pure.

use std::collections::BTreeMap;

use super::{Finding, Severity};
use crate::{
    facts::observed::Observed,
    mesh::{Mesh, id::ServiceId, settings::Memory},
};

/// Limits that are requested now and are too low for Elastic's own images; those of `images/build` need less. A
/// limit that the mesh has already passes: its containers have shown whether they run with it.
pub(super) fn below(mesh: &Mesh, there: &Observed) -> Vec<Finding> {
    let asked = |service: &ServiceId| {
        there.record.as_ref().is_none_or(|record| {
            record.memory(*service) != mesh.memory(*service) || record.spec.registry != mesh.spec.registry
        })
    };
    // services of a product with the same limit are reported together
    let limited: BTreeMap<_, _> = mesh
        .services()
        .filter(|service| mesh.memory(*service) < Memory::LEAST_OF_ELASTIC)
        .filter(|service| !there.built_here.contains(&mesh.image(*service)))
        .filter(asked)
        .map(|service| ((service.kind(), mesh.memory(service)), service))
        .collect();
    limited
        .into_values()
        .map(|service| {
            let (least, flag) = (Memory::LEAST_OF_ELASTIC, service.kind().memory_flag());
            Finding::new(
                Severity::Estimate,
                format!(
                    "with {} of memory, {} is killed while it starts: it needs {least} or more",
                    mesh.memory(service),
                    service.kind().product()
                ),
                format!("`mesh create` with `{flag} {least}`; `mesh create --force` tries all the same"),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::check::example::messages;

    fn small() -> Mesh {
        let mut mesh = Mesh::example(2);
        (mesh.spec.elastic_memory, mesh.spec.kibana_memory) = (Memory::mebibytes(900), Memory::LEAST);
        mesh
    }

    #[test]
    fn what_elastics_images_do_not_come_up_with_is_refused() {
        insta::assert_snapshot!(messages(&below(&small(), &Observed::default())), @r"
        Estimate: with 900m of memory, Elasticsearch is killed while it starts: it needs 1g or more
        Estimate: with 512m of memory, Kibana is killed while it starts: it needs 1g or more
        ");
        let without = small().without_kibana();
        assert_eq!(below(&without, &Observed::default()).len(), 1);
        assert_eq!(below(&Mesh::example(2), &Observed::default()), []);
    }

    #[test]
    fn stand_ins_and_what_a_mesh_has_already_are_not_judged() {
        let built_here = Observed { built_here: small().images(), ..Observed::default() };
        assert_eq!(below(&small(), &built_here), []);
        let recorded = Observed { record: Some(small()), ..Observed::default() };
        assert_eq!(below(&small(), &recorded), []);
        let (mut smaller, mut elsewhere) = (small(), small());
        smaller.spec.elastic_memory = Memory::mebibytes(800);
        assert_eq!(below(&smaller, &recorded).len(), 1, "asked for now");
        elsewhere.spec.registry = "registry.local".parse().unwrap();
        assert_eq!(below(&elsewhere, &recorded).len(), 2, "other images");
    }
}
