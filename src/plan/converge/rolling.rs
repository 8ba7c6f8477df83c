//! The promise of convergence for `mesh create --new-defaults`: nothing unasked, one cluster down at a time. Pure.

use super::{
    model::{Model, inputs},
    plan_for,
    walk::Walk,
};
use crate::{
    mesh::{Mesh, decide::Circumstances, defaults::Revision, id::ClusterId, settings::Overrides, taken::Taken},
    plan::rolling::{Turns, next, whole},
};

impl Model {
    /// What `mesh create --new-defaults` does.
    fn roll(&self, mesh: Mesh) -> Walk {
        self.rounds(mesh, |mesh, there, inputs| next(mesh, there, inputs, Turns::Defaults))
    }
}

/// The mesh that `mesh create` decides on, without a flag.
fn decided(recorded: &Mesh) -> Mesh {
    decided_by(recorded, &Overrides::default())
}

/// The mesh that `mesh create` decides on.
pub(super) fn decided_by(recorded: &Mesh, asked: &Overrides) -> Mesh {
    let now = Circumstances {
        name: None,
        dir: recorded.dir.clone(),
        new_id: String::new(),
        owner: recorded.owner,
        engine: None,
        host_name: recorded.host_name.clone(),
        taken: Taken::default(),
        unmade: false,
    };
    Mesh::decide(asked, Some(recorded), now).unwrap()
}

#[test]
fn a_newer_program_replaces_nothing_unasked() {
    let mesh = Mesh::example(3);
    let model = Model::empty().converge(&mesh);
    assert!(plan_for(&decided(&mesh), &model).is_empty());
    assert!(mesh.has_older_defaults_than(Revision::NEXT));
    // a cluster that is added has what the others have
    let four = Mesh::example(4);
    let before = model.there.containers.clone();
    let grown = model.converge(&four);
    assert!(before.iter().all(|(service, facts)| grown.there.containers[service] == *facts));
}

#[test]
fn wherever_a_rolling_replacement_stops_nothing_else_is_replaced_and_the_next_reaches_the_same_end() {
    for (kibana, to) in [(true, Revision::NEXT), (true, Revision::LAST), (false, Revision::LAST)] {
        let mesh = if kibana { Mesh::example(3) } else { Mesh::example(3).without_kibana() };
        let start = Model::empty().converge(&mesh);
        let new = |recorded: &Mesh| recorded.clone().with_defaults(to, Some(recorded));
        let walk = start.roll(new(&mesh));
        let rolled = walk.states().last().unwrap();
        let wanted = rolled.there.record.clone().unwrap();
        assert!(wanted.next_defaults().is_none() && wanted.defaults == to);
        rolled.assert_is(&wanted);
        for half in walk.stops() {
            let recorded = half.there.record.clone().unwrap();
            let mended = half.clone().converge(&decided(&recorded));
            for service in recorded.services().filter(|service| recorded.revision(service.cluster()) == Revision::FIRST)
            {
                assert_eq!(mended.there.containers[&service].id, start.there.containers[&service].id, "{service}");
            }
            for way in [half, &mended] {
                let done = way.roll(new(&recorded)).end();
                done.assert_is(&wanted);
                done.assert_keeps_data_and_keys_of(&start);
            }
        }
    }
}

#[test]
fn what_is_shown_beforehand_is_what_is_done() {
    let mesh = Mesh::example(2);
    let mut model = Model::empty().converge(&mesh);
    let mut new = mesh.clone().with_defaults(Revision::LAST, Some(&mesh));
    let shown = whole(&new, &model.observe(), &inputs(), Turns::Defaults);
    let mut done = Vec::new();
    while let Some(round) = next(&new, &model.observe(), &inputs(), Turns::Defaults) {
        done.extend(round.plan.steps().cloned());
        model = model.carry_out_all(&round.mesh, round.plan.steps());
        new = round.mesh;
    }
    assert_eq!(shown.steps().cloned().collect::<Vec<_>>(), done);
    insta::assert_snapshot!(shown, @r#"
    record the mesh
      ~ mesh.json
    write credentials
      ~ logins of Kibana in credentials.txt
    write service tokens
      ~ service token of Kibana on cluster01-elastic
      ~ service token of Kibana on cluster02-elastic
    prepare clusters
      ? cluster01 knows the service token of Kibana
      ? cluster02 knows the service token of Kibana
    prove the directory
      ? Docker sees the mesh's directory
    record whose turn it is
      ~ mesh.json
    stop Kibana
      ~ container cluster01-kibana
    stop Elasticsearch
      ~ container cluster01-elastic
    remove containers
      - container cluster01-elastic: health check interval 30 s → 60 s
      - container cluster01-kibana: health check interval 30 s → 60 s, setting elasticsearch.password is removed, setting elasticsearch.serviceAccountToken is added, setting elasticsearch.username "kibana_system" → none, other secrets
    write settings
      ~ settings of cluster01-elastic
      ~ settings of cluster01-kibana
    create containers
      + container cluster01-elastic
      + container cluster01-kibana
    start clusters
      ~ container cluster01-elastic
      ? cluster01-elastic answers
      ~ password of elastic on cluster01; kibana_system is disabled
      ~ container cluster01-kibana
    prove links
      ? links from cluster01 to cluster02
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
      - container cluster02-elastic: health check interval 30 s → 60 s
      - container cluster02-kibana: health check interval 30 s → 60 s, setting elasticsearch.password is removed, setting elasticsearch.serviceAccountToken is added, setting elasticsearch.username "kibana_system" → none, other secrets
    write settings
      ~ settings of cluster02-elastic
      ~ settings of cluster02-kibana
    create containers
      + container cluster02-elastic
      + container cluster02-kibana
    start clusters
      ~ container cluster02-elastic
      ? cluster02-elastic answers
      ~ password of elastic on cluster02; kibana_system is disabled
      ~ container cluster02-kibana
    prove links
      ? links from cluster01 to cluster02
      ? links from cluster02 to cluster01
    wait for Kibana
      ? cluster02-kibana answers
    write credentials
      ~ logins of Kibana in credentials.txt
    "#);
}

#[test]
fn a_service_that_is_the_same_in_both_revisions_is_not_replaced() {
    let mesh = Mesh::example(1).with_defaults(Revision::NEWEST, None);
    let model = Model::empty().converge(&mesh);
    let done = model.roll(mesh.clone().with_defaults(Revision::NEXT, Some(&mesh))).end();
    let [elastic, kibana] = [ClusterId::FIRST.first_node(), ClusterId::FIRST.kibana()];
    assert_ne!(done.there.containers[&elastic].id, model.there.containers[&elastic].id);
    assert_eq!(done.there.containers[&kibana], model.there.containers[&kibana]);
}

/// A cluster of several nodes has newer defaults node by node, and is never away.
#[test]
fn several_nodes_have_newer_defaults_one_after_the_other_wherever_a_run_stops() {
    let mesh = Mesh::example(2).with_nodes(2, 3);
    let second = crate::mesh::example::cluster(2);
    let start = Model::empty().converge(&mesh);
    let new = |recorded: &Mesh| recorded.clone().with_defaults(Revision::LAST, Some(recorded));
    let walk = start.roll(new(&mesh));
    let wanted = walk.states().last().unwrap().there.record.clone().unwrap();
    assert!(wanted.next_defaults().is_none() && wanted.defaults == Revision::LAST);
    assert!(walk.states().iter().all(|state| state.runs(second)));
    walk.states().last().unwrap().assert_is(&wanted);
    for half in walk.stops() {
        let recorded = half.there.record.clone().unwrap();
        let mended = half.clone().converge(&decided(&recorded));
        for way in [half, &mended] {
            let rest = way.roll(new(&recorded));
            assert!(rest.states().iter().all(|state| state.runs(second)));
            let done = rest.end();
            done.assert_is(&wanted);
            done.assert_keeps_data_and_keys_of(&start);
        }
    }
}
