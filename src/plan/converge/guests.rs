//! The promise for meshes with guests: no authority that they trust is replaced unless a command says so.

use super::{
    model::{Model, NOW, inputs},
    renewal::{authority, carry_out, clusters, converge, plan_for},
};
use crate::{
    judge::hindrance::{Hindrance, without_next_authority},
    mesh::{Mesh, certs::Authority, id::ClusterId, peers::Guest, settings::KeyDays},
    plan::{Plan, Step, TrustStep, reconcile::reconcile, renew::Renewal},
};

/// With guests out, an authority that has expired or lost its key stays until a command replaces it.
#[test]
fn an_authority_that_guests_trust_is_replaced_only_when_asked() {
    let first = ClusterId::FIRST;
    let guest = Guest { on: "1".parse().unwrap(), share: Vec::new(), days: KeyDays::default() };
    let mesh = Mesh { guests: [("berlin".parse().unwrap(), guest)].into(), ..Mesh::example(2) };
    for days_left in [20, -1] {
        let mut model = Model::empty().converge(&mesh);
        let old = Authority::issue("cluster01", NOW - time::Duration::days(3652 - days_left));
        let files = model.files(first);
        files.authority = Some(old.certificate().to_owned());
        files.authority_key = Some(old.key().clone()).filter(|_| days_left < 0);
        let replaces = |plan: &Plan| {
            plan.steps().any(|step| {
                matches!(
                    step,
                    Step::Trust(
                        TrustStep::IssueAuthority(_)
                            | TrustStep::IssueNextAuthority(_)
                            | TrustStep::PromoteAuthority(_)
                            | TrustStep::IssueCertificate(_)
                    )
                )
            })
        };
        let plan = plan_for(&mesh, &model, &Renewal::default());
        assert!(!replaces(&plan), "{days_left}: {plan}");
        let all = Renewal { certificates: clusters(&[1]), keys: clusters(&[1, 2]), ..Renewal::default() };
        assert!(!replaces(&plan_for(&mesh, &model, &all)), "nothing could sign");
        let asked = Renewal { authorities: clusters(&[1]), ..Renewal::default() };
        let plan = plan_for(&mesh, &model, &asked);
        assert_eq!(plan.stages[0].steps, [TrustStep::IssueAuthority(first).into()]);
        for step in plan.steps() {
            model.carry_out(&mesh, step);
        }
        model.converge(&mesh).assert_is(&mesh);
    }
}

/// Guests trust what their invitations had: a next authority waits until it is known that they joined by new ones.
#[test]
fn an_authority_waits_for_guests() {
    let mut mesh = Mesh::example(2);
    let guest = Guest { on: "1".parse().unwrap(), share: Vec::new(), days: KeyDays::default() };
    mesh.guests = [("berlin".parse().unwrap(), guest)].into();
    let whole = Model::empty().converge(&mesh);
    let asked = Renewal { authorities: clusters(&[1]), ..Renewal::default() };
    let joined = Renewal { peers_joined: true, ..asked.clone() };
    assert!(matches!(without_next_authority(&mesh, &whole.observe(), &joined), Some(Hindrance::NoNextAuthority(_))));

    let first = plan_for(&mesh, &whole, &asked);
    insta::assert_snapshot!(first.to_string(), @r"
    issue authorities
      + next authority of cluster01
    write bundles
      ~ authorities that cluster01 trusts
      ~ authorities that cluster02 trusts
      ~ ca.crt for browsers
    ");
    let prepared = carry_out(whole.clone(), &mesh, first.steps());
    assert!(reconcile(&mesh, &prepared.observe(), &inputs()).is_empty(), "a timer goes no further");
    assert!(plan_for(&mesh, &prepared, &asked).is_empty(), "and neither does the same command");
    let cluster = ClusterId::FIRST;
    assert_eq!(authority(&prepared, cluster), authority(&whole, cluster));
    let trusted = prepared.there.files[&cluster].trusted().unwrap();
    assert_eq!(trusted.matches("BEGIN CERTIFICATE").count(), 2, "a new invitation has both");

    assert_eq!(without_next_authority(&mesh, &prepared.observe(), &joined), None);
    let plan = plan_for(&mesh, &prepared, &joined);
    let asked_nothing = Renewal::default();
    for stop in 0..=plan.steps().count() {
        let half = carry_out(prepared.clone(), &mesh, plan.steps().take(stop));
        // one that has taken over is refused another turn
        let over = without_next_authority(&mesh, &half.observe(), &joined).is_some();
        let again = plan_for(&mesh, &half, if over { &asked_nothing } else { &joined });
        let end = converge(carry_out(half, &mesh, again.steps()), &mesh);
        assert!(authority(&end, cluster) != authority(&whole, cluster), "{stop}");
        assert!(trusted.contains(authority(&end, cluster).trim()), "guests trust what took over");
    }
}

/// Certificates last no longer than the authority that guests trust: those that it signs are as good as they can be.
#[test]
fn a_mesh_whose_authority_waits_for_guests_until_its_end_is_in_sync() {
    let guest = Guest { on: "1".parse().unwrap(), share: Vec::new(), days: KeyDays::default() };
    let mesh = Mesh { guests: [("berlin".parse().unwrap(), guest)].into(), ..Mesh::example(2) };
    let mut model = Model::empty().converge(&mesh);
    let old = Authority::issue("cluster01", NOW - time::Duration::days(3652 - 20));
    let files = model.files(ClusterId::FIRST);
    (files.authority, files.authority_key) = (Some(old.certificate().to_owned()), Some(old.key().clone()));
    let done = model.converge(&mesh);
    assert_eq!(authority(&done, ClusterId::FIRST), old.certificate());
}
