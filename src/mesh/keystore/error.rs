//! Why a keystore file cannot be opened. Pure.

/// Why a file is not a keystore that can be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeystoreError {
    #[error("this is not an Elasticsearch keystore")]
    NotAKeystore,
    #[error("the keystore has format {0}, known are 5, 6 and 7")]
    UnknownFormat(u32),
    #[error("the keystore is protected by a password")]
    Password,
    #[error("the keystore is damaged: its checksum does not match")]
    Checksum,
    #[error("the keystore is damaged: it cannot be decrypted")]
    Undecryptable,
    #[error("the keystore is damaged: {0}")]
    Malformed(&'static str),
    #[error("the entry `{0}` of the keystore is not valid UTF-8")]
    NotText(String),
}
