//! `mesh verify`: prove every link, say why one is down, and mend it if asked.

mod as_user;

use std::time::{Duration, Instant};

use rand::{RngExt as _, rand_core::UnwrapErr, rngs::SysRng};

use self::as_user::verify_as;
use super::{interruptible, refusal::refusal, time_for};
use crate::{
    apply::{Apply, wait::Patience},
    cli::VerifyArgs,
    console::Console,
    error::{Error, Exit},
    facts::{evidence::Evidence, observed::Observed},
    judge::{
        check::{self, Severity},
        peers::damaged,
        scope::Scope,
        snapshots::require_owners,
        verify::{GatewayReport, Report, judge, judge_peers},
    },
    mesh::Mesh,
    plan::{Plan, Step, reconcile::reconcile},
    session::{Place, Session, now},
};

/// Servers look for changed certificates every 5 s: a link that is still down three looks later has another cause.
const PROVED_WITHIN: Duration = Duration::from_secs(15);

pub async fn verify(args: &VerifyArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    if let Some(user) = &args.user {
        return verify_as(args, user, &place.dir, console).await;
    }
    let begun = Instant::now();
    let mut session = Session::to_change(place, false).await?;
    session.world.only_looks = !args.fix;
    let (mesh, mut report, mending) = prove(&session, args, args.fix, console).await?;
    if args.fix && !mending.is_empty() {
        if args.output.format.is_for_people() {
            show(args, &mesh, &report, begun.elapsed(), console);
        }
        if let Some(what) = to_be_asked(&mending) {
            return Err(Error::new(Exit::Request, format!("mending would {what}"))
                .hint("see what with `mesh create --dry-run`; `mesh create` asks first"));
        }
        console.note(&format!("\nmending:\n{}", mending.to_string().trim_end()));
        mend(&mesh, &session, &mending, console).await?;
        console.note("");
        report = prove_again(&mut session, args, console).await?;
    }
    show(args, &mesh, &report, begun.elapsed(), console);
    Ok(if report.up { Exit::Done } else { Exit::Unhealthy })
}

/// What `mesh create` asks about before it does so.
fn to_be_asked(mending: &Plan) -> Option<&'static str> {
    if mending.destroys() {
        Some("delete the data of clusters that mesh.json does not have")
    } else if mending.steps().any(Step::takes_access_away) {
        Some("remove users or roles that mesh.json does not have")
    } else if mending.lowered_replicas().next().is_some() {
        Some("keep fewer replicas, for nodes that mesh.json does not have")
    } else {
        None
    }
}

/// Everything that a judgment needs but the documents, and the plan that would mend what differs.
struct Looked {
    mesh: Mesh,
    there: Observed,
    evidence: Evidence,
    mending: Plan,
}

async fn look(session: &Session, args: &VerifyArgs, fix: bool) -> Result<Looked, Error> {
    // templates that cannot be read now must not be taken for the built-in ones
    let mesh = if fix { session.recorded_with_templates()? } else { session.recorded()? };
    if let Some(on) = &args.on {
        mesh.require(on)?;
    }
    let there = session.observe(&mesh).await?;
    if let Some(finding) = check::lost_credentials(&mesh, &there).findings().pop() {
        return Err(finding.into());
    }
    let mesh = mesh.reaching_peers_by(&there.answering_addresses);
    let mending = reconcile(&mesh, &there, &session.inputs());
    if fix {
        session.require_recorded(&there)?;
        require_owners(&there)?;
    }
    if fix && !mending.is_empty() {
        let survey = &session.survey;
        let mut stops = check::machine(&mesh, &there, &survey.host, &survey.listeners);
        stops.extend(check::attached(&mesh, &mending, &there));
        // what ran before needs no more room than it had
        stops.retain(|finding| finding.severity == Severity::Problem);
        if !stops.is_empty() {
            return Err(refusal(stops));
        }
    }
    let evidence = session.world.evidence(&mesh, &there).await?;
    Ok(Looked { mesh, there, evidence, mending })
}

/// Looks, tries every link, and judges. With the judgment comes the plan that would mend what differs.
async fn prove(
    session: &Session,
    args: &VerifyArgs,
    fix: bool,
    console: &Console,
) -> Result<(Mesh, Report, Plan), Error> {
    let Looked { mesh, there, mut evidence, mending } = look(session, args, fix).await?;
    let patience = Patience::new(time_for(None, mesh.count().get()));
    let apply = Apply::new(session, &mesh, console, &patience);
    let run = format!("{:08x}", UnwrapErr(SysRng).random::<u32>());
    interruptible(&patience, console, async {
        evidence.canaries = apply.prove_documents(&there, &run).await;
        if patience.is_interrupted() { Err(Patience::interruption()) } else { Ok(()) }
    })
    .await?;
    console.findings(&damaged(&there));
    let scope = Scope::new(args.on.as_ref());
    let answering = scope.clusters(&mesh).all(|cluster| there.server(cluster).is_some());
    // what ended between the look and the search has ended
    let peers = judge_peers(&mesh, scope, &there, &evidence, now());
    let report = Report::new(&judge(&mesh, scope, &there, &evidence, now()), peers, answering);
    let report = match mesh.gateway {
        Some(_) => report.with_gateway(GatewayReport::new(&mesh, scope, session.world.gateway_routes(&mesh).await)),
        None => report,
    };
    Ok((mesh, report, mending))
}

/// Proves it until all is up: a server needs a moment before it shows a certificate that was put on its disk.
async fn prove_again(session: &mut Session, args: &VerifyArgs, console: &Console) -> Result<Report, Error> {
    let begun = Instant::now();
    loop {
        session.look_again().await.map_err(Error::part_way)?;
        let report = prove(session, args, false, console).await.map_err(Error::part_way)?.1;
        if report.up || begun.elapsed() > PROVED_WITHIN {
            return Ok(report);
        }
    }
}

/// What `mesh create` would do: whatever is not as it was asked for is brought back to it.
async fn mend(mesh: &Mesh, session: &Session, plan: &Plan, console: &Console) -> Result<(), Error> {
    let patience = Patience::new(time_for(None, mesh.count().get()));
    let apply = Apply::new(session, mesh, console, &patience);
    apply.lift_record()?;
    interruptible(&patience, console, apply.apply(plan)).await
}

fn show(args: &VerifyArgs, mesh: &Mesh, report: &Report, took: Duration, console: &Console) {
    console.report(args.output.format, report, || console.judgments(mesh, Scope::new(args.on.as_ref()), report, took));
}
