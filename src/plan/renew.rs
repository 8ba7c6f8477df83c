//! What is to be made anew though it is good, and what stands in the way of that. Pure.

use std::collections::BTreeSet;

use time::OffsetDateTime;

use super::{Plan, Step, observed::Observed};
use crate::mesh::{
    Mesh,
    id::{ClusterId, ServiceKind},
};

/// What is asked for besides a mesh: by cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Renewal {
    /// New API keys.
    pub keys: BTreeSet<ClusterId>,
    /// A longer life for the API keys that there are.
    pub extended: BTreeSet<ClusterId>,
    /// New certificates for the services.
    pub certificates: BTreeSet<ClusterId>,
    /// New authorities.
    pub authorities: BTreeSet<ClusterId>,
}

/// Why nothing can be renewed now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Hindrance {
    #[error("{0} would have to be made, started or removed first")]
    Container(String),
    #[error("{0} does not answer, so nobody can tell whether its API key lives")]
    Silent(ClusterId),
    #[error("the API key of {0} is not on disk, or its server does not know it")]
    Gone(ClusterId),
    #[error("the API key of {0} has expired, and cannot be extended")]
    Expired(ClusterId),
    #[error("mesh.json does not have {0}, whose data is there")]
    Data(ClusterId),
}

impl Hindrance {
    pub fn hint(&self) -> String {
        match self {
            Self::Container(_) | Self::Silent(_) => {
                "`mesh create` brings the mesh to what was asked for; then type the same command again".to_owned()
            }
            Self::Data(_) => {
                "see with `mesh create --dry-run` what would be deleted; `mesh create` asks first".to_owned()
            }
            Self::Gone(cluster) | Self::Expired(cluster) => {
                format!("`mesh keys rotate {}` makes a new one", cluster.number())
            }
        }
    }
}

/// A renewal touches what it is about. It starts nothing that was stopped on purpose, and replaces no container.
pub fn hindrance(plan: &Plan) -> Option<Hindrance> {
    plan.steps().find_map(|step| match step {
        Step::CreateContainer(service) | Step::StartContainer(service) | Step::RemoveContainer(service) => {
            Some(Hindrance::Container(service.to_string()))
        }
        Step::RestartContainer(service) if service.kind == ServiceKind::Elastic => {
            Some(Hindrance::Container(service.to_string()))
        }
        Step::RemoveFiles(cluster) => Some(Hindrance::Data(*cluster)),
        Step::RemoveStray(name) => Some(Hindrance::Container(name.clone())),
        _ => None,
    })
}

/// The first key that cannot be made to live longer: Elasticsearch refuses to update one that has ended.
pub fn not_extendable(
    mesh: &Mesh,
    there: &Observed,
    clusters: &BTreeSet<ClusterId>,
    now: OffsetDateTime,
) -> Option<Hindrance> {
    mesh.clusters().filter(|cluster| clusters.contains(cluster)).find_map(|cluster| {
        let Some(server) = there.servers.get(&cluster) else { return Some(Hindrance::Silent(cluster)) };
        let saved = there.files.get(&cluster).and_then(|files| files.key.as_ref());
        match saved.and_then(|saved| server.keys.iter().find(|key| key.id == saved.id)) {
            None => Some(Hindrance::Gone(cluster)),
            Some(key) if key.expires.is_some_and(|expires| expires <= now) => Some(Hindrance::Expired(cluster)),
            Some(_) => None,
        }
    })
}
