//! The promise of `mesh create --renew-only`: the next run completes one that was stopped, and nothing but keys and
//! certificates is changed. Pure.

use time::Duration;

use super::model::{Model, NOW, inputs};
use crate::{
    facts::observed::Answer,
    judge::{
        expiry::soon::{EndsSoon, expiring},
        scope::Scope,
    },
    mesh::{
        Mesh,
        certs::{Authority, Names},
        example::cluster,
        id::ServiceId,
        secret::Secret,
    },
    plan::{
        GatewayStep, Plan, Step, TrustStep,
        reconcile::{PlanInputs, reconcile, renew_due, unread_certificates},
    },
};

/// The age of a certificate with 29 days left.
const DUE: i64 = 3 * 365 - 29;

fn plan_for(mesh: &Mesh, model: &Model) -> Plan {
    renew_due(mesh, &model.observe(), &inputs())
}

/// What `mesh create --renew-only` does; once more, and it has nothing to do.
fn renew(model: Model, mesh: &Mesh) -> Model {
    let plan = plan_for(mesh, &model);
    let done = model.carry_out_all(mesh, plan.steps());
    let rest = plan_for(mesh, &done);
    assert!(rest.is_empty(), "still to do after a run:\n{rest}");
    done
}

/// What is not renewed: for want of time on disk, and of a service that has not read it.
fn left(mesh: &Mesh, model: &Model) -> [String; 2] {
    let there = model.observe();
    let ending: Vec<String> = expiring(mesh, Scope::Mesh, &there, NOW).iter().map(EndsSoon::in_words).collect();
    let unread: Vec<String> = unread_certificates(mesh, &there, &inputs()).iter().map(ToString::to_string).collect();
    [ending.join("; "), unread.join(" ")]
}

impl Model {
    fn with_key_days(mut self, number: u8, days: i64) -> Self {
        self.answering(cluster(number)).keys[0].expires = Some(NOW + Duration::days(days));
        self
    }

    fn edit_settings(&mut self, service: ServiceId) {
        let files = self.files(service.cluster()).services.get_mut(&service).unwrap();
        let text = files.settings.as_ref().unwrap().expose();
        files.settings = Some(Secret::new(format!("{text}\nlogging.root.level: debug\n")));
    }

    fn edit_gateway(&mut self) {
        self.there.gateway.files.texts.get_mut("mesh.conf").unwrap().push_str("# by hand\n");
    }
}

#[test]
fn wherever_a_run_stops_the_next_one_completes_it_and_changes_nothing_else() {
    let with_gateway = |mesh: Mesh| mesh.with_gateway("127.0.0.1:8443");
    let mut walks = 0;
    for mesh in [Mesh::example(3), with_gateway(Mesh::example(1)), with_gateway(Mesh::example(2).with_nodes(2, 3))] {
        let whole = Model::empty().converge(&mesh);
        let start = whole.clone().with_certificates_of(&mesh, DUE).with_key_days(1, 29);
        for half in start.states_of(&mesh, &plan_for(&mesh, &start)) {
            let done = renew(half, &mesh);
            for cluster in mesh.clusters() {
                done.assert_shows_its_certificates(&mesh, cluster);
            }
            done.assert_is(&mesh);
            assert_eq!(left(&mesh, &done), ["", ""]);
            assert_eq!(done.without_certificates(), whole.clone().without_certificates());
            walks += 1;
        }
    }
    assert!(walks > 40, "{walks} interrupted runs");
}

/// A stopped gateway reads its files when it starts.
#[test]
fn the_files_of_a_stopped_gateway_are_completed() {
    let mesh = Mesh::example(1).without_kibana().with_gateway("127.0.0.1:8443");
    let mut start = Model::empty().converge(&mesh).with_certificates_of(&mesh, DUE);
    start.carry_out(&mesh, &GatewayStep::StopContainer.into());
    for half in start.states_of(&mesh, &plan_for(&mesh, &start)) {
        let mut done = renew(half, &mesh);
        assert_eq!(left(&mesh, &done), ["", ""]);
        assert!(!done.there.gateway.runs());
        done.carry_out(&mesh, &GatewayStep::StartContainer.into());
        done.assert_is(&mesh);
    }
}

#[test]
fn what_is_stopped_or_edited_stays_so_and_keeps_no_other_from_being_renewed() {
    let mesh = Mesh::example(3).with_gateway("127.0.0.1:8443");
    let start = Model::empty().converge(&mesh).with_certificates_of(&mesh, DUE);
    // one that has expired cannot be extended
    let mut start = start.with_key_days(1, 29).with_key_days(3, -1);
    start.edit_settings(cluster(1).first_node());
    start.edit_settings(cluster(1).kibana());
    start.edit_gateway();
    for service in mesh.services_in(cluster(2)) {
        start.carry_out(&mesh, &Step::StopContainer(service));
    }
    let plan = plan_for(&mesh, &start);
    insta::assert_snapshot!(plan, @r"
    extend API keys
      ~ API key of cluster01, its whole life again
    issue certificates
      + certificate of cluster01-elastic
      + certificate of cluster02-elastic
      + certificate of cluster02-kibana
      + certificate of cluster03-elastic
      + certificate of cluster03-kibana
    restart Kibana
      ~ container cluster03-kibana
    wait for certificates
      ? cluster01-elastic shows its certificate
      ? cluster03-elastic shows its certificate
    wait for Kibana
      ? cluster03-kibana answers
    ");
    for half in start.states_of(&mesh, &plan) {
        let done = renew(half, &mesh);
        done.assert_shows_its_certificates(&mesh, cluster(3));
        assert_eq!(done.gateway_read, start.gateway_read);
        assert_eq!(done.there.gateway, start.there.gateway);
        for (service, before) in &start.there.containers {
            let now = &done.there.containers[service];
            assert_eq!(now == before, *service != cluster(3).kibana(), "{service}");
        }
        let ending = "API key of cluster03 has ended; certificate of cluster01 ends in 29 days; \
                      certificate of the gateway ends in 29 days";
        assert_eq!(left(&mesh, &done), [ending, ""]);
        let done = done.with_key_days(1, 29);
        assert_eq!(done.without_certificates(), start.clone().without_certificates());
    }
}

#[test]
fn a_key_that_no_license_allows_to_extend_keeps_nothing_else_from_being_renewed() {
    let mesh = Mesh::example(2);
    let start = Model::empty().converge(&mesh).with_certificates_of(&mesh, DUE);
    let mut start = start.with_key_days(1, 29).with_key_days(2, 29);
    start.servers.get_mut(&cluster(1)).unwrap().trial = false;
    let plan = plan_for(&mesh, &start).to_string();
    assert!(!plan.contains("API key of cluster01") && plan.contains("API key of cluster02"), "{plan}");
    let done = renew(start, &mesh);
    for cluster in mesh.clusters() {
        done.assert_shows_its_certificates(&mesh, cluster);
    }
    assert_eq!(left(&mesh, &done), ["API key of cluster01 ends in 29 days", ""]);
}

/// An edit that comes after the certificate was issued keeps a service from reading it, and is named by the run.
#[test]
fn a_renewed_certificate_that_cannot_be_read_is_reported() {
    let mesh = Mesh::example(1).with_gateway("127.0.0.1:8443");
    let start = Model::empty().converge(&mesh).with_certificates_of(&mesh, DUE);
    let plan = plan_for(&mesh, &start);
    let issues = plan.steps().filter(|step| {
        matches!(step, Step::Trust(TrustStep::IssueCertificate(_)) | Step::Gateway(GatewayStep::IssueCertificate))
    });
    let half = start.clone().carry_out_all(&mesh, issues);
    assert_eq!(left(&mesh, &half), ["", "cluster01-elastic cluster01-kibana gateway"]);
    let mut edited = half.clone();
    edited.edit_settings(cluster(1).kibana());
    edited.edit_gateway();
    let done = renew(edited, &mesh);
    assert_eq!(left(&mesh, &done), ["", "cluster01-kibana gateway"]);
    assert_eq!(done.there.containers, start.there.containers);
    assert_eq!(left(&mesh, &done.converge(&mesh)), ["", ""]);
    let restarts = |answer| {
        let mut there = half.observe();
        there.kibanas.insert(cluster(1), answer);
        renew_due(&mesh, &there, &inputs()).steps().any(|step| *step == Step::RestartContainer(cluster(1).kibana()))
    };
    assert!(restarts(Answer::Untrusted("it has expired".to_owned())));
    assert!(!restarts(Answer::NotReady("status 503".to_owned())), "what it shows is unknown");
}

#[test]
fn a_certificate_that_a_user_put_there_is_not_read() {
    let mesh = Mesh::example(1).with_gateway("127.0.0.1:8443");
    let mut model = Model::empty().converge(&mesh);
    let identity = Authority::issue("other", NOW).sign(&Names::example(), NOW);
    for service in mesh.services() {
        let files = model.files(cluster(1)).services.get_mut(&service).unwrap();
        (files.certificate, files.certificate_key) = (Some(identity.certificate.clone()), Some(identity.key.clone()));
    }
    let files = &mut model.there.gateway.files;
    (files.certificate, files.certificate_key) = (Some(identity.certificate), Some(identity.key));
    assert!(plan_for(&mesh, &model).is_empty(), "{}", plan_for(&mesh, &model));
    assert_eq!(left(&mesh, &model), ["", ""]);
}

#[test]
fn drift_is_what_no_timer_renews() {
    let mesh = Mesh::example(2).with_gateway("127.0.0.1:8443");
    let lenient = PlanInputs { due_is_good: true, ..inputs() };
    let drift = |model: &Model| reconcile(&mesh, &model.observe(), &lenient);
    let with_key = |mut model: Model, days: i64| {
        model.files(cluster(1)).key.as_mut().unwrap().expires = NOW + Duration::days(days);
        model.with_key_days(1, days)
    };
    let due = with_key(Model::empty().converge(&mesh).with_certificates_of(&mesh, DUE), 29);
    let pending = reconcile(&mesh, &due.observe(), &inputs());
    assert!(pending.steps().any(|step| *step == TrustStep::IssueCertificate(cluster(1).kibana()).into()), "{pending}");
    assert!(drift(&due).is_empty(), "{}", drift(&due));
    let mut edited = due.clone();
    edited.edit_settings(cluster(1).kibana());
    assert!(!drift(&edited).is_empty());
    assert!(!drift(&with_key(due.clone(), -1)).is_empty(), "it has expired");
    let mut authority = due;
    let old = Authority::issue("cluster01", NOW - Duration::days(3652 - 20));
    let files = authority.files(cluster(1));
    (files.authority, files.authority_key) = (Some(old.certificate().to_owned()), Some(old.key().clone()));
    let begins = TrustStep::IssueNextAuthority(cluster(1));
    assert!(drift(&authority).steps().any(|step| *step == begins.clone().into()), "{}", drift(&authority));
}

#[test]
fn what_has_time_left_is_not_touched_whatever_else_is_wrong() {
    let mesh = Mesh::example(3);
    let mut model = Model::empty().converge(&mesh).with_certificates_of(&mesh, DUE - 2).with_key_days(1, 31);
    model.there.containers.remove(&cluster(2).kibana());
    model.there.files.remove(&cluster(3));
    model.edit_settings(cluster(1).kibana());
    assert!(plan_for(&mesh, &model).is_empty(), "{}", plan_for(&mesh, &model));
}

/// Another would last no longer: issued at every run, it would restart Kibana at each.
#[test]
fn a_certificate_that_ends_with_its_authority_is_not_due() {
    let mesh = Mesh::example(1);
    let mut model = Model::empty().converge(&mesh);
    let old = Authority::issue("cluster01", NOW - Duration::days(3652 - 20));
    let files = model.files(cluster(1));
    (files.authority, files.authority_key) = (Some(old.certificate().to_owned()), Some(old.key().clone()));
    for service in mesh.services() {
        model.carry_out(&mesh, &TrustStep::IssueCertificate(service).into());
    }
    let plan = plan_for(&mesh, &model);
    assert!(!plan.steps().any(|step| matches!(step, Step::Trust(TrustStep::IssueCertificate(_)))), "{plan}");
    assert_eq!(left(&mesh, &model)[0], "authority of cluster01 ends in 20 days");
}
