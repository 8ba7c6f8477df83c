//! What a search does not see of a mesh, though it names no fault: notes below what was found. Pure: no I/O.

use super::{Indices, unseen};
use crate::mesh::{Mesh, cluster_set::ClusterSet, id::ClusterId, links::OWN_SHARE};

/// The notes about a search that `from` did, in the clusters `on` or in all of the mesh.
pub fn notes(mesh: &Mesh, indices: &Indices, from: ClusterId, on: Option<&ClusterSet>) -> Vec<String> {
    let unseen = unseen(mesh, indices, from, on)
        .map(|unseen| format!("{from} may not see all of that in {}: {OWN_SHARE}", unseen.named()));
    let unsearched = mesh.unsearched_by(from).filter(|_| on.is_none()).map(|unsearched| {
        if mesh.remotes(from).next().is_none() {
            format!("{from} has no remotes, so it searched only itself; `mesh config` shows the topology")
        } else {
            format!(
                "{from} does not search {}: `mesh search --from` begins elsewhere, and `mesh status --matrix` shows \
                 where",
                unsearched.named()
            )
        }
    });
    unseen.into_iter().chain(unsearched).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::{
        example::{cluster, link_rule},
        settings::Topology,
    };

    #[test]
    fn what_a_search_does_not_see_is_named() {
        let mut mesh = Mesh::example(3);
        let noted = |mesh: &Mesh, from: u8, on: Option<&str>| {
            let on: Option<ClusterSet> = on.map(|on| on.parse().unwrap());
            notes(mesh, &"mesh-*".parse().unwrap(), cluster(from), on.as_ref()).join("\n")
        };
        assert_eq!(noted(&mesh, 1, None), "");
        mesh.spec.topology = Topology::Links(vec![link_rule("1", "2-3", None), link_rule("2", "3", Some("hr-*"))]);
        insta::assert_snapshot!(noted(&mesh, 2, None), @r"
        cluster02 may not see all of that in cluster03: a link with a `share` of its own shares that alone; `links` in the settings file change it: `mesh create -f FILE`
        cluster02 does not search cluster01: `mesh search --from` begins elsewhere, and `mesh status --matrix` shows where
        ");
        insta::assert_snapshot!(noted(&mesh, 3, None), @"cluster03 has no remotes, so it searched only itself; `mesh config` shows the topology");
        assert_eq!((noted(&mesh, 1, None), noted(&mesh, 2, Some("2"))), (String::new(), String::new()));
    }
}
