//! The promise, tested without Docker: stop after any step, look, plan again, and the end is the same.

mod due;
mod fingerprints;
mod gateway;
mod guests;
mod leaving;
mod lifted;
mod links;
mod losses;
mod lost_record;
mod model;
mod nodes;
mod outside;
mod overrides;
mod peers;
mod renewal;
mod rolling;
mod secure_settings;
mod snapshots;
mod tokens;
mod topologies;
mod upgrade;
mod upgrade_of_nodes;
mod users;
mod walk;

use self::model::{HOSTS, Model, inputs};
use super::{
    Plan, Step,
    reconcile::reconcile,
    remove::{remove, removed},
};
use crate::mesh::{Mesh, defaults::Revision, templates::Templates};

fn plan_for(mesh: &Mesh, model: &Model) -> Plan {
    reconcile(mesh, &model.observe_for(mesh), &inputs())
}

/// The steps of a plan in two orders in which they can come about: one cluster after the other, and all clusters step
/// by step.
fn orders(plan: &Plan) -> [Vec<&Step>; 2] {
    let in_turn = plan.stages.iter().flat_map(|stage| {
        let lanes = stage.lanes();
        let longest = lanes.iter().map(|lane| lane.len()).max().unwrap_or_default();
        (0..longest).flat_map(move |at| lanes.clone().into_iter().filter_map(move |lane| lane.get(at)))
    });
    [plan.steps().collect(), in_turn.collect()]
}

/// Stops a plan at every step, in either order, and continues from there: the end is the same, and no data is lost.
/// With the number of runs that were stopped.
fn reaches(to: &Mesh, start: &Model, plan: &Plan) -> usize {
    let mut walks = 0;
    for half in start.states_of(to, plan) {
        let done = half.converge(to);
        done.assert_is(to);
        done.assert_keeps_data_of(start);
        walks += 1;
    }
    walks
}

/// Meshes that differ in every way that matters to a plan.
fn wishes() -> Vec<Mesh> {
    let without_kibana = |clusters| Mesh::example(clusters).without_kibana();
    let (mut bigger, mut moved, mut sharing) = (Mesh::example(2), without_kibana(2), without_kibana(3));
    bigger.spec.elastic_memory = "3g".parse().expect("should be a size");
    bigger.spec.san = vec!["vm.example".parse().expect("should be a name")];
    moved = moved.moved_to("10.213.7.0/24".parse().expect("should be a network"));
    sharing.spec.share = vec!["logs-*".parse().expect("should be a pattern")];
    let door = without_kibana(2).with_gateway("127.0.0.1:8443");
    let by_token = Mesh::example(2).with_defaults(Revision::NEWEST, None);
    vec![Mesh::example(1), Mesh::example(3), bigger, moved, sharing, door, by_token]
}

#[test]
fn wherever_a_run_stops_the_next_one_reaches_the_same_end() {
    let mut walks = 0;
    for to in &wishes() {
        let starts: Vec<Model> =
            std::iter::once(Model::empty()).chain(wishes().iter().map(|from| Model::empty().converge(from))).collect();
        for start in starts {
            let whole = start.clone().converge(to);
            whole.assert_is(to);
            walks += reaches(to, &start, &plan_for(to, &start));
        }
    }
    assert!(walks > 300, "{walks} interrupted runs");
}

#[test]
fn growing_restarts_nothing() {
    let model = Model::empty().converge(&Mesh::example(3));
    let before = model.there.containers.clone();
    let grown = model.converge(&Mesh::example(5));
    for (service, facts) in &before {
        assert_eq!(&grown.there.containers[service], facts);
    }
}

/// Clusters come and go by their numbers, and those that stay notice nothing but the links.
#[test]
fn clusters_keep_their_numbers_whichever_others_go() {
    let mesh = |set: &str| Mesh::example(1).without_kibana().with_clusters(set);
    for sets in [["4", "2,4"], ["2,4", "4"], ["4", "5-8"], ["5-8", "4"], ["7-7", "2,7"], ["1-2", "7-7"]] {
        let [from, to] = sets.map(mesh);
        let start = Model::empty().converge(&from);
        for half in start.states_of(&to, &plan_for(&to, &start)) {
            let done = half.converge(&to);
            done.assert_is(&to);
            done.assert_keeps_data_of(&start);
            for cluster in from.clusters().filter(|cluster| to.has_cluster(*cluster)) {
                let node = cluster.first_node();
                assert_eq!(done.there.containers[&node], start.there.containers[&node], "{sets:?}: {cluster}");
            }
        }
    }
}

#[test]
fn a_removed_mesh_leaves_nothing() {
    let mesh = Mesh::example(2);
    let whole = Model::empty().converge(&mesh);
    let plan = remove(&whole.observe(), None);
    for half in whole.walk(&mesh, plan.steps()).states() {
        let rest = remove(&half.observe(), None);
        let gone = half.clone().carry_out_all(&mesh, rest.steps());
        assert!(gone.there.containers.is_empty() && gone.there.network.is_none() && gone.there.record.is_none());
        assert_eq!(gone.there.hosts_file.as_deref(), Some(HOSTS));
    }
}

#[test]
fn starting_afresh_makes_everything_anew() {
    let old = Mesh::example(3);
    let new = Mesh { id: "f".repeat(16), ..Mesh::example(2) };
    let there = Model::empty().converge(&old).observe();
    let plan = reconcile(&new, &removed(there.clone()), &inputs()).after(remove(&there, None));
    let mut model = Model::empty().converge(&old);
    model.there.orphans.clear();
    let done = model.carry_out_all(&new, plan.steps());
    done.assert_is(&new);
    assert!(plan.steps().any(|step| *step == Step::WriteCredentials), "old passwords should not be kept");
}

#[test]
fn another_template_is_other_settings() {
    let mut mesh = Mesh::example(1);
    let there = Model::empty().converge(&mesh);
    mesh.templates = Templates::around_the_built_in([""; 3], ["", "logging.root.level: warn\n", ""]);
    insta::assert_snapshot!(plan_for(&mesh, &there), @r#"
    prove the directory
      ? Docker sees the mesh's directory
    remove containers
      - container cluster01-kibana: setting logging.root.level none → "warn"
    write settings
      ~ settings of cluster01-kibana
    create containers
      + container cluster01-kibana
    start clusters
      ~ container cluster01-kibana
    wait for Kibana
      ? cluster01-kibana answers
    make data views
      ~ data views of cluster01-kibana: local-data-set mesh-data-set
    "#);
}

#[test]
fn stories() {
    let without_kibana = |clusters| Mesh::example(clusters).without_kibana();
    let two = Model::empty().converge(&without_kibana(2));
    insta::assert_snapshot!(plan_for(&without_kibana(3), &two), @r"
    prove the directory
      ? Docker sees the mesh's directory
    record the mesh
      ~ mesh.json
    prepare repositories
      + directory for snapshots of cluster03
    issue authorities
      + authority of cluster03
    write bundles
      ~ authorities that cluster01 trusts
      ~ authorities that cluster02 trusts
      ~ authorities that cluster03 trusts
      ~ ca.crt for browsers
    issue certificates
      + certificate of cluster03-elastic
    copy the images' files
      ~ files of cluster03-elastic from its image
    write settings
      ~ settings of cluster03-elastic
    write keystores
      ~ keystore of cluster03-elastic
    create containers
      + container cluster03-elastic
    start clusters
      ~ container cluster03-elastic
      ? cluster03-elastic answers
      ~ passwords of elastic and kibana_system on cluster03
      + API key of cluster03
    register snapshot repositories
      ~ snapshot repository of cluster03
    set roles and users
      ~ roles of cluster03: mesh_reader
    link clusters
      ~ keystore of cluster01: credentials of cluster02 cluster03
      ~ remotes of cluster01: cluster02 cluster03
      ~ keystore of cluster02: credentials of cluster01 cluster03
      ~ remotes of cluster02: cluster01 cluster03
      ~ keystore of cluster03: credentials of cluster01 cluster02
      ~ remotes of cluster03: cluster01 cluster02
    prove links
      ? links from cluster01 to cluster02 cluster03
      ? links from cluster02 to cluster01 cluster03
      ? links from cluster03 to cluster01 cluster02
    update /etc/hosts
      ~ block in /etc/hosts
    ");
    let three = Model::empty().converge(&without_kibana(3));
    insta::assert_snapshot!(plan_for(&without_kibana(2), &three), @r"
    record the mesh
      ~ mesh.json
    disconnect remotes
      - remotes of cluster01: cluster03
      - remotes of cluster02: cluster03
    remove containers
      - container cluster03-elastic
    remove clusters
      - directory of cluster03 with its data
    write bundles
      ~ authorities that cluster01 trusts
      ~ authorities that cluster02 trusts
      ~ ca.crt for browsers
    link clusters
      ~ keystore of cluster01: credentials of cluster02
      ~ keystore of cluster02: credentials of cluster01
    prove links
      ? links from cluster01 to cluster02
      ? links from cluster02 to cluster01
    update /etc/hosts
      ~ block in /etc/hosts
    ");
}
