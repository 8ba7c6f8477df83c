//! The stages of `mesh upgrade`: one cluster after the other, each served and linked before the next one stops. Pure.
//!
//! Between two clusters the mesh is a whole one of two versions, recorded as such, and [`reconcile`] brings it back to
//! that from wherever a run stopped.

use super::{
    Plan, Round, Step,
    boot::{Boot, links_touching},
    reconcile::{PlanInputs, reconcile},
};
use crate::facts::observed::{ContainerState, Observed};
use crate::mesh::{
    Mesh,
    cluster::Discovery,
    id::{ClusterId, ServiceId, ServiceKind},
};

/// The next round of an upgrade that has come to `mesh`: a cluster has its turn only when all of it is in sync.
pub fn next(mesh: &Mesh, there: &Observed, inputs: &PlanInputs) -> Option<Round> {
    Round::of_drift(mesh, there, inputs).or_else(|| {
        let cluster = mesh.next_upgrade()?;
        let mesh = mesh.with_upgraded(cluster);
        let plan = turn(&mesh, there, inputs, cluster);
        Some(Round { cluster: Some(cluster), mesh, plan })
    })
}

/// Everything that an upgrade does, if nothing happens meanwhile.
pub fn whole(mesh: &Mesh, there: &Observed, inputs: &PlanInputs) -> Plan {
    let mut whole = reconcile(mesh, there, inputs);
    let mut mesh = mesh.clone();
    while let Some(cluster) = mesh.next_upgrade() {
        mesh = mesh.with_upgraded(cluster);
        // what is pulled and tried is there by then
        let first: Vec<Step> = whole.steps().cloned().collect();
        let is_done = |step: &Step| matches!(step, Step::PullImage(_) | Step::TryImage { .. }) && first.contains(step);
        whole.stages.extend(turn(&mesh, there, inputs, cluster).without(is_done).stages);
    }
    whole
}

/// The stages that bring one cluster to the version that `mesh` has for it.
fn turn(mesh: &Mesh, there: &Observed, inputs: &PlanInputs, cluster: ClusterId) -> Plan {
    if mesh.discovery(cluster) == Discovery::SeedHosts {
        return reconcile(mesh, there, inputs).turn_of(mesh, cluster);
    }
    let state = |service: &ServiceId| there.containers.get(service).map(|container| container.state);
    let up = |service: &ServiceId| state(service).is_some_and(ContainerState::is_up);
    let services = || mesh.services_in(cluster);
    let stops = |kind: ServiceKind| services().filter(move |service| service.kind() == kind).filter(up);
    let start = |service| mesh.has(service).then_some(Step::StartContainer(service));
    let kibana = services().filter(|service| service.kind() == ServiceKind::Kibana);
    Plan::of(mesh.name.as_ref())
        .stage("prove the directory", [Step::ProveDirectory])
        .stage("record whose turn it is", [Step::Record])
        .stage("stop Kibana", stops(ServiceKind::Kibana).map(Step::StopContainer))
        .stage("stop Elasticsearch", stops(ServiceKind::Elastic).map(Step::StopContainer))
        .stage("remove containers", services().filter(|service| state(service).is_some()).map(Step::remove))
        .stage("copy the images' files", services().map(Step::SeedConfig))
        .stage("write settings", services().map(Step::WriteSettings))
        .stage("create containers", services().map(Step::CreateContainer))
        .bring_up([Boot::again(mesh, cluster, true, start)], links_touching(mesh, |of| of == cluster, |_| true), kibana)
}

/// What an upgrade would have to mend before it may begin: steps that are not its own.
pub fn drift(first: &Plan) -> Plan {
    let own = |step: &Step| step.describe(None).belongs_to_upgrade;
    first.stages.iter().fold(Plan::of(first.mesh.as_ref()), |plan, stage| {
        plan.stage(stage.title, stage.steps.iter().filter(|step| !own(step)).cloned())
    })
}
