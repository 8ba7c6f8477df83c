//! The stages of `mesh upgrade`: one cluster after the other, each served and linked before the next one stops. Pure.
//!
//! Between two clusters the mesh is a whole one of two versions, recorded as such, and [`reconcile`] brings it back to that from
//! wherever a run stopped.

use super::{
    Plan, Step,
    reconcile::{PlanInputs, reconcile},
};
use crate::facts::observed::{ContainerState, Observed};
use crate::mesh::{
    Mesh,
    id::{ClusterId, ServiceKind},
};

/// What is to be done before looking again: with it, `mesh` is as asked.
#[derive(Debug)]
pub struct Round {
    /// The cluster whose turn it is; `None` where something has to be as asked first.
    pub cluster: Option<ClusterId>,
    pub mesh: Mesh,
    pub plan: Plan,
}

/// The next round of an upgrade that has come to `mesh`: a cluster has its turn only when all of it is as asked.
pub fn next(mesh: &Mesh, there: &Observed, inputs: &PlanInputs) -> Option<Round> {
    let plan = reconcile(mesh, there, inputs);
    if !plan.is_empty() {
        return Some(Round { cluster: None, mesh: mesh.clone(), plan });
    }
    let cluster = mesh.next_upgrade()?;
    let mesh = mesh.with_upgraded(cluster);
    let plan = turn(&mesh, there, cluster);
    Some(Round { cluster: Some(cluster), mesh, plan })
}

/// Everything that an upgrade does, if nothing happens meanwhile.
pub fn whole(mesh: &Mesh, there: &Observed, inputs: &PlanInputs) -> Plan {
    let mut whole = reconcile(mesh, there, inputs);
    let mut mesh = mesh.clone();
    while let Some(cluster) = mesh.next_upgrade() {
        mesh = mesh.with_upgraded(cluster);
        whole.stages.extend(turn(&mesh, there, cluster).stages);
    }
    whole
}

/// The stages that bring one cluster to the version that `mesh` has for it.
fn turn(mesh: &Mesh, there: &Observed, cluster: ClusterId) -> Plan {
    let elastic = cluster.first_node();
    let kibana = cluster.kibana();
    let services = || ServiceKind::ALL.map(|kind| cluster.service(kind)).into_iter().filter(|s| mesh.has(*s));
    let state = |service| there.containers.get(&service).map(|container| container.state);
    let up = |service| {
        matches!(state(service), Some(ContainerState::Running | ContainerState::Paused | ContainerState::Restarting))
    };
    let kibana = || services().filter(move |service| *service == kibana);
    Plan::of(mesh.name.as_ref())
        .stage("prove the directory", [Step::ProveDirectory])
        .stage("record whose turn it is", [Step::Record])
        .stage("stop Kibana", kibana().filter(|s| up(*s)).map(Step::StopContainer))
        .stage("stop Elasticsearch", up(elastic).then_some(Step::StopContainer(elastic)))
        .stage("remove containers", services().filter(|s| state(*s).is_some()).map(Step::remove))
        .stage("copy the images' files", services().map(Step::SeedConfig))
        .stage("write settings", services().map(Step::WriteSettings))
        .stage("create containers", services().map(Step::CreateContainer))
        .stage("start Elasticsearch", [Step::StartContainer(elastic)])
        .stage("wait for Elasticsearch", [Step::AwaitReady(elastic)])
        .stage("prove links", links(mesh, cluster))
        .stage("start Kibana", kibana().map(Step::StartContainer))
        .stage("wait for Kibana", kibana().map(Step::AwaitReady))
}

/// Links from and to the cluster, of those that the versions at both ends allow.
pub(super) fn links(mesh: &Mesh, cluster: ClusterId) -> Vec<Step> {
    mesh.clusters()
        .map(|on| Step::ProveLinks {
            on,
            to: mesh.searchable(on).filter(|to| on == cluster || *to == cluster).collect(),
        })
        .filter(|step| matches!(step, Step::ProveLinks { to, .. } if !to.is_empty()))
        .collect()
}

/// What an upgrade would have to mend before it may begin: steps that are not its own.
pub fn drift(first: &Plan) -> Plan {
    let own = |step: &Step| step.describe(None).belongs_to_upgrade;
    first.stages.iter().fold(Plan::of(first.mesh.as_ref()), |plan, stage| {
        plan.stage(stage.title, stage.steps.iter().filter(|step| !own(step)).cloned())
    })
}
