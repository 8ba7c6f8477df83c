//! What a server and a Kibana say of themselves. Pure.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::{
    health::Health,
    nodes::AllocationFacts,
    snapshots::{PolicyFacts, SnapshotFacts},
    users::UserFacts,
    views::ViewFacts,
};
use crate::mesh::{peers::Alias, snapshots::RepositorySpec};

/// What a running server says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerFacts {
    /// Whether `kibana_system` can log in with its password, where it has one. Set after that of `elastic`, so it
    /// stands for both.
    pub passwords: bool,
    /// Whether the server knows the token with which Kibana is to log in.
    pub kibana_token: bool,
    pub license: LicenseFacts,
    /// Cross-cluster API keys that carry this mesh's id and are not invalidated.
    pub keys: Vec<KeyFacts>,
    /// Settings below `cluster.remote`, also of remotes that were set by hand.
    pub remotes: BTreeMap<String, String>,
    /// For each remote that is set: connected, or why not.
    pub links: BTreeMap<Alias, LinkFacts>,
    /// The fingerprint of the certificate that the server which answered shows.
    pub certificate: String,
    /// What becomes of its shards and votes.
    pub allocation: AllocationFacts,
    /// The mesh's repository, if it has one.
    pub repository: Option<RepositorySpec>,
    pub snapshot_policy: PolicyFacts,
    pub users: UserFacts,
    /// How it fares, where that was asked: no plan depends on it.
    pub vitals: Option<Vitals>,
}

#[cfg(test)]
impl ServerFacts {
    /// One that has a license in force, and nothing else.
    pub fn licensed(kind: &str, expires: OffsetDateTime) -> Self {
        let (kind, uid, expires) = (kind.to_owned(), String::new(), Some(expires));
        Self {
            passwords: false,
            kibana_token: false,
            license: LicenseFacts { kind, active: true, uid, expires },
            keys: Vec::new(),
            remotes: BTreeMap::new(),
            links: BTreeMap::new(),
            certificate: String::new(),
            allocation: AllocationFacts::default(),
            repository: None,
            snapshot_policy: PolicyFacts::Unsupported,
            users: UserFacts::default(),
            vitals: None,
        }
    }
}

/// What a Kibana that is ready says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KibanaFacts {
    /// The fingerprint of the certificate it shows.
    pub certificate: String,
    /// Its data views by their ids; `None` where they were not asked for, or could not be.
    pub views: Option<BTreeMap<String, ViewFacts>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LicenseFacts {
    /// `trial`, `basic`, `enterprise` …
    pub kind: String,
    pub active: bool,
    pub uid: String,
    /// `None` for one that does not end.
    pub expires: Option<OffsetDateTime>,
}

impl LicenseFacts {
    /// Trust by API key needs Enterprise or a trial on both sides; see
    /// <https://www.elastic.co/docs/deploy-manage/remote-clusters/remote-clusters-api-key>.
    pub fn allows_links(&self) -> bool {
        self.active && matches!(self.kind.as_str(), "trial" | "enterprise")
    }

    /// Whether it allows links for longer than a trial does.
    pub fn is_bought(&self) -> bool {
        self.allows_links() && self.kind != "trial"
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFacts {
    pub id: String,
    /// Patterns of the indices that it lets others search, sorted.
    pub names: Vec<String>,
    pub expires: Option<OffsetDateTime>,
}

/// How a server fares, for people who look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vitals {
    pub health: Health,
    pub version: String,
    /// Documents in indices that are not hidden, so without the server's own; replicas do not count.
    pub documents: u64,
    /// Bytes of those indices.
    pub store: u64,
    /// Indices that are not the server's own, hidden ones and those of data streams too: a snapshot would save them.
    pub indices: usize,
    /// Bytes of all indices; replicas do not count.
    pub whole_store: u64,
    /// Bytes of the heap, of the node that uses the most of its own.
    pub heap_used: u64,
    pub heap_max: u64,
    /// Bytes free for the server on the disk that holds its data, and bytes in all; of the node with the fullest disk.
    pub disk_free: u64,
    pub disk_total: u64,
    /// What is in its repository, or why that cannot be read; `None` without a repository.
    pub snapshots: Option<Result<Vec<SnapshotFacts>, String>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkFacts {
    Connected,
    /// In Elasticsearch's words, where it gave any.
    Down(String),
}

impl LinkFacts {
    /// Why the remote that a server was asked for is not reached, `link` being its report; `None` where it is.
    pub fn why_down(link: Option<&Self>) -> Option<&str> {
        match link {
            Some(Self::Connected) => None,
            Some(Self::Down(reason)) => Some(reason.as_str()),
            None => Some("it is not set as a remote"),
        }
    }
}
