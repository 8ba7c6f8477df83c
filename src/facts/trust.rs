//! What is known of the certificates in bundles where the file of a peer is lost, so that its authorities are nowhere
//! else. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::observed::ClusterFiles;
use crate::mesh::{
    Mesh, certs,
    id::ClusterId,
    peers::{Alias, PartnerName, access::RemoteAccessFacts},
};

/// What is kept of each peer.
type Kept = BTreeMap<PartnerName, BTreeMap<Alias, RemoteAccessFacts>>;

/// Whether what is kept lacks a peer's cluster that this one searches: its keys and authorities are then in keystores
/// and bundles alone.
pub fn lacks_access(mesh: &Mesh, cluster: ClusterId, kept: &Kept) -> bool {
    let has = |peer: &PartnerName, alias: &Alias| kept.get(peer).is_some_and(|remotes| remotes.contains_key(alias));
    mesh.peer_remotes(cluster).any(|(peer, alias, _)| !has(peer, alias))
}

/// The fingerprints of the authorities that are none of a peer whose file is lost: the mesh's own, also those that were
/// retired, and those of other peers. What a remote that `mesh` does not run is trusted by may be what every machine
/// trusts, and so a lost one's, too.
pub fn known_authorities<'a>(
    mesh: &Mesh,
    files: impl Iterator<Item = &'a ClusterFiles>,
    kept: &Kept,
) -> BTreeSet<String> {
    let own = files.flat_map(|files| [files.trusted(), files.retired_authorities.clone()]).flatten();
    let counts = |name: &PartnerName| mesh.peers.get(name).is_none_or(|peer| peer.leaving || !peer.is_foreign());
    let others = kept.iter().filter(|(name, _)| counts(name)).flat_map(|(_, remotes)| remotes.values());
    own.chain(others.map(|access| access.authorities.clone())).flat_map(|pem| certs::fingerprints(&pem)).collect()
}
