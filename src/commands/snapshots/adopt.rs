//! `mesh snapshots adopt`: repositories that were another mesh's become this one's.

use std::time::Instant;

use crate::{
    apply::{Apply, wait::Patience},
    cli::AdoptArgs,
    commands::{consent, interruptible, renew::chosen, steady::reconcile_until_steady, time_for},
    console::Console,
    error::{Error, Exit},
    plan::{Plan, SnapshotStep, sync::require_sync},
    session::{Place, Session},
};

pub async fn adopt(args: &AdoptArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let begun = Instant::now();
    let clusters = chosen(&place.dir, &args.clusters)?;
    let session = Session::to_change(place, args.consent.plan.dry_run).await?;
    let mesh = session.recorded_with_templates()?;
    let there = session.observe_recorded(&mesh).await?;
    require_sync(&mesh, &there, &session.inputs())?;
    let others = clusters.into_iter().filter(|cluster| {
        let owner = there.repository_owner(*cluster);
        owner.is_some_and(|owner| *owner != mesh.owner_of_repository(*cluster))
    });
    let adopted = others.map(|cluster| SnapshotStep::AdoptRepository(cluster).into());
    let plan = Plan::of(mesh.name.as_ref()).stage("adopt repositories", adopted);
    if args.consent.plan.dry_run {
        console.plan(&mesh, &plan, args.consent.plan.format);
        return Ok(Exit::Done);
    }
    if plan.is_empty() {
        console.done("nothing to do: no other cluster writes to these repositories");
        return Ok(Exit::Done);
    }
    console.intent(&mesh, &plan);
    let question = "adopt? two clusters that write to one repository destroy it";
    if !consent(question, "another cluster may still write to it", args.consent.yes, console).await? {
        return Ok(Exit::Unfinished);
    }
    let patience = Patience::new(time_for(None, mesh.count().get()));
    let apply = Apply::new(&session, &mesh, console, &patience);
    interruptible(&patience, console, async {
        apply.apply(&plan).await?;
        reconcile_until_steady(&apply, session.inputs()).await
    })
    .await?;
    console.done_in("adopted the repositories", begun.elapsed());
    Ok(Exit::Done)
}
