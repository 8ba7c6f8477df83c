//! Warnings before an upgrade begins. Pure.

use super::Finding;
use crate::{
    facts::observed::Observed,
    mesh::{Mesh, id::ClusterId, layout},
};

/// All of it is known from versions and files.
pub fn upgrade(mesh: &Mesh, there: &Observed) -> Vec<Finding> {
    let gaps = mesh.gaps().into_iter().map(|(from, to)| {
        Finding::warning(
            format!("while it runs, there are no supported searches from clusters on {from} in those still on {to}"),
            format!(
                "simple ones may work all the same: Elastic supports remotes that are newer or one minor version older; \
                 when no cluster is on {to} any more, every wanted search is supported again",
            ),
        )
    });
    let kept: Vec<String> = mesh.pending_upgrade().flat_map(|(cluster, _)| changed(mesh, there, cluster)).collect();
    let kept = (!kept.is_empty()).then(|| {
        Finding::warning(
            format!("changed by hand, so kept as they are: {}", kept.join(" ")),
            "see whether the new version takes them; a file that is removed is copied from the new image",
        )
    });
    gaps.chain(kept).collect()
}

/// The files of a cluster's services that were changed by hand, seen from the mesh's directory.
fn changed(mesh: &Mesh, there: &Observed, cluster: ClusterId) -> Vec<String> {
    mesh.services_in(cluster)
        .filter_map(|service| {
            let seed = there.files.get(&cluster)?.services.get(&service)?.seed.as_ref()?;
            Some(seed.changed.iter().map(move |name| layout::config(service, name)))
        })
        .flatten()
        .collect()
}
