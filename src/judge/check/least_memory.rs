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
    let mut limited: BTreeMap<_, Vec<ServiceId>> = BTreeMap::new();
    mesh.services()
        .filter(|service| mesh.memory(*service) < Memory::LEAST_OF_ELASTIC)
        .filter(|service| !there.built_here.contains(&mesh.image(*service)))
        .filter(asked)
        .for_each(|service| limited.entry((service.kind(), mesh.memory(service))).or_default().push(service));
    limited
        .into_iter()
        .map(|((kind, memory), services)| {
            let least = Memory::LEAST_OF_ELASTIC;
            let product = kind.product();
            Finding::new(
                Severity::Estimate,
                format!("with {memory} of memory, {product} is killed while it starts: it needs {least} or more"),
                format!(
                    "`mesh create` with `{}`; `mesh create` with `--force` tries all the same",
                    mesh.memory_flags(services, least)
                ),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{judge::check::example::messages, mesh::settings::per_cluster::read_set};

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
    fn a_limit_of_one_cluster_is_raised_there() {
        let mut mesh = Mesh::example(3);
        mesh.overrides = ["2.elastic_memory=700m", "3.kibana_memory=600m"].map(|text| read_set(text).unwrap()).into();
        let hints = below(&mesh, &Observed::default()).into_iter().map(|finding| finding.hint).collect::<Vec<_>>();
        insta::assert_snapshot!(hints.join("\n"), @r"
        `mesh create` with `--set cluster02.elastic_memory=1g`; `mesh create` with `--force` tries all the same
        `mesh create` with `--set cluster03.kibana_memory=1g`; `mesh create` with `--force` tries all the same
        ");
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
