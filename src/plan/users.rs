//! The plan of `mesh users passwd`. Pure.

use super::{Plan, UserStep};
use crate::{
    facts::observed::Observed,
    mesh::{Mesh, users::UserName},
};

/// The way to another password of a user: it is saved first, so that a run that stops is completed by the same command.
/// A cluster that does not have her yet gets it when she is made there.
pub fn new_password(mesh: &Mesh, there: &Observed, user: &UserName) -> Plan {
    let lacks = |cluster| there.server(cluster).is_some_and(|server| !server.users.users.contains_key(user.as_str()));
    let on = mesh.clusters_of(user).into_iter().filter(|cluster| !lacks(*cluster));
    let set = on.map(|on| UserStep::SetPassword { on, user: user.clone() }.into());
    Plan::of(mesh.name.as_ref())
        .stage("save the password", Some(UserStep::ReplacePasswords(vec![user.clone()]).into()))
        .stage("set the password", set)
}
