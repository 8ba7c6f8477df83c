//! `mesh create`: look, decide, compare, show, carry out, look again.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use serde_json::Value;
use time::OffsetDateTime;

use super::{
    Place, interruptible, lock,
    lost::{circumstances, rebuild, recover},
    machine_lock, may_delete, open,
    refusal::refusal,
    require_own_name, same_engine, settings,
    steady::reconcile_until_steady,
    time_for,
    upgrade::turns,
};
use crate::{
    apply::{
        Apply,
        wait::{Patience, Probe},
    },
    cli::CreateArgs,
    console::Console,
    error::{Error, Exit},
    explain::Explain as _,
    facts::observed::Observed,
    judge::check::{self, Finding, Severity},
    mesh::{Mesh, defaults::Revision, settings::Overrides},
    plan::{
        Plan, Transition,
        leaving::{Leaving, LeavingError},
        reconcile::{PlanInputs, reconcile},
        remove::{remove, removed},
        rolling::{self, Turns},
    },
    world::{Survey, World, disk, templates},
};

/// Docker makes a network in a fraction of a second.
const LISTED_WITHIN: Duration = Duration::from_secs(5);

pub async fn create(args: &CreateArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let begun = Instant::now();
    let asked = settings::requested(&args.settings, &place, console)?;
    let license = asked.license.as_deref().map(read_license).transpose()?;
    let _lock = if args.dry_run { None } else { Some(lock(&place)?) };
    let choosing = if args.dry_run { None } else { Some(machine_lock(console).await?) };
    let world = open(place).await?;
    let mut survey = settled(&world).await?;
    require_own_name(&world, &survey, "create")?;
    if !args.new_engine {
        same_engine(&survey)?;
    }
    rebuild(&asked, args.reset, &world, &mut survey).await?;
    if survey.rebuilt.is_some() {
        console.note("mesh.json is lost, and rebuilt from what is there; templates of your own have to be named again with `--templates`");
    }
    let recover = recover(args, &asked, &world, &mut survey, console)?;

    let timeout = asked.timeout;
    let mut mesh = decide(asked.clone(), args, &world, &survey)?;
    let there = world.observe(&mesh, &survey).await?;
    if let Some(rebuilt) = &mut survey.rebuilt {
        rebuilt.share(&there.shared());
        mesh = decide(asked, args, &world, &survey)?;
    }
    if let Some(recorded) = survey.known().filter(|_| !args.reset) {
        mesh = mesh.in_turns(recorded, |cluster| there.servers.contains_key(&cluster));
    }
    let inputs = PlanInputs {
        license: license.as_ref().map(|license| license.uid.clone()),
        recover,
        ..PlanInputs::new(OffsetDateTime::now_utc(), survey.host.cores)
    };
    let old = survey.known().filter(|_| args.reset);
    // what goes before the new mesh comes, as the old one knows it
    let going = old.map(|old| world.remains(old, &survey)).transpose()?;
    let there = going.as_ref().map_or(there.clone(), |going| replacing(there, going));
    let first = match &going {
        // images first: one that cannot be pulled must not be found missing when the old mesh is gone
        Some(going) => reconcile(&mesh, &removed(there.clone()), &inputs).after(remove(going)),
        None => reconcile(&mesh, &there, &inputs),
    };
    if !args.reset {
        require_named(args, &Leaving::new(&mesh, survey.known(), &there), console)?;
    }
    let turn_for = turns_of(args, &mesh);
    let plan = turn_for.map_or_else(|| first.clone(), |of| rolling::whole(&mesh, &there, &inputs, of));
    require(args, &world, &survey, &mesh, &there, &plan, console)?;
    if license.is_none() {
        console.findings(check::unlicensed(&mesh, &there).as_slice());
    }
    if !args.reset {
        console.in_progress(&mesh);
        if turn_for != Some(Turns::Defaults) && mesh.next_defaults().is_some() {
            console.new_defaults(&mesh);
        }
    }
    if let Some(recorded) = survey.known().filter(|_| !args.reset) {
        console.changes_of_clusters(&recorded.changes_of_clusters(&mesh.settled()));
    }
    if args.dry_run {
        console.plan(&mesh, &plan, args.format);
        return Ok(Exit::Done);
    }
    let patience = Patience::new(time_for(timeout.map(|timeout| timeout.0), mesh.count().get()));
    let mut apply = Apply::new(&mesh, &world, console, &patience, (survey.host.is_root, inputs.now));
    // nobody's data, so no change of the mesh: it is left where `mesh verify` was killed
    apply.clear_canaries(&there).await;
    if plan.is_empty() {
        apply.lift_record(&survey)?;
        console.timings(args.format, &[], begun.elapsed(), || console.unchanged(&mesh, begun.elapsed()));
        return Ok(Exit::Done);
    }
    console.intent(&mesh, &plan);
    // `--reset` is consent enough where nobody sits, so that it works in CI; a mesh that shrinks is not
    let agreed = args.yes || (args.reset && !Console::is_attended());
    if plan.destroys() && !may_delete(&world, &plan, agreed, console)? {
        return Ok(Exit::Unfinished);
    }

    // until here nothing has changed
    if !args.reset {
        apply.lift_record(&survey)?;
    }
    patience.restart();
    apply.license = license.map(|license| license.body);
    apply.recovered = survey.recovered.take();
    apply.choosing.replace(choosing);
    interruptible(&patience, console, async {
        apply.apply(&first).await?;
        reconcile_until_steady(&apply, inputs).await?;
        if let Some(of) = turn_for {
            let next = |mesh: &Mesh, there: &Observed, inputs: &PlanInputs| rolling::next(mesh, there, inputs, of);
            Box::pin(turns(mesh.clone(), &world, &patience, &survey.host, console, &next)).await?;
        }
        Ok(())
    })
    .await?;
    show_result(args, &mesh, &apply, begun.elapsed(), console);
    Ok(Exit::Done)
}

/// What clusters are given other containers for, one after the other.
fn turns_of(args: &CreateArgs, mesh: &Mesh) -> Option<Turns> {
    match (args.reset, args.new_defaults) {
        (true, _) => None,
        (false, true) => Some(Turns::Defaults),
        (false, false) => mesh.pending_settings().next().map(|_| Turns::Settings),
    }
}

/// What is there, once Docker lists a network that it was making when an earlier run was killed. Where it does not come, the
/// checks say what is in the way.
async fn settled(world: &World) -> Result<Survey, Error> {
    let mut survey = world.survey().await?;
    let half_made = |survey: &Survey| {
        let listed: Vec<String> = survey.networks.iter().flat_map(|network| network.subnets.clone()).collect();
        survey.record.as_ref().is_some_and(|mesh| check::half_made(mesh, &survey.host, &listed))
    };
    let patience = Patience::new(LISTED_WITHIN);
    let listed = patience.until("Docker to list the mesh's network", None, async || {
        if half_made(&survey) {
            survey = world.survey().await?;
        }
        Ok(if half_made(&survey) { Probe::Pending("it is not listed".to_owned()) } else { Probe::Ready(()) })
    });
    let _ = listed.await;
    Ok(survey)
}

/// Prints the result: the mesh, and with `--timings` how long each stage took.
fn show_result(args: &CreateArgs, mesh: &Mesh, apply: &Apply<'_>, took: Duration, console: &Console) {
    let stages = apply.timings.borrow();
    console.timings(args.format, &stages, took, || {
        console.welcome(mesh, &stages, took);
        if args.timings {
            console.line("");
            console.timings_table(&stages, took);
        }
    });
}

/// What is there, with what is about to go counted as the new mesh's: its ports and its memory will be free.
fn replacing(there: Observed, going: &Observed) -> Observed {
    Observed {
        containers: going.containers.clone(),
        orphans: going.orphans.clone(),
        network: going.network.clone(),
        unmanaged: going.unmanaged.clone(),
        ..there
    }
}

/// Every name, port and address, and the texts of templates.
fn decide(mut asked: Overrides, args: &CreateArgs, world: &World, survey: &Survey) -> Result<Mesh, Error> {
    let recorded = survey.known();
    if args.reset {
        asked.clusters = asked.clusters.or(recorded.map(Mesh::cluster_set));
    }
    let now = circumstances(world, survey)?;
    let mesh = templates::of(Mesh::decide(&asked, recorded.filter(|_| !args.reset), now)?)?;
    let mesh = if args.new_defaults { mesh.with_defaults(Revision::NEWEST, recorded) } else { mesh };
    Ok(Mesh { engine: Some(survey.engine.clone()), ..mesh })
}

/// Whether the clusters that go may go without being named. A dry run deletes nothing, and warns.
fn require_named(args: &CreateArgs, leaving: &Leaving, console: &Console) -> Result<(), Error> {
    match leaving.require(args.remove.as_ref()) {
        Err(error @ LeavingError::Unnamed { .. }) if args.dry_run => {
            console.findings(&[Finding::warning(error.to_string(), error.hint().unwrap_or_default())]);
            Ok(())
        }
        required => Ok(required?),
    }
}

/// Everything that speaks against it, before anything is changed.
fn require(
    args: &CreateArgs,
    world: &World,
    survey: &Survey,
    mesh: &Mesh,
    there: &Observed,
    plan: &Plan,
    console: &Console,
) -> Result<(), Error> {
    let mut host = survey.host.clone();
    if args.reset {
        host.disk_free += world.size_of(plan).unwrap_or_default();
    }
    // with room for all that is asked for, whoever has its turn first
    let mut findings = check::machine(&mesh.settled(), there, &host, &survey.listeners);
    findings
        .extend(check::directory(&world.dir, &survey.entries, survey.known().is_some(), survey.writable).findings());
    findings.extend(check::attached(mesh, plan, there));
    findings.extend(check::mounted_inside(&world.dir, plan, there));
    let grows = plan.count(Transition::Creates) > 0;
    if grows {
        findings.extend(check::max_map_count(host.max_map_count).findings());
    }
    let (stops, warnings): (Vec<Finding>, Vec<Finding>) = findings.into_iter().partition(|finding| {
        // mending what was there before needs no more room than it had
        finding.severity == Severity::Problem || (finding.severity == Severity::Estimate && grows && !args.force)
    });
    if stops.is_empty() {
        // with nothing to do, only what keeps what was done from being in force
        let told = if plan.is_empty() { check::hosts(mesh, there).findings() } else { warnings };
        console.findings(&told);
        return Ok(());
    }
    Err(refusal(stops))
}

struct License {
    uid: String,
    body: Value,
}

fn read_license(path: &Path) -> Result<License, Error> {
    let refuse = |why: &str| {
        Error::new(Exit::Request, format!("{} is not a usable license: {why}", path.display()))
            .hint("give the JSON file that Elastic sent; without `--license`, a trial of 30 days is used")
    };
    let bytes = disk::read_given(path, disk::LARGEST).map_err(|error| {
        if error.is_missing() { refuse("there is no such file") } else { refuse(&error.to_string()) }
    })?;
    let body: Value = serde_json::from_slice(&bytes).map_err(|error| refuse(&error.to_string()))?;
    let license = if body["licenses"].is_array() { &body["licenses"][0] } else { &body["license"] };
    let text = |field: &str| license[field].as_str().ok_or_else(|| refuse(&format!("it has no `license.{field}`")));
    let (uid, kind) = (text("uid")?, text("type")?);
    text("signature")?;
    if !matches!(kind, "enterprise" | "trial") {
        return Err(refuse(&format!("links need an Enterprise license, and its type is `{kind}`")));
    }
    let ends = license["expiry_date_in_millis"].as_i64().unwrap_or(i64::MAX);
    if i128::from(ends) * 1_000_000 < OffsetDateTime::now_utc().unix_timestamp_nanos() {
        return Err(refuse("it has expired"));
    }
    Ok(License { uid: uid.to_owned(), body })
}
