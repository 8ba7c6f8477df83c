//! `mesh manage`: start, stop, restart, remove or bring back the containers of some clusters.

use std::{path::PathBuf, time::Instant};

use time::OffsetDateTime;

use super::{
    interruptible, lock, open,
    recorded::{no_mesh, require_recorded},
    same_engine, time_for,
};
use crate::{
    apply::{Apply, wait::Patience},
    cli::{ManageAction, ManageArgs},
    console::Console,
    error::{Error, Exit},
    plan::{
        check,
        select::{Action, Selection, select},
    },
    world::templates,
};

pub async fn manage(args: &ManageArgs, dir: PathBuf, console: &Console) -> Result<Exit, Error> {
    let begun = Instant::now();
    let _lock = lock()?;
    let world = open(dir).await?;
    let survey = world.survey().await?;
    same_engine(&survey)?;
    let mut mesh = survey.record.clone().ok_or_else(|| no_mesh(&world.dir))?;
    if matches!(args.action, ManageAction::Up) {
        // what is made needs the templates that the mesh is recorded with
        mesh = templates::of(mesh)?;
    }
    let selection = Selection::new(&mesh, args.start, args.count)?;
    let action = match args.action {
        ManageAction::Up => Action::Up,
        ManageAction::Down => Action::Down,
        ManageAction::Start => Action::Start,
        ManageAction::Stop => Action::Stop,
        ManageAction::Restart => Action::Restart,
    };
    // what ends a server must not need one that answers, nor files that can be read
    let there = if action.ends() { world.remains(&mesh, &survey)? } else { world.observe(&mesh, &survey).await? };
    require_recorded(&world, &there)?;
    if let Some(lacking) = selection.lacks(&mesh, &there, action) {
        return Err(Error::new(Exit::Unhealthy, lacking.to_string()).hint(lacking.hint()));
    }
    // before anything is stopped: nobody could ask the servers whether they are up again
    if let Some(finding) = check::lost_credentials(&mesh, &there).findings().pop().filter(|_| !action.ends()) {
        return Err(Error::new(Exit::Machine, finding.message).hint(finding.hint));
    }

    let plan = select(&mesh, &there, selection, action);
    if plan.is_empty() {
        console.done(&format!("nothing to do: {}", action.idle(selection)));
        return Ok(Exit::Done);
    }
    let patience = Patience::new(time_for(args.timeout, mesh.count().get()));
    let apply = Apply::new(&mesh, &world, console, &patience, (survey.host.is_root, OffsetDateTime::now_utc()));
    if !action.ends() {
        apply.lift_record(&survey)?;
    }
    interruptible(&patience, console, apply.apply(&plan)).await?;
    console.done_in(&format!("{} {selection}", action.past()), begun.elapsed());
    Ok(Exit::Done)
}
