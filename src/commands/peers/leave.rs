//! `mesh leave`: a peer's remotes, keys and authorities are removed from every cluster.

use std::time::Instant;

use crate::{
    apply::{Apply, wait::Patience},
    cli::LeaveArgs,
    commands::{consent, interruptible, steady::reconcile_until_steady, time_for},
    console::Console,
    error::{Error, Exit},
    plan::sync::without_revocation,
    session::{Place, Session},
};

pub async fn leave(args: &LeaveArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let begun = Instant::now();
    let session = Session::to_change(place, args.consent.plan.dry_run).await?;
    let recorded = session.recorded_with_templates()?;
    let mesh = recorded.leave(&args.peer)?;
    let there = session.observe_recorded(&mesh).await?;
    let inputs = session.inputs();
    let plan = without_revocation(&mesh, &there, &inputs)?;
    if args.consent.plan.dry_run {
        console.plan(&mesh, &plan, args.consent.plan.format);
        return Ok(Exit::Done);
    }
    let question =
        format!("leave {}? its clusters are searched no more, and only a new invitation brings it back", args.peer);
    if !consent(&question, "this deletes keys of another mesh", args.consent.yes, console).await? {
        return Ok(Exit::Unfinished);
    }
    let patience = Patience::new(time_for(None, mesh.count().get()));
    let apply = Apply::new(&session, &mesh, console, &patience);
    apply.lift_record()?;
    interruptible(&patience, console, async {
        apply.apply(&plan).await?;
        reconcile_until_steady(&apply, inputs).await
    })
    .await?;
    console.done_in(&format!("left {}", args.peer), begun.elapsed());
    Ok(Exit::Done)
}
