//! `mesh users add`: a user is recorded, and made on every cluster that she is to log in to.

use std::time::Instant;

use super::{carry_out, consent, password};
use crate::{
    cli::AddUserArgs,
    console::Console,
    error::{Error, Exit},
    judge::check,
    plan::{Step, sync::without_restarts},
    session::{Place, Session},
};

pub async fn add(args: &AddUserArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let begun = Instant::now();
    let password = password::given(args.password_stdin).await?;
    let session = Session::to_change(place, args.consent.plan.dry_run).await?;
    let recorded = session.recorded_with_templates()?;
    let is_new = !recorded.all_users().contains_key(&args.user);
    let mesh = recorded.with_user(&args.user, &args.roles, args.on.as_ref())?;
    let there = session.observe_recorded(&mesh).await?;
    if let Some(taken) = check::users(&mesh, &there).findings().into_iter().next() {
        return Err(Error::from(taken).exit(Exit::Request));
    }
    // not by the record, which an interrupted run wrote before any password
    if password.as_ref().is_some_and(|password| there.has_another_password(&args.user, password)) {
        let hint = if is_new {
            "`mesh create` removes what an interrupted run left of her; then type the same command again".to_owned()
        } else {
            format!("`mesh users passwd {} --password-stdin` gives another one", args.user)
        };
        return Err(Error::new(Exit::Request, format!("{} has a password already", args.user)).hint(hint));
    }
    let plan = without_restarts(&mesh, &there, &session.inputs())?;
    if args.consent.plan.dry_run {
        console.plan(&mesh, &plan, args.consent.plan.format);
        return Ok(Exit::Done);
    }
    if plan.is_empty() {
        console.done(&format!("nothing to do: {} is there", args.user));
        return Ok(Exit::Done);
    }
    let (opens, yes) = (mesh.opened_since(session.survey.known()), args.consent.yes);
    console.opened(&opens);
    if !opens.is_empty() && !consent("open everything?", "this gives all access", yes, console).await? {
        return Ok(Exit::Unfinished);
    }
    console.removed_access(&plan);
    let removes = plan.steps().any(Step::takes_access_away);
    if removes && !consent("take access away?", "this removes users or roles", yes, console).await? {
        return Ok(Exit::Unfinished);
    }
    let passwords = password.map(|password| (args.user.clone(), password)).into_iter().collect();
    carry_out(&session, &mesh, &plan, passwords, plan.revoked(), console).await?;
    console.user_added(&mesh, &args.user, is_new, begun.elapsed());
    Ok(Exit::Done)
}
