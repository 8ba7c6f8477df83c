//! The plan of `mesh join`. Pure.

use super::{
    PeerStep, Plan, Step,
    reconcile::{PlanInputs, reconcile},
    rolling::{self, Turns},
    sync::{OutOfSync, require_access_kept, require_untouched},
};
use crate::{
    facts::observed::Observed,
    mesh::{Mesh, id::ClusterId},
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

/// The way to a mesh that has joined another, which `inputs` offer: keys and authorities are saved, then every cluster
/// that is to search it gets them, and one after the other a container that notices when the other machine goes silent.
pub fn joining(mesh: &Mesh, there: &Observed, inputs: &PlanInputs) -> Result<Joining, OutOfSync> {
    let first = reconcile(mesh, there, inputs);
    require_untouched(mesh, there, &first, |_| true)?;
    require_access_kept(&first)?;
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
