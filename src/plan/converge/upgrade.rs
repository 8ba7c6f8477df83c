//! The promise of convergence for `mesh upgrade`, and two more: one cluster is down at a time, and no data goes back to
//! an older version.

use super::{
    model::{Model, inputs},
    walk::Walk,
};
use crate::{
    mesh::{
        Mesh,
        cluster_set::ClusterSet,
        id::ClusterId,
        settings::{StackVersion, Topology},
    },
    plan::{
        Step,
        upgrade::{drift, next, whole},
    },
};

fn version(text: &str) -> StackVersion {
    text.parse().unwrap()
}

fn old(clusters: u8, kibana: bool) -> Mesh {
    let mesh = Mesh::example(clusters).of_version(version("8.19.21"));
    if kibana { mesh } else { mesh.without_kibana() }
}

impl Model {
    /// What `mesh upgrade` does.
    pub(super) fn upgrade(&self, to: StackVersion) -> Walk {
        self.upgrade_on(to, None)
    }

    /// What `mesh upgrade VERSION CLUSTERS` does; `None` is every cluster.
    fn upgrade_on(&self, to: StackVersion, on: Option<&ClusterSet>) -> Walk {
        self.rounds(self.there.record.clone().unwrap().upgrade_to(to, on).unwrap(), next)
    }
}

#[test]
fn wherever_an_upgrade_stops_the_next_reaches_the_same_end() {
    let to = version("9.5.3");
    for kibana in [true, false] {
        let from = old(3, kibana);
        let new = from.clone().of_version(to);
        let start = Model::empty().converge(&from);
        let walk = start.upgrade(to);
        walk.states().last().unwrap().assert_is(&new);
        assert!(walk.stops().len() > 20, "{} steps", walk.stops().len());
        for half in walk.stops() {
            // `mesh create` may come first: it brings no other cluster to another version
            let recorded = half.there.record.clone().unwrap();
            let mended = half.clone().converge(&recorded);
            mended.assert_is(&recorded);
            for cluster in recorded.clusters() {
                assert_eq!(mended.servers[&cluster].version, recorded.version(cluster));
            }
            for way in [half, &mended] {
                let done = way.upgrade(to).end();
                done.assert_is(&new);
                done.assert_keeps_data_and_keys_of(&start);
                assert!(done.servers.values().all(|server| server.version == to));
                let versions: Vec<StackVersion> = done.versions.values().copied().collect();
                assert_eq!(versions, vec![to; new.services().count()]);
            }
        }
    }
}

#[test]
fn what_is_shown_beforehand_is_what_is_done() {
    let from = old(2, true);
    let mut model = Model::empty().converge(&from);
    let mut mesh = from.upgrade_to(version("9.5.3"), None).unwrap();
    let shown = whole(&mesh, &model.observe(), &inputs());
    let mut done = Vec::new();
    while let Some(round) = next(&mesh, &model.observe(), &inputs()) {
        done.extend(round.plan.steps().cloned());
        model = model.carry_out_all(&round.mesh, round.plan.steps());
        mesh = round.mesh;
    }
    assert_eq!(shown.steps().cloned().collect::<Vec<_>>(), done);
    insta::assert_snapshot!(shown, @r"
    pull images
      + image docker.elastic.co/elasticsearch/elasticsearch:9.5.3
      + image docker.elastic.co/kibana/kibana:9.5.3
    try the new images
      ? image docker.elastic.co/elasticsearch/elasticsearch:9.5.3 starts on this machine
      ? image docker.elastic.co/kibana/kibana:9.5.3 starts on this machine
    record the mesh
      ~ mesh.json
    prove the directory
      ? Docker sees the mesh's directory
    record whose turn it is
      ~ mesh.json
    stop Kibana
      ~ container cluster01-kibana
    stop Elasticsearch
      ~ container cluster01-elastic
    remove containers
      - container cluster01-elastic
      - container cluster01-kibana
    copy the images' files
      ~ files of cluster01-elastic from its image
      ~ files of cluster01-kibana from its image
    write settings
      ~ settings of cluster01-elastic
      ~ settings of cluster01-kibana
    create containers
      + container cluster01-elastic
      + container cluster01-kibana
    start clusters
      ~ container cluster01-elastic
      ? cluster01-elastic answers
      ~ container cluster01-kibana
    prove links
      ? links from cluster02 to cluster01
    wait for Kibana
      ? cluster01-kibana answers
    prove the directory
      ? Docker sees the mesh's directory
    record whose turn it is
      ~ mesh.json
    stop Kibana
      ~ container cluster02-kibana
    stop Elasticsearch
      ~ container cluster02-elastic
    remove containers
      - container cluster02-elastic
      - container cluster02-kibana
    copy the images' files
      ~ files of cluster02-elastic from its image
      ~ files of cluster02-kibana from its image
    write settings
      ~ settings of cluster02-elastic
      ~ settings of cluster02-kibana
    create containers
      + container cluster02-elastic
      + container cluster02-kibana
    start clusters
      ~ container cluster02-elastic
      ? cluster02-elastic answers
      ~ container cluster02-kibana
    prove links
      ? links from cluster01 to cluster02
      ? links from cluster02 to cluster01
    wait for Kibana
      ? cluster02-kibana answers
    ");
}

#[test]
fn an_upgrade_mends_nothing_but_what_it_left_itself() {
    let from = old(3, false);
    let whole = Model::empty().converge(&from);
    let second = ClusterId::new(2).unwrap();
    let first = |model: &Model| {
        let mesh = from.upgrade_to(version("9.5.3"), None).unwrap();
        next(&mesh, &model.observe(), &inputs()).unwrap().plan
    };
    assert!(drift(&first(&whole)).is_empty());
    let mut stopped = whole.clone();
    stopped.carry_out(&from, &Step::StopContainer(second.first_node()));
    insta::assert_snapshot!(drift(&first(&stopped)), @r"
    start clusters
      ~ container cluster02-elastic
      ? cluster02-elastic answers
      ~ passwords of elastic and kibana_system on cluster02
    register snapshot repositories
      ~ snapshot repository of cluster02
    set roles and users
      ~ roles of cluster02: mesh_reader
    link clusters
      ~ keystore of cluster01: credentials of cluster02 cluster03
      ~ remotes of cluster02: cluster01 cluster03
      ~ keystore of cluster03: credentials of cluster01 cluster02
    prove links
      ? links from cluster01 to cluster02
      ? links from cluster02 to cluster01 cluster03
      ? links from cluster03 to cluster02
    ");
}

#[test]
fn a_mesh_from_before_files_were_written_down() {
    let from = old(2, false);
    let mut model = Model::empty().converge(&from);
    for cluster in from.clusters() {
        model.files(cluster).services.get_mut(&cluster.first_node()).unwrap().seed = None;
    }
    let plan = super::plan_for(&from, &model);
    assert!(plan.steps().all(|step| matches!(step, Step::SeedConfig(_))) && !plan.is_empty(), "{plan}");
    // the image by its name is gone: there is nothing to compare with, and nothing is pulled for that
    let mut bare = model.clone();
    bare.there.images.clear();
    assert!(super::plan_for(&from, &bare).is_empty());
    let done = model.upgrade(version("9.5.3")).end();
    assert_eq!(done.servers[&ClusterId::FIRST].version, version("9.5.3"));
    let done = bare.upgrade(version("9.5.3")).end();
    assert_eq!(done.servers[&ClusterId::FIRST].version, version("9.5.3"));
}

#[test]
fn a_mesh_of_two_versions_grows() {
    let from = old(2, false);
    let start = Model::empty().converge(&from);
    let half = start.upgrade(version("9.5.3")).states()[8].clone();
    let recorded = half.there.record.clone().unwrap();
    assert_eq!(recorded.pending_upgrade().count(), 1, "the first has had its turn");
    let half = half.converge(&recorded);
    let bigger = recorded.clone().with_count(3);
    let before = half.there.containers.clone();
    let grown = half.converge(&bigger);
    for (service, facts) in &before {
        assert_eq!(&grown.there.containers[service], facts);
    }
    let done = grown.upgrade(version("9.5.3")).end();
    assert!(done.servers.values().all(|server| server.version == version("9.5.3")));
}

#[test]
fn clusters_are_upgraded_by_themselves_wherever_a_run_stops() {
    let to = version("9.5.3");
    let on: ClusterSet = "2-3".parse().unwrap();
    let mut from = old(3, false);
    from.spec.topology = Topology::Hub { hub: ClusterId::FIRST, both: false };
    let new = from.upgrade_to(to, Some(&on)).unwrap().upgraded();
    let first = ClusterId::FIRST.first_node();
    let start = Model::empty().converge(&from);
    let walk = start.upgrade_on(to, Some(&on));
    let whole = walk.states().last().unwrap();
    whole.assert_is(&new);
    assert!(super::plan_for(&new, whole).is_empty(), "a mesh of two versions is in sync");
    for half in walk.stops() {
        let recorded = half.there.record.clone().unwrap();
        let mended = half.clone().converge(&recorded);
        for way in [half, &mended] {
            let done = way.upgrade_on(to, Some(&on)).end();
            done.assert_is(&new);
            done.assert_keeps_data_and_keys_of(&start);
            assert_eq!(done.there.containers[&first], start.there.containers[&first], "should not be touched");
            assert!(done.servers.iter().all(|(cluster, server)| server.version == new.version(*cluster)));
        }
    }
    whole.upgrade(to).end().assert_is(&from.of_version(to));
}
