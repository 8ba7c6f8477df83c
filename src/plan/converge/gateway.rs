//! The mesh's own gateway: what is lost of it is mended, and what changes behind it restarts nothing. Pure.

use super::{
    model::{Model, inputs},
    plan_for, reaches,
    renewal::{clusters, plan_for as renewing},
};
use crate::{
    facts::{gateway::GivenIdentity, observed::ContainerState},
    judge::hindrance::hindrance,
    mesh::{
        Mesh,
        certs::{Authority, Names},
        settings::UserFile,
    },
    plan::{
        GatewayStep, Plan, Step,
        reconcile::reconcile,
        renew::{GatewayRenewal, Renewal},
    },
};

fn mesh(clusters: u8) -> Mesh {
    Mesh::example(clusters).without_kibana().with_gateway("127.0.0.1:8443")
}

fn restarts(plan: &Plan) -> bool {
    let away = |step: &&Step| {
        let kind = |step: &GatewayStep| !matches!(step, GatewayStep::WriteFiles | GatewayStep::Reload);
        matches!(step, Step::Gateway(step) if kind(step))
    };
    plan.steps().any(|step| away(&step))
}

#[test]
fn a_gateway_comes_and_goes_and_nothing_restarts_but_kibana() {
    let (without, with) = (Mesh::example(1), Mesh::example(1).with_gateway("127.0.0.1:8443"));
    let start = Model::empty().converge(&without);
    let plan = plan_for(&with, &start);
    insta::assert_snapshot!(plan, @r#"
    prove the directory
      ? Docker sees the mesh's directory
    pull images
      + image nginx:1.28.0
    record the mesh
      ~ mesh.json
    remove containers
      - container cluster01-kibana: setting server.publicBaseUrl "https://localhost:5601/cluster01" → "https://localhost:8443/cluster01"
    issue authorities
      + authority of the gateway
    write bundles
      ~ ca.crt for browsers
    issue the gateway's certificate
      + certificate of the gateway
    write the gateway's files
      ~ files of the gateway
    write settings
      ~ settings of cluster01-kibana
    create containers
      + container cluster01-kibana
      + container mesh-gateway
    start clusters
      ~ container cluster01-kibana
    wait for Kibana
      ? cluster01-kibana answers
    make data views
      ~ data views of cluster01-kibana: local-data-set mesh-data-set
    start the gateway
      ~ container mesh-gateway
      ? the gateway answers
    "#);
    assert!(reaches(&with, &start, &plan) > 10);
    let whole = start.converge(&with);
    let plan = plan_for(&without, &whole);
    insta::assert_snapshot!(plan, @r#"
    prove the directory
      ? Docker sees the mesh's directory
    record the mesh
      ~ mesh.json
    remove containers
      - container cluster01-kibana: setting server.publicBaseUrl "https://localhost:8443/cluster01" → "https://localhost:5601/cluster01"
      - container mesh-gateway
    remove the gateway
      - files of the gateway, with its authority
    write bundles
      ~ ca.crt for browsers
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
    assert!(reaches(&without, &whole, &plan) > 5);
}

#[test]
fn a_cluster_that_comes_or_goes_is_read_without_a_restart() {
    let (two, three) = (mesh(2), mesh(3));
    for (from, to) in [(&two, &three), (&three, &two)] {
        let start = Model::empty().converge(from);
        let plan = plan_for(to, &start);
        let of_gateway: Vec<&Step> = plan.steps().filter(|step| matches!(step, Step::Gateway(_))).collect();
        assert_eq!(of_gateway, [&Step::from(GatewayStep::WriteFiles), &GatewayStep::Reload.into()], "{plan}");
        assert!(reaches(to, &start, &plan) > 2);
    }
}

#[test]
fn an_authority_that_changes_is_believed_before_it_signs() {
    let mesh = mesh(2);
    let start = Model::empty().converge(&mesh);
    let asked = Renewal { authorities: clusters(&[1]), ..Renewal::default() };
    let plan = renewing(&mesh, &start, &asked);
    assert!(!restarts(&plan), "{plan}");
    let at = |wanted: &str| {
        plan.descriptions().position(|step| step.code == wanted).unwrap_or_else(|| panic!("{wanted} is missing"))
    };
    assert!(at("reload-gateway") < at("promote-authority"));
    let last = |wanted: &str| plan.descriptions().collect::<Vec<_>>().iter().rposition(|step| step.code == wanted);
    assert!(last("reload-gateway") > Some(at("retire-authority")));
    assert!(reaches(&mesh, &start, &plan) > 10);
}

/// What happens to a gateway, and whether its container has to be made or started for it.
type Loss = (&'static str, fn(&mut Model), bool);

#[test]
fn what_is_lost_of_it_is_mended() {
    let mesh = mesh(2);
    let whole = Model::empty().converge(&mesh);
    let losses: [Loss; 9] = [
        ("the container removed", |m| m.there.gateway.container = None, true),
        (
            "the container stopped",
            |m| m.there.gateway.container.as_mut().unwrap().state = ContainerState::Stopped,
            true,
        ),
        ("a container made by hand", |m| m.there.gateway.container.as_mut().unwrap().fingerprint = None, true),
        ("a file altered", |m| drop(m.there.gateway.files.texts.insert("mesh.conf".to_owned(), String::new())), false),
        ("a file lost", |m| drop(m.there.gateway.files.texts.remove("cluster01.crt")), false),
        (
            "a file of another cluster",
            |m| drop(m.there.gateway.files.texts.insert("cluster09.crt".to_owned(), String::new())),
            false,
        ),
        ("the key lost", |m| m.there.gateway.files.certificate_key = None, false),
        ("the authority lost", |m| m.there.gateway.files.authority = None, false),
        ("other files read than those that are there", |m| m.gateway_read.as_mut().unwrap().digest.clear(), false),
    ];
    for (loss, lose, is_container) in losses {
        let mut model = whole.clone();
        lose(&mut model);
        let plan = plan_for(&mesh, &model);
        assert!(!plan.is_empty(), "{loss} should be seen");
        let restarts = plan
            .steps()
            .any(|step| matches!(step, Step::Gateway(GatewayStep::StartContainer | GatewayStep::CreateContainer)));
        assert_eq!(restarts, is_container, "{loss}: {plan}");
        assert!(reaches(&mesh, &model, &plan) > 0, "{loss}");
    }
}

#[test]
fn a_certificate_that_was_given_is_taken_over_and_left_again() {
    let own = mesh(1);
    let mut given = own.clone();
    (given.spec.gateway_cert, given.spec.gateway_key) =
        (UserFile(Some("/a.crt".into())), UserFile(Some("/a.key".into())));
    let mut start = Model::empty().converge(&own);
    let identity = Authority::issue("other", super::model::NOW).sign(&Names::example(), super::model::NOW);
    start.there.gateway.given = Some(Ok(GivenIdentity { certificate: identity.certificate, key: identity.key }));
    let plan = plan_for(&given, &start);
    insta::assert_snapshot!(plan, @r"
    record the mesh
      ~ mesh.json
    write bundles
      ~ ca.crt for browsers
    issue the gateway's certificate
      ~ certificate of the gateway, as it was given
    write the gateway's files
      ~ files of the gateway
      ~ the gateway reads its files again, without a restart
    ");
    assert!(reaches(&given, &start, &plan) > 1);
    let mut back = start.converge(&given);
    for asked in [GatewayRenewal::Certificate, GatewayRenewal::Authority] {
        let renewal = Renewal { gateway: Some(asked), ..Renewal::default() };
        assert!(renewing(&given, &back, &renewal).is_empty(), "it is the user's to renew");
    }
    back.there.gateway.given = None;
    let plan = reconcile(&own, &back.observe(), &inputs());
    assert!(reaches(&own, &back, &plan) > 1);
}

#[test]
fn what_it_shows_is_renewed_without_a_restart() {
    let mesh = mesh(2);
    let start = Model::empty().converge(&mesh);
    let plan = |asked| renewing(&mesh, &start, &Renewal { gateway: Some(asked), ..Renewal::default() });
    let (certificate, authority) = (plan(GatewayRenewal::Certificate), plan(GatewayRenewal::Authority));
    insta::assert_snapshot!(certificate, @r"
    issue the gateway's certificate
      + certificate of the gateway
    write the gateway's files
      ~ files of the gateway
      ~ the gateway reads its files again, without a restart
    ");
    insta::assert_snapshot!(authority, @r"
    issue authorities
      + authority of the gateway
    write bundles
      ~ ca.crt for browsers
    issue the gateway's certificate
      + certificate of the gateway
    write the gateway's files
      ~ files of the gateway
      ~ the gateway reads its files again, without a restart
    ");
    for (plan, replaces) in [(certificate, false), (authority, true)] {
        assert_eq!(hindrance(&plan, &Renewal::default()), None);
        assert!(reaches(&mesh, &start, &plan) > 2);
        let end = start.walk(&mesh, plan.steps()).end();
        let (old, new) = (&start.there.gateway.files, &end.there.gateway.files);
        assert_ne!(new.certificate, old.certificate);
        assert_eq!(new.authority != old.authority, replaces);
        end.assert_is(&mesh);
    }
    let mut stopped = start;
    stopped.there.gateway.container.as_mut().unwrap().state = ContainerState::Stopped;
    let asked = Renewal { gateway: Some(GatewayRenewal::Certificate), ..Renewal::default() };
    let hindered = hindrance(&renewing(&mesh, &stopped, &asked), &asked).unwrap();
    insta::assert_snapshot!(hindered, @"the gateway would have to be made, started or removed first");
}
