//! `mesh users passwd`: a user gets another password, on every cluster that she logs in to.

use std::time::Instant;

use super::{carry_out, consent, password};
use crate::{
    cli::PasswdArgs,
    console::Console,
    error::{Error, Exit},
    plan::{sync::require_sync, users::new_password},
    session::{Place, Session},
};

pub async fn passwd(args: &PasswdArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let begun = Instant::now();
    let password = password::given(args.password_stdin).await?;
    let session = Session::to_change(place, args.consent.plan.dry_run).await?;
    let mesh = session.recorded_with_templates()?;
    mesh.require_user(&args.user)?;
    let there = session.observe_recorded(&mesh).await?;
    require_sync(&mesh, &there, &session.inputs())?;
    let plan = new_password(&mesh, &there, &args.user);
    if args.consent.plan.dry_run {
        console.plan(&mesh, &plan, args.consent.plan.format);
        return Ok(Exit::Done);
    }
    let question = format!("replace the password of {}? the one she has is void then", args.user);
    if !consent(&question, "this replaces a password", args.consent.yes, console).await? {
        return Ok(Exit::Unfinished);
    }
    let passwords = password.map(|password| (args.user.clone(), password)).into_iter().collect();
    carry_out(&session, &mesh, &plan, passwords, [].into(), console).await?;
    console.done_in(&format!("password replaced; `mesh credentials {}` prints it", args.user), begun.elapsed());
    Ok(Exit::Done)
}
