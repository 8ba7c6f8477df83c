//! One change that has to do with another mesh, as data. Pure.

use super::description::{Description, Effect, Subject};
use crate::mesh::{
    id::ClusterId,
    peers::{Alias, PartnerName},
};

/// A change that has to do with another mesh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeerStep {
    /// Saves the keys and the authorities of an invitation.
    SaveAccess(PartnerName),
    /// Writes into the file of a peer how it is joined by now; keys and authorities stay.
    Note(PartnerName),
    /// Waits until `on` reaches every one of `to`, or it is known why not.
    Prove { on: ClusterId, to: Vec<Alias> },
    /// Takes a peer off the record and deletes its file, once no cluster has a link to it.
    Forget(PartnerName),
}

impl PeerStep {
    pub(super) fn describe(&self) -> Description {
        match self {
            Self::SaveAccess(name) => Description::new(
                Effect::Adds,
                "save-access",
                Subject::Peer(name.clone()),
                format!("keys and authorities of {name}"),
                "its clusters are reached by keys that it made",
            ),
            Self::Note(name) => Description::new(
                Effect::Changes,
                "note-peer",
                Subject::Peer(name.clone()),
                format!("how {name} is joined, in the file of its keys"),
                "from that file a lost mesh.json is rebuilt",
            ),
            Self::Prove { on, to } => Description::new(
                Effect::Waits,
                "prove-peers",
                Subject::Cluster(*on),
                format!("links from {on} to {}", to.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")),
                "a link counts when the server itself reports that it is connected",
            ),
            Self::Forget(name) => Description::new(
                Effect::Removes,
                "forget-peer",
                Subject::Peer(name.clone()),
                format!("peer {name} with its keys"),
                "no cluster searches it any more",
            ),
        }
    }
}
