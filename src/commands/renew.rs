//! What `mesh keys` and `mesh certs` share: renewing something of a mesh that exists, and proving it. I/O: through
//! `world`, `apply` and `console`.

use std::{collections::BTreeSet, path::Path, time::Instant};

use super::{consent, interruptible, steady::reconcile_until_steady, time_for};
use crate::{
    apply::{Apply, wait::Patience},
    cli::RenewArgs,
    console::Console,
    error::{Error, Exit},
    facts::observed::Observed,
    judge::{
        guests::trusted_by_all,
        hindrance::{hindrance, not_extendable, shorter, unlicensed, without_next_authority, without_token},
    },
    mesh::{Mesh, cluster_set::ClusterSet, id::ClusterId, settings::Overrides},
    plan::{
        GatewayStep, Plan, Step, TrustStep,
        reconcile::renew,
        renew::{GatewayRenewal, Renewal},
        tokens,
    },
    session::{Place, Recorded, Session, now},
    world::templates,
};

/// The closing line where next authorities wait for guests.
pub const PREPARED: &str = "the next authorities are trusted, and sign nothing yet";
const REPLACED: &str = "authorities and certificates replaced, every link proved";

/// The question before a renewal that revokes something, and what it does.
fn revocation(plan: &Plan, renewal: &Renewal) -> Option<(&'static str, &'static str)> {
    let replaced = replaced(plan);
    let of_gateway = renewal.gateway == Some(GatewayRenewal::Authority)
        && plan.steps().any(|step| *step == GatewayStep::IssueAuthority.into());
    if !renewal.keys.is_empty() {
        Some(("replace the API keys? the old ones will be revoked", "this revokes API keys"))
    } else if !renewal.tokens.is_empty() {
        Some((
            "replace the service tokens? each Kibana will restart, and its old token will be revoked",
            "this revokes service tokens",
        ))
    } else if of_gateway || renewal.authorities.iter().any(|of| replaced.contains(of)) {
        Some((
            "replace the authorities? clients that trust only the old ones will be refused",
            "this ends the trust in authorities",
        ))
    } else {
        None
    }
}

/// The clusters that get another authority; those of clusters with guests are only prepared.
fn replaced(plan: &Plan) -> BTreeSet<ClusterId> {
    let of = |step: &Step| match step {
        Step::Trust(TrustStep::IssueAuthority(of) | TrustStep::PromoteAuthority(of)) => Some(*of),
        _ => None,
    };
    plan.steps().filter_map(of).collect()
}

/// What is left to renew where a next authority is to take over: where guests are invited, only what they hold. The
/// gateway, which they do not reach the mesh by, has another authority already.
async fn left_to_take_over(session: &Session, mesh: &Mesh, there: &Observed, mut renewal: Renewal) -> Renewal {
    let is_invited = |of: &ClusterId| mesh.guests_of(*of).next().is_some();
    if renewal.peers_joined && renewal.authorities.iter().any(is_invited) {
        let keys = session.world.guest_keys(mesh, there, now()).await;
        let settled = trusted_by_all(mesh, there, &keys, &renewal);
        renewal.authorities.retain(|of| is_invited(of) && !settled.contains(of));
        renewal.gateway = None;
    }
    renewal
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

    let renewal = left_to_take_over(&session, &mesh, &there, renewal).await;
    let plan = renew(&mesh, &there, &inputs, &renewal);
    let hindered = hindrance(&plan, &renewal)
        .or_else(|| without_next_authority(&mesh, &there, &renewal))
        .or_else(|| unlicensed(&mesh, &there, &renewal))
        .or_else(|| not_extendable(&mesh, &there, &renewal.extended, inputs.now))
        .or_else(|| shorter(&mesh, &there, &renewal, inputs.now))
        .or_else(|| without_token(&mesh, &renewal.tokens));
    let plan = plan.then(tokens::replace(&mesh, &renewal.tokens));
    if let Some(hindered) = hindered {
        return Err(hindered.into());
    }
    if renewal.peers_joined && plan.is_empty() && !args.consent.plan.dry_run {
        console.done("nothing to do: no next authority waits, and every guest trusts the one in force");
        return Ok(Exit::Done);
    }
    if args.consent.plan.dry_run {
        console.plan(&mesh, &plan, args.consent.plan.format);
        return Ok(Exit::Done);
    }

    if let Some((question, deed)) = revocation(&plan, &renewal)
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
    let replaced = replaced(&plan);
    let summary = if renewal.peers_joined || !replaced.is_empty() { REPLACED } else { summary };
    console.done_in(summary, begun.elapsed());
    console.waiting_guests(&mesh, &renewal, &replaced);
    if !renewal.peers_joined {
        console.left_guests(&mesh, &replaced);
    }
    Ok(Exit::Done)
}
