//! What a server says of its snapshots. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use time::OffsetDateTime;

use super::observed::{Observed, ServerFacts};
use crate::mesh::{id::ClusterId, rebuild::SnapshotTrace, settings::StackVersion, snapshots::RepositoryOwner};

/// What a server has for the snapshots that it takes by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum PolicyFacts {
    /// It takes none by itself: its image has no such feature.
    Unsupported,
    #[default]
    Missing,
    Is(Json),
}

/// What is written down at a repository of who writes to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnerFacts {
    Is(RepositoryOwner),
    /// It cannot be read: a link or something else lies in the way.
    Unreadable {
        reason: String,
        /// What to do about it.
        remedy: String,
    },
}

impl OwnerFacts {
    pub fn known(&self) -> Option<&RepositoryOwner> {
        match self {
            Self::Is(owner) => Some(owner),
            Self::Unreadable { .. } => None,
        }
    }
}

/// A snapshot as its repository has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SnapshotFacts {
    pub name: String,
    /// The id of the mesh that took it.
    pub mesh: Option<String>,
    /// The release of the cluster when `mesh` took it; `None` for one that something else took.
    pub taken_on: Option<StackVersion>,
    /// `SUCCESS`, `PARTIAL`, `FAILED`, `IN_PROGRESS` or `INCOMPATIBLE`.
    pub state: String,
    /// Every index in it, also those of data streams and features.
    pub indices: BTreeSet<String>,
    pub data_streams: BTreeSet<String>,
    /// The features whose states are in it, each with its indices.
    pub features: BTreeMap<String, BTreeSet<String>>,
    pub shards: u64,
    pub failed_shards: u64,
    pub started: Option<OffsetDateTime>,
    /// `None` while it is being taken.
    pub ended: Option<OffsetDateTime>,
    /// As its server wrote it: a version, or several with one form of indices.
    pub version: String,
    /// The first failure, in Elasticsearch's words.
    pub failure: Option<String>,
}

impl Observed {
    /// What each server that answers tells of its snapshots.
    pub fn snapshot_traces(&self) -> BTreeMap<ClusterId, SnapshotTrace> {
        let trace = |server: &ServerFacts| SnapshotTrace {
            repository: server.repository.clone(),
            policy: match &server.snapshot_policy {
                PolicyFacts::Is(policy) => Some(policy.clone()),
                PolicyFacts::Unsupported | PolicyFacts::Missing => None,
            },
        };
        self.servers.keys().filter_map(|cluster| Some((*cluster, trace(self.server(*cluster)?)))).collect()
    }
}

/// What a snapshot is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Worth {
    /// It ended well, and everything is in it.
    Good,
    /// It ended well, and no index of a user is in it: nothing would come back.
    Empty,
    InProgress,
    /// Shards of it are missing.
    Partial,
    Failed,
}

impl Worth {
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Empty => "empty",
            Self::InProgress => "in progress",
            Self::Partial => "partial",
            Self::Failed => "failed",
        }
    }
}

impl SnapshotFacts {
    /// What is its users': indices that are no feature's and no data stream's, and data streams.
    pub fn names(&self) -> BTreeSet<&str> {
        let features: BTreeSet<&String> = self.features.values().flatten().collect();
        let own = self.indices.iter().filter(|index| !features.contains(index) && !self.is_of_data_stream(index));
        own.chain(&self.data_streams).map(String::as_str).collect()
    }

    /// Whether an index is one of those that a data stream of the snapshot consists of, which are named after it; see
    /// <https://www.elastic.co/docs/manage-data/data-store/data-streams#data-streams-generation>.
    fn is_of_data_stream(&self, index: &str) -> bool {
        let of = |prefix: &str| {
            let rest = index.strip_prefix(prefix);
            rest.is_some_and(|rest| self.data_streams.iter().any(|stream| rest.starts_with(&format!("{stream}-"))))
        };
        of(".ds-") || of(".fs-") || stream_of(index).is_some_and(|stream| self.data_streams.contains(&stream))
    }

    pub fn worth(&self) -> Worth {
        match self.state.as_str() {
            "SUCCESS" if self.failed_shards == 0 && self.names().is_empty() => Worth::Empty,
            "SUCCESS" if self.failed_shards == 0 => Worth::Good,
            "IN_PROGRESS" => Worth::InProgress,
            "SUCCESS" | "PARTIAL" => Worth::Partial,
            _ => Worth::Failed,
        }
    }

    pub fn is_good(&self) -> bool {
        self.worth() == Worth::Good
    }
}

/// The date and the number in the name of a data stream's index, a zero for each digit.
const GENERATION: &str = "-0000.00.00-000000";

/// The data stream that an index named as `.ds-NAME-2026.11.26-000001` is of. A restore renames what is behind the
/// prefix as a whole: with `$1-old`, the indices of `NAME-old` are named as `.ds-NAME-2026.11.26-000001-old`.
pub fn stream_of(index: &str) -> Option<String> {
    let mut rest = index.strip_prefix(".ds-").or_else(|| index.strip_prefix(".fs-"))?.chars();
    let mut name = String::new();
    loop {
        match after_generation(rest.as_str()) {
            Some(after) => rest = after.chars(),
            None => match rest.next() {
                Some(sign) => name.push(sign),
                None => return Some(name),
            },
        }
    }
}

/// What follows a date and a number, where a text begins with these.
fn after_generation(text: &str) -> Option<&str> {
    let (generation, after) = text.split_at_checked(GENERATION.len())?;
    let fits = |(found, wanted): (u8, u8)| if wanted == b'0' { found.is_ascii_digit() } else { found == wanted };
    generation.bytes().zip(GENERATION.bytes()).all(fits).then_some(after)
}

/// The last of them that is good.
pub fn last_good<'a>(snapshots: impl IntoIterator<Item = &'a SnapshotFacts>) -> Option<&'a SnapshotFacts> {
    snapshots.into_iter().filter(|snapshot| snapshot.is_good()).max_by_key(|snapshot| snapshot.ended)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn snapshot(indices: &[&str], data_streams: &[&str]) -> SnapshotFacts {
        SnapshotFacts {
            state: "SUCCESS".to_owned(),
            indices: set(indices),
            data_streams: set(data_streams),
            features: BTreeMap::from([("security".to_owned(), set(&[".security-7"]))]),
            ..SnapshotFacts::default()
        }
    }

    #[test]
    fn what_is_its_users_are_indices_and_data_streams() {
        let taken = snapshot(&["a", ".hidden", ".security-7", ".ds-logs-x-2026.11.26-000001"], &["logs-x"]);
        assert_eq!(taken.names(), BTreeSet::from([".hidden", "a", "logs-x"]));
    }

    #[test]
    fn an_index_of_a_data_stream_is_known_whatever_it_was_renamed_to() {
        let of = |index: &str| stream_of(index).unwrap_or_default();
        assert_eq!(of(".ds-logs-x-2026.11.26-000001"), "logs-x");
        assert_eq!(of(".fs-logs-x-2026.11.26-000002"), "logs-x", "its failures");
        assert_eq!(of(".ds-r-logs-x-2026.11.26-000001"), "r-logs-x", "r-$1");
        assert_eq!(of(".ds-logs-x-2026.11.26-000001-old"), "logs-x-old", "$1-old");
        assert_eq!(of(".ds-logs-x-2026.11.26-0000012"), "logs-x2", "$12");
        assert_eq!(of(".ds-a-2026.11.26-000001-a-2026.11.26-000001"), "a-a", "$1-$1");
        assert_eq!(of(".ds-one"), "one", "one");
        assert_eq!(stream_of("logs-x-2026.11.26-000001"), None);
        let again = snapshot(&[".ds-logs-x-2026.11.26-000001-old"], &["logs-x-old"]);
        assert_eq!(again.names(), BTreeSet::from(["logs-x-old"]), "a snapshot of what was renamed");
    }

    #[test]
    fn good_is_whole_and_not_empty() {
        let taken = snapshot(&["a"], &[]);
        assert_eq!(taken.worth(), Worth::Good);
        assert_eq!(snapshot(&[".security-7"], &[]).worth(), Worth::Empty, "a pattern that matches nothing succeeds");
        assert_eq!(SnapshotFacts { failed_shards: 1, ..taken.clone() }.worth(), Worth::Partial);
        let state = |state: &str| SnapshotFacts { state: state.to_owned(), ..taken.clone() }.worth();
        assert_eq!(
            [state("PARTIAL"), state("IN_PROGRESS"), state("FAILED")],
            [Worth::Partial, Worth::InProgress, Worth::Failed]
        );
    }
}
