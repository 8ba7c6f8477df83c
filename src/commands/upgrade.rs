//! `mesh upgrade`: another version, one cluster after the other.

use std::time::Instant;

use time::OffsetDateTime;

use super::{
    Place, consent, interruptible, lock, open,
    recorded::{Recorded, no_mesh, require_recorded},
    refusal::refusal,
    same_engine,
    steady::{ROUNDS, look_again, unsteady},
};
use crate::{
    apply::{Apply, wait::Patience},
    cli::UpgradeArgs,
    console::Console,
    error::{Error, Exit},
    facts::{host::HostFacts, observed::Observed},
    judge::check::{self, Severity},
    mesh::{Mesh, settings::StackVersion},
    plan::{
        Plan,
        reconcile::{PlanInputs, reconcile},
        upgrade::{Round, drift, next, whole},
    },
    world::{World, templates},
};

pub async fn upgrade(args: &UpgradeArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let begun = Instant::now();
    // what cannot be is refused without an engine
    Recorded::open(&place.dir)?.mesh.upgrade_to(args.version)?;
    let _lock = if args.consent.plan.dry_run { None } else { Some(lock(&place)?) };
    let world = open(place).await?;
    let survey = world.survey().await?;
    same_engine(&survey)?;
    let recorded = templates::of(survey.record.clone().ok_or_else(|| no_mesh(&world.dir))?)?;
    let mesh = recorded.upgrade_to(args.version)?;
    let there = world.observe(&mesh, &survey).await?;
    require_recorded(&world, &there)?;
    let inputs = PlanInputs::new(OffsetDateTime::now_utc(), survey.host.cores);
    let first = reconcile(&mesh, &there, &inputs);
    let begins = mesh != recorded;
    if begins || first.destroys() {
        healthy(&drift(&first), args.version)?;
    }
    let mut stops = check::machine(&mesh, &there, &survey.host, &survey.listeners);
    // what ran before needs no more room than it had
    stops.retain(|finding| finding.severity == Severity::Problem);
    stops.extend(check::image_disk(&mesh, &there, &survey.host).findings());
    if !stops.is_empty() {
        return Err(refusal(stops));
    }
    let plan = whole(&mesh, &there, &inputs);
    if args.consent.plan.dry_run {
        console.findings(&check::upgrade(&mesh, &there));
        console.plan(&mesh, &plan, args.consent.plan.format);
        return Ok(Exit::Done);
    }
    if plan.is_empty() {
        console.done_in(&format!("nothing to do: every cluster has {}", args.version), begun.elapsed());
        return Ok(Exit::Done);
    }
    console.findings(&check::upgrade(&mesh, &there));
    console.upgrade(&mesh, recorded.spec.stack_version);
    if begins && !consent("upgrade? this cannot be undone", "an upgrade cannot be undone", args.consent.yes, console)? {
        return Ok(Exit::Unfinished);
    }

    // until here nothing has changed
    let patience = Patience::new(args.timeout);
    let now = OffsetDateTime::now_utc();
    Apply::new(&recorded, &world, console, &patience, (survey.host.is_root, now)).lift_record(&survey)?;
    let turns = Box::pin(turns(mesh, &world, &patience, &survey.host, console, &next));
    interruptible(&patience, console, turns).await?;
    console.done_in(&format!("every cluster has {}, and every link is proved", args.version), begun.elapsed());
    Ok(Exit::Done)
}

/// Looks, and does what is next, until nothing is.
pub(super) async fn turns(
    mut mesh: Mesh,
    world: &World,
    patience: &Patience,
    host: &HostFacts,
    console: &Console,
    next: &dyn Fn(&Mesh, &Observed, &PlanInputs) -> Option<Round>,
) -> Result<(), Error> {
    let (mut mended, mut changed) = (0, false);
    loop {
        let there = look_again(world, &mesh).await;
        let there = there.map_err(|error| if changed { error.part_way() } else { error })?;
        let inputs = PlanInputs::new(OffsetDateTime::now_utc(), host.cores);
        let Some(round) = next(&mesh, &there, &inputs) else { return Ok(()) };
        match round.cluster {
            Some(cluster) => {
                console.turn(&mesh, &round.mesh, cluster);
                mended = 0;
            }
            None if mended == ROUNDS => return Err(unsteady(&round.plan)),
            None => mended += 1,
        }
        // each cluster has the whole time
        patience.restart();
        let apply = Apply::new(&round.mesh, world, console, patience, (host.is_root, inputs.now));
        let applied = apply.apply(&round.plan).await;
        applied.map_err(|error| if changed { error.part_way() } else { error })?;
        (mesh, changed) = (round.mesh, true);
    }
}

/// Only a whole mesh is upgraded: what is amiss before is hard to tell from what an upgrade breaks.
fn healthy(drift: &Plan, to: StackVersion) -> Result<(), Error> {
    if drift.is_empty() {
        return Ok(());
    }
    let told = Error::new(Exit::Unhealthy, "the mesh is out of sync, and only one that is in sync can be upgraded");
    let told = drift.descriptions().take(5).fold(told, |told, step| told.cause(format!("to do: {}", step.text)));
    Err(told.hint(format!("`mesh create` mends it, `mesh create --dry-run` says how; then `mesh upgrade {to}`")))
}
