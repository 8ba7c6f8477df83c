//! One change of data views in a Kibana, as data. Pure.

use super::description::{Description, Effect, Subject};
use crate::mesh::id::ClusterId;

/// A change of data views.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ViewStep {
    /// Makes views, or gives those of the mesh their patterns; each by its name.
    Put {
        on: ClusterId,
        views: Vec<String>,
    },
    Remove {
        on: ClusterId,
        view: String,
    },
}

impl ViewStep {
    pub(super) fn describe(&self) -> Description {
        match self {
            Self::Put { on, views } => Description::new(
                Effect::Changes,
                "put-data-views",
                Subject::Service(on.kibana()),
                format!("data views of {}: {}", on.kibana(), views.join(" ")),
                "people choose from them what they look at",
            ),
            Self::Remove { on, view } => Description::new(
                Effect::Removes,
                "remove-data-view",
                Subject::Service(on.kibana()),
                format!("data view {view} of {}", on.kibana()),
                "it was asked for",
            ),
        }
    }
}
