//! What reaching the clusters of a peer takes besides their addresses: keys and authorities. It is kept in a file of
//! its own, which only its owner may read. Pure: no I/O.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Alias, Peer};
use crate::mesh::{digest::digest_of_secret, secret::Secret, settings::StackVersion};

/// The contents of a peer's file. The peer itself stands in it, too, for a mesh that lost its record.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeerAccess {
    pub peer: Peer,
    pub remotes: BTreeMap<Alias, RemoteAccess>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoteAccess {
    /// The authorities that its certificates are signed by, as PEM.
    pub authorities: String,
    /// The API key as Elasticsearch takes it. A secret: this type has no `Debug`.
    pub encoded: String,
    /// `None` where that is unknown or never.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub expires: Option<OffsetDateTime>,
    /// What the key lets search, if that is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<String>,
    /// The version that the cluster had when it was joined, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<StackVersion>,
}

/// What is there of a remote's access, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteAccessFacts {
    pub authorities: String,
    /// Digest of the key's value, as keystores have it.
    pub digest: String,
    pub expires: Option<OffsetDateTime>,
    pub shares: Vec<String>,
    pub version: Option<StackVersion>,
}

impl PeerAccess {
    pub fn facts(&self) -> BTreeMap<Alias, RemoteAccessFacts> {
        let facts = |access: &RemoteAccess| RemoteAccessFacts {
            authorities: access.authorities.clone(),
            digest: digest_of_secret(&Secret::new(access.encoded.as_str())),
            expires: access.expires,
            shares: access.shares.clone(),
            version: access.version,
        };
        self.remotes.iter().map(|(alias, access)| (alias.clone(), facts(access))).collect()
    }
}
