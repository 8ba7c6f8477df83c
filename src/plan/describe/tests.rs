//! What steps are called in a mesh with a name, and without one.

use std::collections::BTreeSet;

use time::OffsetDateTime;

use crate::{
    facts::observed::{NetworkFacts, Observed},
    mesh::{Mesh, id::ClusterId},
    plan::{
        Plan, Step,
        reconcile::{PlanInputs, reconcile},
        remove::remove,
    },
};

#[test]
fn containers_and_the_network_have_the_names_that_docker_knows() {
    let mesh = Mesh::example(2).named("ci42");
    let nothing = Observed { name: mesh.name.clone(), ..Observed::default() };
    let plan = reconcile(&mesh, &nothing, &PlanInputs::new(OffsetDateTime::UNIX_EPOCH, 2));
    let texts = |plan: &Plan| plan.descriptions().map(|step| step.text).collect::<BTreeSet<String>>();
    let created = texts(&plan);
    let containers = mesh.services().map(|service| format!("container {}", mesh.container_name(service)));
    for name in containers.chain(["network ci42-data-mesh-network".to_owned()]) {
        assert!(created.contains(&name), "{name} should be among {created:?}");
    }
    let network = Some(NetworkFacts { id: "n".to_owned(), subnet: "10.213.0.0/24".to_owned() });
    let there = Observed { name: mesh.name.clone(), network, ..Observed::default() };
    assert_eq!(texts(&remove(&there, None)), ["network ci42-data-mesh-network".to_owned()].into());
}

#[test]
fn a_mesh_without_a_name_has_plain_names() {
    let text = |step: Step| step.describe(None).text;
    assert_eq!(text(Step::CreateNetwork), "network data-mesh-network");
    assert_eq!(text(Step::StartContainer(ClusterId::FIRST.kibana())), "container cluster01-kibana");
}
