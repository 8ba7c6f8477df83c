//! The clusters that `mesh status` and `mesh verify` are about: all of the mesh, or those of `--on`. Pure.

use crate::{
    mesh::{Mesh, cluster_set::ClusterSet, id::ClusterId, links::Link},
    plan::Subject,
};

/// The part of a mesh that a judgment is about.
#[derive(Debug, Clone, Copy)]
pub enum Scope<'a> {
    /// All of it, with what belongs to no single cluster: the network, the record, the hosts file.
    Mesh,
    /// These clusters, and the links from and to them.
    Clusters(&'a ClusterSet),
}

impl<'a> Scope<'a> {
    /// The scope of the flag `--on`.
    pub fn new(on: Option<&'a ClusterSet>) -> Self {
        on.map_or(Self::Mesh, Self::Clusters)
    }

    pub fn is_mesh(self) -> bool {
        matches!(self, Self::Mesh)
    }

    pub fn contains(self, cluster: ClusterId) -> bool {
        match self {
            Self::Mesh => true,
            Self::Clusters(clusters) => clusters.contains(cluster),
        }
    }

    /// Whether one end of the link is in it.
    pub fn has_link(self, Link { from, to }: Link) -> bool {
        self.contains(from) || self.contains(to)
    }

    /// Whether a step with this subject is about it.
    pub fn has_subject(self, subject: &Subject) -> bool {
        match subject {
            Subject::Key(key) => self.contains(key.of) || key.searcher.is_some_and(|searcher| self.contains(searcher)),
            _ => self.is_mesh() || subject.cluster().is_some_and(|cluster| self.contains(cluster)),
        }
    }

    /// The clusters of the mesh that are in it.
    pub fn clusters(self, mesh: &Mesh) -> impl Iterator<Item = ClusterId> + Clone + use<'a, '_> {
        mesh.clusters().filter(move |cluster| self.contains(*cluster))
    }

    /// The clusters of the mesh at the ends of its links, and its own.
    pub fn neighborhood(self, mesh: &Mesh) -> impl Iterator<Item = ClusterId> + Clone + use<'a, '_> {
        mesh.clusters().filter(move |cluster| {
            let linked = |other| [(*cluster, other), (other, *cluster)].map(|(from, to)| Link { from, to });
            self.contains(*cluster)
                || self.clusters(mesh).any(|other| linked(other).iter().any(|link| mesh.has_link(*link)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::{example::cluster, links::Key, settings::Topology};

    #[test]
    fn a_set_has_its_clusters_the_links_at_them_and_what_belongs_to_them() {
        let on: ClusterSet = "2-3".parse().unwrap();
        let scope = Scope::new(Some(&on));
        let has_link = |from, to| scope.has_link(Link { from: cluster(from), to: cluster(to) });
        assert!(has_link(2, 3) && has_link(1, 2) && has_link(3, 4) && !has_link(1, 4));
        let key = |of, searcher: Option<u8>| Subject::Key(Key { of: cluster(of), searcher: searcher.map(cluster) });
        let has = |subject: Subject| scope.has_subject(&subject);
        assert!(has(key(2, None)) && has(key(1, Some(3))) && !has(key(1, None)) && !has(key(1, Some(4))));
        assert!(has(Subject::Service(cluster(3).kibana())) && !has(Subject::Cluster(cluster(1))));
        assert!(!has(Subject::Mesh) && Scope::Mesh.has_subject(&Subject::Mesh));
    }

    #[test]
    fn the_neighborhood_of_a_set_is_it_and_those_it_has_links_with() {
        let mut mesh = Mesh::example(5);
        mesh.spec.topology = Topology::Hub { hub: ClusterId::FIRST, both: false };
        let of = |set: &str| {
            let on: ClusterSet = set.parse().unwrap();
            ClusterSet::new(Scope::new(Some(&on)).neighborhood(&mesh)).unwrap().to_string()
        };
        assert_eq!([of("1"), of("3"), of("2,4")], ["1-5", "1,3", "1-2,4"]);
    }
}
