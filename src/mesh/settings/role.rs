//! The roles that a node can have. Pure: no I/O.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::mesh::invalid_value::InvalidValue;

/// A role of a node; see
/// <https://www.elastic.co/docs/deploy-manage/distributed-architecture/clusters-nodes-shards/node-roles>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Master,
    VotingOnly,
    Data,
    DataContent,
    DataHot,
    DataWarm,
    DataCold,
    DataFrozen,
    Ingest,
    Ml,
    Transform,
    RemoteClusterClient,
}

const ROLES: [(Role, &str); 12] = [
    (Role::Master, "master"),
    (Role::VotingOnly, "voting_only"),
    (Role::Data, "data"),
    (Role::DataContent, "data_content"),
    (Role::DataHot, "data_hot"),
    (Role::DataWarm, "data_warm"),
    (Role::DataCold, "data_cold"),
    (Role::DataFrozen, "data_frozen"),
    (Role::Ingest, "ingest"),
    (Role::Ml, "ml"),
    (Role::Transform, "transform"),
    (Role::RemoteClusterClient, "remote_cluster_client"),
];

impl Role {
    /// As Elasticsearch writes it.
    pub fn name(self) -> &'static str {
        ROLES.iter().find(|(role, _)| *role == self).map_or("", |(_, name)| name)
    }

    /// The roles that a file of settings lists.
    pub(in crate::mesh) fn listed(list: &Json) -> Option<BTreeSet<Self>> {
        list.as_array()?.iter().map(|name| Self::named(name.as_str()?).ok()).collect()
    }

    /// Every name there is.
    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        ROLES.iter().map(|(_, name)| *name)
    }

    pub(super) fn named(name: &str) -> Result<Self, InvalidValue> {
        ROLES.iter().find(|(_, known)| *known == name).map(|(role, _)| *role).ok_or_else(|| {
            let names = Self::names().collect::<Vec<_>>().join(", ");
            InvalidValue::new(format!("`{name}` is not a role of a node, expected one of {names}"))
        })
    }
}
