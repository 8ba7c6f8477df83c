//! The file of a cluster's secure settings as it is on disk, without its values. Pure.

use std::{collections::BTreeMap, path::PathBuf};

/// The secure settings that a cluster is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecureSettingsFacts {
    /// The names, each with the digest of its value; none where no file is set.
    Read(BTreeMap<String, String>),
    /// The file is not there: what a keystore has of it stays.
    Missing(PathBuf),
    /// The file cannot be used: what a keystore has of it stays.
    Refused {
        path: PathBuf,
        /// With the path.
        reason: String,
        /// What to type.
        remedy: String,
    },
}

impl SecureSettingsFacts {
    /// The names with the digests of their values, where they are known.
    pub fn wanted(&self) -> Option<&BTreeMap<String, String>> {
        match self {
            Self::Read(wanted) => Some(wanted),
            Self::Missing(_) | Self::Refused { .. } => None,
        }
    }
}
