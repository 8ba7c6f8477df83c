//! A mesh joins another and leaves it again: wherever a run stops, the next one ends in the same state, the mesh's own
//! links stay up, and containers are replaced one after the other. Pure.

use std::{collections::BTreeMap, sync::LazyLock};

use super::{
    model::{Model, NOW, inputs},
    plan_for,
};
use crate::{
    facts::observed::{LinkFacts, Observed},
    mesh::{
        Mesh,
        certs::{self, Authority},
        cluster_set::ClusterSet,
        peers::{Alias, Endpoint, PartnerName, Peer, access::RemoteAccessFacts},
    },
    plan::{
        PeerStep, Step,
        join::joining,
        reconcile::{PlanInputs, renew},
        renew::Renewal,
        rolling::{self, Turns},
        sync::without_restarts,
    },
};

fn london() -> PartnerName {
    "london".parse().unwrap()
}

fn alias(name: &str) -> Alias {
    name.parse().unwrap()
}

/// The authorities of the peer's clusters, by generation.
static AUTHORITIES: LazyLock<[BTreeMap<&str, String>; 2]> = LazyLock::new(|| {
    let of = |name: &'static str| (name, Authority::issue(name, NOW).certificate().to_owned());
    [1, 2].map(|_| ["cluster05", "cluster06"].map(of).into())
});

/// What an invitation of this generation holds.
fn offered(generation: u8) -> BTreeMap<Alias, RemoteAccessFacts> {
    let of = |name: &str| {
        let access = RemoteAccessFacts {
            authorities: AUTHORITIES[usize::from(generation) - 1][name].clone(),
            digest: format!("key {generation} of {name}"),
            expires: None,
            shares: Vec::new(),
            version: None,
        };
        (alias(name), access)
    };
    ["cluster05", "cluster06"].map(of).into()
}

/// The inputs of a run that joins by an invitation of this generation.
fn offering(generation: u8) -> PlanInputs {
    PlanInputs { offered: [(london(), offered(generation))].into(), ..inputs() }
}

fn joined(mesh: &Mesh, on: Option<&str>) -> Mesh {
    let at = |name: &str| {
        let address = format!("192.0.2.12:94{}", &name[7..]);
        (alias(name), Endpoint { address, others: Vec::new(), server_name: Some(format!("{name}-elastic")) })
    };
    let peer = Peer {
        mesh: Some("f".repeat(16)),
        suffix: None,
        on: on.map(|on| on.parse().unwrap()),
        remotes: ["cluster05", "cluster06"].map(at).into(),
        leaving: false,
    };
    let mut mesh = mesh.clone();
    mesh.peers.insert(london(), peer);
    mesh
}

fn inviting(mut model: Model, generation: u8) -> Model {
    model.offered.insert(london(), offered(generation));
    model
}

/// What `mesh join` does after its first plan, and `mesh create` after one that was killed.
fn settle(mut model: Model, mut mesh: Mesh) -> (Model, Mesh) {
    while let Some(round) = rolling::next(&mesh, &model.observe(), &inputs(), Turns::Settings) {
        let restarted = round.plan.steps().filter(|step| matches!(step, Step::CreateContainer(_))).count();
        assert!(restarted <= 1, "one after the other:\n{}", round.plan);
        model = model.carry_out_all(&round.mesh, round.plan.steps());
        mesh = round.mesh;
    }
    (model, mesh)
}

#[test]
fn joining_and_leaving_end_the_same_wherever_they_stop() {
    let mesh = Mesh::example(3).without_kibana();
    let start = inviting(Model::empty().converge(&mesh), 1);
    for on in [None, Some("2"), Some("1,3")] {
        let wanted = joined(&mesh, on);
        let plan = joining(&wanted, &start.observe(), &offering(1)).unwrap();
        for half in start.states_of(&wanted, &plan.first) {
            // before it is recorded, the same command is typed again
            let again = joining(&wanted, &half.observe(), &offering(1)).unwrap();
            let (done, settled) = settle(half.carry_out_all(&wanted, again.first.steps()), wanted.clone());
            done.assert_is(&settled);
            for cluster in mesh.clusters() {
                let spans = on.is_none_or(|on| on.parse::<ClusterSet>().unwrap().contains(cluster));
                assert_eq!(settled.clusters[&cluster].spans_machines, spans, "{cluster}");
            }
        }
        let (there, settled) = settle(start.clone().carry_out_all(&wanted, plan.first.steps()), wanted);
        let left = settled.clone().leave(&london()).unwrap();
        let plan = without_restarts(&left, &there.observe(), &inputs()).unwrap();
        for half in there.states_of(&left, &plan) {
            let done = half.converge(&left);
            assert!(done.there.peers.is_empty() && done.there.record.as_ref().unwrap().peers.is_empty());
            let mut gone = settled.clone();
            gone.peers.clear();
            done.assert_is(&gone);
        }
    }
}

/// Also while a container is replaced, where the first plan of the second run makes it.
#[test]
fn the_command_again_completes_a_join_that_stops_while_a_container_is_replaced() {
    let mesh = joined(&Mesh::example(2).without_kibana(), None);
    let start = inviting(Model::empty().converge(&Mesh::example(2).without_kibana()), 1);
    let plan = joining(&mesh, &start.observe(), &offering(1)).unwrap();
    let start = start.carry_out_all(&mesh, plan.first.steps());
    let (_, wanted) = settle(start.clone(), mesh.clone());
    let turn = rolling::next(&mesh, &start.observe(), &inputs(), Turns::Settings).unwrap();
    let mut stops = 0;
    for half in start.walk(&turn.mesh, turn.plan.steps()).stops() {
        let recorded = half.there.record.clone().unwrap();
        let again = joining(&recorded, &half.observe(), &offering(1)).unwrap();
        let (done, settled) = settle(half.clone().carry_out_all(&recorded, again.first.steps()), recorded);
        done.assert_is(&settled);
        assert_eq!(settled.clusters, wanted.clusters);
        stops += 1;
    }
    assert!(stops > 5, "{stops}");
}

#[test]
fn a_new_invitation_takes_the_place_of_the_old_one_without_a_restart() {
    let mesh = joined(&Mesh::example(2).without_kibana(), None);
    let start = inviting(Model::empty().converge(&Mesh::example(2).without_kibana()), 1);
    let plan = joining(&mesh, &start.observe(), &offering(1)).unwrap();
    let (there, mesh) = settle(start.carry_out_all(&mesh, plan.first.steps()), mesh);
    let renewed = inviting(there, 2);
    let plan = joining(&mesh, &renewed.observe(), &offering(2)).unwrap();
    assert!(plan.first.descriptions().all(|step| step.container.is_none()), "{}", plan.first);
    let done = renewed.carry_out_all(&mesh, plan.whole.steps());
    done.assert_is(&mesh);
}

/// A record that is lost afterwards is rebuilt from the peer's file: no other cluster is to search it then.
#[test]
fn the_same_invitation_for_other_clusters_is_noted_in_its_file() {
    let start = inviting(Model::empty().converge(&Mesh::example(2).without_kibana()), 1);
    let before = joined(&Mesh::example(2).without_kibana(), None);
    let plan = joining(&before, &start.observe(), &offering(1)).unwrap();
    let (there, before) = settle(start.carry_out_all(&before, plan.first.steps()), before);
    let wanted = joined(&before, Some("2"));
    let plan = joining(&wanted, &there.observe(), &offering(1)).unwrap();
    assert!(!plan.first.steps().any(|step| matches!(step, Step::Peers(PeerStep::SaveAccess(_)))), "{}", plan.first);
    for half in there.states_of(&wanted, &plan.first) {
        let done = half.converge(&wanted);
        assert_eq!(done.there.joined, wanted.peers);
    }
}

#[test]
fn stories() {
    let mesh = Mesh::example(2).without_kibana();
    let start = inviting(Model::empty().converge(&mesh), 1);
    let wanted = joined(&mesh, Some("2"));
    let plan = joining(&wanted, &start.observe(), &offering(1)).unwrap();
    insta::assert_snapshot!(plan.whole, @r"
    record the mesh
      ~ mesh.json
    save keys and authorities of peers
      + keys and authorities of london
    write bundles
      ~ authorities that cluster02 trusts
    link clusters
      ~ keystore of cluster02: credentials of cluster01 cluster05 cluster06
      ~ remotes of cluster02: cluster01 cluster05 cluster06
    prove links
      ? links from cluster02 to cluster01
    prove links to peers
      ? links from cluster02 to cluster05 cluster06
    prove the directory
      ? Docker sees the mesh's directory
    record whose turn it is
      ~ mesh.json
    stop Elasticsearch
      ~ container cluster02-elastic
    remove containers
      - container cluster02-elastic: kernel settings none → net.ipv4.tcp_retries2=5, setting transport.tcp.keep_alive none → true, setting transport.tcp.keep_count none → 3, setting transport.tcp.keep_idle none → 15, setting transport.tcp.keep_interval none → 5
    write settings
      ~ settings of cluster02-elastic
    create containers
      + container cluster02-elastic
    start clusters
      ~ container cluster02-elastic
      ? cluster02-elastic answers
    prove links
      ? links from cluster01 to cluster02
      ? links from cluster02 to cluster01
    prove links to peers
      ? links from cluster02 to cluster05 cluster06
    ");
    let (there, settled) = settle(start.carry_out_all(&wanted, plan.first.steps()), wanted);
    let left = settled.leave(&london()).unwrap();
    insta::assert_snapshot!(plan_for(&left, &there), @r"
    record the mesh
      ~ mesh.json
    disconnect remotes
      - remotes of cluster02: cluster05 cluster06
    write bundles
      ~ authorities that cluster02 trusts
    link clusters
      ~ keystore of cluster02: credentials of cluster01
    prove links
      ? links from cluster02 to cluster01
    forget peers
      - peer london with its keys
    ");
}

/// A mesh that joined another one, whose file in `peers/` is gone.
fn without_the_file() -> (Model, Mesh) {
    let mesh = joined(&Mesh::example(2).without_kibana(), None);
    let start = inviting(Model::empty().converge(&Mesh::example(2).without_kibana()), 1);
    let plan = joining(&mesh, &start.observe(), &offering(1)).unwrap();
    let (mut there, mesh) = settle(start.carry_out_all(&mesh, plan.first.steps()), mesh);
    there.there.peers.clear();
    there.there.joined.clear();
    (there, mesh)
}

/// What is in keystores and bundles reaches it, and nothing could take the place of that.
#[test]
fn a_peer_whose_file_is_gone_is_reached_as_before() {
    let (there, mesh) = without_the_file();
    assert!(plan_for(&mesh, &there).is_empty(), "{}", plan_for(&mesh, &there));
    let keys = Renewal { keys: mesh.clusters().collect(), ..Renewal::default() };
    let plan = renew(&mesh, &there.observe(), &inputs(), &keys);
    let done = there.carry_out_all(&mesh, plan.steps()).converge(&mesh);
    for node in mesh.all_nodes() {
        assert_eq!(done.link_to_peer(node, &alias("cluster05")), LinkFacts::Connected, "{node}");
    }
}

/// Wherever that stops, its links stay, and no authority that was replaced is trusted any more.
#[test]
fn authorities_are_replaced_though_the_file_of_a_peer_is_gone() {
    let (there, mesh) = without_the_file();
    let renewal = Renewal { authorities: mesh.clusters().collect(), ..Renewal::default() };
    let plan = renew(&mesh, &there.observe(), &inputs(), &renewal);
    for half in there.states_of(&mesh, &plan) {
        let done = half.converge(&mesh);
        for node in mesh.all_nodes() {
            assert_eq!(done.link_to_peer(node, &alias("cluster05")), LinkFacts::Connected, "{node}");
            let bundle = done.there.files[&node.cluster].nodes[&node.number].bundle.as_deref().unwrap();
            let own = mesh.clusters().map(|of| done.there.files[&of].authority.clone().unwrap());
            let trusted: Vec<String> = own.chain(AUTHORITIES[0].values().cloned()).collect();
            assert_eq!(certs::fingerprints(bundle), certs::fingerprints(&trusted.concat()), "{node}");
        }
    }
}

/// A file that nothing can be written from keeps its links as they are.
#[test]
fn a_peer_whose_file_is_gone_is_left_without_it() {
    let (there, mesh) = without_the_file();
    let left = mesh.leave(&london()).unwrap();
    let done = there.converge(&left);
    assert!(done.there.record.as_ref().unwrap().peers.is_empty());
    let observed: Observed = done.observe();
    assert!(observed.answering().all(|(_, server)| !server.remotes.keys().any(|name| name.contains("cluster05"))));
    assert!(!plan_for(&left, &done).steps().any(|step| matches!(step, Step::Peers(PeerStep::Forget(_)))));
}
