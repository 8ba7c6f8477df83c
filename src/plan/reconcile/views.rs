//! The question about data views. Pure.

use super::Reconciler;
use crate::{
    mesh::{data_views::DataView, id::ClusterId},
    plan::{Step, ViewStep},
};

impl Reconciler<'_> {
    /// Views that a Kibana lacks, or has with another pattern. One of another maker that has the same name stays, and
    /// stands for the mesh's; and what the mesh does not have any more stays, since dashboards may refer to it.
    pub(super) fn views(&self, on: ClusterId) -> Option<Step> {
        let found = self.there.kibana(on).filter(|_| !self.kibana_not_ready(on.kibana()));
        let found = found.and_then(|kibana| kibana.views.as_ref());
        let lacks = |view: &DataView| {
            let Some(found) = found else { return true };
            match found.get(&view.id) {
                Some(known) => known.title != view.title || known.name != view.name,
                None => found.values().all(|known| known.name != view.name),
            }
        };
        let views: Vec<String> = self.mesh.data_views(on).into_iter().filter(lacks).map(|view| view.name).collect();
        (!views.is_empty()).then(|| ViewStep::Put { on, views }.into())
    }
}
