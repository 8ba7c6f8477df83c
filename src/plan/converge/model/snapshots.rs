//! What the steps of snapshots change, and what they need. Pure.

use super::Model;
use crate::{
    facts::{
        observed::Observed,
        snapshots::{OwnerFacts, PolicyFacts},
    },
    mesh::{Mesh, id::ClusterId, snapshots::location},
    plan::SnapshotStep,
};

impl Model {
    pub(super) fn carry_out_of_snapshots(&mut self, mesh: &Mesh, step: &SnapshotStep) {
        match step {
            SnapshotStep::PrepareRepository(cluster) => {
                let owner = mesh.owner_of_repository(*cluster);
                self.there.repository_owners.entry(*cluster).or_insert(OwnerFacts::Is(owner));
                self.prepared.extend(mesh.repository_dir(*cluster));
            }
            SnapshotStep::AdoptRepository(cluster) => {
                let owner = OwnerFacts::Is(mesh.owner_of_repository(*cluster));
                self.there.repository_owners.insert(*cluster, owner);
            }
            SnapshotStep::RegisterRepository(cluster) => {
                let owner = self.there.repository_owner(*cluster).cloned();
                assert!(owner.is_some(), "the directory should be prepared first");
                let mounted = self.mounted_for_snapshots(*cluster);
                let server = self.answering(*cluster);
                assert!(
                    server.repository.is_none() || server.registered == mounted,
                    "the server expects what the other directory held"
                );
                (server.repository, server.registered) = (mesh.repository(*cluster, owner.as_ref()), mounted);
            }
            SnapshotStep::UnregisterRepository(cluster) => self.answering(*cluster).repository = None,
            SnapshotStep::WritePolicy(cluster) => {
                let policy = mesh.snapshot_policy(*cluster).expect("should be wanted");
                self.answering(*cluster).snapshot_policy = PolicyFacts::Is(policy);
            }
            SnapshotStep::RemovePolicy(cluster) => {
                self.answering(*cluster).snapshot_policy = PolicyFacts::Missing;
            }
            SnapshotStep::Take { .. }
            | SnapshotStep::Delete { .. }
            | SnapshotStep::Restore(_)
            | SnapshotStep::RestoreFeatures { .. }
            | SnapshotStep::Keep { .. } => unreachable!("a command plans it, not the mesh"),
        }
    }

    /// What is there for a mesh that may keep snapshots elsewhere than before: a place that is new has no owner.
    pub(in crate::plan::converge) fn observe_for(&self, mesh: &Mesh) -> Observed {
        let mut there = self.observe();
        there
            .repository_owners
            .retain(|cluster, _| !mesh.has_cluster(*cluster) || self.has_repository_dir(mesh, *cluster));
        there
    }

    /// The directory where the first node of a cluster has its snapshots.
    pub(in crate::plan::converge) fn mounted_for_snapshots(&self, cluster: ClusterId) -> Option<String> {
        let made = self.there.containers.get(&cluster.first_node())?.made.as_ref()?;
        made.fixed.mounts.get(location()).cloned()
    }

    /// Whether the directory is there that a cluster's nodes mount for snapshots; one of the mesh's own is made with
    /// the others.
    pub(super) fn has_repository_dir(&self, mesh: &Mesh, cluster: ClusterId) -> bool {
        mesh.repository_dir(cluster).is_none_or(|dir| dir.starts_with(&mesh.dir) || self.prepared.contains(&dir))
    }
}
