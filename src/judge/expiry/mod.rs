//! What ends one day, and when: API keys and certificates, in the form that programs read. Pure.
//!
//! These are the documented forms of `mesh keys ls -o json` and `mesh certs ls -o json`: fields may be added;
//! [`VERSION`] goes up when one changes or goes.

mod certificates;
mod gateway;
mod keys;
pub mod soon;

use serde::Serialize;
use time::OffsetDateTime;

pub use self::{
    certificates::{CertificateRow, Certificates, Purpose},
    keys::{KeyRow, Keys},
};

pub const VERSION: u32 = 2;
/// The days before an expiry from which on it is reported.
pub const SOON: i64 = 30;

/// The command that gives the gateway another certificate of the user's own, which is not `mesh`'s to renew.
pub const GIVES_ANOTHER: &str = "mesh create --gateway-cert FILE --gateway-key FILE";

/// How something that ends is, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Good,
    /// It ends within 30 days.
    Soon,
    Expired,
    /// The key was revoked.
    Invalidated,
    /// A certificate that cannot be used, and not because it has ended.
    Unusable,
    /// A key whose server does not answer, or does not know it.
    Unknown,
}

impl State {
    /// The state of something that is good until `expires`.
    pub fn until(days_left: i64, expires: OffsetDateTime, now: OffsetDateTime) -> Self {
        match days_left {
            _ if expires <= now => Self::Expired,
            ..SOON => Self::Soon,
            _ => Self::Good,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Soon => "expires soon",
            Self::Expired => "expired",
            Self::Invalidated => "invalidated",
            Self::Unusable => "unusable",
            Self::Unknown => "unknown",
        }
    }

    fn is_usable(self) -> bool {
        matches!(self, Self::Good | Self::Soon)
    }
}

/// Whole days; below 0 when it has ended.
pub fn days_between(now: OffsetDateTime, end: OffsetDateTime) -> i64 {
    (end - now).whole_seconds().div_euclid(86_400)
}
