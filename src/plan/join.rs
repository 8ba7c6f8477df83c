//! The plans of `mesh join` and `mesh leave`. Pure.

use super::{
    Deletion, PeerStep, Plan, Step, Subject, Transition,
    reconcile::{PlanInputs, reconcile},
    rolling::{self, Turns},
};
use crate::{
    exit::Exit,
    explain::Explain,
    facts::observed::{ContainerState, Observed},
    mesh::{
        Mesh,
        id::{ClusterId, ServiceId},
    },
};

/// The way to a mesh with another peer.
#[derive(Debug)]
pub struct Joining {
    /// What is done before looking again.
    pub first: Plan,
    /// Everything that is done, if nothing happens meanwhile.
    pub whole: Plan,
    /// What is done when every cluster has had its turn.
    pub last: Plan,
}

/// Something else than the peer would have to change first.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} first: the mesh is out of sync")]
pub struct OutOfSync(String);

impl Explain for OutOfSync {
    fn exit(&self) -> Exit {
        Exit::Unhealthy
    }

    fn hint(&self) -> Option<String> {
        Some("`mesh create` brings the mesh to what was asked for; then type the same command again".to_owned())
    }
}

/// The way to a mesh that has joined another, which `inputs` offer: keys and authorities are saved, then every cluster
/// that is to search it gets them, and one after the other a container that notices when the other machine goes silent.
pub fn joining(mesh: &Mesh, there: &Observed, inputs: &PlanInputs) -> Result<Joining, OutOfSync> {
    let first = reconcile(mesh, there, inputs);
    require_sync(mesh, there, &first)?;
    let last = Plan::of(mesh.name.as_ref()).stage("prove links to peers", proofs(mesh, mesh.pending_span()));
    let mut whole = rolling::whole(mesh, there, inputs, Turns::Settings);
    whole.stages.extend(last.stages.clone());
    Ok(Joining { first, whole, last })
}

/// The proofs of the links to peers from clusters that restarted.
fn proofs(mesh: &Mesh, restarted: impl Iterator<Item = ClusterId>) -> Vec<Step> {
    let aliases = |on| mesh.peer_remotes(on).map(|(_, alias, _)| alias.clone()).collect();
    restarted.map(|on| PeerStep::Prove { on, to: aliases(on) }.into()).collect()
}

/// The way to a mesh that differs in links, users or roles alone: without a peer that is on its way out, for example.
pub fn without_restarts(mesh: &Mesh, there: &Observed, inputs: &PlanInputs) -> Result<Plan, OutOfSync> {
    let plan = reconcile(mesh, there, inputs);
    require_sync(mesh, there, &plan)?;
    Ok(plan)
}

/// A peer changes links: it starts no container that was stopped on purpose, and deletes no data.
fn require_sync(mesh: &Mesh, there: &Observed, plan: &Plan) -> Result<(), OutOfSync> {
    let other = plan.descriptions().find(|step| {
        let kibana = step.container == Some(Transition::Restarts);
        let continues = matches!(step.subject, Subject::Service(service) if continues(mesh, there, plan, service));
        (step.container.is_some() && !kibana && !continues) || step.deletes == Some(Deletion::Data)
    });
    other.map_or(Ok(()), |step| {
        let what = match step.subject {
            Subject::Service(service) => format!("{service} would have to be made, started or removed"),
            subject => format!("{subject} would be changed"),
        };
        Err(OutOfSync(what))
    })
}

/// Whether a join that was killed had begun to replace a container: its peer and its cluster's turn are recorded, and
/// the container is gone, not made anew yet, or was never started since.
fn continues(mesh: &Mesh, there: &Observed, plan: &Plan, service: ServiceId) -> bool {
    let Some(record) = there.record.as_ref().filter(|record| record.peers == mesh.peers) else { return false };
    let has_turn = record.clusters.get(&service.cluster()).is_some_and(|cluster| cluster.spans_machines);
    let is_new = there.containers.get(&service).is_some_and(|facts| facts.state == ContainerState::Created);
    has_turn && (is_new || plan.steps().any(|step| matches!(step, Step::CreateContainer(of) if *of == service)))
}
