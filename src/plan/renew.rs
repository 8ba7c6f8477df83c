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
    /// New service tokens for Kibanas.
    pub tokens: BTreeSet<ClusterId>,
    /// New certificates for the services.
    pub certificates: BTreeSet<ClusterId>,
    /// New authorities.
    pub authorities: BTreeSet<ClusterId>,
    /// Whether guests have joined by invitations that have the next authorities, so that these may take over.
    pub peers_joined: bool,
    /// What of the mesh's own gateway, where an authority of its own signs what it shows.
    pub gateway: Option<GatewayRenewal>,
}

/// What the mesh's own gateway gets anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GatewayRenewal {
    Certificate,
    /// With a certificate that it signs. Only clients trust it, so there is no time in which both are in force.
    Authority,
}
