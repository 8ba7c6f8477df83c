//! Who searches whom: the links of a mesh, from which everything that knows pairs of clusters follows. Pure: no I/O.

use std::collections::BTreeSet;

use super::{Mesh, id::ClusterId};

/// A link: one cluster, and the remote that it searches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// The cluster that searches.
    pub from: ClusterId,
    /// The remote.
    pub to: ClusterId,
}

impl Mesh {
    /// Every link that is wanted.
    pub fn links(&self) -> BTreeSet<Link> {
        self.clusters().flat_map(|from| self.remotes(from).map(move |to| Link { from, to })).collect()
    }

    /// Whether a link is wanted: the only place that knows the topology. Every cluster searches every other.
    pub fn has_link(&self, Link { from, to }: Link) -> bool {
        from != to && self.has_cluster(from) && self.has_cluster(to)
    }

    /// How many pairs of clusters are linked, in whichever direction.
    pub fn linked_pairs(&self) -> usize {
        self.links().into_iter().map(|Link { from, to }| (from.min(to), from.max(to))).collect::<BTreeSet<_>>().len()
    }

    /// The clusters that `of` searches.
    pub fn remotes(&self, of: ClusterId) -> impl Iterator<Item = ClusterId> + Clone + use<'_> {
        self.clusters().filter(move |to| self.has_link(Link { from: of, to: *to }))
    }

    /// The clusters that search `of`.
    pub fn searchers(&self, of: ClusterId) -> impl Iterator<Item = ClusterId> + Clone + use<'_> {
        self.clusters().filter(move |from| self.has_link(Link { from: *from, to: of }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cluster_searches_every_other_and_not_itself() {
        let mesh = Mesh::example(8);
        assert_eq!(mesh.links().len(), 56);
        for cluster in mesh.clusters() {
            for pairs in [mesh.remotes(cluster).collect::<Vec<_>>(), mesh.searchers(cluster).collect()] {
                assert_eq!(pairs.len(), 7);
                assert!(!pairs.contains(&cluster));
            }
        }
    }
}
