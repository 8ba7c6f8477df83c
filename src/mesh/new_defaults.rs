//! The way of a mesh to a newer revision of the defaults, one cluster after the other. Pure: no I/O.

use std::collections::BTreeSet;

use super::{Mesh, defaults::Revision, gateway::OwnGateway, id::ClusterId};

impl Mesh {
    /// The revision of the defaults that a cluster is to have now.
    pub fn revision(&self, cluster: ClusterId) -> Revision {
        self.clusters.get(&cluster).map_or(self.defaults, |cluster| cluster.defaults)
    }

    /// The revisions that its clusters have, and the one that new ones get.
    pub fn revisions(&self) -> BTreeSet<Revision> {
        self.clusters().map(|cluster| self.revision(cluster)).chain([self.defaults]).collect()
    }

    /// The clusters that `--new-defaults` has not come to yet.
    pub fn pending_defaults(&self) -> impl Iterator<Item = ClusterId> + use<'_> {
        self.clusters().filter(|cluster| self.revision(*cluster) < self.defaults)
    }

    /// The cluster that `--new-defaults` comes to next.
    pub fn next_defaults(&self) -> Option<ClusterId> {
        self.pending_defaults().next()
    }

    /// Whether some cluster has older defaults than this program gives to a new mesh.
    pub fn has_older_defaults_than(&self, newest: Revision) -> bool {
        self.clusters().any(|cluster| self.revision(cluster) < newest)
    }

    /// This mesh on its way to a revision: none of the clusters that were recorded has come to it yet.
    #[must_use]
    pub fn with_defaults(mut self, to: Revision, recorded: Option<&Mesh>) -> Self {
        for (id, cluster) in &mut self.clusters {
            if !recorded.is_some_and(|recorded| recorded.has_cluster(*id)) {
                cluster.defaults = to;
            }
        }
        self.gateway = self.gateway.map(OwnGateway::with_newest_image);
        self.defaults = to;
        self
    }

    /// The mesh once one more cluster has come to the revision.
    #[must_use]
    pub fn with_defaults_on(&self, cluster: ClusterId) -> Self {
        let mut mesh = self.clone();
        if let Some(cluster) = mesh.clusters.get_mut(&cluster) {
            cluster.defaults = self.defaults;
        }
        mesh
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::{fingerprint::placeholders, id::ServiceKind};

    #[test]
    fn each_cluster_is_made_by_its_own_revision() {
        let old = Mesh::example(2).with_defaults(Revision::NEWEST, None);
        let half = old.clone().with_defaults(Revision::NEXT, Some(&old)).with_defaults_on(ClusterId::FIRST);
        for service in old.services() {
            let made_from = |mesh: &Mesh| mesh.made_from(service, &placeholders(service.cluster())).unwrap();
            let kept = service.cluster() != ClusterId::FIRST || service.kind() == ServiceKind::Kibana;
            assert_eq!(made_from(&old) == made_from(&half), kept, "{service}");
        }
        assert!(half.has_older_defaults_than(Revision::NEXT) && !half.has_older_defaults_than(Revision::NEWEST));
    }

    #[test]
    fn clusters_come_to_a_revision_in_their_order() {
        let old = Mesh::example(3).with_defaults(Revision::NEWEST, None);
        let mut mesh = old.clone().with_defaults(Revision::NEXT, Some(&old));
        let mut order = Vec::new();
        while let Some(next) = mesh.next_defaults() {
            mesh = mesh.with_defaults_on(next);
            order.push(next);
        }
        assert_eq!(order, old.clusters().collect::<Vec<_>>());
        assert_eq!(mesh.revisions(), [Revision::NEXT].into());
    }
}
