//! One round of a change that comes to clusters one after the other. Pure.

use super::{
    Plan,
    reconcile::{PlanInputs, reconcile},
};
use crate::facts::observed::Observed;
use crate::mesh::{Mesh, id::ClusterId};

/// What is to be done before looking again: with it, `mesh` is in sync.
#[derive(Debug)]
pub struct Round {
    /// The cluster whose turn it is; `None` where the mesh has to be brought in sync first.
    pub cluster: Option<ClusterId>,
    pub mesh: Mesh,
    pub plan: Plan,
}

impl Round {
    /// The round that is no cluster's turn; `None` for a mesh that is in sync.
    pub(super) fn of_drift(mesh: &Mesh, there: &Observed, inputs: &PlanInputs) -> Option<Self> {
        let plan = reconcile(mesh, there, inputs);
        (!plan.is_empty()).then(|| Self { cluster: None, mesh: mesh.clone(), plan })
    }
}
