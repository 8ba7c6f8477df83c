//! The plan of `mesh views rm`. Pure.

use super::{Plan, Step, ViewStep};
use crate::mesh::{Mesh, data_views::ViewName};

/// The mesh without a view, and the way there: it is forgotten when no Kibana has it. `None` for one that the mesh does
/// not have.
pub fn without(mesh: &Mesh, view: &ViewName) -> Option<(Mesh, Plan)> {
    let mut remaining = mesh.clone();
    let removed = remaining.views.remove(view)?;
    let removals = removed.shown_on(mesh).map(|on| ViewStep::Remove { on, view: view.to_string() }.into());
    let plan = Plan::of(mesh.name.as_ref())
        .stage("remove the data view", removals)
        .stage("record the mesh", Some(Step::Record));
    Some((remaining, plan))
}
