//! Every secret of a mesh that is on its disk, so that none of them leaves it by accident. I/O: disk.

use super::{disk::Tree, files};
use crate::mesh::{
    Mesh,
    keystore::{Keyring, Keystore},
    secret::Secret,
};

/// What is known; what cannot be read is in no text of this program either.
pub fn known(tree: &Tree, mesh: Option<&Mesh>) -> Vec<Secret> {
    let mut known = Vec::new();
    if let Ok(Some(credentials)) = files::credentials(tree) {
        known.extend([credentials.elastic, credentials.kibana_encryption_key]);
        known.extend(credentials.kibana_system);
        known.extend(credentials.kibana_tokens.values().map(|token| token.text().clone()));
        known.extend(credentials.users.into_values());
    }
    let mut keys = Keyring::default();
    for cluster in mesh.into_iter().flat_map(Mesh::clusters) {
        let of_cluster = mesh.into_iter().flat_map(|mesh| mesh.keys(cluster));
        let saved = of_cluster.filter_map(|key| files::saved_key(tree, key).ok().flatten());
        known.extend(saved.map(|key| Secret::new(key.encoded)));
        for node in mesh.into_iter().flat_map(|mesh| mesh.nodes(cluster)) {
            let keystore = files::keystore(tree, node, &mut keys).ok().flatten();
            let entries = keystore.iter().flat_map(Keystore::entries);
            // a seed is no secret, and one letter may be a setting's value
            known.extend(entries.map(|(_, value)| value.clone()).filter(|value| value.expose().len() > 3));
        }
    }
    for peer in mesh.into_iter().flat_map(|mesh| mesh.peers.keys()) {
        let access = files::peer(tree, peer).ok().flatten();
        let remotes = access.into_iter().flat_map(|access| access.remotes.into_values());
        known.extend(remotes.map(|remote| Secret::new(remote.encoded)));
    }
    known
}
