//! Secure settings from a file, stopped at every step: each server starts once for a change and no other restarts, one
//! cluster at a time, and what was put into a keystore by hand stays. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    model::{Model, inputs},
    orders, plan_for,
};
use crate::{
    facts::observed::SecureSettingsFacts,
    mesh::{Mesh, id::ClusterId, secure_settings::Managed, settings::UserFile},
    plan::{Order, Plan, Step, reconcile::reconcile},
};

const BY_HAND: &str = "xpack.by.hand";

/// What a file says, by name; `None` for no file.
type Wish = Option<&'static [(&'static str, &'static str)]>;

fn wishes() -> [Wish; 5] {
    [None, Some(&[("a.b", "1"), ("c.d", "1")]), Some(&[("a.b", "2"), ("c.d", "1")]), Some(&[("c.d", "1")]), Some(&[])]
}

fn mesh(clusters: u8, wish: Wish) -> Mesh {
    let mut mesh = Mesh::example(clusters).without_kibana();
    mesh.spec.secure_settings = UserFile(wish.map(|_| "/etc/mesh/secure.yaml".into()));
    mesh
}

impl Model {
    /// The model where the file says something else.
    fn wishing(mut self, mesh: &Mesh, wish: Wish) -> Self {
        let of = |(name, digest): &(&str, &str)| ((*name).to_owned(), (*digest).to_owned());
        let wanted: BTreeMap<String, String> = wish.unwrap_or_default().iter().map(of).collect();
        self.there.secure_settings =
            mesh.clusters().map(|cluster| (cluster, SecureSettingsFacts::Read(wanted.clone()))).collect();
        self
    }

    fn put_by_hand(&mut self) {
        for files in self.there.files.values_mut() {
            files
                .nodes
                .values_mut()
                .next()
                .unwrap()
                .keystore
                .get_or_insert_default()
                .insert(BY_HAND.to_owned(), "hand".to_owned());
        }
    }

    fn starts(&self) -> BTreeMap<ClusterId, String> {
        let started = |cluster: &ClusterId| self.there.containers[&cluster.first_node()].started.clone().unwrap();
        self.servers.keys().map(|cluster| (*cluster, started(cluster))).collect()
    }

    /// What a run that is killed at the step leaves: a keystore not yet written, or a server not yet restarted.
    fn torn_while_storing(&self, mesh: &Mesh, step: &Step) -> Vec<Self> {
        let Step::StoreSecureSettings { node, changes, .. } = step else { return Vec::new() };
        let mut written = self.clone();
        let at_rest = Step::StoreSecureSettings { node: *node, changes: changes.clone(), restart: false };
        written.carry_out(mesh, &at_rest);
        let before = self.there.files[&node.cluster].nodes[&node.number].managed.clone().unwrap_or_default();
        let managed = written.node_files(*node).managed.as_mut().unwrap();
        managed.names.extend(before.names);
        let mut announced = written.clone();
        announced.node_files(*node).keystore.clone_from(&self.there.files[&node.cluster].nodes[&node.number].keystore);
        vec![announced, written]
    }
}

#[test]
fn wherever_a_change_stops_each_server_starts_once_for_it() {
    let mut walks = 0;
    for from in wishes() {
        let before = mesh(2, from);
        let mut start = Model::empty().wishing(&before, from).converge(&before);
        start.put_by_hand();
        for to in wishes() {
            let wanted = mesh(2, to);
            let changed = from.unwrap_or_default() != to.unwrap_or_default();
            let start = start.clone().wishing(&wanted, to);
            let plan = plan_for(&wanted, &start);
            let done = start.clone().carry_out_all(&wanted, plan.steps());
            let other: BTreeSet<_> =
                start.starts().into_iter().filter(|(of, at)| done.starts()[of] != *at).map(|(of, _)| of).collect();
            assert_eq!(other.len(), if changed { 2 } else { 0 }, "{from:?} {to:?}\n{plan}");
            assert!(plan_for(&wanted, &done).is_empty(), "{}", plan_for(&wanted, &done));
            for steps in orders(&plan) {
                let torn = steps.iter().enumerate().flat_map(|(at, step)| {
                    let here = start.clone().carry_out_all(&wanted, steps[..at].iter().copied());
                    here.torn_while_storing(&wanted, step)
                });
                let torn: Vec<Model> = torn.collect();
                for half in start.walk(&wanted, steps).states().iter().chain(&torn) {
                    let done = half.clone().converge(&wanted);
                    done.assert_is(&wanted);
                    done.assert_keeps_data_and_keys_of(&start);
                    for files in done.there.files.values() {
                        assert!(files.first().unwrap().keystore.as_ref().unwrap().contains_key(BY_HAND));
                    }
                    // one that was started by hand in between has read its keystore
                    let mut stopped = half.clone();
                    stopped.stop_all();
                    stopped.converge(&wanted).assert_is(&wanted);
                    walks += 2;
                }
            }
        }
    }
    assert!(walks > 100, "{walks} interrupted runs");
}

#[test]
fn a_file_that_is_gone_changes_nothing() {
    let wish: Wish = Some(&[("a.b", "1")]);
    let mesh = mesh(2, wish);
    let mut model = Model::empty().wishing(&mesh, wish).converge(&mesh);
    for facts in model.there.secure_settings.values_mut() {
        *facts = SecureSettingsFacts::Missing("/etc/mesh/secure.yaml".into());
    }
    assert!(plan_for(&mesh, &model).is_empty());
    model.stop_all();
    model.converge(&mesh).assert_is(&mesh);
}

/// Nothing tells then which entries were the file's: those that it names are taken over, without a restart.
#[test]
fn a_lost_record_of_the_keystore_restarts_nothing() {
    let wish: Wish = Some(&[("a.b", "1")]);
    let mesh = mesh(2, wish);
    let mut model = Model::empty().wishing(&mesh, wish).converge(&mesh);
    model.first_files(ClusterId::FIRST).managed = None;
    let plan = plan_for(&mesh, &model);
    insta::assert_snapshot!(plan, @r"
    write secure settings
      ~ secure settings of cluster01-elastic
    ");
    let done = model.clone().converge(&mesh);
    assert_eq!(done.starts(), model.starts());
    done.assert_is(&mesh);
}

/// A server that cannot start with what it has is the only one that has it, and is mended first.
#[test]
fn the_next_cluster_waits_until_the_one_before_serves() {
    let (before, wish): (_, Wish) = (mesh(3, None), Some(&[("mispelt", "1")]));
    let wanted = mesh(3, wish);
    let start = Model::empty().wishing(&before, None).converge(&before).wishing(&wanted, wish);
    let plan = plan_for(&wanted, &start);
    let stage = plan.stages.iter().find(|stage| stage.title == "change secure settings").unwrap();
    assert_eq!((stage.order, stage.lanes().len()), (Order::ByCluster { at_once: 1 }, 3));
    insta::assert_snapshot!(plan, @r"
    record the mesh
      ~ mesh.json
    change secure settings, one cluster at a time
      ~ secure settings of cluster01-elastic, with a restart: mispelt (new)
      ~ secure settings of cluster02-elastic, with a restart: mispelt (new)
      ~ secure settings of cluster03-elastic, with a restart: mispelt (new)
    prove links
      ? links from cluster01 to cluster02 cluster03
      ? links from cluster02 to cluster01 cluster03
      ? links from cluster03 to cluster01 cluster02
    ");
    // the first keeps ending: it is in the way of the others, and a corrected file lets it start
    let [first, second] = [stage.steps[0].clone(), stage.steps[1].clone()];
    let written = start.torn_while_storing(&wanted, &first).pop().unwrap();
    let mut there = written.observe();
    there.servers.remove(&ClusterId::FIRST);
    let again = reconcile(&wanted, &there, &inputs());
    let at = |plan: &Plan, wanted: &Step| plan.steps().position(|step| step == wanted);
    let waits = Step::AwaitReady(ClusterId::FIRST.first_node());
    assert!(at(&again, &waits) < at(&again, &second) && at(&again, &waits).is_some(), "{again}");
    let corrected = written.wishing(&wanted, Some(&[("spelt", "1")]));
    let mut there = corrected.observe();
    there.servers.remove(&ClusterId::FIRST);
    insta::assert_snapshot!(reconcile(&wanted, &there, &inputs()), @r"
    record the mesh
      ~ mesh.json
    write secure settings
      ~ secure settings of cluster01-elastic: spelt (new), mispelt (removed)
    start clusters
      ~ container cluster01-elastic
      ? cluster01-elastic answers
      ~ passwords of elastic and kibana_system on cluster01
    change secure settings, one cluster at a time
      ~ secure settings of cluster02-elastic, with a restart: spelt (new)
      ~ secure settings of cluster03-elastic, with a restart: spelt (new)
    register snapshot repositories
      ~ snapshot repository of cluster01
    set roles and users
      ~ roles of cluster01: mesh_reader
    link clusters
      ~ remotes of cluster01: cluster02 cluster03
    prove links
      ? links from cluster01 to cluster02 cluster03
      ? links from cluster02 to cluster01 cluster03
      ? links from cluster03 to cluster01 cluster02
    ");
}

#[test]
fn names_that_are_not_recorded_are_the_users() {
    let mesh = mesh(1, None);
    let mut model = Model::empty().wishing(&mesh, None).converge(&mesh);
    model.put_by_hand();
    model.first_files(ClusterId::FIRST).managed = Some(Managed::default());
    assert!(plan_for(&mesh, &model).is_empty());
}
