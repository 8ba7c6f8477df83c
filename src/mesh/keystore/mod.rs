//! Elasticsearch's keystore, `config/elasticsearch.keystore`: its entries, read and written without a JVM.
//!
//! Only keystores with the empty password: one with a password could not be opened by a server that starts unattended.
//! Pure: no I/O, and randomness is an argument.

mod error;
mod format;
mod read;
mod write;

use std::collections::BTreeMap;

pub use self::{
    error::KeystoreError,
    format::{Format, Keyring, Salt},
    write::SEED,
};
use base64::{Engine as _, prelude::BASE64_STANDARD as BASE64};

use super::{peers::Alias, secret::Secret};

/// The password of `elastic` until it has one of its own in the `.security` index.
pub const BOOTSTRAP_PASSWORD: &str = "bootstrap.password";

/// The entry with the API key by which a remote is reached. A misspelled name silently selects trust by certificate.
pub fn credentials_of(remote: &Alias) -> String {
    format!("cluster.remote.{remote}.credentials")
}

/// The remote that an entry belongs to, if it is one of [`credentials_of`].
pub fn remote_of(entry: &str) -> Option<Alias> {
    entry.strip_prefix("cluster.remote.")?.strip_suffix(".credentials")?.parse().ok()
}

/// The id in an API key as clusters present it: Base64 of `id:key`, of which only the id is returned. `None` if it is
/// malformed; see
/// <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-security-create-cross-cluster-api-key>.
pub fn key_id(encoded: &Secret) -> Option<String> {
    let bytes = BASE64.decode(encoded.expose().trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (id, key) = text.split_once(':')?;
    let fits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    (fits(id) && !key.is_empty()).then(|| id.to_owned())
}

/// The entries of a keystore, by the name of the setting they belong to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keystore {
    entries: BTreeMap<String, Secret>,
}

impl Keystore {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces an entry.
    ///
    /// # Panics
    /// When Elasticsearch would not allow the name: letters, digits, `_`, `-` and `.`, at least one.
    pub fn put(&mut self, name: impl Into<String>, value: Secret) {
        let name = name.into();
        assert!(is_setting_name(name.as_bytes()), "`{name}` should be a name that Elasticsearch allows in a keystore");
        self.entries.insert(name, value);
    }

    pub fn remove(&mut self, name: &str) -> Option<Secret> {
        self.entries.remove(name)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    #[must_use]
    pub fn entries(&self) -> &BTreeMap<String, Secret> {
        &self.entries
    }

    #[cfg(test)]
    pub fn example() -> Self {
        let mut keystore = Self::new();
        keystore.put("bootstrap.password", Secret::new("correct-horse"));
        keystore.put("cluster.remote.cluster02.credentials", Secret::new("VXpKdw=="));
        keystore
    }
}

/// `ALLOWED_SETTING_NAME` of `KeyStoreWrapper.java`, and short enough for the file.
pub(super) fn is_setting_name(name: &[u8]) -> bool {
    (1..=usize::from(u16::MAX)).contains(&name.len())
        && name.iter().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_tells_its_id_and_nothing_else() {
        let key = |text: &str| key_id(&Secret::new(BASE64.encode(text)));
        assert_eq!(key("DMHNA6IBbM3SJCRoolT9:s3cret"), Some("DMHNA6IBbM3SJCRoolT9".to_owned()));
        assert_eq!(key("no key"), None);
        assert_eq!(key("a b:s3cret"), None, "the id becomes part of a path");
        assert_eq!(key_id(&Secret::new("§")), None);
    }

    #[test]
    #[should_panic(expected = "a name that Elasticsearch allows")]
    fn names_elasticsearch_would_refuse_never_get_in() {
        Keystore::new().put("cluster remote", Secret::new("x"));
    }
}
