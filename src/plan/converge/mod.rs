//! The promise, tested without Docker: stop after any step, look, plan again, and the end is the same.

mod links;
mod model;
mod renewal;
mod upgrade;

use self::model::{HOSTS, Model, NOW, moment};
use super::{
    Plan, Step,
    observed::KeyFacts,
    reach::{Moment, reach},
    remove::{remove, removed},
};
use crate::mesh::{
    Mesh,
    id::{ClusterId, ServiceKind},
    secret::Secret,
};

/// Something that happens to a mesh.
type Loss = Box<dyn Fn(&mut Model)>;

fn plan_for(mesh: &Mesh, model: &Model) -> Plan {
    reach(mesh, &model.observe(), &moment())
}

/// The steps of a plan in two orders in which they can come about: one cluster after the other, and all clusters step by step.
fn orders(plan: &Plan) -> [Vec<&Step>; 2] {
    let in_turn = plan.stages.iter().flat_map(|stage| {
        let lanes = stage.lanes();
        let longest = lanes.iter().map(|lane| lane.len()).max().unwrap_or_default();
        (0..longest).flat_map(move |at| lanes.clone().into_iter().filter_map(move |lane| lane.get(at)))
    });
    [plan.steps().collect(), in_turn.collect()]
}

/// Meshes that differ in every way that matters to a plan.
fn wishes() -> Vec<Mesh> {
    let without_kibana = |clusters| {
        let mut mesh = Mesh::example(clusters);
        mesh.spec.kibana = false;
        mesh
    };
    let (mut bigger, mut moved, mut sharing) = (Mesh::example(2), without_kibana(2), without_kibana(3));
    bigger.spec.elastic_memory = "3g".parse().expect("should be a size");
    bigger.spec.san = vec!["vm.example".parse().expect("should be a name")];
    moved.subnet = "10.213.7.0/24".parse().expect("should be a network");
    sharing.spec.share = vec!["logs-*".parse().expect("should be a pattern")];
    vec![Mesh::example(1), Mesh::example(3), bigger, moved, sharing]
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
            let plan = plan_for(to, &start);
            for (steps, stop) in orders(&plan).iter().flat_map(|steps| (0..steps.len()).map(move |stop| (steps, stop)))
            {
                let half = start.clone().carry_out_all(to, steps.iter().copied().take(stop));
                let done = half.converge(to);
                done.assert_is(to);
                for (cluster, server) in &start.servers {
                    if let Some(now) = done.servers.get(cluster) {
                        assert_eq!(now.born, server.born, "the data of {cluster} should survive");
                    }
                }
                walks += 1;
            }
        }
    }
    assert!(walks > 300, "{walks} interrupted runs");
}

#[test]
fn whatever_is_lost_is_made_again() {
    let mesh = Mesh::example(3);
    let second = ClusterId::new(2).unwrap();
    let whole = Model::empty().converge(&mesh);
    let losses: Vec<(&str, Loss)> = vec![
        ("a container removed", Box::new(move |m| drop(m.there.containers.remove(&second.elastic())))),
        (
            "a container stopped",
            Box::new(move |m| m.carry_out(&Mesh::example(3), &Step::StopContainer(second.elastic()))),
        ),
        (
            "a container replaced",
            Box::new(move |m| m.there.containers.get_mut(&second.kibana()).unwrap().fingerprint.clear()),
        ),
        (
            "the network gone",
            Box::new(|m| {
                m.there.network = None;
                m.stop_all();
            }),
        ),
        ("the keystore deleted", Box::new(move |m| m.files(second).keystore = None)),
        ("a remote removed", Box::new(move |m| m.servers.get_mut(&second).unwrap().remotes.clear())),
        (
            "a remote pointed elsewhere",
            Box::new(move |m| {
                for value in m.servers.get_mut(&second).unwrap().remotes.values_mut() {
                    value.push('x');
                }
            }),
        ),
        ("a key invalidated", Box::new(move |m| m.servers.get_mut(&second).unwrap().keys.clear())),
        ("a key file lost", Box::new(move |m| m.files(second).key = None)),
        ("a key expired", Box::new(move |m| m.files(second).key.as_mut().unwrap().expires = NOW)),
        (
            "a key made to expire on its server",
            Box::new(move |m| m.servers.get_mut(&second).unwrap().keys[0].expires = Some(NOW)),
        ),
        (
            "a container at another address",
            Box::new(move |m| {
                m.there.containers.get_mut(&second.elastic()).unwrap().address = Some([10, 213, 0, 240].into());
            }),
        ),
        (
            "an unknown key",
            Box::new(move |m| {
                let key = KeyFacts { id: "stray".to_owned(), names: Vec::new(), expires: None };
                m.servers.get_mut(&second).unwrap().keys.push(key);
            }),
        ),
        (
            "settings edited",
            Box::new(move |m| {
                m.files(second).services.get_mut(&ServiceKind::Elastic).unwrap().settings = Some(Secret::new("edited"));
            }),
        ),
        (
            "a certificate lost",
            Box::new(move |m| {
                m.files(second).services.get_mut(&ServiceKind::Elastic).unwrap().certificate = None;
            }),
        ),
        (
            "Kibana's certificate lost",
            Box::new(move |m| {
                m.files(second).services.get_mut(&ServiceKind::Kibana).unwrap().certificate = None;
            }),
        ),
        ("a bundle cut", Box::new(move |m| m.files(second).bundle = Some(String::new()))),
        ("an authority lost", Box::new(move |m| m.files(second).authority = None)),
        ("the licence run out", Box::new(move |m| m.servers.get_mut(&second).unwrap().trial = false)),
        ("the hosts block gone", Box::new(|m| m.there.hosts_file = Some(HOSTS.to_vec()))),
        ("a stray container", Box::new(|m| m.there.strays.push("stray".to_owned()))),
        ("all stopped", Box::new(Model::stop_all)),
    ];
    for (loss, lose) in losses {
        let mut model = whole.clone();
        lose(&mut model);
        let plan = plan_for(&mesh, &model);
        assert!(!plan.is_empty(), "{loss} should be seen");
        assert!(!plan.destroys(), "{loss} should cost no data");
        let mended = model.converge(&mesh);
        mended.assert_is(&mesh);
        for (cluster, server) in &whole.servers {
            assert_eq!(mended.servers[cluster].born, server.born, "{loss}: the data of {cluster} should survive");
        }
    }
}

#[test]
fn lost_files_of_the_mesh_itself_are_written_again_and_nothing_else_changes() {
    let mesh = Mesh::example(2);
    let mut model = Model::empty().converge(&mesh);
    (model.there.record, model.there.lost.record) = (None, true);
    model.there.lost.credentials = true;
    insta::assert_snapshot!(plan_for(&mesh, &model), @r"
    record the mesh
      ~ mesh.json, rebuilt from what is there
    write credentials
      ~ credentials.txt, recovered from what is there
    ");
    model.converge(&mesh).assert_is(&mesh);
}

/// Wherever such a run stops, the next one ends with a password that every server takes, and with no superuser left.
#[test]
fn a_password_that_nobody_knows_is_set_anew() {
    let mesh = Mesh::example(2);
    let whole = Model::empty().converge(&mesh);
    let agreed = Moment { recover: true, ..moment() };
    let mut lost = whole.clone();
    lost.there.credentials.as_mut().unwrap().elastic = Secret::new("new");
    (lost.there.lost.credentials, lost.there.lost.elastic) = (true, true);
    lost.files(ClusterId::FIRST).recovery_user = true;
    let refused = plan_for(&mesh, &lost);
    assert!(!refused.steps().any(|step| matches!(step, Step::ResetPassword(_))), "nobody agreed:\n{refused}");
    let plan = reach(&mesh, &lost.observe(), &agreed);
    insta::assert_snapshot!(plan, @r"
    write credentials
      ~ credentials.txt, recovered from what is there
    write keystores
      ~ keystore of cluster01
      ~ keystore of cluster02
    remove superusers
      - superuser mesh-recovery of cluster01, left by an earlier run
    start clusters
      ~ password of elastic on cluster01, by a superuser that is there for that long only
      ? cluster01-elastic answers
      ~ passwords of elastic and kibana_system on cluster01
      ~ password of elastic on cluster02, by a superuser that is there for that long only
      ? cluster02-elastic answers
      ~ passwords of elastic and kibana_system on cluster02
    link clusters
      ~ remotes of cluster01: cluster02
      ~ remotes of cluster02: cluster01
    prove links
      ? links from cluster01 to cluster02
      ? links from cluster02 to cluster01
    ");
    for stop in 0..=plan.steps().count() {
        let mended = lost.clone().carry_out_all(&mesh, plan.steps().take(stop)).converge_at(&mesh, &agreed);
        mended.assert_is(&mesh);
        assert!(mended.there.files.values().all(|files| !files.recovery_user));
        for (cluster, server) in &whole.servers {
            assert_eq!(mended.servers[cluster].born, server.born, "the data of {cluster} should survive");
        }
    }
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

#[test]
fn a_removed_mesh_leaves_nothing() {
    let mesh = Mesh::example(2);
    let whole = Model::empty().converge(&mesh);
    let plan = remove(&whole.observe());
    for stop in 0..=plan.steps().count() {
        let half = whole.clone().carry_out_all(&mesh, plan.steps().take(stop));
        let rest = remove(&half.observe());
        let gone = half.carry_out_all(&mesh, rest.steps());
        assert!(gone.there.containers.is_empty() && gone.there.network.is_none() && gone.there.record.is_none());
        assert_eq!(gone.there.hosts_file.as_deref(), Some(HOSTS));
    }
}

#[test]
fn starting_afresh_makes_everything_anew() {
    let old = Mesh::example(3);
    let new = Mesh { id: "f".repeat(16), ..Mesh::example(2) };
    let there = Model::empty().converge(&old).observe();
    let plan = reach(&new, &removed(there.clone()), &moment()).after(remove(&there));
    let mut model = Model::empty().converge(&old);
    model.there.strays.clear();
    let done = model.carry_out_all(&new, plan.steps());
    done.assert_is(&new);
    assert!(plan.steps().any(|step| *step == Step::WriteCredentials), "old passwords should not be kept");
}

#[test]
fn another_template_is_other_settings() {
    let mut mesh = Mesh::example(1);
    let there = Model::empty().converge(&mesh);
    mesh.templates.kibana_yml.push_str("logging.root.level: warn\n");
    insta::assert_snapshot!(plan_for(&mesh, &there), @r"
    remove containers
      - container cluster01-kibana
    write settings
      ~ settings of cluster01-kibana
    create containers
      + container cluster01-kibana
    start clusters
      ~ container cluster01-kibana
    wait for Kibana
      ? cluster01-kibana answers
    ");
}

#[test]
fn stories() {
    let without_kibana = |clusters| {
        let mut mesh = Mesh::example(clusters);
        mesh.spec.kibana = false;
        mesh
    };
    let two = Model::empty().converge(&without_kibana(2));
    insta::assert_snapshot!(plan_for(&without_kibana(3), &two), @r"
    record the mesh
      ~ mesh.json
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
      ~ keystore of cluster03
    create containers
      + container cluster03-elastic
    start clusters
      ~ container cluster03-elastic
      ? cluster03-elastic answers
      ~ passwords of elastic and kibana_system on cluster03
      + API key of cluster03
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
    disconnect clusters that leave
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
