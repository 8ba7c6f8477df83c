//! Whether what reaching the joined meshes takes is there. Pure.

use super::{Checked, Finding};
use crate::{facts::observed::Observed, judge::peers::lost, mesh::Mesh};

/// A peer whose keys are gone would lose its links by any change of keystores.
pub fn peers(mesh: &Mesh, there: &Observed) -> Checked {
    let finding = lost(mesh, there).map(|name| {
        Finding::problem(
            format!("the keys and authorities of the peer {name} are not on disk any more"),
            format!("`mesh join FILE --peer {name}` with a new invitation, or `mesh leave {name}`"),
        )
    });
    Checked::new("peers", "what reaching the joined meshes takes is there", finding)
}
