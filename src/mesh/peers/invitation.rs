//! The file by which one mesh lets another search it: format, checksum, checks. Pure: no I/O.
//!
//! Version 1 is read for ever; docs/reference.md has its schema.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{PartnerName, short_digest};
use crate::mesh::{certs, digest::digest_of, id::ClusterId, settings::StackVersion};

/// What every invitation begins with.
const KIND: &str = "mesh-invitation";
const VERSION: u32 = 1;
/// The most that an invitation may have: 99 clusters need a fraction of it.
pub const LONGEST: u64 = 4 << 20;

/// An invitation of another mesh, with the keys that open it: it has no `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invitation {
    kind: String,
    version: u32,
    /// The name of the mesh that is searched: its own, else its machine's.
    pub host: PartnerName,
    /// Its id, by which a second invitation of the same mesh is known.
    pub mesh: String,
    /// Whom it is for.
    pub guest: PartnerName,
    #[serde(with = "time::serde::rfc3339")]
    pub made: OffsetDateTime,
    /// When its keys expire.
    #[serde(with = "time::serde::rfc3339")]
    pub expires: OffsetDateTime,
    /// Never empty, in the order of their names.
    pub clusters: Vec<InvitedCluster>,
    /// Against damage, not against forgery.
    checksum: String,
}

/// A cluster that may be searched.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvitedCluster {
    pub name: ClusterId,
    /// `HOST:PORT` of the remote cluster server of each of its nodes; never empty.
    pub addresses: Vec<String>,
    /// The name that its certificates are valid for.
    pub server_name: String,
    pub stack_version: StackVersion,
    /// The authorities that sign its certificates, as PEM.
    pub authorities: String,
    pub key_id: String,
    /// The API key as Elasticsearch takes it.
    pub encoded: String,
    /// The patterns of the indices that the key lets search, exactly.
    pub shares: Vec<String>,
}

/// An invitation that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvitationError {
    #[error("it is not an invitation of `mesh invites create`")]
    Foreign,
    #[error("its format is version {0}, and this mesh knows {VERSION}")]
    Newer(u32),
    /// With what is wrong, and where.
    #[error("it is damaged: {0}")]
    Damaged(String),
    #[error("it expired on {on}, and it is {now} here")]
    Expired { on: String, now: String },
}

impl Invitation {
    pub fn new(
        (host, mesh): (PartnerName, String),
        guest: PartnerName,
        (made, expires): (OffsetDateTime, OffsetDateTime),
        clusters: Vec<InvitedCluster>,
    ) -> Self {
        // to the second, as it is written
        let second = |time: OffsetDateTime| time.replace_nanosecond(0).unwrap_or(time);
        let (made, expires, kind) = (second(made), second(expires), KIND.to_owned());
        let new = Self { kind, version: VERSION, host, mesh, guest, made, expires, clusters, checksum: String::new() };
        Self { checksum: new.sum(), ..new }
    }

    /// The text of the file.
    pub fn render(&self) -> String {
        serde_json::to_string_pretty(self).expect("should be JSON: it holds only texts") + "\n"
    }

    /// Reads the text of a file, whoever made it.
    ///
    /// # Errors
    /// What is wrong with it. Whether it has expired is asked by [`Self::require_current`].
    pub fn read(text: &str) -> Result<Self, InvitationError> {
        #[derive(Deserialize)]
        struct Head {
            kind: String,
            version: u32,
        }
        let head: Head = serde_json::from_str(text).map_err(|error| match error.classify() {
            // the end of a file that was cut
            serde_json::error::Category::Eof => InvitationError::Damaged(error.to_string()),
            _ => InvitationError::Foreign,
        })?;
        if head.kind != KIND {
            return Err(InvitationError::Foreign);
        }
        if head.version != VERSION {
            return Err(InvitationError::Newer(head.version));
        }
        let read: Self = serde_json::from_str(text).map_err(|error| InvitationError::Damaged(error.to_string()))?;
        let damaged = |why: String| Err(InvitationError::Damaged(why));
        if read.sum() != read.checksum {
            return damaged("its checksum is another".to_owned());
        }
        let names: BTreeSet<ClusterId> = read.clusters.iter().map(|cluster| cluster.name).collect();
        if names.is_empty() || names.len() != read.clusters.len() {
            return damaged("it has no cluster, or one twice".to_owned());
        }
        for cluster in &read.clusters {
            if cluster.addresses.is_empty() || cluster.addresses.iter().any(|address| !is_address(address)) {
                return damaged(format!("{} has no address such as 192.0.2.11:9401", cluster.name));
            }
            if certs::examine(&cluster.authorities).is_err() {
                return damaged(format!("{} has no authority", cluster.name));
            }
            let (name, key) = (&cluster.server_name, &cluster.encoded);
            if !is_word(name) || !is_word(key) || !cluster.shares.iter().all(|pattern| is_word(pattern)) {
                return damaged(format!("{} has no server name, no key or no patterns", cluster.name));
            }
        }
        Ok(read)
    }

    /// # Errors
    /// Where its keys have expired.
    pub fn require_current(&self, now: OffsetDateTime) -> Result<(), InvitationError> {
        if self.expires > now {
            return Ok(());
        }
        let day = |time: OffsetDateTime| time.replace_nanosecond(0).unwrap_or(time).to_string();
        Err(InvitationError::Expired { on: day(self.expires), now: day(now) })
    }

    /// What both sides compare by telephone.
    pub fn digest(&self) -> String {
        short_digest(&self.checksum)
    }

    fn sum(&self) -> String {
        let whole = Self { checksum: String::new(), ..self.clone() };
        digest_of(&[serde_json::to_string(&whole).expect("should be JSON: it holds only texts").as_bytes()])
    }
}

/// What earlier versions took for an address, so that the invitations that they made stay readable.
fn is_address(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    is_word(host) && port.parse::<u16>().is_ok_and(|port| port > 0)
}

/// Visible ASCII without spaces, which no name, key or address lacks.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests;
