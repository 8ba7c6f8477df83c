//! The mesh's own gateway as it is. Pure.

use std::collections::BTreeMap;

use super::{
    answer::Answer,
    container::{ContainerFacts, ContainerState},
};
use crate::mesh::{
    gateway::{
        nginx,
        own_files::{STAMP, digest_in},
    },
    id::ClusterId,
    secret::Secret,
};

/// Everything that is known of it; what there is not, is absent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GatewayFacts {
    pub container: Option<ContainerFacts>,
    pub files: GatewayFiles,
    /// The user's certificate and key, or why they cannot be used; `None` where none are asked for.
    pub given: Option<Result<GivenIdentity, UnusableIdentity>>,
    /// What it answers, where its container runs.
    pub answer: Option<Answer<GatewayAnswer>>,
}

/// Its directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GatewayFiles {
    /// Whether there is one.
    pub present: bool,
    pub authority: Option<String>,
    pub authority_key: Option<Secret>,
    pub certificate: Option<String>,
    pub certificate_key: Option<Secret>,
    /// Every other file that its container reads and `mesh` writes, by name.
    pub texts: BTreeMap<String, String>,
}

/// A certificate with its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenIdentity {
    pub certificate: String,
    pub key: Secret,
}

/// Why a certificate that was given cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusableIdentity {
    pub reason: String,
    pub remedy: String,
}

/// What it says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayAnswer {
    /// The digest of the files that it has read.
    pub digest: String,
    /// The fingerprint of the certificate that it shows.
    pub certificate: String,
}

/// A path through the gateway, and what is behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GatewayRoute {
    Elastic(ClusterId),
    Kibana(ClusterId),
}

impl GatewayRoute {
    pub fn cluster(self) -> ClusterId {
        match self {
            Self::Elastic(cluster) | Self::Kibana(cluster) => cluster,
        }
    }
}

impl GatewayFacts {
    pub fn runs(&self) -> bool {
        self.container.as_ref().is_some_and(|container| container.state == ContainerState::Running)
    }
}

impl GatewayFiles {
    /// What nginx answers at `/_mesh/health` that has read them; `None` while they are not there.
    pub fn digest(&self) -> Option<String> {
        digest_in(self.texts.get(nginx::FILE)?)
    }

    /// The stamp of the last write.
    pub fn stamp(&self) -> &str {
        self.texts.get(STAMP).map_or("", String::as_str)
    }
}
