//! Why a certificate cannot be used, in the words of whoever put it there. Pure.

use time::OffsetDateTime;

/// Why a certificate or its key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    #[error("there is no certificate in PEM form")]
    Absent,
    #[error("the certificate cannot be read: {0}")]
    Unreadable(String),
    #[error("the private key cannot be read, it should be PKCS#8 in PEM form")]
    KeyUnreadable,
    #[error("the private key does not belong to the certificate of {0}")]
    KeyMismatch(String),
    #[error("the certificate of {0} is not that of an authority")]
    NotAnAuthority(String),
    #[error("the certificate of {name} was not signed by {authority}")]
    NotSigned { name: String, authority: String },
    #[error("the certificate of {name} is not valid before {} {:02}:{:02} UTC", .from.date(), .from.hour(), .from.minute())]
    NotYetValid { name: String, from: OffsetDateTime },
    #[error("the certificate of {name} expired on {} {:02}:{:02} UTC", .on.date(), .on.hour(), .on.minute())]
    Expired { name: String, on: OffsetDateTime },
}
