//! What is to be made anew though it is good. Pure.

use std::collections::BTreeSet;

use crate::mesh::id::ClusterId;

/// What is asked for besides a mesh: by cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Renewal {
    /// New API keys.
    pub keys: BTreeSet<ClusterId>,
    /// A longer life for the API keys that there are.
    pub extended: BTreeSet<ClusterId>,
    /// Whether theirs may as well become a shorter one.
    pub shorten: bool,
    /// New certificates for the services.
    pub certificates: BTreeSet<ClusterId>,
    /// New authorities.
    pub authorities: BTreeSet<ClusterId>,
    /// Whether guests have joined by invitations that have the next authorities, so that these may take over.
    pub peers_joined: bool,
}
