//! What `mesh keys` and `mesh certs` share: renewing something of a mesh that exists, and proving it. I/O: through
//! `world`, `apply` and `console`.

use std::{collections::BTreeSet, path::Path, time::Instant};

use super::{consent, interruptible, steady::reconcile_until_steady, time_for};
use crate::{
    apply::{Apply, wait::Patience},
    cli::RenewArgs,
    console::Console,
    error::{Error, Exit},
    judge::hindrance::{hindrance, not_extendable, shorter, unlicensed, without_next_authority},
    mesh::{Mesh, cluster_set::ClusterSet, id::ClusterId, settings::Overrides},
    plan::{reconcile::renew, renew::Renewal},
    session::{Place, Recorded, Session},
    world::templates,
};

/// The question before a renewal that revokes something, and what it does.
fn revocation(mesh: &Mesh, renewal: &Renewal) -> Option<(&'static str, &'static str)> {
    // those of clusters with guests are only prepared
    let takes_over = |of: &ClusterId| renewal.peers_joined || mesh.guests_of(*of).next().is_none();
    if !renewal.keys.is_empty() {
        Some(("replace the API keys? the old ones will be revoked", "this revokes API keys"))
    } else if renewal.authorities.iter().any(takes_over) {
        Some((
            "replace the authorities? clients that trust only the old ones will be refused",
            "this ends the trust in authorities",
        ))
    } else {
        None
    }
}

/// The clusters that were named, or all.
pub fn chosen(dir: &Path, named: &[ClusterSet]) -> Result<BTreeSet<ClusterId>, Error> {
    Recorded::open(dir)?.clusters(named)
}

/// Renews, then reconciles until the mesh is in sync. `summary` is the closing line.
pub async fn carry_out(
    args: &RenewArgs,
    asked: &Overrides,
    renewal: Renewal,
    summary: &str,
    place: Place,
    console: &Console,
) -> Result<Exit, Error> {
    let begun = Instant::now();
    let session = Session::to_change(place, args.consent.plan.dry_run).await?;
    let mut mesh = session.recorded()?;
    mesh.spec = mesh.spec.with(asked);
    let mesh = templates::of(mesh)?;
    let there = session.observe_recorded(&mesh).await?;
    let inputs = session.inputs();

    let plan = renew(&mesh, &there, &inputs, &renewal);
    let hindered = hindrance(&plan)
        .or_else(|| without_next_authority(&mesh, &there, &renewal))
        .or_else(|| unlicensed(&mesh, &there, &renewal))
        .or_else(|| not_extendable(&mesh, &there, &renewal.extended, inputs.now))
        .or_else(|| shorter(&mesh, &there, &renewal, inputs.now));
    if let Some(hindered) = hindered {
        return Err(hindered.into());
    }
    if args.consent.plan.dry_run {
        console.plan(&mesh, &plan, args.consent.plan.format);
        return Ok(Exit::Done);
    }

    if let Some((question, deed)) = revocation(&mesh, &renewal)
        && !consent(question, deed, args.consent.yes, console).await?
    {
        return Ok(Exit::Unfinished);
    }

    let patience = Patience::new(time_for(args.timeout, mesh.count().get()));
    let apply = Apply::new(&session, &mesh, console, &patience);
    apply.lift_record()?;
    interruptible(&patience, console, async {
        apply.apply(&plan).await?;
        reconcile_until_steady(&apply, inputs).await
    })
    .await?;
    console.done_in(summary, begun.elapsed());
    console.waiting_guests(&mesh, &renewal);
    Ok(Exit::Done)
}
