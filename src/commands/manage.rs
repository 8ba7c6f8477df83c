//! `mesh manage`: start, stop, restart, remove or bring back the containers of some clusters, or of a node.

use std::time::Instant;

use clap::ValueEnum as _;

use super::{interruptible, time_for};
use crate::{
    apply::{Apply, wait::Patience},
    cli::{ManageAction, ManageArgs},
    console::Console,
    error::{Error, Exit},
    judge::{check, snapshots::require_owners},
    mesh::{
        Mesh,
        part::{NoSuchPart, Part},
    },
    plan::manage::{Action, Selection, select},
    session::{Place, Session},
};

pub async fn manage(args: &ManageArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let begun = Instant::now();
    require_single_cluster(args)?;
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
    let there = match action {
        // but one of several nodes is one that others may do without, or not
        Action::Stop | Action::Down if selection.is_node() => match session.observe(&mesh).await {
            Ok(there) => there,
            Err(_) => session.remains(&mesh)?,
        },
        Action::Stop | Action::Down => session.remains(&mesh)?,
        Action::Up | Action::Start | Action::Restart => session.observe(&mesh).await?,
    };
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
    console.findings(&check::away(&mesh, &there, &plan));
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
fn require_single_cluster(args: &ManageArgs) -> Result<(), Error> {
    if args.count.is_none() || args.part.single().is_some() {
        return Ok(());
    }
    let (part, action) = (&args.part, args.action.to_possible_value());
    let action = action.as_ref().map_or("start", |action| action.get_name());
    let (kind, hint) = match part {
        Part::Clusters(_) => ("set", format!("`mesh manage {action} {part}` names every cluster that is meant")),
        Part::Gateway => ("gateway", format!("`mesh manage {action} {part}` is about it alone")),
        Part::Node(_) => ("node", format!("`mesh manage {action} {part}` is about that node alone")),
    };
    let refused = format!("`{part}` is a {kind}, and COUNT goes on from a single cluster");
    Err(Error::new(Exit::Request, refused).hint(hint))
}

fn selection(args: &ManageArgs, mesh: &Mesh) -> Result<Selection, NoSuchPart> {
    match (args.count, args.part.single()) {
        (Some(count), Some(first)) => Selection::from(mesh, first, count),
        _ => Selection::new(mesh, args.part.clone()),
    }
}
