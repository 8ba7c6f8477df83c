//! Kibana by service token: how a mesh comes to it, what keeps it, and how tokens are replaced. Pure.

use super::{
    model::{Model, inputs},
    plan_for,
};
use crate::{
    judge::hindrance::hindrance,
    mesh::{Mesh, defaults::Revision, example::cluster, id::ClusterId, secret::Secret},
    plan::{
        Plan, Step, TokenStep,
        reconcile::{reconcile, renew},
        renew::Renewal,
        rolling::{Turns, whole},
        tokens::replace,
    },
};

fn by_token(count: u8) -> Mesh {
    Mesh::example(count).with_defaults(Revision::NEWEST, None)
}

fn all(mesh: &Mesh) -> std::collections::BTreeSet<ClusterId> {
    mesh.clusters().collect()
}

#[test]
fn a_new_mesh_has_no_password_of_kibana_system() {
    let mesh = by_token(1);
    let plan = plan_for(&mesh, &Model::empty());
    assert!(!plan.steps().any(|step| matches!(step, Step::SetPasswords(_))), "{plan}");
    let model = Model::empty().converge(&mesh);
    assert_eq!(model.there.credentials.as_ref().unwrap().kibana_system, None);
    insta::assert_snapshot!(of_tokens(&plan), @r"
    image docker.elastic.co/kibana/kibana:9.5.3
    certificate of cluster01-kibana
    files of cluster01-kibana from its image
    settings of cluster01-kibana
    service token of Kibana on cluster01-elastic
    container cluster01-kibana
    password of elastic on cluster01; kibana_system is disabled
    cluster01 knows the service token of Kibana
    container cluster01-kibana
    cluster01-kibana answers
    data views of cluster01-kibana: local-data-set mesh-data-set
    ");
}

/// The steps about logins, and those of Kibana's container.
fn of_tokens(plan: &Plan) -> String {
    let kibana = |step: &Step| step.describe(None).text.contains("kibana");
    let steps = plan.steps().filter(|step| matches!(step, Step::Tokens(_)) || kibana(step));
    steps.map(|step| step.describe(None).text).collect::<Vec<_>>().join("\n")
}

/// The servers know every token before the first Kibana has its turn.
#[test]
fn what_new_defaults_do() {
    let old = Mesh::example(2);
    let model = Model::empty().converge(&old);
    let new = old.clone().with_defaults(Revision::NEWEST, Some(&old));
    insta::assert_snapshot!(whole(&new, &model.observe(), &inputs(), Turns::Defaults), @r#"
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
    remove containers
      - container cluster01-kibana: setting elasticsearch.password is removed, setting elasticsearch.serviceAccountToken is added, setting elasticsearch.username "kibana_system" → none, other secrets
    write settings
      ~ settings of cluster01-elastic
      ~ settings of cluster01-kibana
    create containers
      + container cluster01-kibana
    start clusters
      ~ password of elastic on cluster01; kibana_system is disabled
      ~ container cluster01-kibana
    wait for Kibana
      ? cluster01-kibana answers
    prove the directory
      ? Docker sees the mesh's directory
    record whose turn it is
      ~ mesh.json
    stop Kibana
      ~ container cluster02-kibana
    remove containers
      - container cluster02-kibana: setting elasticsearch.password is removed, setting elasticsearch.serviceAccountToken is added, setting elasticsearch.username "kibana_system" → none, other secrets
    write settings
      ~ settings of cluster02-elastic
      ~ settings of cluster02-kibana
    create containers
      + container cluster02-kibana
    start clusters
      ~ password of elastic on cluster02; kibana_system is disabled
      ~ container cluster02-kibana
    wait for Kibana
      ? cluster02-kibana answers
    write credentials
      ~ logins of Kibana in credentials.txt
    "#);
}

#[test]
fn what_is_lost_or_changed_by_hand_comes_back_and_restarts_nothing() {
    type Change = fn(&mut Model);
    let mesh = by_token(2);
    let whole = Model::empty().converge(&mesh);
    let changes: [(Change, &str); 5] = [
        (|model| model.first_files(cluster(2)).service_tokens = None, "~ service token of Kibana on cluster02-elastic"),
        (
            |model| {
                let file = model.there.files[&cluster(1)].first().unwrap().service_tokens.clone().unwrap();
                model.first_files(cluster(1)).service_tokens = Some(Secret::new(file.expose().to_owned() + "damage"));
            },
            "~ service token of Kibana on cluster01-elastic",
        ),
        (
            |model| {
                let other = "elastic/kibana/mesh-01234567:{SSHA256}x\n";
                let file = model.there.files[&cluster(1)].first().unwrap().service_tokens.clone().unwrap();
                model.first_files(cluster(1)).service_tokens = Some(Secret::new(file.expose().to_owned() + other));
            },
            "- service tokens on cluster01-elastic that no Kibana uses",
        ),
        (
            |model| {
                let node = cluster(2).node(crate::mesh::id::NodeNumber::FIRST);
                model.processes.get_mut(&node).unwrap().tokens.clear();
            },
            "? cluster02 knows the service token of Kibana",
        ),
        (
            |model| model.servers.get_mut(&cluster(1)).unwrap().users.kibana_system_disabled = false,
            "~ password of elastic on cluster01; kibana_system is disabled",
        ),
    ];
    for (change, expected) in changes {
        let mut model = whole.clone();
        change(&mut model);
        let plan = plan_for(&mesh, &model);
        assert!(plan.to_string().contains(expected), "{expected} should be in\n{plan}");
        for half in model.walk(&mesh, plan.steps()).stops() {
            let done = half.clone().converge(&mesh);
            done.assert_is(&mesh);
            assert_eq!(done.there.containers, whole.there.containers, "{expected}");
        }
    }
}

/// A token that no file holds is made anew, and its Kibana with it.
#[test]
fn a_token_that_is_lost_is_made_anew() {
    let mesh = by_token(2);
    let whole = Model::empty().converge(&mesh);
    let mut model = whole.clone();
    model.there.credentials.as_mut().unwrap().kibana_tokens.remove(&cluster(2));
    for half in model.states_of(&mesh, &plan_for(&mesh, &model)) {
        let done = half.converge(&mesh);
        done.assert_is(&mesh);
        for (service, before) in &whole.there.containers {
            let replaced = *service == cluster(2).kibana();
            assert_eq!(done.there.containers[service].id != before.id, replaced, "{service}");
        }
    }
}

#[test]
fn wherever_a_replacement_of_tokens_stops_create_completes_it_and_so_does_the_same_command() {
    for mesh in [by_token(2), by_token(1).with_nodes(1, 3)] {
        let start = Model::empty().converge(&mesh);
        let old = start.there.credentials.clone().unwrap().kibana_tokens;
        let plan = replace(&mesh, &all(&mesh));
        let walk = start.walk(&mesh, plan.steps());
        for half in walk.states() {
            let done = half.clone().converge(&mesh);
            done.assert_is(&mesh);
            done.assert_keeps_data_and_keys_of(&start);
            let renewal = Renewal { tokens: all(&mesh), ..Renewal::default() };
            let first = renew(&mesh, &half.observe(), &inputs(), &renewal);
            assert_eq!(hindrance(&first, &renewal), None);
            let again = first.then(replace(&mesh, &renewal.tokens));
            half.walk(&mesh, again.steps()).end().assert_is(&mesh);
        }
        let end = walk.end();
        assert!(reconcile(&mesh, &end.observe(), &inputs()).is_empty());
        end.assert_is(&mesh);
        let new = end.there.credentials.clone().unwrap().kibana_tokens;
        assert!(old.iter().all(|(of, token)| new[of] != *token));
    }
}

#[test]
fn tokens_of_some_are_replaced_and_those_of_others_stay() {
    let mesh = by_token(2);
    let start = Model::empty().converge(&mesh);
    let plan = replace(&mesh, &[cluster(2)].into());
    insta::assert_snapshot!(plan, @r"
    prove the directory
      ? Docker sees the mesh's directory
    write credentials
      ~ other service tokens of Kibana in credentials.txt: cluster02
    write service tokens
      ~ service token of Kibana on cluster02-elastic
    wait until servers know the tokens
      ? cluster02 knows the service token of Kibana
    replace Kibana
      - container cluster02-kibana: other secrets
      ~ settings of cluster02-kibana
      + container cluster02-kibana
      ~ container cluster02-kibana
      ? cluster02-kibana answers
    forget service tokens
      - service tokens on cluster02-elastic that no Kibana uses
    ");
    let end = start.walk(&mesh, plan.steps()).end();
    end.assert_is(&mesh);
    let tokens = |model: &Model| model.there.credentials.clone().unwrap().kibana_tokens;
    let (before, after) = (tokens(&start), tokens(&end));
    assert_eq!(before[&cluster(1)], after[&cluster(1)]);
    assert_ne!(before[&cluster(2)], after[&cluster(2)]);
    assert!(replace(&mesh.without_kibana(), &[cluster(2)].into()).is_empty());
}

/// A mesh with a password plans nothing for a token, whatever stands in the file of tokens.
#[test]
fn tokens_of_the_users_own_are_not_the_meshs() {
    let old = Mesh::example(1);
    let mut model = Model::empty().converge(&old);
    model.first_files(ClusterId::FIRST).service_tokens = Some(Secret::new("elastic/fleet-server/one:{PBKDF2}x\n"));
    assert!(plan_for(&old, &model).is_empty());
    let new = old.with_defaults(Revision::NEWEST, None);
    let done = model.converge(&new);
    let file = done.there.files[&ClusterId::FIRST].first().unwrap().service_tokens.clone().unwrap();
    assert!(file.expose().starts_with("elastic/fleet-server/one:{PBKDF2}x\n"));
    assert!(!plan_for(&new, &done).steps().any(|step| matches!(step, Step::Tokens(TokenStep::Write(_)))));
}
