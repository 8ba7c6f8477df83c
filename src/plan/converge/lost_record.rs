//! A record that is lost, whatever the mesh was doing: what is rebuilt has the links that are there. Pure.

use super::{
    model::{Model, inputs},
    plan_for,
    topologies::named,
};
use crate::{
    mesh::{Mesh, settings::Topology},
    plan::{Step, reconcile::reconcile},
};

fn mesh(topology: Topology) -> Mesh {
    let mut mesh = Mesh::example(3).without_kibana();
    mesh.spec.topology = topology;
    mesh
}

/// The mesh as its servers and the files of its links tell of it.
fn rebuilt(model: &Model) -> Mesh {
    let (mut mesh, there) = (mesh(Topology::All), model.observe());
    mesh.share(&there.shared());
    mesh.relink(&there.link_traces()).unwrap();
    mesh
}

#[test]
fn a_mesh_of_any_topology_is_rebuilt_as_it_is() {
    for topology in named() {
        let model = Model::empty().converge(&mesh(topology.clone()));
        let rebuilt = rebuilt(&model);
        assert_eq!(rebuilt.links(), mesh(topology.clone()).links(), "{topology:?}");
        let plan = reconcile(&rebuilt, &model.observe(), &inputs());
        assert!(plan.steps().all(|step| matches!(step, Step::Record)), "{topology:?}:\n{plan}");
    }
}

#[test]
fn wherever_a_run_between_topologies_stops_no_cluster_searches_more_than_before_or_after() {
    for from in named() {
        let start = Model::empty().converge(&mesh(from.clone()));
        for to in named() {
            let allowed = &mesh(from.clone()).links() | &mesh(to.clone()).links();
            let plan = plan_for(&mesh(to.clone()), &start);
            for half in start.walk(&mesh(to.clone()), plan.steps()).states() {
                let rebuilt = rebuilt(half);
                assert!(rebuilt.links().is_subset(&allowed), "{from:?} to {to:?}");
                half.clone().converge(&rebuilt).assert_is(&rebuilt);
            }
        }
    }
}
