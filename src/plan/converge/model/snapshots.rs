//! What the steps of snapshots change, and what they need. Pure.

use super::Model;
use crate::{
    facts::snapshots::{OwnerFacts, PolicyFacts},
    mesh::Mesh,
    plan::SnapshotStep,
};

impl Model {
    pub(super) fn carry_out_of_snapshots(&mut self, mesh: &Mesh, step: &SnapshotStep) {
        match step {
            SnapshotStep::PrepareRepository(cluster) => {
                let owner = mesh.owner_of_repository(*cluster);
                self.there.repository_owners.entry(*cluster).or_insert(OwnerFacts::Is(owner));
            }
            SnapshotStep::AdoptRepository(cluster) => {
                let owner = OwnerFacts::Is(mesh.owner_of_repository(*cluster));
                self.there.repository_owners.insert(*cluster, owner);
            }
            SnapshotStep::RegisterRepository(cluster) => {
                let owner = self.there.repository_owner(*cluster).cloned();
                assert!(owner.is_some(), "the directory should be prepared first");
                self.answering(*cluster).repository = mesh.repository(*cluster, owner.as_ref());
            }
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
}
