//! Whether what reaching the joined meshes takes is there. Pure.

use super::{Checked, Finding};
use crate::{
    facts::observed::Observed,
    mesh::{
        Mesh,
        peers::{PartnerName, Peer},
    },
};

/// A peer whose keys are gone would lose its links by any change of keystores.
pub fn peers(mesh: &Mesh, there: &Observed) -> Checked {
    let finding = lost(mesh, there).map(|(name, peer)| {
        Finding::problem(
            format!("the keys and authorities of the peer {name} are not on disk any more"),
            format!("{}; or `mesh leave {name}`", peer.renewal(name)),
        )
    });
    Checked::new("peers", "what reaching the joined meshes takes is there", finding)
}

/// The first peer whose keys are not on disk: its links cannot be repaired.
fn lost<'a>(mesh: &'a Mesh, there: &Observed) -> Option<(&'a PartnerName, &'a Peer)> {
    let complete = |name: &PartnerName, peer: &Peer| {
        let kept = there.peers.get(name);
        peer.remotes.keys().all(|alias| kept.is_some_and(|kept| kept.contains_key(alias)))
    };
    mesh.peers.iter().find(|(name, peer)| !peer.leaving && !complete(name, peer))
}
