//! `mesh snapshots create`: a snapshot of each cluster, and the old ones deleted.

use std::time::Instant;

use super::usable;
use crate::{
    apply::{Apply, wait::Patience},
    cli::TakeArgs,
    commands::{interruptible, renew::chosen, time_for},
    console::Console,
    error::{Error, Exit},
    plan,
    session::{Place, Session, now},
};

pub async fn take(args: &TakeArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let begun = Instant::now();
    let named = chosen(&place.dir, &args.clusters)?;
    let session = Session::to_change(place, args.plan.dry_run).await?;
    let mesh = session.recorded_with_templates()?;
    // without a set, clusters that save nothing are left out
    let clusters = named.into_iter().filter(|cluster| !args.clusters.is_empty() || !mesh.snapshots(*cluster).is_off());
    let there = session.world.observe_closely(&mesh, &session.survey).await?;
    session.require_recorded(&there)?;
    let found = usable(&mesh, &there, clusters, true)?;
    let in_progress = plan::snapshots::in_progress(&mesh, &found);
    let name = in_progress.map_or_else(|| plan::snapshots::free_name(&found, now()), str::to_owned);
    let plan = plan::snapshots::take(&mesh, &name, &found, now());
    if args.plan.dry_run {
        console.plan(&mesh, &plan, args.plan.format);
        return Ok(Exit::Done);
    }
    if plan.is_empty() {
        console.done("nothing to do: snapshots of all clusters are off");
        return Ok(Exit::Done);
    }
    if in_progress.is_some() {
        console.note(&format!("waiting for snapshot {name}, which an earlier run began"));
    }
    let patience = Patience::new(time_for(None, mesh.count().get()));
    let apply = Apply::new(&session, &mesh, console, &patience);
    interruptible(&patience, console, apply.apply(&plan)).await.map_err(outlived)?;
    console.done_in(&format!("took snapshot {name}"), begun.elapsed());
    Ok(Exit::Done)
}

/// What the servers do when the run is interrupted.
fn outlived(error: Error) -> Error {
    let hint = "the servers go on with the snapshots that were begun: `mesh snapshots ls` shows how they end, and `mesh \
                snapshots create` waits for them while they are taken";
    if error.interrupted { Error { hint: Some(hint.to_owned()), ..error } } else { error }
}
