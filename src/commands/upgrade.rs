//! `mesh upgrade`: another version, one cluster after the other.

use std::{cell::Cell, time::Instant};

use super::{consent, interruptible, refusal::refusal, snapshots::take_before, steady::carry_out_rounds};
use crate::{
    apply::{Apply, wait::Patience},
    cli::UpgradeArgs,
    console::Console,
    error::{Error, Exit},
    facts::observed::Observed,
    judge::{
        check::{self, Severity},
        snapshots::{WayBack, require_owners},
    },
    mesh::Mesh,
    plan::{
        Plan, Round, Step,
        reconcile::{PlanInputs, reconcile},
        upgrade::{drift, next, whole},
    },
    session::{Place, Recorded, Session},
};

pub async fn upgrade(args: &UpgradeArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let begun = Instant::now();
    // what cannot be is refused without an engine
    Recorded::open(&place.dir)?.mesh.upgrade_to(args.version, args.clusters.as_ref())?;
    let session = Session::to_change(place, args.consent.plan.dry_run).await?;
    let recorded = session.recorded_with_templates()?;
    let mesh = recorded.upgrade_to(args.version, args.clusters.as_ref())?;
    let there = session.world.observe_closely(&mesh, &session.survey).await?;
    session.require_recorded(&there)?;
    require_owners(&there)?;
    let inputs = session.inputs();
    let first = reconcile(&mesh, &there, &inputs);
    let begins = mesh != recorded;
    if begins || first.destroys() || first.steps().any(Step::takes_access_away) {
        healthy(&drift(&first), args)?;
    }
    let survey = &session.survey;
    let mut stops = check::machine(&mesh, &there, &survey.host, &survey.listeners);
    // what ran before needs no more room than it had
    stops.retain(|finding| finding.severity == Severity::Problem);
    stops.extend(check::image_disk(&mesh, &there, &survey.host).findings());
    if !stops.is_empty() {
        return Err(refusal(stops));
    }
    let snapshot = if begins && !args.no_snapshot { take_before(&mesh, &there)? } else { None };
    let plan = whole(&mesh, &there, &inputs);
    let plan = match &snapshot {
        Some((_, taken)) => plan.once_prepared(taken.clone()),
        None => plan,
    };
    let warnings = |plan: &Plan| [check::upgrade(&mesh, &there), check::away(&mesh, &there, plan)].concat();
    if args.consent.plan.dry_run {
        console.findings(&warnings(&plan));
        console.plan(&mesh, &plan, args.consent.plan.format);
        return Ok(Exit::Done);
    }
    if plan.is_empty() {
        console.done_in(&format!("nothing to do: {}", reached(args)), begun.elapsed());
        return Ok(Exit::Done);
    }
    console.findings(&warnings(&plan));
    console.upgrade(&mesh, begins, snapshot.as_ref().map(|(name, _)| name.as_str()));
    if begins
        && !consent("upgrade? this cannot be undone", "an upgrade cannot be undone", args.consent.yes, console).await?
    {
        return Ok(Exit::Unfinished);
    }

    // until here nothing has changed
    let patience = Patience::new(args.timeout);
    Apply::new(&session, &recorded, console, &patience).lift_record()?;
    // images first: one that cannot be pulled or does not start ends the upgrade before anything is saved for it
    let taken = Cell::new(snapshot.as_ref().map(|(_, taken)| taken.clone()));
    let next = |mesh: &Mesh, there: &Observed, inputs: &PlanInputs| {
        let round = next(mesh, there, inputs)?;
        let plan = taken.take().map_or(round.plan.clone(), |taken| round.plan.once_prepared(taken));
        Some(Round { plan, ..round })
    };
    let rounds = Box::pin(carry_out_rounds(&session, mesh, &patience, console, &next));
    interruptible(&patience, console, rounds).await?;
    console.done_in(&format!("{}, and the links are proved", reached(args)), begun.elapsed());
    way_back(args, &session, console).await?;
    Ok(Exit::Done)
}

/// Shows how to go back, by what is there: an earlier run may have taken the snapshots.
async fn way_back(args: &UpgradeArgs, session: &Session, console: &Console) -> Result<(), Error> {
    let survey = session.world.survey().await?;
    if let Some(mesh) = &survey.record {
        let there = session.world.observe_closely(mesh, &survey).await?;
        if let Some(way) = WayBack::from(args.version, mesh, &there) {
            console.way_back(&way);
        }
    }
    Ok(())
}

/// What holds when it is done.
fn reached(UpgradeArgs { version, clusters, .. }: &UpgradeArgs) -> String {
    match clusters {
        None => format!("every cluster has {version}"),
        Some(clusters) if clusters.single().is_some() => format!("{} has {version}", clusters.named()),
        Some(clusters) => format!("{} have {version}", clusters.named()),
    }
}

/// Only a whole mesh is upgraded: what is amiss before is hard to tell from what an upgrade breaks.
fn healthy(drift: &Plan, UpgradeArgs { version, clusters, .. }: &UpgradeArgs) -> Result<(), Error> {
    if drift.is_empty() {
        return Ok(());
    }
    let on = clusters.as_ref().map_or(String::new(), |clusters| format!(" {clusters}"));
    let error = Error::new(Exit::Unhealthy, "the mesh is out of sync, and only one that is in sync can be upgraded");
    let error = drift.descriptions().take(5).fold(error, |error, step| error.cause(format!("to do: {}", step.text)));
    Err(error
        .hint(format!("`mesh create` mends it, `mesh create --dry-run` says how; then `mesh upgrade {version}{on}`")))
}
