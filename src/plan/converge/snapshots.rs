//! Repositories and schedules that come, move and vanish, wherever a run stops. Pure.

use super::{
    model::{Model, inputs},
    plan_for,
};
use crate::{
    facts::snapshots::PolicyFacts,
    mesh::{
        Mesh,
        id::ClusterId,
        settings::{Repository, per_cluster::read_set},
    },
    plan::{
        SnapshotStep, Step,
        reconcile::reconcile,
        rolling::{Turns, whole},
    },
};

fn mesh(snapshots: &str) -> Mesh {
    let mut mesh = Mesh::example(2).without_kibana();
    mesh.spec.snapshots = serde_json::from_value(snapshots.into()).unwrap();
    mesh
}

impl Model {
    fn assert_has_policies_of(&self, mesh: &Mesh) {
        for cluster in mesh.clusters() {
            let wanted = mesh.snapshot_policy(cluster).map_or(PolicyFacts::Missing, PolicyFacts::Is);
            assert_eq!(self.servers[&cluster].snapshot_policy, wanted, "{cluster}");
        }
    }

    /// Servers find in their repositories what they expect there, also where snapshots are off.
    fn assert_reads_repositories(&self) {
        for (cluster, server) in &self.servers {
            let mounted = self.mounted_for_snapshots(*cluster);
            assert!(server.repository.is_none() || server.registered == mounted, "{cluster}");
        }
    }
}

#[test]
fn a_repository_is_where_it_was_asked_for_and_its_schedule_goes_with_it() {
    let meshes = ["fs", "off", "/srv/snapshots", "{repository: /mnt/nfs, schedule: '0 30 1 * * ?'}"].map(mesh);
    for from in &meshes {
        let before = Model::empty().converge(from);
        before.assert_has_policies_of(from);
        for to in &meshes {
            for half in before.states_of(to, &plan_for(to, &before)) {
                let done = half.converge(to);
                done.assert_is(to);
                done.assert_keeps_data_of(&before);
                done.assert_has_policies_of(to);
                done.assert_reads_repositories();
            }
        }
    }
}

#[test]
fn what_was_saved_can_be_read_while_snapshots_are_off_unless_its_directory_is_left() {
    let registered = |from: &str| {
        let off = Model::empty().converge(&mesh(from)).converge(&mesh("off"));
        off.servers[&ClusterId::FIRST].repository.is_some()
    };
    assert_eq!([registered("fs"), registered("/srv/snapshots"), registered("off")], [true, false, false]);
}

/// Its container is made anew, and the bucket is where it was.
#[test]
fn a_cluster_that_has_its_turn_keeps_a_bucket_whose_snapshots_are_turned_off() {
    let unregisters = |made: &Mesh, recorded: &Mesh| {
        let mut wanted = recorded.clone();
        wanted.overrides = ["1.snapshots=off", "1.elastic_memory=6g"].map(|text| read_set(text).unwrap()).into();
        let wanted = wanted.in_turns(recorded, |_| true);
        let there = Model::empty().converge(made).observe();
        let plan = whole(&wanted, &there, &inputs(), Turns::Settings);
        assert!(plan.steps().any(|step| matches!(step, Step::RemoveContainer { .. })), "{plan}");
        plan.steps().any(|step| *step == Step::from(SnapshotStep::UnregisterRepository(ClusterId::FIRST)))
    };
    let (inside, outside) = (mesh("fs"), mesh("/srv/snapshots"));
    let mut in_bucket = inside.clone();
    in_bucket.spec.snapshots.repository = Repository::S3 { bucket: "b".to_owned(), base_path: String::new() };
    let found = [unregisters(&inside, &in_bucket), unregisters(&inside, &inside), unregisters(&outside, &outside)];
    assert_eq!(found, [false, false, true]);
}

/// A user may have one of that name.
#[test]
fn a_policy_that_another_wrote_stays() {
    let mesh = mesh("off");
    let mut model = Model::empty().converge(&mesh);
    let foreign = serde_json::json!({ "schedule": "0 0 3 * * ?", "repository": "theirs", "config": {} });
    model.servers.get_mut(&ClusterId::FIRST).unwrap().snapshot_policy = PolicyFacts::Is(foreign);
    assert!(plan_for(&mesh, &model).is_empty());
}

/// The nodes of a cluster of several have another directory one after the other, and its server expects what the one
/// before it held.
#[test]
fn a_repository_that_moves_is_registered_again_by_a_cluster_that_serves() {
    let of = |snapshots: &str| Mesh { spec: mesh(snapshots).spec, ..Mesh::example(2).with_nodes(1, 3) };
    let model = Model::empty().converge(&of("fs"));
    let moved = of("/srv/snapshots");
    let plan = reconcile(&moved, &model.observe_for(&moved), &inputs());
    let register = Step::from(SnapshotStep::RegisterRepository(ClusterId::FIRST));
    assert!(plan.steps().any(|step| *step == register), "{plan}");
}
