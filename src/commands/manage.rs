//! `mesh manage`: start, stop, restart, remove or bring back the containers of some clusters.

use std::time::Instant;

use clap::ValueEnum as _;

use super::{interruptible, time_for};
use crate::{
    apply::{Apply, wait::Patience},
    cli::{ManageAction, ManageArgs},
    console::Console,
    error::{Error, Exit},
    judge::{check, snapshots::require_owners},
    mesh::{Mesh, cluster_set::NoSuchCluster},
    plan::manage::{Action, Selection, select},
    session::{Place, Session},
};

pub async fn manage(args: &ManageArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let begun = Instant::now();
    require_no_count_of_a_set(args)?;
    let session = Session::to_change(place, args.plan.dry_run).await?;
    let mesh = match args.action {
        // what is made needs the templates that the mesh is recorded with
        ManageAction::Up => session.recorded_with_templates()?,
        _ => session.recorded()?,
    };
    let selection = selection(args, &mesh)?;
    let action = match args.action {
        ManageAction::Up => Action::Up,
        ManageAction::Down => Action::Down,
        ManageAction::Start => Action::Start,
        ManageAction::Stop => Action::Stop,
        ManageAction::Restart => Action::Restart,
    };
    // what ends a server must not need one that answers, nor files that can be read
    let there = if action.ends() { session.remains(&mesh)? } else { session.observe(&mesh).await? };
    session.require_recorded(&there)?;
    require_owners(&there)?;
    if let Some(lacking) = selection.lacks(&mesh, &there, action) {
        return Err(lacking.into());
    }
    // before anything is stopped: without a password the servers cannot be asked whether they are up again
    if let Some(finding) = check::lost_credentials(&mesh, &there).findings().pop().filter(|_| !action.ends()) {
        return Err(finding.into());
    }

    let plan = select(&mesh, &there, &selection, action);
    if args.plan.dry_run {
        console.plan(&mesh, &plan, args.plan.format);
        return Ok(Exit::Done);
    }
    if plan.is_empty() {
        console.done(&format!("nothing to do: {}", action.idle(&selection)));
        return Ok(Exit::Done);
    }
    let patience = Patience::new(time_for(args.timeout, mesh.count().get()));
    let apply = Apply::new(&session, &mesh, console, &patience);
    if !action.ends() {
        apply.lift_record()?;
    }
    interruptible(&patience, console, apply.apply(&plan)).await?;
    console.done_in(&format!("{} {selection}", action.past()), begun.elapsed());
    Ok(Exit::Done)
}

/// COUNT goes on from one cluster.
fn require_no_count_of_a_set(args: &ManageArgs) -> Result<(), Error> {
    if args.count.is_none() || args.clusters.single().is_some() {
        return Ok(());
    }
    let (clusters, action) = (&args.clusters, args.action.to_possible_value());
    let action = action.as_ref().map_or("start", |action| action.get_name());
    Err(Error::new(Exit::Request, format!("`{clusters}` is a set, and COUNT goes on from a single cluster"))
        .hint(format!("`mesh manage {action} {clusters}` names every cluster that is meant")))
}

fn selection(args: &ManageArgs, mesh: &Mesh) -> Result<Selection, NoSuchCluster> {
    match (args.count, args.clusters.single()) {
        (Some(count), Some(first)) => Selection::from(mesh, first, count),
        _ => Selection::new(mesh, args.clusters.clone()),
    }
}
