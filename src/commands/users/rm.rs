//! `mesh users rm`: a user is forgotten, and removed from every cluster.

use std::time::Instant;

use super::{carry_out, consent};
use crate::{
    cli::RmUserArgs,
    console::Console,
    error::{Error, Exit},
    plan::{
        Revoked,
        sync::{require_others_kept, without_restarts},
    },
    session::{Place, Session},
};

pub async fn rm(args: &RmUserArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let begun = Instant::now();
    let session = Session::to_change(place, args.consent.plan.dry_run).await?;
    let mesh = session.recorded_with_templates()?.without_user(&args.user)?;
    let there = session.observe_recorded(&mesh).await?;
    let plan = without_restarts(&mesh, &there, &session.inputs())?;
    require_others_kept(&plan, &args.user)?;
    if args.consent.plan.dry_run {
        console.plan(&mesh, &plan, args.consent.plan.format);
        return Ok(Exit::Done);
    }
    console.removed_access(&plan);
    let question = format!("remove {}? she can log in no more", args.user);
    if !consent(&question, "this removes a user", args.consent.yes, console).await? {
        return Ok(Exit::Unfinished);
    }
    // a cluster that does not answer yet may have her, too
    let agreed = [Revoked::User(args.user.to_string())].into();
    carry_out(&session, &mesh, &plan, [].into(), agreed, console).await?;
    console.done_in(&format!("removed {}", args.user), begun.elapsed());
    Ok(Exit::Done)
}
