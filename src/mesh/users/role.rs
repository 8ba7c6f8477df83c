//! What a role lets its users do. Pure: no I/O.

use crate::mesh::{cluster_set::ClusterSet, id::ClusterId};

/// A role as it was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Role {
    /// What it reads on the cluster that it is on.
    pub indices: Vec<IndexGrant>,
    /// What it reads on remotes.
    pub remote: Vec<RemoteGrant>,
    /// Privileges of the cluster, such as `monitor`.
    pub cluster: Vec<String>,
    /// Privileges of Kibana in all of its spaces, such as `feature_discover.read`.
    pub kibana: Vec<String>,
    /// The clusters that it is on; `None` for all.
    pub on: Option<ClusterSet>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexGrant {
    pub names: Vec<String>,
    pub privileges: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteGrant {
    /// Patterns of remotes' names; `*` covers those that come later, too.
    pub clusters: Vec<String>,
    pub names: Vec<String>,
    pub privileges: Vec<String>,
}

impl Role {
    /// What a grant of indices has where it names no privileges.
    pub const READS: [&str; 2] = ["read", "view_index_metadata"];
    /// What a grant of remotes has where it names none.
    pub const READS_REMOTE: [&str; 3] = ["read", "read_cross_cluster", "view_index_metadata"];
    /// Discover, with the data views that it shows. Kibana 9 calls its features by new names; a privilege that is not
    /// known counts for nothing.
    const DISCOVERS: [&str; 3] = ["feature_discover.read", "feature_discover_v2.read", "feature_indexPatterns.read"];

    pub fn is_on(&self, cluster: ClusterId) -> bool {
        self.on.as_ref().is_none_or(|on| on.contains(cluster))
    }

    /// One that reads these names: here and on remotes.
    pub(super) fn reader(here: Vec<String>, remote: Vec<String>) -> Self {
        let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect();
        Self {
            indices: vec![IndexGrant { names: here, privileges: texts(&Self::READS) }],
            remote: vec![RemoteGrant {
                clusters: vec!["*".to_owned()],
                names: remote,
                privileges: texts(&Self::READS_REMOTE),
            }],
            kibana: texts(&Self::DISCOVERS),
            ..Self::default()
        }
    }

    /// The names that it asks for on remotes, and on which.
    pub fn remote_names(&self) -> impl Iterator<Item = (&RemoteGrant, &String)> {
        self.remote.iter().flat_map(|grant| grant.names.iter().map(move |name| (grant, name)))
    }

    /// Whether one of its names stands for every index, here or on remotes.
    pub fn opens_everything(&self) -> bool {
        let names = self.indices.iter().flat_map(|grant| &grant.names);
        let opens = |name: &String| !name.is_empty() && name.chars().all(|c| matches!(c, '*' | '?'));
        names.chain(self.remote.iter().flat_map(|grant| &grant.names)).any(opens)
            || self.cluster.iter().any(|privilege| privilege == "all")
    }
}
