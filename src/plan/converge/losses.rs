//! Whatever of a mesh is lost or changed by hand is seen, named and repaired, and costs no data.

use super::{
    model::{HOSTS, Model, NOW, inputs},
    plan_for,
};
use crate::{
    facts::observed::{Answer, ContainerState, FileFacts, KeyFacts, Orphan, PermissionFacts},
    mesh::{
        Mesh,
        container::{Bytes, Restart},
        id::ClusterId,
        secret::Secret,
    },
    plan::{
        Step,
        reconcile::{PlanInputs, reconcile},
    },
};

/// Something that happens to a mesh.
type Loss = Box<dyn Fn(&mut Model)>;

/// Losses on Docker's side.
fn of_containers(second: ClusterId) -> Vec<(&'static str, Loss)> {
    vec![
        ("a container removed", Box::new(move |m| drop(m.there.containers.remove(&second.first_node())))),
        (
            "a container stopped",
            Box::new(move |m| m.carry_out(&Mesh::example(3), &Step::StopContainer(second.first_node()))),
        ),
        (
            "a container replaced",
            Box::new(move |m| m.there.containers.get_mut(&second.kibana()).unwrap().fingerprint = None),
        ),
        (
            "limits changed by `docker update`",
            Box::new(move |m| {
                let made = m.there.containers.get_mut(&second.first_node()).unwrap().made.as_mut().unwrap();
                (made.limits.memory, made.limits.restart) = (Bytes::Limit(700 << 20), Restart::No);
            }),
        ),
        (
            "a container made by hand",
            Box::new(move |m| {
                m.there.containers.get_mut(&second.first_node()).unwrap().made.as_mut().unwrap().fixed.confined = false;
            }),
        ),
        (
            "the network gone",
            Box::new(|m| {
                m.there.network = None;
                m.stop_all();
            }),
        ),
    ]
}

#[test]
fn whatever_is_lost_is_made_again() {
    let mesh = Mesh::example(3);
    let second = ClusterId::new(2).unwrap();
    let whole = Model::empty().converge(&mesh);
    let of_files: Vec<(&str, Loss)> = vec![
        ("the keystore deleted", Box::new(move |m| m.first_files(second).keystore = None)),
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
                m.there.containers.get_mut(&second.first_node()).unwrap().address = Some([10, 213, 0, 240].into());
            }),
        ),
        (
            "a container that runs without a network",
            Box::new(move |m| m.there.containers.get_mut(&second.first_node()).unwrap().address = None),
        ),
        (
            "a container that Docker failed to attach to its network",
            Box::new(move |m| {
                m.there.containers.get_mut(&second.first_node()).unwrap().state = ContainerState::Stopped;
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
                m.files(second).services.get_mut(&second.first_node()).unwrap().settings = Some(Secret::new("edited"));
            }),
        ),
        (
            "a file of the image removed",
            Box::new(move |m| {
                let files = m.files(second).services.get_mut(&second.first_node()).unwrap();
                files.seed.as_mut().unwrap().missing.push("log4j2.properties".to_owned());
            }),
        ),
        (
            "a certificate lost",
            Box::new(move |m| {
                m.files(second).services.get_mut(&second.first_node()).unwrap().certificate = None;
            }),
        ),
        (
            "Kibana's certificate lost",
            Box::new(move |m| {
                m.files(second).services.get_mut(&second.kibana()).unwrap().certificate = None;
            }),
        ),
        ("a bundle cut", Box::new(move |m| m.first_files(second).bundle = Some(String::new()))),
        ("an authority lost", Box::new(move |m| m.files(second).authority = None)),
        ("the license run out", Box::new(move |m| m.servers.get_mut(&second).unwrap().trial = false)),
        ("the hosts block gone", Box::new(|m| m.there.hosts_file = Some(HOSTS.to_vec()))),
        (
            "a stray container",
            Box::new(|m| {
                let orphan = Orphan { state: ContainerState::Stopped, service: None };
                m.there.orphans.insert("stray".to_owned(), orphan);
            }),
        ),
        ("all stopped", Box::new(Model::stop_all)),
    ];
    for (loss, lose) in of_containers(second).into_iter().chain(of_files) {
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
fn limits_are_mended_without_a_restart() {
    let mesh = Mesh::example(1);
    let mut model = Model::empty().converge(&mesh);
    for facts in model.there.containers.values_mut() {
        let made = facts.made.as_mut().unwrap();
        (made.limits.memory, made.limits.cpus) = (Bytes::Limit(700 << 20), Some(500_000_000));
        made.limits.restart = Restart::No;
    }
    insta::assert_snapshot!(plan_for(&mesh, &model), @r"
    update containers
      ~ container cluster01-elastic: memory 700m → 2g, cpus 0.50 → all, restart no → unless-stopped
      ~ container cluster01-kibana: memory 700m → 2g, cpus 0.50 → all, restart no → unless-stopped
    ");
    model.converge(&mesh).assert_is(&mesh);
}

/// Each step mends its own file, so wherever it stops, the next run goes on with the rest.
#[test]
fn modes_and_owners_are_mended_without_a_restart() {
    let mesh = Mesh::example(2);
    let mut model = Model::empty().converge(&mesh);
    let facts = |directory, mode, uid| FileFacts { directory, mode, uid, gid: 0 };
    let found = [
        ("credentials.txt", facts(false, 0o644, 0)),
        ("cluster01/certs/ca.key", facts(false, 0o600, 65534)),
        ("cluster02/elastic/data", facts(true, 0o750, 65534)),
    ];
    let found = found.map(|(path, facts)| (path.to_owned(), facts)).into();
    model.there.permissions = Some(PermissionFacts { user: 0, account: Some(mesh.owner.uid), found });
    let plan = plan_for(&mesh, &model);
    insta::assert_snapshot!(plan, @r"
    set modes and owners
      ~ cluster01/certs/ca.key: owner 65534 → 0
      ~ cluster02/elastic/data with all below it: owner 65534:0 → 999:0
      ~ credentials.txt: mode 0644 → 0600
    ");
    for stop in 0..=plan.steps().count() {
        model.clone().carry_out_all(&mesh, plan.steps().take(stop)).converge(&mesh).assert_is(&mesh);
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
fn an_unknown_password_is_reset() {
    let mesh = Mesh::example(2);
    let whole = Model::empty().converge(&mesh);
    let agreed = PlanInputs { recover: true, ..inputs() };
    let mut lost = whole.clone();
    lost.there.credentials.as_mut().unwrap().elastic = Secret::new("new");
    lost.there.lost.credentials = true;
    lost.first_files(ClusterId::FIRST).recovery_user = true;
    let refused = plan_for(&mesh, &lost);
    assert!(!refused.steps().any(|step| matches!(step, Step::ResetPassword(_))), "no consent:\n{refused}");
    let plan = reconcile(&mesh, &lost.observe(), &agreed);
    insta::assert_snapshot!(plan, @r"
    write credentials
      ~ credentials.txt, recovered from what is there
    write keystores
      ~ keystore of cluster01-elastic
      ~ keystore of cluster02-elastic
    remove superusers
      - superuser mesh-recovery of cluster01, left by an earlier run
    start clusters
      ~ password of elastic on cluster01, by a superuser that is there for that long only
      ? cluster01-elastic answers
      ~ passwords of elastic and kibana_system on cluster01
      ~ password of elastic on cluster02, by a superuser that is there for that long only
      ? cluster02-elastic answers
      ~ passwords of elastic and kibana_system on cluster02
    register snapshot repositories
      ~ snapshot repository of cluster01
      ~ snapshot repository of cluster02
    set roles and users
      ~ roles of cluster01: mesh_reader
      ~ roles of cluster02: mesh_reader
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
        assert!(mended.there.files.values().all(|files| !files.first().unwrap().recovery_user));
        for (cluster, server) in &whole.servers {
            assert_eq!(mended.servers[cluster].born, server.born, "the data of {cluster} should survive");
        }
    }
}

/// It reads its certificate only when it starts, so one that is not trusted stays so; one that is not ready may become
/// so.
#[test]
fn a_kibana_that_is_not_trusted_is_restarted_and_one_that_is_not_ready_is_waited_for() {
    let mesh = Mesh::example(1);
    let mut there = Model::empty().converge(&mesh).observe();
    let mut planned = |answer| {
        there.kibanas.insert(ClusterId::FIRST, answer);
        reconcile(&mesh, &there, &inputs()).to_string()
    };
    insta::assert_snapshot!(planned(Answer::Untrusted("UnknownIssuer".to_owned())), @r"
    restart Kibana
      ~ container cluster01-kibana
    wait for Kibana
      ? cluster01-kibana answers
    make data views
      ~ data views of cluster01-kibana: local-data-set mesh-data-set
    ");
    let booting = Answer::Unreachable { words: "connection refused".to_owned(), started: None };
    for answer in [Answer::NotReady("status 503".to_owned()), Answer::TimedOut, booting] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(planned(answer), @r"
            wait for Kibana
              ? cluster01-kibana answers
            make data views
              ~ data views of cluster01-kibana: local-data-set mesh-data-set
            ");
        }
    }
}
