//! `mesh snapshots restore`: indices, data streams and states of features, brought back.

use std::{collections::BTreeSet, time::Instant};

use super::usable;
use crate::{
    apply::{Apply, wait::Patience},
    cli::RestoreArgs,
    commands::{
        consent, interruptible,
        steady::{look_again, reconcile_until_steady},
        time_for,
    },
    console::Console,
    error::{Error, Exit},
    facts::snapshots::{SnapshotFacts, Worth, last_good, stream_of},
    judge::snapshots::{Restore, require_owners},
    mesh::{
        Mesh,
        counted::counted,
        id::ClusterId,
        snapshots::{is_unknown, version_of},
        users::UserName,
    },
    plan::{
        self, Restoration,
        reconcile::PlanInputs,
        snapshots::{restoration, restoration_of_missing},
        sync::require_others_in_sync,
    },
    session::{Place, Recorded, Session},
    world::elasticsearch::Elasticsearch,
};

/// The name that stands for the last good snapshot.
const LAST: &str = "last";

pub async fn restore(args: &RestoreArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let begun = Instant::now();
    let on = Recorded::open(&place.dir)?.cluster(args.cluster)?;
    let server = Recorded::open(&place.dir)?.server(on)?;
    let session = Session::to_change(place, args.consent.plan.dry_run).await?;
    let mesh = session.recorded_with_templates()?;
    let there = session.world.observe_saved(&mesh, &session.survey).await?;
    session.require_recorded(&there)?;
    let found = usable(&mesh, &there, [on], false)?.remove(&on).unwrap_or_default();
    let snapshot = chosen(&mesh, on, &args.snapshot, &found)?;
    let features = features(snapshot, &args.features)?;
    if !features.is_empty() {
        // the mesh's passwords and keys are set anew then
        require_owners(&there)?;
        require_others_in_sync(&mesh, &there, &PlanInputs { keep_users: true, ..session.inputs() }, on)?;
    }
    let (wanted, stays) = wanted(args, on, snapshot, &server).await?;
    if !stays.is_empty() {
        console.note(&format!("{on} has these already, and they stay as they are: {}", stays.join(" ")));
    }
    // until they are recorded, no command removes the users that come back
    let mesh = if features.is_empty() { mesh } else { mesh.restoring_users(on) };
    let plan = plan::snapshots::restore(&mesh, wanted.clone(), features.clone());
    if args.consent.plan.dry_run {
        console.plan(&mesh, &plan, args.consent.plan.format);
        return Ok(Exit::Done);
    }
    if !features.is_empty() {
        console.intent(&mesh, &plan);
        let question = format!("replace all that {} keeps on {on}?", features.join(" and "));
        if !consent(&question, "this replaces what is there", args.consent.yes, console).await? {
            return Ok(Exit::Unfinished);
        }
    }
    let patience = Patience::new(time_for(None, mesh.count().get()));
    let apply = Apply::new(&session, &mesh, console, &patience);
    if !features.is_empty() {
        apply.lift_record()?;
    }
    let inputs = PlanInputs { recover: true, keep_users: true, ..session.inputs() };
    interruptible(&patience, console, async {
        apply.apply(&plan).await?;
        if features.is_empty() {
            return Ok(());
        }
        // the server has the passwords and the keys of the snapshot now
        reconcile_until_steady(&apply, inputs.clone()).await?;
        Box::pin(record_restored(&session, &mesh, inputs, &patience, console)).await.map(drop)
    })
    .await?;
    let names = Some(counted(wanted.becomes.len() as u64, "name")).filter(|_| !wanted.becomes.is_empty());
    let states = Some(format!("all that {} keeps", features.join(" and "))).filter(|_| !features.is_empty());
    let what = names.into_iter().chain(states).collect::<Vec<_>>().join(" and ");
    console.done_in(&format!("restored {what} into {on} from {}", snapshot.name), begun.elapsed());
    Ok(Exit::Done)
}

/// Records the users and roles that snapshots brought back: by a record without them, the next `mesh create` would
/// remove them. Returns the mesh with them.
pub async fn record_restored(
    session: &Session,
    mesh: &Mesh,
    inputs: PlanInputs,
    patience: &Patience,
    console: &Console,
) -> Result<Mesh, Error> {
    let mut taken = mesh.clone();
    if !mesh.clusters().any(|on| mesh.restores_users(on)) {
        return Ok(taken);
    }
    let there = look_again(&session.world, mesh).await.map_err(Error::part_way)?;
    taken.take_all_restored(&there.user_traces()).iter().for_each(|note| console.note(note));
    // what does not fit this mesh stays until a question names it
    let inputs = PlanInputs { keep_users: true, ..inputs };
    reconcile_until_steady(&Apply::new(session, &taken, console, patience), inputs).await?;
    for on in taken.clusters() {
        let known = mesh.users_on(on);
        let new: Vec<&str> =
            taken.users_on(on).into_keys().filter(|name| !known.contains_key(name)).map(UserName::as_str).collect();
        if !new.is_empty() {
            console.note(&format!(
                "recorded as users of {on}: {}; their passwords are those of the snapshot, and `mesh users passwd \
                 NAME` gives another one",
                new.join(" ")
            ));
        }
    }
    Ok(taken)
}

/// The snapshot that was named, if it can be restored from.
fn chosen<'a>(
    mesh: &Mesh,
    on: ClusterId,
    name: &str,
    found: &'a [SnapshotFacts],
) -> Result<&'a SnapshotFacts, Restore> {
    let named = found.iter().find(|snapshot| snapshot.name == name);
    let named = named.or_else(|| last_good(found).filter(|_| name == LAST));
    let missing = || if name == LAST { Restore::NoneGood(on) } else { Restore::Missing(on, name.to_owned()) };
    let snapshot = named.ok_or_else(missing)?;
    let version = mesh.version(on);
    let is_unknown = is_unknown(&snapshot.version);
    if is_unknown || version_of(&snapshot.version).is_some_and(|of| of > version) {
        let of = if is_unknown { format!("a release that {on} does not know") } else { snapshot.version.clone() };
        return Err(Restore::Newer(snapshot.name.clone(), of, version.to_string(), on));
    }
    match snapshot.worth() {
        Worth::Good | Worth::Empty => Ok(snapshot),
        worth => Err(Restore::NotEnded(on, snapshot.name.clone(), worth.word())),
    }
}

fn features(snapshot: &SnapshotFacts, asked: &[String]) -> Result<Vec<String>, Restore> {
    match asked.iter().find(|feature| !snapshot.features.contains_key(*feature)) {
        Some(missing) => Err(Restore::NoFeature(snapshot.name.clone(), missing.clone())),
        None => Ok(asked.to_vec()),
    }
}

/// The indices and data streams to bring back, and those that stay as they are: with `--with` alone, what is there
/// already needs not come back.
async fn wanted(
    args: &RestoreArgs,
    on: ClusterId,
    snapshot: &SnapshotFacts,
    server: &Elasticsearch,
) -> Result<(Restoration, Vec<String>), Error> {
    let (existing, streams) = server.names().await?;
    // of several, some are there and others wait while an earlier run's are brought back
    let begun = server.restoring(&snapshot.name).await?;
    let restoring: BTreeSet<String> = begun.into_iter().map(|index| stream_of(&index).unwrap_or(index)).collect();
    let renames = args.rename.is_some() && !snapshot.names().is_empty();
    if !args.features.is_empty() && args.indices.is_empty() && !renames {
        return Ok(restoration_of_missing(on, snapshot, &existing, &restoring));
    }
    match restoration(on, snapshot, (&args.indices, args.rename.as_deref()), &existing, &restoring) {
        Ok(restoration) => Ok((restoration, Vec::new())),
        Err(obstacle) => Err(Restore::of(obstacle, on, &snapshot.name, streams).into()),
    }
}
