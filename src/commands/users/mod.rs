//! `mesh users`: who logs in to clusters, by which roles.

mod add;
mod passwd;
mod password;
mod rm;

use std::collections::{BTreeMap, BTreeSet};

use super::{consent, interruptible, steady::reconcile_until_steady, time_for};
use crate::{
    apply::{Apply, wait::Patience},
    cli::{UsersAction, UsersArgs},
    console::Console,
    error::{Error, Exit},
    judge::{peers::damaged, users::UserList},
    mesh::{Mesh, secret::Secret, users::UserName},
    plan::{Plan, Revoked},
    session::{Place, Session},
};

pub async fn users(action: &UsersAction, place: Place, console: &Console) -> Result<Exit, Error> {
    match action {
        UsersAction::Add(args) => Box::pin(add::add(args, place, console)).await,
        UsersAction::Ls(args) => ls(args, place, console).await,
        UsersAction::Passwd(args) => Box::pin(passwd::passwd(args, place, console)).await,
        UsersAction::Rm(args) => Box::pin(rm::rm(args, place, console)).await,
    }
}

async fn ls(args: &UsersArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let session = Session::to_look(place).await?;
    let mesh = session.recorded()?;
    let there = session.observe(&mesh).await?;
    let users = UserList::new(&mesh, &there);
    console.show(args.output.format, &users, || console.user_list(&users));
    console.findings(&damaged(&there));
    Ok(if users.is_complete() { Exit::Done } else { Exit::Unhealthy })
}

/// Carries out a change of users, with the passwords that were given for them, and the consent to take away what is
/// `agreed`.
async fn carry_out(
    session: &Session,
    mesh: &Mesh,
    plan: &Plan,
    passwords: BTreeMap<UserName, Secret>,
    agreed: BTreeSet<Revoked>,
    console: &Console,
) -> Result<(), Error> {
    console.intent(mesh, plan);
    let patience = Patience::new(time_for(None, mesh.count().get()));
    let apply = Apply::new(session, mesh, console, &patience).with_passwords(passwords).with_revocation(agreed);
    apply.lift_record()?;
    interruptible(&patience, console, async {
        apply.apply(plan).await?;
        reconcile_until_steady(&apply, session.inputs()).await
    })
    .await
}
