//! Clusters on their way to another version: which one is next, and what each runs and needs until then. Pure: no I/O.
//!
//! The mesh's version is that of new clusters, and no cluster is to have an older one. One that
//! `mesh upgrade VERSION CLUSTERS` names has a newer one by itself.

mod request;
mod searches;

use std::collections::BTreeSet;

pub use self::searches::UnsupportedSearch;
use super::{
    Mesh,
    cluster_set::ClusterSet,
    id::{ClusterId, ServiceId},
    settings::StackVersion,
};

impl Mesh {
    /// The version that a cluster is to have now; for one that the mesh has not, the mesh's.
    pub fn version(&self, cluster: ClusterId) -> StackVersion {
        self.clusters.get(&cluster).map_or(self.spec.stack_version, |cluster| cluster.version)
    }

    /// The version that a cluster has when no upgrade is in progress any more.
    pub fn target_version(&self, cluster: ClusterId) -> StackVersion {
        let floor = self.spec.stack_version;
        self.clusters.get(&cluster).map_or(floor, |of| of.upgrade.unwrap_or(of.version.max(floor)))
    }

    /// The clusters that an upgrade has not reached yet, with the version that each has until then.
    pub fn pending_upgrade(&self) -> impl Iterator<Item = (ClusterId, StackVersion)> + Clone + use<'_> {
        let pending = |cluster: ClusterId| self.version(cluster) != self.target_version(cluster);
        self.clusters().filter(move |cluster| pending(*cluster)).map(|cluster| (cluster, self.version(cluster)))
    }

    /// The cluster that an upgrade comes to next.
    pub fn next_upgrade(&self) -> Option<ClusterId> {
        self.pending_upgrade().map(|(cluster, _)| cluster).next()
    }

    /// The upgrade that is in progress: the version, and the command that continues it.
    pub fn upgrade_in_progress(&self) -> Option<(StackVersion, String)> {
        let to = self.target_version(self.next_upgrade()?);
        let pending = self.pending_upgrade().map(|(cluster, _)| cluster);
        let of_all = pending.clone().any(|cluster| self.clusters[&cluster].upgrade.is_none());
        let on = ClusterSet::new(pending).filter(|_| !of_all).map_or(String::new(), |on| format!(" {on}"));
        Some((to, format!("mesh upgrade {to}{on}")))
    }

    /// The mesh that an upgrade leads to.
    #[must_use]
    pub fn upgraded(&self) -> Self {
        let mut mesh = self.clone();
        for (cluster, upgraded) in &mut mesh.clusters {
            (upgraded.version, upgraded.upgrade) = (self.target_version(*cluster), None);
        }
        mesh
    }

    /// The versions that clusters have, each once, the oldest first.
    pub fn versions(&self) -> BTreeSet<StackVersion> {
        self.clusters.values().map(|cluster| cluster.version).collect()
    }

    /// The images that the services need now, and those that they will need when no upgrade is in progress any more.
    pub fn images(&self) -> BTreeSet<String> {
        let later = self.upgraded();
        self.services().flat_map(|service| [self.image(service), later.image(service)]).collect()
    }

    /// The images that the services would need if every cluster had a version.
    pub fn images_at(&self, version: StackVersion) -> BTreeSet<String> {
        let mut mesh = self.clone();
        for cluster in mesh.clusters.values_mut() {
            (cluster.version, cluster.upgrade) = (version, None);
        }
        mesh.services().map(|service| mesh.image(service)).collect()
    }

    /// The images that clusters still have to come to, with a service that needs each; none but for an upgrade.
    pub fn new_images(&self) -> Vec<(ServiceId, String)> {
        let later = self.upgraded();
        let pending: Vec<ClusterId> = self.pending_upgrade().map(|(cluster, _)| cluster).collect();
        let services = pending.into_iter().flat_map(|cluster| later.services_in(cluster).collect::<Vec<_>>());
        let mut images: Vec<(ServiceId, String)> = Vec::new();
        for (service, image) in services.map(|service| (service, later.image(service))) {
            if !images.iter().any(|(_, known)| *known == image) {
                images.push((service, image));
            }
        }
        images.sort_by_key(|(service, _)| service.kind());
        images
    }

    /// This mesh after the upgrade of one cluster.
    #[must_use]
    pub fn with_upgraded(&self, cluster: ClusterId) -> Self {
        let (mut mesh, version) = (self.clone(), self.target_version(cluster));
        if let Some(upgraded) = mesh.clusters.get_mut(&cluster) {
            (upgraded.version, upgraded.upgrade) = (version, None);
        }
        mesh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn version(text: &str) -> StackVersion {
        text.parse().unwrap()
    }

    /// A mesh of three clusters of this version.
    pub(super) fn mesh(text: &str) -> Mesh {
        Mesh::example(3).of_version(version(text))
    }

    #[test]
    fn a_cluster_after_the_other_comes_to_the_same_version() {
        let from = mesh("8.19.21");
        let mut mesh = from.upgrade_to(version("9.5.3"), None).unwrap();
        assert_eq!(mesh.upgrade_to(version("9.5.3"), None).unwrap(), mesh, "the same again goes on");
        assert_eq!((mesh.images().len(), mesh.new_images().len()), (4, 2));
        let gap = [(version("9.5.3"), version("8.19.21"))];
        for cluster in from.clusters() {
            assert_eq!(mesh.gaps(), gap.into());
            assert_eq!(mesh.version(cluster), version("8.19.21"));
            mesh = mesh.with_upgraded(cluster);
            assert_eq!(mesh.version(cluster), version("9.5.3"));
        }
        assert_eq!((mesh.pending_upgrade().count(), mesh.gaps().len(), mesh.images().len()), (0, 0, 2));
        assert_eq!(mesh.new_images(), [], "all of them have come to it");
        let alone = Mesh::example(1).of_version(from.spec.stack_version);
        assert_eq!(
            alone.upgrade_to(version("9.5.3"), None).unwrap().gaps(),
            [].into(),
            "no other is there to be searched"
        );
        let text = serde_json::to_string(&mesh).unwrap();
        assert!(!text.contains("behind"), "{text}");
    }

    #[test]
    fn half_an_upgrade_is_read_back() {
        let mesh = mesh("8.19.21").upgrade_to(version("9.5.3"), None).unwrap().with_upgraded(ClusterId::FIRST);
        let read: Mesh = serde_json::from_str(&serde_json::to_string(&mesh).unwrap()).unwrap();
        assert!(mesh.is_recorded_in(&Mesh { dir: mesh.dir.clone(), ..read }));
        let searchable: Vec<String> = mesh
            .clusters()
            .map(|of| mesh.searchable(of).map(|to| to.to_string()).collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(searchable, ["", "cluster01 cluster03", "cluster01 cluster02"]);
    }
}
