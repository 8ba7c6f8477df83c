//! The keystore, and `keystore.json`, which spares opening it and tells where its entries are from. I/O: disk.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{FilesError, parse};
use crate::{
    mesh::{
        digest::{digest_of, digest_of_secret},
        id::NodeId,
        keystore::{Keyring, Keystore},
        layout,
        secure_settings::Managed,
    },
    world::disk::Tree,
};

/// What `keystore.json` holds: the keystore's entries as digests, and the file they were read from or written to.
/// Opening a keystore costs a tenth of a second, on purpose; this spares it while the file is the same.
#[derive(Serialize, Deserialize)]
struct KeystoreRecord {
    file: String,
    entries: BTreeMap<String, String>,
    /// Which of them come from a file of secure settings; valid whoever wrote the keystore since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    managed: Option<Managed>,
}

/// The keystore itself, with its secrets.
pub fn keystore(tree: &Tree, node: NodeId, keys: &mut Keyring) -> Result<Option<Keystore>, FilesError> {
    let path = layout::keystore(node);
    let Some(bytes) = tree.read(&path)? else { return Ok(None) };
    Keystore::open(&bytes, keys).map(Some).map_err(|cause| FilesError::Keystore { path: tree.path(&path), cause })
}

/// The text of `keystore.json` for a keystore file and its entries.
pub fn keystore_record(file: &[u8], keystore: &Keystore, managed: Option<&Managed>) -> String {
    let entries = keystore.entries().iter().map(|(name, value)| (name.clone(), digest_of_secret(value))).collect();
    let record = KeystoreRecord { file: digest_of(&[file]), entries, managed: managed.cloned() };
    serde_json::to_string_pretty(&record).expect("should be JSON: it holds only texts")
}

/// What a keystore has from a file of secure settings. A record that cannot be read is as good as none.
pub fn managed(tree: &Tree, node: NodeId) -> Option<Managed> {
    parse::<KeystoreRecord>(tree, &layout::keystore_record(node)).ok().flatten()?.managed
}

pub(super) fn keystore_entries(
    tree: &Tree,
    node: NodeId,
    keys: &mut Keyring,
) -> Result<Option<BTreeMap<String, String>>, FilesError> {
    let Some(bytes) = tree.read(layout::keystore(node))? else { return Ok(None) };
    // a record that cannot be read only costs the time it would have spared
    if let Ok(Some(record)) = parse::<KeystoreRecord>(tree, &layout::keystore_record(node))
        && record.file == digest_of(&[&bytes])
    {
        return Ok(Some(record.entries));
    }
    let keystore = keystore(tree, node, keys)?;
    Ok(keystore.map(|keystore| {
        keystore.entries().iter().map(|(name, value)| (name.clone(), digest_of_secret(value))).collect()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::id::{ClusterId, NodeNumber};

    const FIRST: NodeId = NodeId { cluster: ClusterId::FIRST, number: NodeNumber::FIRST };

    /// A record from before there were secure settings has none, and one of a keystore that was changed by hand keeps
    /// them.
    #[test]
    fn which_entries_are_managed_is_known_whatever_the_keystore_holds() {
        let temp = tempfile::tempdir().unwrap();
        let tree = Tree::create(temp.path(), 0o700).unwrap();
        tree.make_dir("cluster01", 0o700, None).unwrap();
        let write = |text: &str| {
            tree.write(layout::keystore_record(FIRST), text.as_bytes(), 0o600, None).unwrap();
            managed(&tree, FIRST)
        };
        assert_eq!(managed(&tree, FIRST), None);
        assert_eq!(write(r#"{"file": "0", "entries": {"bootstrap.password": "0"}}"#), None);
        assert_eq!(write("{"), None);
        let known = Managed { names: ["a.b".to_owned()].into(), path: Some("/s.yaml".into()), unread: None };
        assert_eq!(write(&keystore_record(b"another", &Keystore::new(), Some(&known))), Some(known));
    }
}
