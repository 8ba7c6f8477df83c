//! The stages of `mesh create --new-defaults`: one cluster after the other, each answering before the next one stops. Pure.
//!
//! Between two clusters the mesh is a whole one of two revisions of defaults, recorded as such, and [`reach`] brings it back to that
//! from wherever a run stopped.

use super::{
    Plan, Step,
    observed::Observed,
    reach::{Moment, reach},
    upgrade::{Round, links},
};
use crate::mesh::{
    Mesh,
    id::{ClusterId, ServiceId},
};

/// The next round on the way to newer defaults: a cluster has its turn only when the whole mesh is in sync.
pub fn next(mesh: &Mesh, there: &Observed, moment: &Moment) -> Option<Round> {
    let plan = reach(mesh, there, moment);
    if !plan.is_empty() {
        return Some(Round { cluster: None, mesh: mesh.clone(), plan });
    }
    let cluster = mesh.next_defaults()?;
    let (mesh, plan) = turn(mesh, there, cluster);
    Some(Round { cluster: Some(cluster), mesh, plan })
}

/// Everything that it does, if nothing happens meanwhile.
pub fn whole(mesh: &Mesh, there: &Observed, moment: &Moment) -> Plan {
    let mut whole = reach(mesh, there, moment);
    let mut mesh = mesh.clone();
    while let Some(cluster) = mesh.next_defaults() {
        let (after, plan) = turn(&mesh, there, cluster);
        whole.stages.extend(plan.stages);
        mesh = after;
    }
    whole
}

/// The mesh with one more cluster that has the newer defaults, and the stages that lead to it.
fn turn(before: &Mesh, there: &Observed, cluster: ClusterId) -> (Mesh, Plan) {
    let mesh = before.with_defaults_on(cluster);
    let (elastic, kibana) = (cluster.first_node(), cluster.kibana());
    let services = || [elastic, kibana].into_iter().filter(|service| mesh.has(*service));
    let differs = |service: ServiceId| {
        let credentials = there.credentials.as_ref()?;
        let (has, wanted) = (before.made_from(service, credentials).ok()?, mesh.made_from(service, credentials).ok()?);
        Some(has.differences(&wanted))
    };
    // a service that is the same in both revisions keeps its container
    let replaced = |service: &ServiceId| differs(*service).is_none_or(|differs| !differs.is_empty());
    let (elastic, kibana) = (
        || services().filter(|service| *service == elastic).filter(replaced),
        || services().filter(|service| *service == kibana).filter(replaced),
    );
    let plan = Plan::default()
        .stage("prove the directory", services().any(|service| replaced(&service)).then_some(Step::ProveDirectory))
        .stage("record whose turn it is", [Step::Record])
        .stage("stop Kibana", kibana().map(Step::StopContainer))
        .stage("stop Elasticsearch", elastic().map(Step::StopContainer))
        .stage(
            "remove containers",
            services()
                .filter(replaced)
                .map(|service| Step::RemoveContainer { service, differs: differs(service).unwrap_or_default() }),
        )
        .stage("write settings", services().map(Step::WriteSettings))
        .stage("create containers", services().filter(replaced).map(Step::CreateContainer))
        .stage("start Elasticsearch", elastic().map(Step::StartContainer))
        .stage("wait for Elasticsearch", elastic().map(Step::AwaitReady))
        .stage("prove links", elastic().flat_map(|_| links(&mesh, cluster)))
        .stage("start Kibana", kibana().map(Step::StartContainer))
        .stage("wait for Kibana", kibana().map(Step::AwaitReady));
    (mesh.clone(), plan)
}
