//! What is kept of the meshes that were joined. I/O: disk; changes nothing.

use std::collections::BTreeMap;

use super::{FilesError, parse_secret};
use crate::{
    explain::Explain as _,
    facts::observed::DamagedFile,
    mesh::{
        layout,
        peers::{
            Alias, PartnerName, Peer,
            access::{PeerAccess, RemoteAccessFacts},
        },
    },
    world::disk::Tree,
};

/// What reaching the clusters of a peer takes; `None` where that is not on disk.
pub fn peer(tree: &Tree, name: &PartnerName) -> Result<Option<PeerAccess>, FilesError> {
    parse_secret(tree, &layout::peer(name))
}

/// The peers that have a file, as they were joined; one that is damaged tells nothing.
pub fn joined(tree: &Tree) -> BTreeMap<PartnerName, Peer> {
    let names = tree.entries(layout::PEERS).unwrap_or_default();
    let names = names.iter().filter_map(|file| layout::peer_of(file));
    names.filter_map(|name| Some((name.clone(), peer(tree, &name).ok()??.peer))).collect()
}

/// What is there of every peer's file, without its secrets.
pub fn peers(tree: &Tree) -> Result<BTreeMap<PartnerName, BTreeMap<Alias, RemoteAccessFacts>>, FilesError> {
    let mut found = BTreeMap::new();
    for name in tree.entries(layout::PEERS)?.iter().filter_map(|file| layout::peer_of(file)) {
        found.extend(peer(tree, &name)?.map(|access| (name, access.facts())));
    }
    Ok(found)
}

/// What is there of the files that can be understood, for who changes nothing by it; the others are put into `damaged`.
pub fn readable_peers(
    tree: &Tree,
    damaged: &mut BTreeMap<PartnerName, DamagedFile>,
) -> Result<BTreeMap<PartnerName, BTreeMap<Alias, RemoteAccessFacts>>, FilesError> {
    let mut found = BTreeMap::new();
    for name in tree.entries(layout::PEERS)?.iter().filter_map(|file| layout::peer_of(file)) {
        match peer(tree, &name) {
            Ok(access) => found.extend(access.map(|access| (name, access.facts()))),
            Err(error @ FilesError::Damaged { .. }) => {
                let file = DamagedFile { reason: error.to_string(), remedy: error.hint().unwrap_or_default() };
                damaged.insert(name, file);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_file_hides_no_other_from_who_only_looks() {
        let temp = tempfile::tempdir().unwrap();
        let tree = Tree::create(temp.path(), 0o700).unwrap();
        tree.make_dir(layout::PEERS, 0o700, None).unwrap();
        let [london, paris]: [PartnerName; 2] = ["london", "paris"].map(|name| name.parse().unwrap());
        let peer = Peer { mesh: None, suffix: None, on: None, remotes: BTreeMap::new(), leaving: false };
        let whole = serde_json::to_vec(&PeerAccess { peer, remotes: BTreeMap::new() }).unwrap();
        tree.write(layout::peer(&paris), &whole, 0o600, None).unwrap();
        tree.write(layout::peer(&london), b"{", 0o600, None).unwrap();
        let mut damaged = BTreeMap::new();
        let found = readable_peers(&tree, &mut damaged).unwrap();
        assert_eq!(found.keys().collect::<Vec<_>>(), [&paris]);
        let DamagedFile { reason, remedy } = &damaged[&london];
        assert!(reason.contains("peers/london.json is damaged"), "{reason}");
        assert!(remedy.contains("`mesh leave london`"), "{remedy}");
        assert_eq!(peers(&tree).unwrap_err().to_string(), *reason, "what changes the mesh is refused");
    }
}
