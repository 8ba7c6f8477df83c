//! The mesh as it is beside the mesh as it was asked for: what `mesh status` shows. Pure.

mod gateway;
mod look;
mod nodes;
mod report;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use time::OffsetDateTime;

use self::look::Look;
pub use self::report::{
    ClusterStatus, Expiry, GatewayStatus, HIGH_HEAP, LastSnapshot, License, Links, NodeStatus, OtherEngine,
    ServiceStatus, State, Status, VERSION, Warning,
};
use super::{
    check::{self, Finding},
    expiry::soon::expiring,
    peers::{self, PeerList},
    scope::Scope,
    snapshots,
};
use crate::{
    facts::observed::Observed,
    mesh::{Mesh, defaults::Revision, id::ClusterId, settings::StackVersion},
    plan::reconcile::{PlanInputs, reconcile},
};

/// Puts together what is wanted and what is there of the clusters in a scope.
pub fn status(mesh: &Mesh, scope: Scope, there: &Observed, now: OffsetDateTime) -> Status {
    let inputs = PlanInputs::new(now, 1);
    let changes = |inputs: &PlanInputs| -> Vec<String> {
        let plan = reconcile(mesh, there, inputs);
        plan.descriptions().filter(|step| scope.has_subject(&step.subject)).map(|step| step.text).collect()
    };
    let pending_changes = changes(&inputs);
    let lenient = PlanInputs { due_is_good: true, ..inputs };
    let drift = if pending_changes.is_empty() { Vec::new() } else { changes(&lenient) };
    let pending_upgrade: BTreeMap<ClusterId, StackVersion> =
        mesh.pending_upgrade().filter(|(cluster, _)| scope.contains(*cluster)).collect();
    let look = Look { mesh, there, now };
    let other_engine = there.engine.as_ref().and_then(|engine| {
        let Finding { message, hint, .. } = check::other_engine(mesh, engine)?;
        Some(OtherEngine { message, remedy: hint })
    });
    let clusters: Vec<ClusterStatus> = scope.clusters(mesh).filter_map(|cluster| look.cluster(cluster)).collect();
    let gateway = if scope.is_mesh() { look.gateway() } else { None };
    let mut findings = if scope.is_mesh() { check::hosts(mesh, there).findings() } else { Vec::new() };
    findings.extend(check::secure_settings(mesh, scope, there).findings());
    findings.extend(check::strangers(mesh, scope, there).findings());
    findings.extend(snapshots::warnings(mesh, scope, there, now));
    findings.extend(if scope.is_mesh() { peers::warnings(mesh, there, now) } else { Vec::new() });
    Status {
        version: VERSION,
        dir: mesh.dir.display().to_string(),
        stack_version: mesh.spec.stack_version.to_string(),
        in_sync: pending_changes.is_empty() && pending_upgrade.is_empty() && other_engine.is_none(),
        serves: clusters.iter().all(ClusterStatus::serves)
            && gateway.as_ref().is_none_or(|gateway| gateway.state.serves()),
        degraded: clusters.iter().filter(|found| found.elastic.state == State::Degraded).map(|of| of.cluster).collect(),
        pending_changes,
        drift,
        other_engine,
        expiring: expiring(mesh, scope, there, now),
        warnings: findings.into_iter().map(Warning::from).collect(),
        pending_upgrade,
        upgrade_command: mesh.upgrade_in_progress().map(|(_, command)| command),
        new_defaults: scope.clusters(mesh).any(|cluster| mesh.revision(cluster) < Revision::NEWEST),
        clusters,
        gateway,
        peers: if scope.is_mesh() { PeerList::new(mesh, there, now).remotes } else { Vec::new() },
    }
}
