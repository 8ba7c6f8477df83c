//! The questions about repositories of snapshots. Pure.

use super::Reconciler;
use crate::{
    facts::snapshots::{OwnerFacts, PolicyFacts},
    mesh::{
        container::Container,
        id::{ClusterId, ServiceId},
        snapshots::location,
    },
    plan::{SnapshotStep, Step, remove::keep},
};

impl Reconciler<'_> {
    /// Where it is written down who writes to a repository, its directory is there, too. Where that cannot be read, the
    /// step fails with the reason.
    pub(super) fn unprepared(&self, cluster: ClusterId) -> bool {
        let in_files = self.mesh.repository_place(cluster).is_some();
        in_files && !self.mesh.snapshots(cluster).is_off() && self.there.repository_owner(cluster).is_none()
    }

    /// Whether something is in the way of knowing who writes to a repository: then nothing is asked of the server.
    fn is_hidden(&self, cluster: ClusterId) -> bool {
        matches!(self.there.repository_owners.get(&cluster), Some(OwnerFacts::Unreadable { .. }))
    }

    /// The snapshots in directories that are deleted, moved to where they are to be kept.
    pub(super) fn kept_snapshots(&self) -> Vec<Step> {
        let deleted = self.there.snapshots_inside.iter().filter(|cluster| !self.mesh.has_cluster(**cluster));
        let kept = self.inputs.keep_snapshots.as_deref();
        kept.map(|into| keep(deleted, into).collect()).unwrap_or_default()
    }

    /// A repository that is not wanted any more stays registered where it is: what is in it can be restored.
    pub(super) fn snapshots(&self, cluster: ClusterId) -> Vec<Step> {
        if self.is_hidden(cluster) {
            return Vec::new();
        }
        let repository = self.unregistered(cluster).then_some(SnapshotStep::RegisterRepository(cluster));
        repository.into_iter().chain(self.policy(cluster)).map(Step::from).collect()
    }

    /// What has the servers forget repositories that are about to move, wherever a run stops then. Where snapshots are
    /// turned off, the mesh's own directory takes the place of a path.
    pub(super) fn moving_repositories(&self) -> impl Iterator<Item = Step> {
        let moves = |cluster: &ClusterId| {
            let registered = self.there.server(*cluster).is_some_and(|server| server.repository.is_some());
            registered && self.moves_repository(*cluster)
        };
        self.mesh.clusters().filter(moves).map(|cluster| SnapshotStep::UnregisterRepository(cluster).into())
    }

    fn unregistered(&self, cluster: ClusterId) -> bool {
        let wanted = self.mesh.repository(cluster, self.there.repository_owner(cluster));
        let differs = || self.server(cluster).is_none_or(|server| server.repository != wanted);
        // registered again, it is proved on every node, and what the place before held is not expected any more
        wanted.is_some() && (self.brings_in_nodes(cluster) || self.moves_repository(cluster) || differs())
    }

    /// Whether a node of a cluster that serves meanwhile has another directory where the repository is.
    fn moves_repository(&self, cluster: ClusterId) -> bool {
        let mounted = |container: &Container| container.fixed.mounts.get(location()).cloned();
        self.mesh.nodes(cluster).map(ServiceId::from).any(|node| {
            let made = self.there.containers.get(&node).and_then(|container| container.made.as_ref());
            made.is_some_and(|made| mounted(made) != self.mesh.container(node).as_ref().and_then(mounted))
        })
    }

    fn policy(&self, cluster: ClusterId) -> Option<SnapshotStep> {
        // what is another cluster's is not written to
        let owner = self.there.repository_owner(cluster);
        let read_only = self.mesh.repository(cluster, owner).is_some_and(|repository| repository.is_read_only());
        let wanted = self.mesh.snapshot_policy(cluster).filter(|_| !read_only);
        match (self.server(cluster).map(|server| &server.snapshot_policy), wanted) {
            (Some(PolicyFacts::Is(found)), Some(wanted)) if holds(found, &wanted) => None,
            (Some(PolicyFacts::Unsupported), _) | (Some(PolicyFacts::Missing) | None, None) => None,
            (_, Some(_)) => Some(SnapshotStep::WritePolicy(cluster)),
            (Some(PolicyFacts::Is(found)), None) => is_of_a_mesh(found).then_some(SnapshotStep::RemovePolicy(cluster)),
        }
    }
}

/// Whether a policy is one that `mesh` wrote; a mesh whose record was lost with its containers has another id since.
fn is_of_a_mesh(policy: &serde_json::Value) -> bool {
    policy.pointer("/config/metadata/mesh.id").is_some_and(serde_json::Value::is_string)
}

/// Whether a policy says all that is wanted; a server may add what is its default.
fn holds(found: &serde_json::Value, wanted: &serde_json::Value) -> bool {
    match (found.as_object(), wanted.as_object()) {
        (Some(found), Some(wanted)) => {
            wanted.iter().all(|(name, value)| found.get(name).is_some_and(|found| holds(found, value)))
        }
        _ => found == wanted,
    }
}
