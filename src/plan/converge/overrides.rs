//! The promise of convergence where settings of single clusters appear, change and vanish: other clusters keep their
//! containers, and one cluster is down at a time. Pure.

use std::collections::BTreeSet;

use super::{
    model::{Model, inputs},
    plan_for,
    rolling::decided_by,
    walk::Walk,
};
use crate::{
    mesh::{
        Mesh,
        id::ServiceId,
        settings::{
            ClusterOverride, Overrides, PerCluster,
            per_cluster::{read_set, read_unset},
        },
    },
    plan::rolling::{Turns, next, whole},
};

fn list(texts: &[&str]) -> Vec<ClusterOverride> {
    texts.iter().map(|text| read_set(text).unwrap()).collect()
}

/// The mesh that `mesh create` decides on with these overrides in its file.
fn with_overrides(recorded: &Mesh, texts: &[&str]) -> Mesh {
    with(recorded, PerCluster { overrides: Some(list(texts)), ..PerCluster::default() })
}

fn with(recorded: &Mesh, per_cluster: PerCluster) -> Mesh {
    decided_by(recorded, &Overrides { per_cluster, ..Overrides::default() })
}

impl Model {
    /// What `mesh create` does.
    fn create(&self, wanted: &Mesh) -> Walk {
        let mesh = match &self.there.record {
            Some(recorded) => wanted.clone().in_turns(recorded, |cluster| self.runs(cluster)),
            None => wanted.clone(),
        };
        self.rounds(mesh, |mesh, there, inputs| next(mesh, there, inputs, Turns::Settings))
    }

    /// The services whose containers are others than in `before`, and those that only one of the two has.
    fn others_than(&self, before: &Self) -> BTreeSet<String> {
        let services: BTreeSet<&ServiceId> =
            self.there.containers.keys().chain(before.there.containers.keys()).collect();
        let id = |model: &Self, service| model.there.containers.get(service).map(|facts| facts.id.clone());
        services
            .into_iter()
            .filter(|service| id(self, service) != id(before, service))
            .map(ToString::to_string)
            .collect()
    }
}

#[test]
fn only_the_clusters_concerned_have_other_containers_wherever_a_run_stops() {
    let mesh = Mesh::example(3);
    let start = Model::empty().converge(&mesh);
    let steps: [(&[&str], &[&str]); 6] = [
        (&["2.elastic_memory=3g"], &["cluster02-elastic"]),
        (&["1-2.elastic_memory=3g", "2.elastic_memory=4g"], &["cluster01-elastic", "cluster02-elastic"]),
        (&["1-2.elastic_memory=3g", "2.elastic_memory=4g", "3.settings.a.b=1"], &["cluster03-elastic"]),
        (
            &["1.elastic_memory=3g", "2-3.kibana=false"],
            &["cluster02-elastic", "cluster02-kibana", "cluster03-elastic", "cluster03-kibana"],
        ),
        (&["1.elastic_memory=3g", "3.share=hr-*"], &["cluster02-kibana", "cluster03-kibana"]),
        (&[], &["cluster01-elastic"]),
    ];
    let mut model = start.clone();
    for (texts, concerned) in steps {
        let wanted = with_overrides(model.there.record.as_ref().unwrap(), texts);
        let walk = model.create(&wanted);
        let done = walk.states().last().unwrap().clone();
        done.assert_is(&wanted);
        assert_eq!(done.others_than(&model), concerned.iter().map(ToString::to_string).collect(), "{texts:?}");
        for half in walk.stops() {
            let again = half.there.record.as_ref().map(|record| with_overrides(record, texts)).unwrap();
            let ended = half.create(&again).end();
            ended.assert_is(&wanted);
            ended.assert_keeps_data_of(&start);
            assert_eq!(ended.others_than(&model), done.others_than(&model), "{texts:?}");
        }
        model = done;
    }
    assert_eq!(model.there.record.unwrap(), mesh);
}

/// The overrides of a file, each list another way in which clusters differ.
const NAMED: [&[&str]; 5] = [
    &[],
    &["1-2.elastic_memory=3g", "2.elastic_memory=4g", "3.settings.a.b=1"],
    &["1.elastic_memory=3g", "2-3.kibana=false"],
    &["1.kibana=false", "3.share=hr-*", "3.kibana_memory=3g"],
    &["1-3.settings.a.b=2", "2.share=logs-*", "2.kibana=false", "1.snapshots=/srv/snapshots"],
];

/// From each named list to each other one, stopped at every step: the end is the same, no cluster loses data, and no
/// container is replaced but those that differ.
#[test]
fn from_any_overrides_to_any_others_only_what_differs_is_replaced_wherever_a_run_stops() {
    let mesh = Mesh::example(3);
    let starts = NAMED.map(|texts| Model::empty().converge(&with_overrides(&mesh, texts)));
    let mut walks = 0;
    for start in &starts {
        let recorded = start.there.record.as_ref().unwrap();
        for texts in NAMED {
            let wanted = with_overrides(recorded, texts);
            let credentials = start.there.credentials.as_ref().unwrap();
            let made = |mesh: &Mesh, service: &ServiceId| mesh.made_from(*service, credentials).ok();
            let services: BTreeSet<ServiceId> = recorded.services().chain(wanted.services()).collect();
            let differ = services.into_iter().filter(|service| made(recorded, service) != made(&wanted, service));
            let differ: BTreeSet<String> = differ.map(|service| service.to_string()).collect();
            let walk = start.create(&wanted);
            for half in walk.states() {
                let again = half.there.record.as_ref().map(|record| with_overrides(record, texts)).unwrap();
                let ended = half.create(&again).end();
                ended.assert_is(&wanted);
                ended.assert_keeps_data_of(start);
                assert_eq!(ended.others_than(start), differ, "{:?} to {texts:?}", recorded.overrides);
                walks += 1;
            }
        }
    }
    assert!(walks > 400, "{walks} interrupted runs");
}

#[test]
fn what_a_cluster_was_given_by_hand_stays_until_it_is_taken_back() {
    let mesh = Mesh::example(2);
    let start = Model::empty().converge(&mesh);
    let set = with(&mesh, PerCluster { set: list(&["cluster02.elastic_memory=4g"]), ..PerCluster::default() });
    let done = start.create(&set).end();
    assert_eq!(done.others_than(&start), ["cluster02-elastic".to_owned()].into());
    // a file without overrides leaves it, and one with others does not win
    for wanted in [with(&set, PerCluster::default()), with_overrides(&set, &["2.elastic_memory=3g"])] {
        assert!(plan_for(&wanted, &done).steps().all(|step| *step == crate::plan::Step::Record));
    }
    let unset = PerCluster { unset: vec![read_unset("cluster02.elastic_memory").unwrap()], ..PerCluster::default() };
    let back = done.create(&with(&set, unset)).end();
    back.assert_is(&mesh);
    assert_eq!(back.others_than(&done), ["cluster02-elastic".to_owned()].into());
}

/// Clusters that do not serve have nothing to keep: what is changed may be what lets them start.
#[test]
fn a_cluster_that_is_down_is_not_waited_for() {
    let mesh = Mesh::example(3);
    let mut start = Model::empty().converge(&mesh);
    start.stop_all();
    let wanted = with_overrides(&mesh, &["1-3.elastic_memory=3g"]);
    let turns = wanted.clone().in_turns(&mesh, |_| false);
    assert_eq!(turns.pending_settings().count(), 0);
    start.create(&wanted).end().assert_is(&wanted);
}

#[test]
fn a_path_for_snapshots_is_there_before_a_cluster_stops_for_it() {
    let mesh = Mesh::example(2).without_kibana();
    let model = Model::empty().converge(&mesh);
    let wanted = with_overrides(&mesh, &["2.snapshots=/srv/snapshots"]).in_turns(&mesh, |_| true);
    insta::assert_snapshot!(whole(&wanted, &model.observe(), &inputs(), Turns::Settings), @r"
    record the mesh
      ~ mesh.json
    prove the directory
      ? Docker sees the mesh's directory
    prepare repositories
      + directory for snapshots of cluster02
    record whose turn it is
      ~ mesh.json
    unregister repositories that move
      - registration of the snapshot repository of cluster02
    stop Elasticsearch
      ~ container cluster02-elastic
    remove containers
      - container cluster02-elastic: mounts /mnt/data/mesh/cluster02/elastic/backup:/usr/share/elasticsearch/backup → /srv/snapshots/cluster02:/usr/share/elasticsearch/backup
    write settings
      ~ settings of cluster02-elastic
    create containers
      + container cluster02-elastic
    start clusters
      ~ container cluster02-elastic
      ? cluster02-elastic answers
      ~ snapshot repository of cluster02
    prove links
      ? links from cluster01 to cluster02
      ? links from cluster02 to cluster01
    ");
}

#[test]
fn two_clusters_have_their_turn_one_after_the_other() {
    let mesh = Mesh::example(3).without_kibana();
    let model = Model::empty().converge(&mesh);
    let wanted = with_overrides(&mesh, &["1-2.elastic_memory=3g"]).in_turns(&mesh, |_| true);
    insta::assert_snapshot!(whole(&wanted, &model.observe(), &inputs(), Turns::Settings), @r"
    record the mesh
      ~ mesh.json
    prove the directory
      ? Docker sees the mesh's directory
    record whose turn it is
      ~ mesh.json
    stop Elasticsearch
      ~ container cluster01-elastic
    remove containers
      - container cluster01-elastic: memory 2g → 3g, JVM options -Xms974m -Xmx974m → -Xms1486m -Xmx1486m
    write settings
      ~ settings of cluster01-elastic
    create containers
      + container cluster01-elastic
    start clusters
      ~ container cluster01-elastic
      ? cluster01-elastic answers
    prove links
      ? links from cluster01 to cluster02 cluster03
      ? links from cluster02 to cluster01
      ? links from cluster03 to cluster01
    prove the directory
      ? Docker sees the mesh's directory
    record whose turn it is
      ~ mesh.json
    stop Elasticsearch
      ~ container cluster02-elastic
    remove containers
      - container cluster02-elastic: memory 2g → 3g, JVM options -Xms974m -Xmx974m → -Xms1486m -Xmx1486m
    write settings
      ~ settings of cluster02-elastic
    create containers
      + container cluster02-elastic
    start clusters
      ~ container cluster02-elastic
      ? cluster02-elastic answers
    prove links
      ? links from cluster01 to cluster02
      ? links from cluster02 to cluster01 cluster03
      ? links from cluster03 to cluster02
    ");
}
