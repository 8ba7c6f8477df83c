//! What is kept of the meshes that were joined. I/O: disk; changes nothing.

use std::collections::BTreeMap;

use super::{FilesError, parse_secret};
use crate::{
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
