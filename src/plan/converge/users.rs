//! Users and roles that come, change and vanish, wherever a run stops. Pure.

use super::{model::Model, plan_for};
use crate::{
    mesh::{
        Mesh,
        settings::{DataSet, Roles, Users},
    },
    plan::{Step, UserStep},
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
