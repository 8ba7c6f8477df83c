//! Numbers and names of clusters, nodes and services. Pure: no I/O.

mod service;

use std::{fmt, num::NonZeroU8, str::FromStr};

use serde::{Deserialize, Serialize};

pub use self::service::{GATEWAY, ServiceId, ServiceKind};

/// A cluster's number, 1 to 99, which gives its name: `cluster03`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ClusterId(NonZeroU8);

impl ClusterId {
    /// Two digits in names and ports are the limit.
    pub const MAX: u8 = 99;
    pub const FIRST: Self = Self(NonZeroU8::MIN);

    /// `None` outside 1 to 99.
    pub fn new(number: u8) -> Option<Self> {
        NonZeroU8::new(number).filter(|n| n.get() <= Self::MAX).map(Self)
    }

    pub fn number(self) -> u8 {
        self.0.get()
    }

    /// The node that every cluster has.
    pub fn first_node(self) -> ServiceId {
        self.node(NodeNumber::FIRST).into()
    }

    pub fn node(self, number: NodeNumber) -> NodeId {
        NodeId { cluster: self, number }
    }

    pub fn kibana(self) -> ServiceId {
        ServiceId::Kibana(self)
    }

    /// The service of this cluster of the given kind: of nodes the first.
    pub fn service(self, kind: ServiceKind) -> ServiceId {
        match kind {
            ServiceKind::Elastic => self.first_node(),
            ServiceKind::Kibana => self.kibana(),
        }
    }
}

/// How many clusters, 1 to 99; in JSON a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub struct Count(NonZeroU8);

impl Count {
    pub const MAX: Self = Self(NonZeroU8::MIN.saturating_add(ClusterId::MAX - 1));

    /// `None` outside 1 to 99.
    pub fn new(count: u8) -> Option<Self> {
        ClusterId::new(count).map(|last| Self(last.0))
    }

    pub fn get(self) -> u8 {
        self.0.get()
    }

    /// The clusters 1 to this, in order.
    pub fn clusters(self) -> impl Iterator<Item = ClusterId> + Clone {
        (1..=self.get()).filter_map(ClusterId::new)
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Count> for u8 {
    fn from(count: Count) -> Self {
        count.get()
    }
}

impl TryFrom<u8> for Count {
    type Error = &'static str;

    fn try_from(count: u8) -> Result<Self, Self::Error> {
        Self::new(count).ok_or("expected a number of clusters from 1 to 99")
    }
}

/// The number of a node within its cluster, 1 to 8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct NodeNumber(NonZeroU8);

impl NodeNumber {
    /// Ports of the host are the limit: those of a node lie 1000 above those of the one before.
    pub const MAX: u8 = 8;
    pub const FIRST: Self = Self(NonZeroU8::MIN);

    /// `None` outside 1 to 8.
    pub fn new(number: u8) -> Option<Self> {
        NonZeroU8::new(number).filter(|number| number.get() <= Self::MAX).map(Self)
    }

    pub fn get(self) -> u8 {
        self.0.get()
    }
}

impl From<NodeNumber> for u8 {
    fn from(number: NodeNumber) -> Self {
        number.get()
    }
}

impl TryFrom<u8> for NodeNumber {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        Self::new(number).ok_or("expected the number of a node from 1 to 8")
    }
}

/// One Elasticsearch server of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId {
    pub cluster: ClusterId,
    pub number: NodeNumber,
}

impl NodeId {
    pub fn is_first(self) -> bool {
        self.number == NodeNumber::FIRST
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        ServiceId::from(*self).fmt(f)
    }
}

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cluster{:02}", self.0)
    }
}

/// Not the name of a cluster or of one of its services.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a name that mesh gives")]
pub struct NameError(String);

impl FromStr for ClusterId {
    type Err = NameError;

    /// Reads `cluster03`, and only that spelling.
    fn from_str(name: &str) -> Result<Self, NameError> {
        name.strip_prefix("cluster")
            .filter(|digits| digits.len() == 2)
            .and_then(|digits| digits.parse().ok())
            .and_then(Self::new)
            .filter(|id| id.to_string() == name)
            .ok_or_else(|| NameError(name.to_owned()))
    }
}

impl From<ClusterId> for String {
    fn from(id: ClusterId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for ClusterId {
    type Error = NameError;

    fn try_from(name: String) -> Result<Self, NameError> {
        name.parse()
    }
}

/// Elasticsearch's REST API.
pub const REST: u16 = 9200;
/// Elasticsearch's transport between the nodes of one cluster.
pub const TRANSPORT: u16 = 9300;
/// Elasticsearch's remote cluster server, the port other clusters come in by.
pub const REMOTE: u16 = 9443;
/// Kibana's web server.
pub const KIBANA: u16 = 5601;

/// The name of the mesh's id in the metadata of what is its own in Elasticsearch: API keys, users, roles, snapshots.
pub const METADATA: &str = "mesh.id";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_to_ninety_nine_are_clusters() {
        assert_eq!(ClusterId::new(0), None);
        assert_eq!(ClusterId::new(100), None);
        assert_eq!(ClusterId::new(7).map(|id| id.to_string()), Some("cluster07".to_owned()));
    }

    #[test]
    fn names_are_read_back_and_no_other_spelling_is() {
        for id in Count::MAX.clusters() {
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        for wrong in ["cluster00", "cluster1", "cluster+1", "cluster100", "clusterab", "x"] {
            assert!(wrong.parse::<ClusterId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_count_is_one_to_ninety_nine() {
        assert_eq!((Count::new(0), Count::new(100), Count::new(99)), (None, None, Some(Count::MAX)));
        assert_eq!(serde_json::to_string(&Count::new(3)).unwrap(), "3");
        assert!(serde_json::from_str::<Count>("100").is_err());
    }
}
