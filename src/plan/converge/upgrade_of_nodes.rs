//! The promise of convergence for `mesh upgrade` of a cluster of several nodes: it is never away. Pure.

use super::model::{Model, inputs};
use crate::{
    mesh::{Mesh, example::cluster, settings::StackVersion},
    plan::{
        Plan,
        reconcile::reconcile,
        upgrade::{drift, next, whole},
    },
};

fn version(text: &str) -> StackVersion {
    text.parse().unwrap()
}

/// A cluster of one node and one of three.
fn of_several(kibana: bool) -> Mesh {
    let mesh = Mesh::example(2).with_nodes(2, 3).of_version(version("8.19.21"));
    if kibana { mesh } else { mesh.without_kibana() }
}

#[test]
fn a_cluster_of_several_is_upgraded_node_by_node_and_never_away_wherever_a_run_stops() {
    let (to, second) = (version("9.5.3"), cluster(2));
    for kibana in [true, false] {
        let from = of_several(kibana);
        let new = from.clone().of_version(to);
        let start = Model::empty().converge(&from);
        let walk = start.upgrade(to);
        walk.states().last().unwrap().assert_is(&new);
        assert!(walk.states().iter().all(|state| state.runs(second)));
        for half in walk.stops() {
            let recorded = half.there.record.clone().unwrap();
            let mended = half.clone().converge(&recorded);
            mended.assert_is(&recorded);
            for way in [half, &mended] {
                let rest = way.upgrade(to);
                assert!(rest.states().iter().all(|state| state.runs(second)));
                let done = rest.end();
                done.assert_is(&new);
                done.assert_keeps_data_and_keys_of(&start);
                assert!(done.servers.values().all(|server| server.version == to));
            }
        }
    }
}

#[test]
fn what_is_shown_of_several_nodes_is_what_is_done() {
    let from = of_several(true);
    let mut model = Model::empty().converge(&from);
    let mut mesh = from.upgrade_to(version("9.5.3"), None).unwrap();
    let there = model.observe();
    assert!(drift(&reconcile(&mesh, &there, &inputs())).is_empty());
    let shown = whole(&mesh, &there, &inputs());
    let mut done = Plan::of(None);
    while let Some(round) = next(&mesh, &model.observe(), &inputs()) {
        model = model.carry_out_all(&round.mesh, round.plan.steps());
        done.stages.extend(round.plan.stages);
        mesh = round.mesh;
    }
    assert_eq!(shown.to_string(), done.to_string());
    let of_second = shown.to_string();
    let of_second = of_second.split("record the mesh").last().unwrap_or_default();
    insta::assert_snapshot!(of_second, @r"
      ~ mesh.json
    bring in and restart nodes
      ? no shard of cluster02 is on its way
      ~ shards of cluster02 stay where they are
      - container cluster02-elastic: image docker.elastic.co/elasticsearch/elasticsearch:8.19.21 → docker.elastic.co/elasticsearch/elasticsearch:9.5.3
      ~ files of cluster02-elastic from its image
      ~ settings of cluster02-elastic
      + container cluster02-elastic
      ~ container cluster02-elastic
      ? cluster02-elastic answers
      ~ shards of cluster02 move again
      ? every shard of cluster02 is assigned that can be
      ~ shards of cluster02 stay where they are
      - container cluster02-elastic-2: image docker.elastic.co/elasticsearch/elasticsearch:8.19.21 → docker.elastic.co/elasticsearch/elasticsearch:9.5.3
      ~ files of cluster02-elastic-2 from its image
      ~ settings of cluster02-elastic-2
      + container cluster02-elastic-2
      ~ container cluster02-elastic-2
      ? cluster02-elastic-2 answers
      ~ shards of cluster02 move again
      ? every shard of cluster02 is assigned that can be
      ~ shards of cluster02 stay where they are
      - container cluster02-elastic-3: image docker.elastic.co/elasticsearch/elasticsearch:8.19.21 → docker.elastic.co/elasticsearch/elasticsearch:9.5.3
      ~ files of cluster02-elastic-3 from its image
      ~ settings of cluster02-elastic-3
      + container cluster02-elastic-3
      ~ container cluster02-elastic-3
      ? cluster02-elastic-3 answers
      ~ shards of cluster02 move again
      ? every shard of cluster02 is assigned that can be
      - container cluster02-kibana: image docker.elastic.co/kibana/kibana:8.19.21 → docker.elastic.co/kibana/kibana:9.5.3
      ~ files of cluster02-kibana from its image
      ~ settings of cluster02-kibana
      + container cluster02-kibana
      ~ container cluster02-kibana
    prove links
      ? links from cluster02 to cluster01
    wait for Kibana
      ? cluster02-kibana answers
    make data views
      ~ data views of cluster02-kibana: local-data-set mesh-data-set
    prove links
      ? links from cluster01 to cluster02
    ");
}
