//! From one topology to another: nothing restarts, wherever a run stops, and keys, credentials and trust follow the
//! links. Pure.

use std::collections::BTreeMap;

use super::{
    model::{Model, inputs},
    plan_for,
};
use crate::{
    mesh::{
        Mesh,
        cluster_set::ClusterSet,
        example::cluster,
        id::ServiceId,
        settings::{LinkRule, Topology},
    },
    plan::{Plan, Step, reconcile::reconcile},
};

fn mesh(clusters: u8, topology: Topology) -> Mesh {
    let mut mesh = Mesh::example(clusters).without_kibana();
    mesh.spec.topology = topology;
    mesh
}

fn hub(hub: u8, both: bool) -> Topology {
    Topology::Hub { hub: cluster(hub), both }
}

fn rule(from: u8, to: u8, both: bool, share: Option<&str>) -> LinkRule {
    let set = |number| ClusterSet::new([cluster(number)]).unwrap();
    LinkRule { from: set(from), to: set(to), both, share: share.map(|pattern| vec![pattern.parse().unwrap()]) }
}

pub(super) fn named() -> Vec<Topology> {
    let links = vec![rule(1, 2, true, None), rule(3, 2, false, Some("hr-*"))];
    vec![
        Topology::All,
        Topology::None,
        hub(1, false),
        hub(1, true),
        hub(2, false),
        hub(2, true),
        Topology::Links(links),
    ]
}

fn ids(model: &Model) -> BTreeMap<ServiceId, String> {
    model.there.containers.iter().map(|(service, facts)| (*service, facts.id.clone())).collect()
}

/// Goes on to `to` from where a run stopped, and sees that nothing was restarted on the way.
fn finish(half: Model, to: &Mesh, before: &Model) {
    let done = watched(half, to);
    done.assert_is(to);
    assert_eq!(ids(&done), ids(before), "no container should be another one");
}

/// Carries out what is to do, none of which may touch a container.
fn watched(mut model: Model, to: &Mesh) -> Model {
    for _ in 0..3 {
        let plan = reconcile(to, &model.observe(), &inputs());
        if plan.is_empty() {
            break;
        }
        assert_restarts_nothing(&plan);
        model = model.carry_out_all(to, plan.steps());
    }
    model
}

fn assert_restarts_nothing(plan: &Plan) {
    let touches = |step: &&Step| {
        matches!(
            step,
            Step::CreateContainer(_)
                | Step::StartContainer(_)
                | Step::StopContainer(_)
                | Step::RestartContainer(_)
                | Step::RemoveContainer { .. }
                | Step::UpdateContainer { .. }
        )
    };
    assert_eq!(plan.steps().find(touches), None);
}

/// From each named topology to each other one, stopped at every step: nothing restarts, and the end is the same.
fn every_pair_reaches_the_same_end(clusters: u8) {
    let mut walks = 0;
    let starts: Vec<Model> = named().into_iter().map(|from| Model::empty().converge(&mesh(clusters, from))).collect();
    for start in &starts {
        for to in named().into_iter().map(|to| mesh(clusters, to)) {
            let plan = plan_for(&to, start);
            assert_restarts_nothing(&plan);
            for half in start.states_of(&to, &plan) {
                finish(half, &to, start);
                walks += 1;
            }
        }
    }
    assert!(walks > 500, "{walks} interrupted runs");
}

#[test]
fn from_one_topology_of_three_clusters_to_another_nothing_restarts_wherever_a_run_stops() {
    every_pair_reaches_the_same_end(3);
}

#[test]
fn from_one_topology_of_four_clusters_to_another_nothing_restarts_wherever_a_run_stops() {
    every_pair_reaches_the_same_end(4);
}

/// Numbers that are the same in every run; see <https://prng.di.unimi.it/splitmix64.c>.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % end as u64).unwrap()
    }

    /// Any links of four clusters, some of which share by a list of their own.
    fn links(&mut self) -> Topology {
        let pairs = (1..=4).flat_map(|from| (1..=4).map(move |to| (from, to))).filter(|(from, to)| from != to);
        let share = [None, None, Some("hr-*"), Some("logs-*")];
        let rules = pairs.filter_map(|(from, to)| {
            let (chosen, share) = (self.below(2) == 0, share[self.below(4)]);
            chosen.then(|| rule(from, to, false, share))
        });
        Topology::Links(rules.collect())
    }
}

#[test]
fn from_any_links_to_any_others_nothing_restarts() {
    let mut dice = Dice(14);
    let mut model = Model::empty().converge(&mesh(4, Topology::All));
    for _ in 0..200 {
        let to = mesh(4, dice.links());
        let before = model.clone();
        let plan = plan_for(&to, &model);
        assert_restarts_nothing(&plan);
        let stop = dice.below(plan.steps().count() + 1);
        model = model.carry_out_all(&to, plan.steps().take(stop));
        model = watched(model, &to);
        model.assert_is(&to);
        assert_eq!(ids(&model), ids(&before));
    }
}

#[test]
fn stories() {
    let start = Model::empty().converge(&mesh(3, hub(1, false)));
    let keys = start.servers.values().map(|server| server.keys.len()).collect::<Vec<_>>();
    assert_eq!(keys, [0, 1, 1], "no cluster searches the hub");
    insta::assert_snapshot!(plan_for(&mesh(3, Topology::None), &start), @r"
    record the mesh
      ~ mesh.json
    disconnect remotes
      - remotes of cluster01: cluster02 cluster03
    write bundles
      ~ authorities that cluster01 trusts
    link clusters
      ~ keystore of cluster01: no credentials of remotes
    revoke stale API keys
      - API keys of cluster02 that are no longer used
      - API keys of cluster03 that are no longer used
    ");
    let links = Topology::Links(vec![rule(1, 2, false, None), rule(3, 2, false, Some("hr-*"))]);
    insta::assert_snapshot!(plan_for(&mesh(3, links), &start), @r"
    record the mesh
      ~ mesh.json
    disconnect remotes
      - remotes of cluster01: cluster03
    write bundles
      ~ authorities that cluster01 trusts
      ~ authorities that cluster03 trusts
    prepare clusters
      + API key of cluster02 for cluster03
    set roles and users
      ~ roles of cluster03: mesh_reader
    link clusters
      ~ keystore of cluster01: credentials of cluster02
      ~ keystore of cluster03: credentials of cluster02
      ~ remotes of cluster03: cluster02
    prove links
      ? links from cluster01 to cluster02
      ? links from cluster03 to cluster02
    revoke stale API keys
      - API keys of cluster03 that are no longer used
    ");
}
