//! `mesh invites revoke`: the keys of a guest are invalidated, on every cluster that answers.

use std::time::Instant;

use crate::{
    apply::{Apply, wait::Patience},
    cli::RevokeArgs,
    commands::{consent, interruptible, time_for},
    console::Console,
    error::{Error, Exit},
    facts::{
        guests::{GuestKeys, in_force, keys_of, made},
        observed::Observed,
    },
    judge::guests::GuestError,
    mesh::{Mesh, id::ClusterId},
    plan::guests,
    session::{Place, Session, now},
};

pub async fn revoke(args: &RevokeArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let begun = Instant::now();
    let session = Session::to_change(place, args.consent.plan.dry_run).await?;
    let mut mesh = session.recorded_with_templates()?;
    let there = session.observe(&mesh).await?;
    session.require_recorded(&there)?;
    let found = session.world.guest_keys(&mesh, &there, now()).await;
    let keys = keys_of(&found, &args.guest);
    if !mesh.guests.contains_key(&args.guest) && keys.values().all(Vec::is_empty) && silent(&found).is_none() {
        return Err(GuestError::Unknown(args.guest.clone()).into());
    }
    let kept = if args.old { Some(kept(args, &mesh, &there, &found)?) } else { None };
    let forget = !args.old && silent(&found).is_none() && mesh.guests.remove(&args.guest).is_some();
    let plan = guests::revoke(&mesh, &args.guest, &keys, kept.as_deref(), forget);
    if args.consent.plan.dry_run {
        console.plan(&mesh, &plan, args.consent.plan.format);
        return Ok(Exit::Done);
    }
    if plan.is_empty() {
        unasked(args, &there, &found)?;
        console.done(&format!("nothing to do: {} has no such keys", args.guest));
        return Ok(Exit::Done);
    }
    if let Some(made) = kept.as_deref().and_then(|kept| made(&keys, kept)) {
        console.kept_invitation(made);
    }
    let (question, deed) = if args.old {
        (format!("revoke the old API keys of {}? what it joined by them ends", args.guest), "this revokes API keys")
    } else {
        (format!("revoke all API keys of {}? its searches will skip this mesh", args.guest), "this revokes API keys")
    };
    if !consent(&question, deed, args.consent.yes, console).await? {
        return Ok(Exit::Unfinished);
    }

    let patience = Patience::new(time_for(None, mesh.count().get()));
    let apply = Apply::new(&session, &mesh, console, &patience);
    apply.lift_record()?;
    interruptible(&patience, console, apply.apply(&plan)).await?;
    unasked(args, &there, &found)?;
    let what = if args.old { "old API keys revoked" } else { "API keys revoked" };
    console.done_in(&format!("{what}: {}", args.guest), begun.elapsed());
    Ok(Exit::Done)
}

/// The invitation whose keys stay: that is known where each of its clusters answers.
fn kept(args: &RevokeArgs, mesh: &Mesh, there: &Observed, found: &GuestKeys) -> Result<String, Error> {
    let guest = mesh.guests.get(&args.guest).ok_or_else(|| GuestError::Unknown(args.guest.clone()))?;
    for cluster in guest.on.iter() {
        if let Some(Err(reason)) = found.get(&cluster) {
            return Err(GuestError::unasked(there, cluster, reason.clone()).into());
        }
    }
    let current = in_force(&keys_of(found, &args.guest), &guest.on);
    Ok(current.ok_or_else(|| GuestError::NoneInForce(args.guest.clone()))?)
}

/// The first cluster that cannot be asked, and why.
fn silent(found: &GuestKeys) -> Option<(ClusterId, &String)> {
    found.iter().find_map(|(cluster, found)| Some((*cluster, found.as_ref().err()?)))
}

/// What was left out, for the next run.
fn unasked(args: &RevokeArgs, there: &Observed, found: &GuestKeys) -> Result<(), Error> {
    GuestError::left(there, &args.guest, found).map_or(Ok(()), |left| Err(left.into()))
}
