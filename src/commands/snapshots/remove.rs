//! `mesh snapshots rm`: named snapshots, deleted.

use std::time::Instant;

use super::usable;
use crate::{
    apply::{Apply, wait::Patience},
    cli::RmArgs,
    commands::{consent, interruptible, time_for},
    console::Console,
    error::{Error, Exit},
    facts::snapshots::last_good,
    judge::snapshots::Restore,
    plan,
    session::{Place, Recorded, Session},
};

pub async fn remove(args: &RmArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let begun = Instant::now();
    let on = Recorded::open(&place.dir)?.cluster(args.cluster)?;
    let session = Session::to_change(place, args.consent.plan.dry_run).await?;
    let mesh = session.recorded_with_templates()?;
    let there = session.world.observe_closely(&mesh, &session.survey).await?;
    session.require_recorded(&there)?;
    let found = usable(&mesh, &there, [on], true)?.remove(&on).unwrap_or_default();
    if let Some(missing) = args.snapshots.iter().find(|name| !found.iter().any(|found| found.name == **name)) {
        return Err(Restore::Missing(on, missing.clone()).into());
    }
    let plan = plan::snapshots::remove(&mesh, on, args.snapshots.iter().cloned());
    if args.consent.plan.dry_run {
        console.plan(&mesh, &plan, args.consent.plan.format);
        return Ok(Exit::Done);
    }
    if let Some(last) = last_good(&found).filter(|last| args.snapshots.contains(&last.name)) {
        console.note(&format!("{} is the last good snapshot of {on}", last.name));
    }
    let question = format!("delete {}? this cannot be undone", args.snapshots.join(" "));
    if !consent(&question, "this deletes snapshots", args.consent.yes, console).await? {
        return Ok(Exit::Unfinished);
    }
    let patience = Patience::new(time_for(None, mesh.count().get()));
    let apply = Apply::new(&session, &mesh, console, &patience);
    interruptible(&patience, console, apply.apply(&plan)).await?;
    console.done_in(&format!("deleted {}", args.snapshots.join(" ")), begun.elapsed());
    Ok(Exit::Done)
}
