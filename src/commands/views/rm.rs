//! `mesh views rm`: a view is removed from every Kibana, and forgotten when none has it.

use std::time::Instant;

use crate::{
    apply::{Apply, wait::Patience},
    cli::RmViewArgs,
    commands::{consent, interruptible, time_for},
    console::Console,
    error::{Error, Exit},
    plan::views::without,
    session::{Place, Session, now},
};

pub async fn rm(args: &RmViewArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let begun = Instant::now();
    let session = Session::to_change(place, args.consent.plan.dry_run).await?;
    let mesh = session.recorded_with_templates()?;
    let there = session.observe(&mesh).await?;
    let Some((remaining, plan)) = without(&mesh, &args.view, &there) else {
        let has: Vec<String> = mesh.views.keys().map(ToString::to_string).collect();
        let has = if has.is_empty() { "it has made none".to_owned() } else { format!("it has {}", has.join(", ")) };
        return Err(Error::new(Exit::Request, format!("the mesh has no data view {}: {has}", args.view))
            .hint("`mesh views ls` lists all that Kibanas have; what others made is removed in Kibana"));
    };
    session.require_recorded(&there)?;
    if args.consent.plan.dry_run {
        console.plan(&mesh, &plan, args.consent.plan.format);
        return Ok(Exit::Done);
    }
    if let Some(away) = mesh.views[&args.view].shown_on(&mesh).find(|on| there.kibana(*on).is_none()) {
        let kibana = away.kibana();
        let reason = there.kibanas.get(&away).and_then(|answer| answer.reason(now()));
        let error = Error::new(Exit::Unhealthy, format!("{kibana} does not answer, so it would keep {}", args.view));
        return Err(reason.into_iter().fold(error, Error::cause).hint(format!(
            "`mesh status` shows what runs; `mesh manage start {}` starts it; then type the same command again",
            away.number()
        )));
    }
    let question = format!("remove the data view {}? dashboards that refer to it show nothing then", args.view);
    if !consent(&question, "this removes a data view", args.consent.yes, console).await? {
        return Ok(Exit::Unfinished);
    }
    let patience = Patience::new(time_for(None, mesh.count().get()));
    let apply = Apply::new(&session, &remaining, console, &patience);
    apply.lift_record()?;
    interruptible(&patience, console, apply.apply(&plan)).await?;
    console.done_in(&format!("removed {}", args.view), begun.elapsed());
    Ok(Exit::Done)
}
