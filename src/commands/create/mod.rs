//! `mesh create`: look, decide, compare, show, carry out, look again.

mod ready;
mod renew_due;
mod request;

use std::time::{Duration, Instant};

use self::{ready::require_ready, renew_due::renew_due, request::Request};
use super::{
    consent, interruptible, may_delete,
    snapshots::{record_restored, require_place},
    steady::{carry_out_rounds, reconcile_until_steady},
    time_for,
};
use crate::{
    apply::{
        Apply,
        wait::{Patience, Probe},
    },
    cli::CreateArgs,
    console::Console,
    error::{Error, Exit},
    facts::observed::Observed,
    judge::{
        check,
        early_authority::{early_authority, is_replaceable},
        guests::kept_authority,
        peers::PeerList,
        snapshots::require_owners,
    },
    mesh::Mesh,
    plan::{Step, create::Creation, reconcile::PlanInputs, rolling},
    session::{Place, Recorded, Session, now},
    world::Survey,
};

/// Docker makes a network in a fraction of a second.
const LISTED_WITHIN: Duration = Duration::from_secs(5);

pub async fn create(args: &CreateArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    if args.renew_only {
        return Box::pin(renew_due(args, place, console)).await;
    }
    let begun = Instant::now();
    let request = Request::read(args, &place, console).await?;
    let mut session = begin(args, place).await?;
    let recovers = session.restore(args, &request.settings, console).await?;
    let wanted = session.choose(args.reset, console, |session| request.decide(session)).await?;
    let there = session.observe(&wanted).await?;
    let wanted = wanted.reaching_peers_by(&there.answering_addresses);
    require_owners(&there)?;
    let access = request.access(&wanted)?;
    let inputs = request.inputs(&session, recovers, &access);
    let creation = request.plan(&session, wanted, there, &inputs)?;
    if let Some(kept) = kept_authority(&creation.mesh, &creation.there, inputs.now).filter(|_| !args.reset) {
        return Err(kept.into());
    }
    let early = early_authority(&creation.mesh, &creation.there, inputs.now).filter(|_| !args.reset);
    if let Some(early) = early.filter(|_| is_replaceable(&creation.there, &inputs)) {
        return Err(early.into());
    }
    require_ready(args, &session, &creation, console)?;
    require_place(&session.world, &creation.mesh, &creation.whole)?;
    request.announce(&session, &creation, console);
    if args.dry_run {
        console.plan(&creation.mesh, &creation.whole, args.format);
        return Ok(Exit::Done);
    }
    let timeout = request.settings.timeout.map(|timeout| timeout.0);
    let patience = Patience::new(time_for(timeout, creation.mesh.count().get()));
    let apply = Apply::new(&session, &creation.mesh, console, &patience)
        .with_license(request.license)
        .with_access(access)
        .with_deletion(&creation.whole)
        .with_every_revocation(args.yes);
    // where `mesh verify` was killed, its documents are left: no data of the user, so no change of the mesh
    apply.clear_canaries(&creation.there).await;
    if !may_begin(args, &session, &creation, console).await? {
        return Ok(Exit::Unfinished);
    }
    patience.restart();
    // until here nothing of the mesh has changed
    let done = carry_out(args, &apply, &session, &creation, inputs, &patience, console).await;
    let by_record = args.reset && request.settings.clusters.is_none();
    done.map_err(|error| {
        let is_lost = by_record && Recorded::open(&creation.mesh.dir).is_err();
        if is_lost { naming_clusters(error, &creation.mesh) } else { error }
    })?;
    report(args, &creation, &apply, begun.elapsed(), console);
    Ok(Exit::Done)
}

/// What is there, once Docker lists a network that it was making when an earlier run was killed. Where it does not
/// come, the checks say what is in the way.
async fn begin(args: &CreateArgs, place: Place) -> Result<Session, Error> {
    let mut session = Session::to_make(place, args.dry_run).await?;
    let half_made = |survey: &Survey| {
        let listed: Vec<String> = survey.networks.iter().flat_map(|network| network.subnets.clone()).collect();
        survey.record.as_ref().is_some_and(|mesh| check::half_made(mesh, &survey.host, &listed))
    };
    let patience = Patience::new(LISTED_WITHIN);
    let listed = patience.until("Docker to list the mesh's network", None, async || {
        if half_made(&session.survey) {
            session.look_again().await?;
        }
        let pending = half_made(&session.survey);
        Ok(if pending { Probe::Pending("it is not listed".to_owned()) } else { Probe::Ready(()) })
    });
    let _ = listed.await;
    session.require_own_name("create")?;
    if !args.new_engine {
        session.require_same_engine()?;
    }
    Ok(session)
}

/// Shows what is about to happen; asks where data is deleted or access revoked.
async fn may_begin(
    args: &CreateArgs,
    session: &Session,
    creation: &Creation,
    console: &Console,
) -> Result<bool, Error> {
    let Creation { mesh, whole, .. } = creation;
    if whole.is_empty() {
        return Ok(true);
    }
    console.intent(mesh, whole);
    // `--reset` is consent enough without a terminal, so that it works in CI; a smaller set of clusters is not
    let agreed = args.yes || (args.reset && !Console::is_attended());
    let opens = mesh.opened_since(session.survey.known().filter(|_| !args.reset));
    console.opened(&opens);
    if !opens.is_empty() && !consent("open everything?", "this gives all access", agreed, console).await? {
        return Ok(false);
    }
    console.removed_access(whole);
    if whole.destroys() {
        console.lost_snapshots(&creation.there, whole);
        console.lost_guests(session.survey.known(), whole);
        return may_delete(&session.world, whole, agreed, console).await;
    }
    let revokes = !creation.lost_access.is_empty() || whole.steps().any(Step::takes_access_away);
    let lowers = whole.lowered_replicas().next().is_some();
    Ok((!revokes || consent("revoke access?", "this revokes access", agreed, console).await?)
        && (!lowers || consent("keep fewer replicas?", "this lowers the number of replicas", agreed, console).await?))
}

async fn carry_out(
    args: &CreateArgs,
    apply: &Apply<'_>,
    session: &Session,
    creation: &Creation,
    inputs: PlanInputs,
    patience: &Patience,
    console: &Console,
) -> Result<(), Error> {
    if !args.reset {
        apply.lift_record()?;
    }
    let restored = creation.mesh.clusters().any(|on| creation.mesh.restores_users(on));
    if creation.whole.is_empty() && !restored {
        return Ok(());
    }
    interruptible(patience, console, async {
        apply.apply(&creation.first).await?;
        reconcile_until_steady(apply, inputs.clone()).await?;
        let mesh = Box::pin(record_restored(session, &creation.mesh, inputs, patience, console)).await?;
        if let Some(of) = creation.turns {
            let next = |mesh: &Mesh, there: &Observed, inputs: &PlanInputs| rolling::next(mesh, there, inputs, of);
            Box::pin(carry_out_rounds(session, mesh, patience, console, &next)).await?;
        }
        Ok(())
    })
    .await
}

/// The error of a run that took the clusters from a record, deleted that, and recorded no other mesh yet: the same
/// command would not know them.
fn naming_clusters(error: Error, mesh: &Mesh) -> Error {
    let command = format!("`mesh create {} --reset`", mesh.cluster_set().to_mesh_text());
    let hint = match &error.hint {
        Some(hint) if !error.interrupted => {
            format!("{hint}; name the clusters then: {command}, with the other options that were typed")
        }
        _ => format!("{command} goes on from here, with the other options that were typed"),
    };
    Error { hint: Some(hint), ..error }
}

/// What the user is left with: the mesh, and where the time went if they asked for that.
fn report(args: &CreateArgs, creation: &Creation, apply: &Apply<'_>, took: Duration, console: &Console) {
    let stages = apply.timings.borrow();
    console.timings(args.format, &stages, took, || {
        if creation.whole.is_empty() {
            console.unchanged(&creation.mesh, took);
            return console.peers_down(&PeerList::new(&creation.mesh, &creation.there, now()).remotes);
        }
        console.welcome(&creation.mesh, &stages, took);
        if args.timings {
            console.line("");
            console.timings_table(&stages, took);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_record_is_deleted_the_clusters_are_named_to_go_on() {
        let mesh = Mesh::example(1).with_clusters("2,5-8");
        insta::assert_snapshot!(naming_clusters(Patience::interruption(), &mesh), @r"
        interrupted

        hint: `mesh create 2,5-8 --reset` goes on from here, with the other options that were typed
        ");
        let failed =
            Error::new(Exit::Unfinished, "no space left").hint("when the cause is gone, type the same command again");
        insta::assert_snapshot!(naming_clusters(failed, &mesh), @r"
        no space left

        hint: when the cause is gone, type the same command again; name the clusters then: `mesh create 2,5-8 --reset`, with the other options that were typed
        ");
        let without_hint = naming_clusters(Error::new(Exit::Unfinished, "no space left"), &mesh).hint;
        assert!(without_hint.is_some_and(|hint| hint.starts_with("`mesh create 2,5-8 --reset` goes on")));
    }
}
