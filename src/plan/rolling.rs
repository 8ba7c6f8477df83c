//! The stages of `mesh create` where clusters are given other containers one after the other, each answering before the
//! next one stops: for `--new-defaults`, and where settings of single clusters change. Pure.
//!
//! Between two clusters the mesh is a whole one of two revisions of defaults or of some settings and others, recorded
//! as such, and [`reconcile`] brings it back to that from wherever a run stopped.

use super::{
    Plan, Round, SnapshotStep, Step, TokenStep,
    boot::{Boot, links_touching},
    reconcile::{PlanInputs, reconcile},
};
use crate::facts::observed::Observed;
use crate::mesh::{
    Mesh,
    cluster::Discovery,
    id::{ClusterId, ServiceId, ServiceKind},
};

/// What clusters have their turn for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turns {
    /// Settings of single clusters, and other machines that they are to search.
    Settings,
    /// Newer defaults, and such settings.
    Defaults,
}

impl Turns {
    /// What clusters of a mesh have their turn for, where newer defaults were asked for or not.
    pub fn of(mesh: &Mesh, new_defaults: bool) -> Option<Self> {
        if new_defaults {
            return Some(Self::Defaults);
        }
        mesh.pending_settings().chain(mesh.pending_span()).next().map(|_| Self::Settings)
    }
}

/// The next round: a cluster has its turn only when the whole mesh is in sync.
pub fn next(mesh: &Mesh, there: &Observed, inputs: &PlanInputs, of: Turns) -> Option<Round> {
    Round::of_drift(mesh, there, inputs).or_else(|| {
        let (cluster, after) = next_turn(mesh, of)?;
        let plan = turn(mesh, &after, (there, inputs), cluster);
        Some(Round { cluster: Some(cluster), mesh: after, plan })
    })
}

/// The cluster whose turn it is, and the mesh after it.
fn next_turn(mesh: &Mesh, of: Turns) -> Option<(ClusterId, Mesh)> {
    let settings = || mesh.pending_settings().next();
    if let Some(cluster) = mesh.pending_span().next() {
        return Some((cluster, mesh.with_span_on(cluster)));
    }
    match of {
        Turns::Settings => settings().map(|cluster| (cluster, mesh.with_settings_on(cluster))),
        Turns::Defaults => {
            let cluster = mesh.next_defaults().or_else(settings)?;
            Some((cluster, mesh.with_defaults_on(cluster).with_settings_on(cluster)))
        }
    }
}

/// Everything that it does, if nothing happens meanwhile.
pub fn whole(mesh: &Mesh, there: &Observed, inputs: &PlanInputs, of: Turns) -> Plan {
    let mut whole = reconcile(mesh, there, inputs);
    // tokens are there by then
    let first: Vec<Step> = whole.steps().cloned().collect();
    let is_done = |step: &Step| matches!(step, Step::Tokens(_)) && first.contains(step);
    let mut after = mesh.clone();
    while let Some((cluster, next)) = next_turn(&after, of) {
        whole.stages.extend(turn(&after, &next, (there, inputs), cluster).without(is_done).stages);
        after = next;
    }
    let left = mesh.has_kibana_password() && !after.has_kibana_password();
    whole.stage("write credentials", left.then(|| TokenStep::Complete.into()))
}

/// The stages from `before` to `mesh`, which differ in this cluster.
fn turn(before: &Mesh, mesh: &Mesh, (there, inputs): (&Observed, &PlanInputs), cluster: ClusterId) -> Plan {
    if mesh.discovery(cluster) == Discovery::SeedHosts {
        return reconcile(mesh, there, inputs).turn_of(mesh, cluster);
    }
    let services = || mesh.services_in(cluster);
    let differs = |service: ServiceId| {
        let credentials = there.credentials.as_ref()?;
        let (has, wanted) = (before.made_from(service, credentials).ok()?, mesh.made_from(service, credentials).ok()?);
        Some(has.differences(&wanted))
    };
    // a service that is the same in both keeps its container
    let is_replaced = |service: &ServiceId| differs(*service).is_none_or(|differs| !differs.is_empty());
    let replaced: Vec<ServiceId> = services().filter(is_replaced).collect();
    let of = |kind: ServiceKind| replaced.iter().copied().filter(move |service| service.kind() == kind);
    let start = |service| replaced.contains(&service).then_some(Step::StartContainer(service));
    let restarted = of(ServiceKind::Elastic).next().is_some();
    let links = links_touching(mesh, |of| restarted && of == cluster, |_| true);
    // its Kibana is stopped, and presents a token when it starts
    let closes = mesh.logs_in_by_token(cluster) && !before.logs_in_by_token(cluster);
    let closing = closes.then(|| TokenStep::Close(cluster).into());
    // its container mounts a path that is there, and its server expects what the directory before held
    let moves = before.repository_place(cluster) != mesh.repository_place(cluster);
    let registers = moves && !mesh.snapshots(cluster).is_off();
    // what is turned off stays readable, unless it is in a path that is mounted no longer: a bucket is in none
    let mounted = |mesh: &Mesh| mesh.snapshots(cluster).repository.mounted();
    let leaves = registers || mounted(before) != mounted(mesh);
    // one whose snapshots were off may have a repository, too
    let answers = there.server(cluster).is_some();
    let unregister = (leaves && answers).then(|| SnapshotStep::UnregisterRepository(cluster).into());
    let register = registers.then(|| SnapshotStep::RegisterRepository(cluster).into());
    let boot = Boot {
        settings: closing.into_iter().chain(register).collect(),
        ..Boot::again(mesh, cluster, restarted, start)
    };
    Plan::of(mesh.name.as_ref())
        .stage("prove the directory", (!replaced.is_empty()).then_some(Step::ProveDirectory))
        .stage("prepare repositories", registers.then(|| SnapshotStep::PrepareRepository(cluster).into()))
        .stage("record whose turn it is", [Step::Record])
        .stage("unregister repositories that move", unregister)
        .stage("stop Kibana", of(ServiceKind::Kibana).map(Step::StopContainer))
        .stage("stop Elasticsearch", of(ServiceKind::Elastic).map(Step::StopContainer))
        .stage(
            "remove containers",
            replaced.iter().map(|service| Step::RemoveContainer {
                service: *service,
                differs: differs(*service).unwrap_or_default(),
            }),
        )
        .stage("write settings", services().map(Step::WriteSettings))
        .stage("create containers", replaced.iter().copied().map(Step::CreateContainer))
        .bring_up([boot], links, of(ServiceKind::Kibana))
}
