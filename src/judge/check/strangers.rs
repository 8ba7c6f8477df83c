//! Whether every node of a cluster of several belongs to it. Pure.

use super::{Checked, Finding};
use crate::{
    facts::observed::Observed,
    judge::scope::Scope,
    mesh::{Mesh, layout},
};

/// A node that lost its data and founded a cluster of its own is never mended in silence: what was written to it since
/// would be gone.
pub fn strangers(mesh: &Mesh, scope: Scope, there: &Observed) -> Checked {
    let found = there.strangers().into_iter().filter(|(node, _)| scope.contains(node.cluster)).map(|(node, uuid)| {
        let (cluster, number) = (node.cluster.number(), node.number.get());
        let data = mesh.dir.join(layout::data(node));
        Finding::problem(
            format!("{node} belongs to a cluster of its own ({uuid}), and not to that of the other nodes of {}", node.cluster),
            format!(
                "stop it with `mesh manage stop {cluster}/{number}`, empty {}, and type the same command again: it joins the others",
                data.display()
            ),
        )
    });
    Checked::new("nodes", "every node that answers belongs to its cluster", found)
}
