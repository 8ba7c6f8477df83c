//! A link between two clusters, and the API key that it takes. Pure: no I/O.

use std::fmt;

use super::id::ClusterId;

/// A link: one cluster, and the remote that it searches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// The cluster that searches.
    pub from: ClusterId,
    /// The remote.
    pub to: ClusterId,
}

/// An API key: which cluster's, and for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The cluster that made it, and that is searched by it.
    pub of: ClusterId,
    /// The one cluster that it is for; `None` for the key of all those that have none of their own.
    pub searcher: Option<ClusterId>,
}

impl Key {
    /// The key of a cluster for everybody.
    pub fn shared(of: ClusterId) -> Self {
        Self { of, searcher: None }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.searcher {
            None => write!(f, "API key of {}", self.of),
            Some(searcher) => write!(f, "API key of {} for {searcher}", self.of),
        }
    }
}

/// How to change what a link shares by a list of its own, which no flag does.
pub const OWN_SHARE: &str = "a link with a `share` of its own shares that alone; `links` in the settings file change \
                             it: `mesh create -f FILE`";

/// The beginning of the names of the indices by which `mesh verify` proves links.
pub fn canary_prefix(mesh: &str) -> String {
    format!("mesh_verify-{mesh}-")
}
