//! `mesh reset`: list what will be deleted, ask, remove it.

use std::time::Instant;

use time::OffsetDateTime;

use super::{Place, interruptible, lock, lost::rebuild, may_delete, open, require_own_name, same_engine, time_for};
use crate::{
    apply::{Apply, wait::Patience},
    cli::ResetArgs,
    console::Console,
    error::{Error, Exit},
    judge::check,
    mesh::{id::ClusterId, settings::Overrides},
    plan::remove::remove,
};

pub async fn reset(args: &ResetArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let begun = Instant::now();
    let _lock = if args.consent.plan.dry_run { None } else { Some(lock(&place)?) };
    let world = open(place).await?;
    let mut survey = world.survey().await?;
    require_own_name(&world, &survey, "reset")?;
    if !args.new_engine {
        same_engine(&survey)?;
    }
    rebuild(&Overrides::default(), true, &world, &mut survey).await?;
    // without a record, labels tell what an interrupted reset left of the mesh of this directory
    let Some(mesh) = survey.known().cloned().or_else(|| world.mesh_of_labels(&survey)) else {
        if survey.entries.is_empty() {
            console.done(&format!("nothing to do: there is no mesh in {}", world.dir.display()));
            return Ok(Exit::Done);
        }
        return Err(Error::new(
            Exit::Machine,
            format!("{} holds no mesh.json: it is not a mesh's directory", world.dir.display()),
        )
        .hint("name the mesh's directory with `--dir`; `mesh` deletes nothing that it did not make"));
    };
    let there = world.remains(&mesh, &survey)?;
    if let Some(fault) = &there.hosts_fault {
        console.note(&format!("/etc/hosts stays as it is, with names of the mesh if it has any: {fault}"));
    }
    let plan = remove(&there);
    if plan.is_empty() {
        console.done(&format!("nothing to do: there is no mesh in {}", world.dir.display()));
        return Ok(Exit::Done);
    }
    let stop = check::recorded(&world.dir, &there)
        .or_else(|| check::attached(&mesh, &plan, &there))
        .or_else(|| check::mounted_inside(&world.dir, &plan, &there));
    if let Some(finding) = stop {
        return Err(finding.into());
    }
    if args.consent.plan.dry_run {
        console.plan(&mesh, &plan, args.consent.plan.format);
        return Ok(Exit::Done);
    }
    if !may_delete(&world, &plan, args.consent.yes, console)? {
        return Ok(Exit::Unfinished);
    }

    let patience = Patience::new(time_for(None, ClusterId::MAX));
    let apply = Apply::new(&mesh, &world, console, &patience, (survey.host.is_root, OffsetDateTime::now_utc()));
    interruptible(&patience, console, apply.apply(&plan)).await?;
    console.done_in("removed the mesh", begun.elapsed());
    Ok(Exit::Done)
}
