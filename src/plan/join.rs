//! The plans of `mesh join` and `mesh leave`. Pure.

use std::collections::BTreeMap;

use super::{
    Deletion, PeerStep, Plan, Step, Subject, Transition,
    reconcile::{PlanInputs, reconcile},
    rolling::{self, Turns},
};
use crate::{
    exit::Exit,
    explain::Explain,
    facts::observed::Observed,
    mesh::{
        Mesh,
        id::ClusterId,
        peers::{
            Alias, PartnerName,
            access::{PeerAccess, RemoteAccessFacts},
        },
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

/// The way to a mesh that has joined `name`: keys and authorities are saved, then every cluster that is to search it
/// gets them, and one after the other a container that notices when the other machine goes silent.
pub fn joining(
    mesh: &Mesh,
    name: &PartnerName,
    access: &PeerAccess,
    there: &Observed,
    inputs: &PlanInputs,
) -> Result<Joining, OutOfSync> {
    joining_with(mesh, name, &access.facts(), there, inputs)
}

/// The way, by what is known of the access without its secrets.
pub(super) fn joining_with(
    mesh: &Mesh,
    name: &PartnerName,
    access: &BTreeMap<Alias, RemoteAccessFacts>,
    there: &Observed,
    inputs: &PlanInputs,
) -> Result<Joining, OutOfSync> {
    let mut saved = there.clone();
    saved.peers.insert(name.clone(), access.clone());
    let first = reconcile(mesh, &saved, inputs);
    require_sync(&first)?;
    let is_saved = there.peers.get(name) == Some(access);
    let save = Plan::of(mesh.name.as_ref())
        .stage("save keys and authorities", (!is_saved).then(|| PeerStep::SaveAccess(name.clone()).into()));
    let last = Plan::of(mesh.name.as_ref()).stage("prove links to peers", proofs(mesh, mesh.pending_span()));
    let mut whole = rolling::whole(mesh, &saved, inputs, Turns::Settings).once_prepared(save.clone());
    whole.stages.extend(last.stages.clone());
    Ok(Joining { first: first.once_prepared(save), whole, last })
}

/// The proofs of the links to peers from clusters that restarted.
fn proofs(mesh: &Mesh, restarted: impl Iterator<Item = ClusterId>) -> Vec<Step> {
    let aliases = |on| mesh.peer_remotes(on).map(|(_, alias, _)| alias.clone()).collect();
    restarted.map(|on| PeerStep::Prove { on, to: aliases(on) }.into()).collect()
}

/// The way to a mesh without a peer that is on its way out.
pub fn leaving(mesh: &Mesh, there: &Observed, inputs: &PlanInputs) -> Result<Plan, OutOfSync> {
    let plan = reconcile(mesh, there, inputs);
    require_sync(&plan)?;
    Ok(plan)
}

/// A peer changes links: it starts no container that was stopped on purpose, and deletes no data.
fn require_sync(plan: &Plan) -> Result<(), OutOfSync> {
    let other = plan.descriptions().find(|step| {
        let kibana = step.container == Some(Transition::Restarts);
        (step.container.is_some() && !kibana) || step.deletes == Some(Deletion::Data)
    });
    other.map_or(Ok(()), |step| {
        let what = match step.subject {
            Subject::Service(service) => format!("{service} would have to be made, started or removed"),
            subject => format!("{subject} would be changed"),
        };
        Err(OutOfSync(what))
    })
}
