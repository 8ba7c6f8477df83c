//! The certificates of a mesh: an authority for each cluster, and an identity for each of its services.
//!
//! Everything is ECDSA P-256, certificates and PKCS#8 keys are PEM. Keys are drawn by `ring` from the system's
//! randomness; serial numbers are derived from the fresh public key, so they are as random. Pure otherwise: no I/O, and
//! the time is an argument.

mod bundle;
mod error;
mod examine;
mod issue;

use time::Duration;

pub use self::{
    bundle::{bundle, fingerprints, keeping},
    error::CertificateError,
    examine::{belongs_together, ends_with, examine, fingerprint, verify, verify_trusted},
    issue::{Authority, Names, is_authority_of},
};

/// A certificate or an authority with less time left than this is replaced.
pub const MARGIN: Duration = Duration::days(30);
