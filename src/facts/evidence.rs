//! What is found out about links besides [`Observed`](crate::facts::observed::Observed), as plain data. Pure:
//! [`World`](crate::world::World) and [`Apply`](crate::apply::Apply) fill it in.

use std::collections::{BTreeMap, BTreeSet};

use time::OffsetDateTime;

use crate::mesh::{
    id::{ClusterId, NodeId},
    links::Link,
    peers::Alias,
};

/// Everything that was tried. What could not be tried is absent.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// From a node that searches to one that it may reach the remote by.
    pub paths: BTreeMap<(NodeId, NodeId), PathFacts>,
    /// From a node that searches to a peer's cluster, where that is not reached.
    pub peer_paths: BTreeMap<(NodeId, Alias), PathFacts>,
    /// Nodes whose port refuses others, and takes a connection of the node's own.
    pub listening: BTreeSet<NodeId>,
    /// By the node that presents it, and the remote.
    pub presented: BTreeMap<(NodeId, ClusterId), Presented>,
    /// Whether a node takes the remote for one that is reached by API key. It falls back to trust by certificate,
    /// silently, when its keystore names no credentials.
    pub by_key: BTreeMap<(NodeId, ClusterId), bool>,
    /// The addresses and ports that the nodes of clusters of several publish to those that sniff them out.
    pub published: BTreeMap<NodeId, String>,
    pub canaries: BTreeMap<Link, CanaryFacts>,
}

/// How far a connection to a remote's port gets that is made from inside a node's own container, with the authorities
/// that its Elasticsearch trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathFacts {
    /// The name was found, the port took the connection, and the certificate was accepted.
    Reached {
        /// The address that the name led to.
        address: String,
    },
    NameUnknown,
    /// In the words of the one that tried.
    Closed(String),
    /// Something on the way sent the connection back, in the words of the one that tried.
    Rejected(String),
    TimedOut,
    /// In the words of the one that tried.
    Distrusted(String),
    /// It could not be tried.
    Untried(String),
}

/// What a node's keystore holds for a remote, and what the remote says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presented {
    Absent,
    /// It has not the form of an API key.
    Malformed,
    /// The remote knows no key of this id.
    Unknown {
        id: String,
    },
    Known(KeyRecord),
}

/// An API key as the server that made it knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRecord {
    pub id: String,
    /// `cross_cluster`, the only type that a remote cluster server takes, or `rest`.
    pub kind: String,
    pub invalidated: bool,
    pub created: Option<OffsetDateTime>,
    pub expires: Option<OffsetDateTime>,
    /// Patterns of the indices that it lets others search, sorted.
    pub names: Vec<String>,
}

/// Whether a search from one cluster found the document that was put into another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CanaryFacts {
    Found,
    /// In Elasticsearch's words, where it gave any.
    Missing(String),
    Untried(Untried),
}

/// Why something could not be tried, which says nothing of the link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untried {
    pub reason: String,
    /// What to type, where that is known.
    pub remedy: Option<String>,
}

impl From<String> for Untried {
    fn from(reason: String) -> Self {
        Self { reason, remedy: None }
    }
}

/// Why a cluster did not take its document, in Elasticsearch's words where it gave any: no fault of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CanaryRefusal {
    /// The cluster, or all its indices, are set not to be written to.
    Blocked(String),
    /// It may have no more shards.
    ShardLimit(String),
    /// The index is there, and no node may hold it.
    Unassigned(String),
    /// Our own request ran out of time, or the server had no room for it.
    Busy(String),
    /// A template that matches the index, most likely.
    Refused(String),
}
