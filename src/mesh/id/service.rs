//! A service: what it runs, and the name that it has everywhere. Pure: no I/O.

use std::{cmp::Ordering, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{ClusterId, NameError, NodeId, NodeNumber};

/// The word for the mesh's own gateway in labels and in arguments, beside [`ServiceKind::word`]: it is no service of a
/// cluster.
pub const GATEWAY: &str = "gateway";

/// What a container of a cluster runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServiceKind {
    Elastic,
    Kibana,
}

impl ServiceKind {
    pub const ALL: [ServiceKind; 2] = [ServiceKind::Elastic, ServiceKind::Kibana];

    /// The word in names, labels and paths.
    pub fn word(self) -> &'static str {
        match self {
            Self::Elastic => "elastic",
            Self::Kibana => "kibana",
        }
    }

    /// The flag of `mesh create` that limits the memory of its containers.
    pub fn memory_flag(self) -> &'static str {
        match self {
            Self::Elastic => "--elastic-memory",
            Self::Kibana => "--kibana-memory",
        }
    }

    /// The setting that limits the memory of its containers.
    pub fn memory_setting(self) -> &'static str {
        match self {
            Self::Elastic => "elastic_memory",
            Self::Kibana => "kibana_memory",
        }
    }

    /// The product's name, for people.
    pub fn product(self) -> &'static str {
        match self {
            Self::Elastic => "Elasticsearch",
            Self::Kibana => "Kibana",
        }
    }
}

/// A service: one container of one cluster. Its name is the container's, and its DNS name in the network:
/// `cluster03-elastic` for the first node, `cluster03-elastic-2` for the second, `cluster03-kibana`. In order, those of
/// a cluster stand together, its nodes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServiceId {
    Node(NodeId),
    Kibana(ClusterId),
}

impl ServiceId {
    /// The service of a cluster that has this name within it, see [`Self::word`].
    pub fn of_word(cluster: ClusterId, word: &str) -> Option<Self> {
        let node = |number: &str| Some(cluster.node(number.parse().ok().and_then(NodeNumber::new)?).into());
        let service = match word.strip_prefix("elastic-") {
            Some(number) => node(number),
            None => ServiceKind::ALL.into_iter().find(|kind| kind.word() == word).map(|kind| cluster.service(kind)),
        };
        service.filter(|service: &Self| service.word() == word)
    }

    pub fn cluster(self) -> ClusterId {
        match self {
            Self::Node(node) => node.cluster,
            Self::Kibana(cluster) => cluster,
        }
    }

    /// `None` for a Kibana.
    pub fn node(self) -> Option<NodeId> {
        match self {
            Self::Node(node) => Some(node),
            Self::Kibana(_) => None,
        }
    }

    pub fn kind(self) -> ServiceKind {
        match self {
            Self::Node(_) => ServiceKind::Elastic,
            Self::Kibana(_) => ServiceKind::Kibana,
        }
    }

    /// Its name within its cluster, in paths and container names: `elastic`, `elastic-2`, `kibana`.
    pub fn word(self) -> String {
        match self {
            Self::Node(NodeId { number, .. }) if number > NodeNumber::FIRST => {
                format!("{}-{}", self.kind().word(), number.get())
            }
            Self::Node(_) | Self::Kibana(_) => self.kind().word().to_owned(),
        }
    }
}

impl From<NodeId> for ServiceId {
    fn from(node: NodeId) -> Self {
        Self::Node(node)
    }
}

impl Ord for ServiceId {
    fn cmp(&self, other: &Self) -> Ordering {
        let place = |service: &Self| match service {
            Self::Node(NodeId { cluster, number }) => (*cluster, false, Some(*number)),
            Self::Kibana(cluster) => (*cluster, true, None),
        };
        place(self).cmp(&place(other))
    }
}

impl PartialOrd for ServiceId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for ServiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.cluster(), self.word())
    }
}

impl FromStr for ServiceId {
    type Err = NameError;

    /// Reads `cluster03-elastic-2`, and only that spelling.
    fn from_str(name: &str) -> Result<Self, NameError> {
        let refuse = || NameError(name.to_owned());
        let (cluster, word) = name.split_once('-').ok_or_else(refuse)?;
        let cluster: ClusterId = cluster.parse().map_err(|_| refuse())?;
        Self::of_word(cluster, word).ok_or_else(refuse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::id::Count;

    #[test]
    fn a_services_name_is_read_back_and_no_other_spelling_is() {
        for id in Count::MAX.clusters() {
            let second = ServiceId::Node(NodeId { cluster: id, number: NodeNumber::new(2).unwrap() });
            for service in [id.first_node(), id.kibana(), second] {
                assert_eq!(service.to_string().parse(), Ok(service));
            }
            assert_eq!(second.to_string(), format!("{id}-elastic-2"));
        }
        for wrong in
            ["cluster01-other", "cluster01-elastic-1", "cluster01-elastic-02", "cluster01-elastic-0", "cluster01"]
        {
            assert!(wrong.parse::<ServiceId>().is_err(), "{wrong}");
        }
    }
}
