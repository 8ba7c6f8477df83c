//! The promise for renewals: whatever is interrupted, nothing breaks on the way, and the end is the same.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Model, NOW, inputs};
use crate::{
    facts::observed::{ContainerState, Observed},
    judge::{
        early_authority::is_replaceable,
        hindrance::{Hindrance, hindrance, not_extendable},
    },
    mesh::{
        Mesh,
        certs::{self, Authority},
        id::ClusterId,
    },
    plan::{
        Plan, Step, TrustStep,
        reconcile::{reconcile, renew},
        renew::Renewal,
    },
};

pub(super) fn clusters(numbers: &[u8]) -> BTreeSet<ClusterId> {
    numbers.iter().filter_map(|number| ClusterId::new(*number)).collect()
}

fn renewals() -> Vec<Renewal> {
    let none = Renewal::default;
    vec![
        Renewal { keys: clusters(&[1, 2, 3]), ..none() },
        Renewal { extended: clusters(&[1, 3]), ..none() },
        Renewal { certificates: clusters(&[2]), ..none() },
        Renewal { authorities: clusters(&[1, 2, 3]), ..none() },
        Renewal { keys: clusters(&[1, 2]), authorities: clusters(&[2, 3]), certificates: clusters(&[1]), ..none() },
    ]
}

pub(super) fn plan_for(mesh: &Mesh, model: &Model, renewal: &Renewal) -> Plan {
    renew(mesh, &model.observe(), &inputs(), renewal)
}

/// Carries out steps, and after each all links are up.
pub(super) fn carry_out<'a>(mut model: Model, mesh: &Mesh, steps: impl IntoIterator<Item = &'a Step>) -> Model {
    for step in steps {
        model.carry_out(mesh, step);
        model.assert_unbroken(mesh, &format!("{step:?}"));
    }
    model
}

pub(super) fn converge(mut model: Model, mesh: &Mesh) -> Model {
    for _ in 0..3 {
        let plan = reconcile(mesh, &model.observe(), &inputs());
        if plan.is_empty() {
            break;
        }
        assert_eq!(hindrance(&plan, &Renewal::default()), None, "a renewal needs no container but Kibana's");
        model = carry_out(model, mesh, plan.steps());
    }
    model.assert_is(mesh);
    model
}

pub(super) fn authority(model: &Model, cluster: ClusterId) -> String {
    model.there.files[&cluster].authority.clone().expect("should have an authority")
}

#[test]
fn wherever_a_renewal_stops_no_link_breaks_and_the_end_is_the_same() {
    let mesh = Mesh::example(3);
    let whole = Model::empty().converge(&mesh);
    let mut walks = 0;
    for renewal in renewals() {
        let plan = plan_for(&mesh, &whole, &renewal);
        assert_eq!(hindrance(&plan, &renewal), None);
        let count = plan.steps().count();
        for stop in 0..=count {
            let half = carry_out(whole.clone(), &mesh, plan.steps().take(stop));
            let torn = plan.steps().nth(stop).and_then(|step| half.clone().torn(&mesh, step));
            for half in [Some(half), torn].into_iter().flatten() {
                half.assert_unbroken(&mesh, "a step that was cut short");
                let mended = converge(half.clone(), &mesh);
                let again = plan_for(&mesh, &half, &renewal);
                let renewed = converge(carry_out(half, &mesh, again.steps()), &mesh);
                for (end, complete) in [(mended, stop == count), (renewed, true)] {
                    for cluster in mesh.clusters() {
                        let files = &end.there.files[&cluster];
                        assert!(
                            files.next_authority.is_none() && files.old_authority.is_none(),
                            "nothing is left over"
                        );
                        assert_eq!(
                            end.there.containers[&cluster.first_node()].id,
                            whole.there.containers[&cluster.first_node()].id
                        );
                        if complete {
                            let asked = renewal.authorities.contains(&cluster);
                            assert_eq!(authority(&end, cluster) != authority(&whole, cluster), asked, "{cluster}");
                            let asked = renewal.keys.contains(&cluster);
                            assert_eq!(files.key != whole.there.files[&cluster].key, asked, "{cluster}");
                        }
                    }
                }
                walks += 2;
            }
        }
    }
    assert!(walks > 150, "{walks} interrupted renewals");
}

/// One that boots during a look shows nothing of its certificate, and one that is stopped reads its files when
/// it starts.
#[test]
fn a_kibana_that_cannot_be_asked_shows_a_certificate_that_is_trusted() {
    let mesh = Mesh::example(2);
    let whole = Model::empty().converge(&mesh);
    let mut walks = 0;
    for renewal in [
        Renewal { certificates: clusters(&[1]), ..Renewal::default() },
        Renewal { authorities: clusters(&[1, 2]), ..Renewal::default() },
    ] {
        let plan = plan_for(&mesh, &whole, &renewal);
        for stop in 0..=plan.steps().count() {
            let half = carry_out(whole.clone(), &mesh, plan.steps().take(stop));
            let unseen = Observed { kibanas: BTreeMap::new(), ..half.observe() };
            for wanted in [&renewal, &Renewal::default()] {
                let plan = renew(&mesh, &unseen, &inputs(), wanted);
                carry_out(half.clone(), &mesh, plan.steps()).converge(&mesh).assert_is(&mesh);
                walks += 1;
            }
            let mut stopped = half;
            for cluster in mesh.clusters() {
                let facts = stopped.there.containers.get_mut(&cluster.kibana()).unwrap();
                (facts.state, facts.address) = (ContainerState::Stopped, None);
            }
            stopped.converge(&mesh).assert_is(&mesh);
        }
    }
    assert!(walks > 40, "{walks} interrupted renewals");
}

#[test]
fn an_authority_that_took_over_half_way_is_completed_and_not_replaced() {
    let mesh = Mesh::example(2);
    let (first, second) = (ClusterId::new(1).unwrap(), ClusterId::new(2).unwrap());
    let whole = Model::empty().converge(&mesh);
    let renewal = Renewal { authorities: clusters(&[1, 2]), ..Renewal::default() };
    let plan = plan_for(&mesh, &whole, &renewal);
    let before: Vec<&Step> =
        plan.steps().take_while(|step| !matches!(step, Step::Trust(TrustStep::PromoteAuthority(_)))).collect();
    let mut model = carry_out(whole.clone(), &mesh, before);
    // the old one is kept, and the key has its name already
    let files = model.files(first);
    files.old_authority = files.authority.clone();
    files.authority_key = files.next_authority_key.clone();
    let next = files.next_authority.clone();
    let rest = plan_for(&mesh, &model, &Renewal::default());
    assert_eq!(rest.stages[0].steps, [TrustStep::PromoteAuthority(first).into()]);
    let issues =
        |step: &Step| matches!(step, Step::Trust(TrustStep::IssueAuthority(_) | TrustStep::IssueNextAuthority(_)));
    assert!(!rest.steps().any(issues));
    let done = converge(model, &mesh);
    assert_eq!(done.there.files[&first].authority, next);
    assert_ne!(authority(&done, second), authority(&whole, second));
}

#[test]
fn an_authority_that_ends_soon_hands_over_and_one_that_has_ended_is_replaced() {
    let mesh = Mesh::example(2);
    let first = ClusterId::new(1).unwrap();
    for (days_left, step) in [(20, TrustStep::IssueNextAuthority(first)), (-1, TrustStep::IssueAuthority(first))] {
        let mut model = Model::empty().converge(&mesh);
        let issued = NOW - time::Duration::days(3652 - days_left);
        let old = Authority::issue("cluster01", issued);
        let files = model.files(first);
        files.authority = Some(old.certificate().to_owned());
        files.authority_key = Some(old.key().clone());
        let plan = plan_for(&mesh, &model, &Renewal::default());
        assert_eq!(plan.stages[0].steps, [step.into()]);
        model.converge(&mesh).assert_is(&mesh);
    }
}

/// Made while the clock was ahead: its certificates are renewed once, and a change of authorities takes it away.
#[test]
fn an_authority_that_begins_later_is_replaced_by_command() {
    let mesh = Mesh::example(2);
    let first = ClusterId::new(1).unwrap();
    let mut model = Model::empty().converge(&mesh);
    let early = Authority::issue("cluster01", NOW + time::Duration::days(3));
    let files = model.files(first);
    files.authority = Some(early.certificate().to_owned());
    files.authority_key = Some(early.key().clone());
    let there = model.converge(&mesh);
    assert_eq!(authority(&there, first), early.certificate(), "nothing replaces it by itself");
    let renewal = Renewal { authorities: clusters(&[1]), ..Renewal::default() };
    let plan = plan_for(&mesh, &there, &renewal);
    assert_eq!(hindrance(&plan, &renewal), None);
    let done = there.carry_out_all(&mesh, plan.steps()).converge(&mesh);
    assert!(certs::examine(&authority(&done, first)).unwrap().not_before < NOW);
    assert!(is_replaceable(&done.observe(), &inputs()));
}

/// Until its containers are there, `mesh create` alone goes on, and is not to name a command that is refused.
#[test]
fn an_authority_is_replaceable_once_all_containers_are_there() {
    let mesh = Mesh::example(2);
    assert!(!is_replaceable(&Model::empty().observe(), &inputs()), "nothing is recorded");
    let start = Model::empty();
    let plan = reconcile(&mesh, &start.observe(), &inputs());
    for half in start.states_of(&mesh, &plan) {
        let there = half.observe();
        if mesh.services().any(|service| !there.runs(service)) {
            assert!(!is_replaceable(&there, &inputs()));
        }
    }
}

#[test]
fn what_blocks_a_renewal_is_reported_before_any_change() {
    let mesh = Mesh::example(2);
    let all = clusters(&[1, 2]);
    let second = ClusterId::new(2).unwrap();
    let mut model = Model::empty().converge(&mesh);
    assert_eq!(not_extendable(&mesh, &model.observe(), &all, NOW), None);
    model.servers.get_mut(&second).unwrap().keys[0].expires = Some(NOW);
    assert_eq!(not_extendable(&mesh, &model.observe(), &all, NOW), Some(Hindrance::Expired(second)));
    assert_eq!(not_extendable(&mesh, &model.observe(), &clusters(&[1]), NOW), None);
    model.servers.get_mut(&second).unwrap().keys.clear();
    assert_eq!(not_extendable(&mesh, &model.observe(), &all, NOW), Some(Hindrance::Gone(second)));
    assert!(matches!(not_extendable(&mesh, &Observed::default(), &all, NOW), Some(Hindrance::Silent(_))));
    model.carry_out(&mesh, &Step::StopContainer(second.first_node()));
    let renewal = Renewal { keys: clusters(&[1]), ..Renewal::default() };
    let hindered = hindrance(&plan_for(&mesh, &model, &renewal), &renewal);
    let hindered = hindered.expect("a stopped cluster should be in the way");
    insta::assert_snapshot!(hindered, @"cluster02-elastic would have to be made, started or removed first");
}

#[test]
fn stories_of_renewals() {
    let mesh = Mesh::example(2).without_kibana();
    let whole = Model::empty().converge(&mesh);
    let plan = |renewal| plan_for(&mesh, &whole, &renewal);
    insta::assert_snapshot!(plan(Renewal { keys: clusters(&[1]), ..Renewal::default() }), @r"
    prepare clusters
      + API key of cluster01
    link clusters
      ~ keystore of cluster02: credentials of cluster01
    prove links
      ? links from cluster02 to cluster01
    revoke stale API keys
      - API keys of cluster01 that are no longer used
    ");
    insta::assert_snapshot!(plan(Renewal { certificates: clusters(&[2]), ..Renewal::default() }), @r"
    issue certificates
      + certificate of cluster02-elastic
    wait for certificates
      ? cluster02-elastic shows its certificate
    prove links
      ? links from cluster01 to cluster02
    ");
    insta::assert_snapshot!(plan(Renewal { authorities: clusters(&[2]), ..Renewal::default() }), @r"
    issue authorities
      + next authority of cluster02
    write bundles
      ~ authorities that cluster01 trusts
      ~ authorities that cluster02 trusts
      ~ ca.crt for browsers
    issue certificates
      + certificate of cluster01-elastic
      + certificate of cluster02-elastic
    wait for certificates
      ? cluster01-elastic shows its certificate
      ? cluster02-elastic shows its certificate
    put the next authorities in force
      ~ next authority of cluster02 takes over
    issue certificates by the next authorities
      + certificate of cluster02-elastic
    wait for the next certificates
      ? cluster02-elastic shows its certificate
    prove links
      ? links from cluster01 to cluster02
      ? links from cluster02 to cluster01
    remove old authorities
      - old authority of cluster02
    write bundles without them
      ~ authorities that cluster01 trusts
      ~ authorities that cluster02 trusts
      ~ ca.crt for browsers
    ");
}
