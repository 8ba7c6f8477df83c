//! Users and roles that come, change and vanish, wherever a run stops. Pure.

use super::{
    model::{Model, inputs},
    plan_for,
};
use crate::{
    judge::hindrance::hindrance,
    mesh::{
        Mesh,
        settings::{DataSet, Roles, Users, per_cluster::read_set},
    },
    plan::{
        Plan, Step, UserStep,
        join::joining,
        reconcile::{PlanInputs, reconcile, renew},
        renew::Renewal,
        sync::{OutOfSync, require_others_kept, require_sync, without_restarts, without_revocation},
    },
};

fn mesh(roles: &str, users: &str) -> Mesh {
    let mut mesh = Mesh::example(3).without_kibana();
    (mesh.spec.roles, mesh.spec.users) = (Roles::parse(roles).unwrap(), Users::parse(users).unwrap());
    mesh.require_users().unwrap();
    mesh
}

fn states() -> [Mesh; 5] {
    let analyst = "{analyst: {remote: [{names: ['mesh-a*']}], on: 1-2}}";
    let mut added = mesh("{}", "{}");
    added.users.insert(
        "bert".parse().unwrap(),
        Users::parse("{b: {roles: [mesh_reader]}}").unwrap().0.into_values().next().unwrap(),
    );
    let mut before = mesh("{}", "{}");
    before.spec.data_set = DataSet(false);
    [
        before,
        mesh("{}", "{anna: {roles: [mesh_reader], on: 1}}"),
        mesh(analyst, "{anna: {roles: [analyst], on: 1-2}, carl: {roles: [viewer]}}"),
        mesh("{analyst: {indices: [{names: ['mesh-b*']}]}}", "{anna: {roles: [analyst, mesh_reader]}}"),
        added,
    ]
}

fn made(mesh: &Mesh) -> Model {
    let empty = Model::empty();
    let plan = plan_for(mesh, &empty);
    empty.carry_out_all(mesh, plan.steps())
}

#[test]
fn users_are_as_asked_wherever_a_run_stops() {
    for from in states() {
        let before = made(&from);
        before.assert_is(&from);
        for to in states() {
            for half in before.states_of(&to, &plan_for(&to, &before)) {
                let rest = plan_for(&to, &half);
                half.carry_out_all(&to, rest.steps()).assert_is(&to);
            }
        }
    }
}

#[test]
fn a_role_that_was_changed_by_hand_is_drift_and_that_of_others_is_not() {
    let mesh = mesh("{}", "{anna: {roles: [mesh_reader], on: 1}}");
    let mut model = made(&mesh);
    for server in model.servers.values_mut() {
        server.users.other_roles.insert("theirs".to_owned());
    }
    let first = model.servers.values_mut().next().unwrap();
    first.users.roles.get_mut("mesh_reader").unwrap()["run_as"] = serde_json::json!(["elastic"]);
    let plan = plan_for(&mesh, &model);
    let steps: Vec<&Step> = plan.steps().collect();
    assert!(matches!(steps[..], [Step::Users(UserStep::PutRoles { .. })]), "{steps:?}");
    model.carry_out_all(&mesh, plan.steps()).assert_is(&mesh);
}

#[test]
fn a_password_is_made_only_for_whom_a_cluster_lacks() {
    let mesh = mesh("{}", "{anna: {roles: [mesh_reader]}}");
    let mut model = made(&mesh);
    model.there.credentials.as_mut().unwrap().users.clear();
    assert!(plan_for(&mesh, &model).is_empty(), "hers is on every cluster");
    model.servers.values_mut().next().unwrap().users.users.clear();
    let plan = plan_for(&mesh, &model);
    assert!(plan.steps().any(|step| matches!(step, Step::Users(UserStep::SavePasswords(_)))));
    model.carry_out_all(&mesh, plan.steps()).assert_is(&mesh);
}

/// An older record has fewer users: what asks nothing leaves those that came since, whatever it is about.
#[test]
fn users_that_a_record_lacks_are_removed_by_nothing_that_does_not_ask() {
    let (older, newer) = (mesh("{}", "{}"), mesh("{}", "{anna: {roles: [mesh_reader], on: 1}}"));
    let model = made(&newer);
    let there = model.observe();
    let shown = |refused: Result<(), OutOfSync>| refused.map_err(|refused| refused.to_string());
    let lost = Err("users of cluster01: anna would be removed first: the mesh is out of sync".to_owned());
    assert_eq!(shown(require_sync(&older, &there, &inputs())), lost);
    assert_eq!(shown(without_revocation(&older, &there, &inputs()).map(drop)), lost);
    assert_eq!(shown(joining(&older, &there, &inputs()).map(drop)), lost);
    let asked = without_restarts(&older, &there, &inputs()).unwrap();
    assert_eq!(asked.removed_access().collect::<Vec<_>>(), ["users of cluster01: anna"], "its question names them");
    let renewal = Renewal { extended: older.clusters().collect(), ..Renewal::default() };
    let hindered = hindrance(&renew(&older, &there, &inputs(), &renewal), &renewal).unwrap();
    assert_eq!(hindered.to_string(), "mesh.json does not have users of cluster01: anna");
    assert_eq!(hindrance(&renew(&newer, &there, &inputs(), &renewal), &renewal), None);
}

/// A file without a user may bring other memory, too, whose containers are replaced first.
#[test]
fn a_user_who_goes_is_named_wherever_her_server_is_then() {
    let newer = mesh("{}", "{anna: {roles: [mesh_reader], on: 1}}");
    let mut dropped = mesh("{}", "{}");
    dropped.overrides.push(read_set("1.elastic_memory=3g").unwrap());
    let plan = plan_for(&dropped, &made(&newer));
    assert!(plan.restarts(), "{plan}");
    assert_eq!(plan.removed_access().collect::<Vec<_>>(), ["users of cluster01: anna"]);
    let mut stopped = made(&newer);
    stopped.stop_all();
    let first = plan_for(&dropped, &stopped);
    assert!(first.revoked().is_empty(), "{first}");
    let later = plan_for(&dropped, &stopped.carry_out_all(&dropped, first.steps()));
    let found = later.revoked_beyond(&first.revoked()).map(|revoked| revoked.to_string());
    assert_eq!(found.as_deref(), Some("the user anna would be removed"), "{later}");
}

/// An older record lacks users whose servers cannot be asked, and only they know that she is there.
#[test]
fn a_password_is_forgotten_once_every_server_can_be_asked() {
    let (older, newer) = (mesh("{}", "{}"), mesh("{}", "{anna: {roles: [mesh_reader], on: 1}}"));
    let mut model = made(&newer);
    let forgets = |plan: &Plan| plan.steps().any(|step| matches!(step, Step::Users(UserStep::ForgetPasswords(_))));
    let asked = plan_for(&older, &model);
    assert!(forgets(&asked) && asked.steps().any(Step::takes_access_away), "with a question:\n{asked}");
    let rebuilt = PlanInputs { keep_users: true, ..inputs() };
    let kept = reconcile(&older, &model.observe(), &rebuilt);
    assert!(!forgets(&kept) && !kept.steps().any(Step::takes_access_away), "{kept}");
    model.stop_all();
    let stopped = plan_for(&older, &model);
    assert!(!forgets(&stopped), "{stopped}");
    let kept = model.clone().converge_at(&older, &rebuilt).there.credentials.unwrap();
    assert!(kept.users.keys().any(|user| user.as_str() == "anna"), "a rebuilt record keeps it");
    model.converge(&older).assert_is(&older);
}

/// A restore that was killed may have brought back users that no record has.
#[test]
fn users_of_a_restore_stay_until_they_are_recorded() {
    let (older, newer) = (mesh("{}", "{}"), mesh("{}", "{anna: {roles: [mesh_reader], on: 1}}"));
    let model = made(&newer);
    let restored = older.clone().restoring_users(older.clusters().next().unwrap());
    let plan = plan_for(&restored, &model);
    assert!(plan.steps().all(|step| matches!(step, Step::Record)), "{plan}");
    let refused = without_restarts(&restored, &model.observe(), &inputs()).unwrap_err();
    let first = "users that a snapshot brought back to cluster01 would be recorded first: the mesh is out of sync";
    assert_eq!(refused.to_string(), first);
    let mut recorded = restored;
    recorded.take_all_restored(&model.observe().user_traces());
    assert_eq!(recorded.all_users(), newer.all_users());
}

/// `users rm` asks about one user alone.
#[test]
fn with_a_user_no_other_is_removed() {
    let shown = |older: &Mesh, newer: &Mesh, user: &str| {
        let plan = without_restarts(older, &made(newer).observe(), &inputs()).unwrap();
        require_others_kept(&plan, &user.parse().unwrap())
            .map_or_else(|refused| refused.to_string(), |()| "removed".to_owned())
    };
    let none = mesh("{}", "{}");
    let both = mesh("{}", "{anna: {roles: [mesh_reader], on: 1}, bert: {roles: [viewer], on: 1}}");
    let others = "users of cluster01: bert would be removed first: the mesh is out of sync";
    assert_eq!(shown(&none, &both, "anna"), others);
    assert_eq!(shown(&mesh("{}", "{bert: {roles: [viewer], on: 1}}"), &both, "anna"), "removed");
    let with_role = mesh("{analyst: {indices: [{names: ['mesh-a*']}], on: 1}}", "{anna: {roles: [analyst], on: 1}}");
    let roles = "roles of cluster01: analyst would be removed first: the mesh is out of sync";
    assert_eq!(shown(&none, &with_role, "anna"), roles);
    let (mut before, mut after) = (mesh("{}", "{anna: {roles: [mesh_reader], on: 1}}"), none);
    (before.spec.data_set, after.spec.data_set) = (DataSet(false), DataSet(false));
    assert_eq!(shown(&after, &before, "anna"), "removed", "the role that she has by default goes with her");
}
