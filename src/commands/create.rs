//! `mesh create`: look, decide, compare, show, carry out, look again.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use rand::{RngExt as _, rand_core::UnwrapErr, rngs::SysRng};
use serde_json::Value;
use time::OffsetDateTime;

use super::{interruptible, lock, open, time_for};
use crate::{
    apply::{Apply, wait::Patience},
    cli::CreateArgs,
    console::Console,
    error::{Error, Exit},
    mesh::{Mesh, Owner, decide::Circumstances},
    plan::{
        Plan,
        check::{self, Finding, Severity},
        observed::Observed,
        reach::{Moment, reach},
        remove::{remove, removed},
    },
    world::{Survey, World, disk},
};

/// Looking again finds what could not be asked before; a mesh that is still not as asked after this does not get there.
const ROUNDS: u8 = 3;

pub async fn create(args: &CreateArgs, dir: PathBuf, console: &Console) -> Result<Exit, Error> {
    let begun = Instant::now();
    let licence = args.license.as_deref().map(read_licence).transpose()?;
    let _lock = if args.dry_run { None } else { Some(lock()?) };
    let world = open(dir).await?;
    let survey = world.survey().await?;

    let mesh = decide(args, &world, &survey)?;
    let there = world.observe(&mesh, &survey).await?;
    let mut moment =
        Moment { now: OffsetDateTime::now_utc(), licence: licence.as_ref().map(|licence| licence.uid.clone()) };
    require(args, &world, &survey, &mesh, &there, console)?;

    let old = survey.record.as_ref().filter(|_| args.reset);
    let plan = match old {
        // images first: one that cannot be pulled must not be found missing when the old mesh is gone
        Some(old) => reach(&mesh, &removed(there), &moment).after(removing(&world, old, &survey).await?),
        None => reach(&mesh, &there, &moment),
    };
    if args.dry_run {
        console.plan(&plan);
        return Ok(Exit::Done);
    }
    if plan.is_empty() {
        console.unchanged(&mesh, begun.elapsed());
        return Ok(Exit::Done);
    }
    console.intent(&mesh, &plan);
    if plan.destroys() && !consent(args, &world, &plan, console)? {
        console.note("nothing was changed");
        return Ok(Exit::Done);
    }

    // until here nothing has changed
    let patience = Patience::new(time_for(args.timeout, mesh.spec.clusters.number()));
    let mut apply = Apply::new(&mesh, &world, console, &patience, (survey.host.is_root, moment.now));
    apply.licence = licence.map(|licence| licence.body);
    interruptible(&patience, console, async {
        apply.apply(&plan).await?;
        for _ in 1..ROUNDS {
            moment.now = OffsetDateTime::now_utc();
            let survey = world.survey().await?;
            let rest = reach(&mesh, &world.observe(&mesh, &survey).await?, &moment);
            if rest.is_empty() {
                return Ok(());
            }
            apply.apply(&rest).await?;
        }
        Err(Error::new(Exit::Unhealthy, "the mesh does not stay as it was asked for")
            .hint("somebody else may be changing it; `mesh create --dry-run` shows what differs"))
    })
    .await?;
    console.welcome(&mesh, begun.elapsed());
    Ok(Exit::Done)
}

/// pure, but for the random id: every name, port and address.
fn decide(args: &CreateArgs, world: &World, survey: &Survey) -> Result<Mesh, Error> {
    let host = &survey.host;
    let uid = match (host.is_root, survey.elastic, survey.free_uid) {
        (false, ..) => host.uid,
        (true, Some(uid), _) | (true, None, Some(uid)) => uid,
        (true, None, None) => {
            return Err(Error::new(Exit::Machine, "no number is free for the system user elastic")
                .hint("make it yourself with `useradd --system elastic`"));
        }
    };
    let recorded = survey.record.as_ref();
    let mut asked = args.asked();
    if args.reset {
        asked.clusters = asked.clusters.or(recorded.map(|mesh| mesh.spec.clusters));
    }
    let now = Circumstances {
        dir: world.dir.clone(),
        new_id: format!("{:016x}", UnwrapErr(SysRng).random::<u64>()),
        owner: Owner { uid, gid: 0 },
        host_name: host.hostname.clone(),
        taken: world.taken_networks(survey),
    };
    Ok(Mesh::decide(&asked, recorded.filter(|_| !args.reset), now)?)
}

/// Everything that speaks against it, before anything is changed.
fn require(
    args: &CreateArgs,
    world: &World,
    survey: &Survey,
    mesh: &Mesh,
    there: &Observed,
    console: &Console,
) -> Result<(), Error> {
    let mut there = there.clone();
    if args.reset
        && let Some(old) = &survey.record
    {
        world.count_as_ours(old, survey, &mut there);
    }
    let mut findings = check::machine(mesh, &there, &survey.host, &survey.listeners);
    findings.extend(check::directory(&world.dir, &survey.entries, survey.record.is_some()));
    findings.extend(check::writable(&world.dir, survey.writable));
    let grows = mesh.services().any(|service| !there.containers.contains_key(&service));
    findings.extend(check::max_map_count(&survey.host).filter(|_| grows));
    let (stops, warnings): (Vec<Finding>, Vec<Finding>) = findings.into_iter().partition(|finding| {
        finding.severity == Severity::Problem || (finding.severity == Severity::Estimate && !args.force)
    });
    if stops.is_empty() {
        console.findings(&warnings);
        return Ok(());
    }
    Err(refusal(stops))
}

/// One finding is the error; several are its causes.
fn refusal(mut stops: Vec<Finding>) -> Error {
    if stops.len() == 1 {
        let finding = stops.remove(0);
        return Error::new(Exit::Machine, finding.message).hint(finding.hint);
    }
    let hint = stops[0].hint.clone();
    let told = Error::new(Exit::Machine, format!("{} things are in the way", stops.len()));
    stops.into_iter().fold(told, |told, finding| told.cause(finding.message)).hint(hint)
}

/// What has to go for `--reset`, as the old mesh knows it.
async fn removing(world: &World, old: &Mesh, survey: &Survey) -> Result<Plan, Error> {
    Ok(remove(&world.observe(old, survey).await?))
}

/// `--reset` is consent enough without a terminal, so that it works in CI; deleting clusters of a mesh that shrinks is not.
fn consent(args: &CreateArgs, world: &World, plan: &Plan, console: &Console) -> Result<bool, Error> {
    console.removals(plan, world.size_of(plan)?);
    if args.yes || (args.reset && !console.can_ask()) {
        return Ok(true);
    }
    if !console.can_ask() {
        return Err(Error::new(Exit::Request, "this deletes data, and nobody can be asked")
            .hint("add `--yes` if that is meant"));
    }
    Ok(console.agreed("delete this for good?"))
}

struct Licence {
    uid: String,
    body: Value,
}

fn read_licence(path: &Path) -> Result<Licence, Error> {
    let refuse = |why: &str| {
        Error::new(Exit::Request, format!("{} is no licence: {why}", path.display()))
            .hint("give the JSON file that Elastic sent; without `--license`, a trial of 30 days is used")
    };
    let bytes = disk::read_outside(path)?.ok_or_else(|| refuse("there is no such file"))?;
    let body: Value = serde_json::from_slice(&bytes).map_err(|error| refuse(&error.to_string()))?;
    let licence = if body["licenses"].is_array() { &body["licenses"][0] } else { &body["license"] };
    let uid = licence["uid"].as_str().ok_or_else(|| refuse("it has no `license.uid`"))?;
    licence["signature"].as_str().ok_or_else(|| refuse("it has no `license.signature`"))?;
    Ok(Licence { uid: uid.to_owned(), body })
}
