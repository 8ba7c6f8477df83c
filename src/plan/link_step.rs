//! One change of API keys, credentials and remotes, as data. Pure.

use super::description::{Description, Effect, Subject};
use crate::mesh::{id::ClusterId, links::Key, peers::Alias};

/// A change of what clusters reach each other by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkStep {
    /// Makes a cross-cluster API key and saves it.
    IssueKey(Key),
    /// Changes which indices the API key lets others search, and saves when it expires.
    UpdateKey(Key),
    /// Gives the API key its whole life again.
    ExtendKey(Key),
    /// Invalidates keys of this mesh that no file holds or no cluster is to search by, and removes the files of those.
    RevokeKeys(ClusterId),
    /// Writes the credentials of all remotes into `on`'s keystore and has the server read it again.
    StoreCredentials { on: ClusterId, of: Vec<Alias> },
    /// Sets all remotes of `on`, and takes away the settings `without`, which are not wanted.
    Connect { on: ClusterId, to: Vec<Alias>, without: Vec<String> },
    /// Takes remotes away from a cluster that stays: its settings first, then its credentials.
    Disconnect { on: ClusterId, from: Vec<Alias> },
    /// Waits until `on` reaches every one of `to`.
    ProveLinks { on: ClusterId, to: Vec<ClusterId> },
}

impl LinkStep {
    pub(super) fn describe(&self) -> Description {
        use Effect::{Adds, Changes, Removes, Waits};
        use Subject::Cluster;
        let (effect, code, subject, text, why) = match self {
            Self::IssueKey(key) => (
                Adds,
                "issue-key",
                Subject::Key(*key),
                key.to_string(),
                "a cluster lets others search only by a key that it made",
            ),
            Self::UpdateKey(key) => (
                Changes,
                "update-key",
                Subject::Key(*key),
                key.to_string(),
                "it lets others search other indices, or its expiry is not the recorded one",
            ),
            Self::ExtendKey(key) => (
                Changes,
                "extend-key",
                Subject::Key(*key),
                format!("{key}, its whole life again"),
                "a longer life was asked for",
            ),
            Self::RevokeKeys(cluster) => (
                Removes,
                "revoke-keys",
                Cluster(*cluster),
                format!("API keys of {cluster} that are no longer used"),
                "a key that no link uses lets its holder search all the same",
            ),
            Self::StoreCredentials { on, of } => {
                let credentials = if of.is_empty() {
                    "no credentials of remotes".to_owned()
                } else {
                    format!("credentials of {}", list(of))
                };
                (
                    Changes,
                    "store-credentials",
                    Cluster(*on),
                    format!("keystore of {on}: {credentials}"),
                    "the server presents these keys to its remotes",
                )
            }
            Self::Connect { on, to, without } => {
                let without =
                    if without.is_empty() { String::new() } else { format!(", no longer {}", without.join(" ")) };
                (
                    Changes,
                    "connect",
                    Cluster(*on),
                    format!("remotes of {on}: {}{without}", list(to)),
                    "the server's remotes are not those that were decided",
                )
            }
            Self::Disconnect { on, from } => (
                Removes,
                "disconnect",
                Cluster(*on),
                format!("remotes of {on}: {}", list(from)),
                "no such link is wanted, and a search is not to wait for a cluster that is removed",
            ),
            Self::ProveLinks { on, to } => (
                Waits,
                "prove-links",
                Cluster(*on),
                format!("links from {on} to {}", list(to)),
                "a link counts when the server itself reports that it is connected",
            ),
        };
        Description::new(effect, code, subject, text, why)
    }
}

fn list(remotes: &[impl ToString]) -> String {
    remotes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
