//! One change that has to do with a guest, as data. Pure.

use std::path::PathBuf;

use super::description::{Description, Effect, Subject};
use crate::mesh::{id::ClusterId, peers::PartnerName};

/// A change that has to do with a mesh that is let search this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GuestStep {
    /// Writes down who is invited, before there is a key.
    Record(PartnerName),
    /// Makes an API key for the guest alone.
    Issue { guest: PartnerName, on: ClusterId },
    /// Writes the invitation with all keys to a file that does not exist.
    Write { guest: PartnerName, into: PathBuf },
    /// Invalidates API keys of the guest.
    Revoke { guest: PartnerName, on: ClusterId, keys: Vec<String> },
    /// Takes a guest off the record, once none of its keys is valid.
    Forget(PartnerName),
}

impl GuestStep {
    pub(super) fn describe(&self) -> Description {
        match self {
            Self::Record(guest) => Description::new(
                Effect::Changes,
                "record-guest",
                Subject::Peer(guest.clone()),
                format!("guest {guest} in mesh.json"),
                "whom keys were made for is written down before there is one",
            ),
            Self::Issue { guest, on } => Description::new(
                Effect::Adds,
                "issue-guest-key",
                Subject::Cluster(*on),
                format!("API key of {on} for {guest}"),
                "a guest searches by a key of its own, which can be revoked alone",
            ),
            Self::Write { guest, into } => Description::new(
                Effect::Adds,
                "write-invitation",
                Subject::Peer(guest.clone()),
                format!("invitation for {guest} in {}", into.display()),
                "it is what the other mesh joins by",
            ),
            Self::Revoke { guest, on, keys } => Description::new(
                Effect::Removes,
                "revoke-guest-keys",
                Subject::Cluster(*on),
                format!("{} of {on} for {guest}", crate::mesh::counted::counted(keys.len() as u64, "API key")),
                "a key that is invalidated opens nothing any more",
            ),
            Self::Forget(guest) => Description::new(
                Effect::Removes,
                "forget-guest",
                Subject::Peer(guest.clone()),
                format!("guest {guest} in mesh.json"),
                "no key of it is left",
            ),
        }
    }
}
