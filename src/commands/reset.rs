//! `mesh reset`: list what will be deleted, ask, remove it.

use std::time::Instant;

use super::{interruptible, may_delete, snapshots::require_place, time_for};
use crate::{
    apply::{Apply, wait::Patience},
    cli::ResetArgs,
    console::Console,
    error::{Error, Exit},
    judge::check,
    mesh::{id::ClusterId, settings::Overrides},
    plan::remove::remove,
    session::{Place, Session},
};

pub async fn reset(args: &ResetArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let begun = Instant::now();
    let mut session = Session::to_make(place, args.consent.plan.dry_run).await?;
    session.require_own_name("reset")?;
    if !args.new_engine {
        session.require_same_engine()?;
    }
    session.rebuild(&Overrides::default(), true).await?;
    let Session { world, survey, .. } = &session;
    // without a record, labels tell what an interrupted reset left of the mesh of this directory
    let Some(mesh) = survey.known().cloned().or_else(|| world.mesh_of_labels(survey)) else {
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
    let there = session.remains(&mesh)?;
    if let Some(fault) = &there.hosts_fault {
        console.note(&format!("/etc/hosts stays as it is, with names of the mesh if it has any: {fault}"));
    }
    let plan = remove(&there, args.keep_snapshots.as_deref());
    if plan.is_empty() {
        if args.consent.plan.dry_run && !args.consent.plan.format.is_for_people() {
            console.plan(&mesh, &plan, args.consent.plan.format);
        } else {
            console.done(&format!("nothing to do: there is no mesh in {}", world.dir.display()));
        }
        return Ok(Exit::Done);
    }
    let stop = check::recorded(&world.dir, &there)
        .or_else(|| check::attached(&mesh, &plan, &there))
        .or_else(|| check::mounted_inside(&world.dir, &plan, &there));
    if let Some(finding) = stop {
        return Err(finding.into());
    }
    require_place(world, &mesh, &plan)?;
    if args.consent.plan.dry_run {
        console.plan(&mesh, &plan, args.consent.plan.format);
        return Ok(Exit::Done);
    }
    console.lost_snapshots(&there, &plan);
    console.lost_guests(Some(&mesh), &plan);
    if !may_delete(world, &plan, args.consent.yes, console).await? {
        return Ok(Exit::Unfinished);
    }

    let patience = Patience::new(time_for(None, ClusterId::MAX));
    let apply = Apply::new(&session, &mesh, console, &patience).with_deletion(&plan);
    interruptible(&patience, console, apply.apply(&plan)).await?;
    console.done_in("removed the mesh", begun.elapsed());
    Ok(Exit::Done)
}
