//! `mesh verify`: prove every link, say why one is down, and mend it if asked.

use std::time::{Duration, Instant};

use rand::{RngExt as _, rand_core::UnwrapErr, rngs::SysRng};
use time::OffsetDateTime;

use super::{
    Place, ended, interruptible, lock, open,
    recorded::{no_mesh, require_recorded},
    refusal::refusal,
    same_engine, time_for,
};
use crate::{
    apply::{Apply, wait::Patience},
    cli::VerifyArgs,
    console::Console,
    error::{Error, Exit},
    facts::{evidence::Evidence, host::HostFacts, observed::Observed},
    judge::{
        check::{self, Severity},
        verify::{Report, judge},
    },
    mesh::Mesh,
    plan::{
        Plan,
        reconcile::{PlanInputs, reconcile},
    },
    world::{World, templates},
};

/// Elasticsearch looks for changed certificates every 5 s; see
/// <https://www.elastic.co/docs/deploy-manage/security/updating-certificates>.
const RELOADED_WITHIN: Duration = Duration::from_secs(15);

pub async fn verify(args: &VerifyArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let begun = Instant::now();
    let _lock = lock(&place)?;
    let world = open(place).await?;
    let (mesh, mut report, mending) = prove(&world, args.fix, console).await?;
    if args.fix && !mending.is_empty() {
        if args.output.format.is_for_people() {
            show(args, &mesh, &report, begun.elapsed(), console);
        }
        if mending.destroys() {
            return Err(Error::new(
                Exit::Request,
                "mending would delete the data of clusters that mesh.json does not have",
            )
            .hint("see what with `mesh create --dry-run`; `mesh create` asks before it deletes"));
        }
        console.note(&format!("\nmending:\n{}", mending.to_string().trim_end()));
        mend(&mesh, &world, &mending, console).await?;
        console.note("");
        report = prove_again(&world, console).await?;
    }
    show(args, &mesh, &report, begun.elapsed(), console);
    Ok(if report.up { Exit::Done } else { Exit::Unhealthy })
}

/// Everything that a judgement needs but the documents, and the plan that would mend what differs.
struct Looked {
    mesh: Mesh,
    there: Observed,
    evidence: Evidence,
    mending: Plan,
    host: HostFacts,
}

async fn look(world: &World, fix: bool) -> Result<Looked, Error> {
    let survey = world.survey().await?;
    same_engine(&survey)?;
    let mut mesh = survey.record.clone().ok_or_else(|| no_mesh(&world.dir))?;
    if fix {
        // templates that cannot be read now must not be taken for the built-in ones
        mesh = templates::of(mesh)?;
    }
    let there = world.observe(&mesh, &survey).await?;
    if let Some(finding) = check::lost_credentials(&mesh, &there).findings().pop() {
        return Err(finding.into());
    }
    let mending = reconcile(&mesh, &there, &PlanInputs::new(OffsetDateTime::now_utc(), survey.host.cores));
    if fix {
        require_recorded(world, &there)?;
    }
    if fix && !mending.is_empty() {
        let mut stops = check::machine(&mesh, &there, &survey.host, &survey.listeners);
        stops.extend(check::attached(&mesh, &mending, &there));
        // what ran before needs no more room than it had
        stops.retain(|finding| finding.severity == Severity::Problem);
        if !stops.is_empty() {
            return Err(refusal(stops));
        }
    }
    let evidence = world.evidence(&mesh, &there).await?;
    Ok(Looked { mesh, there, evidence, mending, host: survey.host })
}

/// Looks, tries every link, and judges. With the judgement comes the plan that would mend what differs.
async fn prove(world: &World, fix: bool, console: &Console) -> Result<(Mesh, Report, Plan), Error> {
    let looked = tokio::select! {
        looked = look(world, fix) => looked?,
        () = ended() => return Err(Patience::interruption()),
    };
    let Looked { mesh, there, mut evidence, mending, host } = looked;
    let patience = Patience::new(time_for(None, mesh.count().get()));
    let apply = Apply::new(&mesh, world, console, &patience, (host.is_root, OffsetDateTime::now_utc()));
    let run = format!("{:08x}", UnwrapErr(SysRng).random::<u32>());
    interruptible(&patience, console, async {
        evidence.canaries = apply.prove_documents(&there, &run).await;
        if patience.is_interrupted() { Err(Patience::interruption()) } else { Ok(()) }
    })
    .await?;
    let answering = mesh.clusters().all(|cluster| there.servers.contains_key(&cluster));
    // what ended between the look and the search has ended
    let report = Report::new(&judge(&mesh, &there, &evidence, OffsetDateTime::now_utc()), answering);
    Ok((mesh, report, mending))
}

/// Proves it until all is up: a server needs a moment before it shows a certificate that was put on its disk.
async fn prove_again(world: &World, console: &Console) -> Result<Report, Error> {
    let begun = Instant::now();
    loop {
        let report = prove(world, false, console).await.map_err(Error::part_way)?.1;
        if report.up || begun.elapsed() > RELOADED_WITHIN {
            return Ok(report);
        }
    }
}

/// What `mesh create` would do: whatever is not as it was asked for is brought back to it.
async fn mend(mesh: &Mesh, world: &World, plan: &Plan, console: &Console) -> Result<(), Error> {
    let survey = world.survey().await?;
    let patience = Patience::new(time_for(None, mesh.count().get()));
    let apply = Apply::new(mesh, world, console, &patience, (survey.host.is_root, OffsetDateTime::now_utc()));
    apply.lift_record(&survey)?;
    interruptible(&patience, console, apply.apply(plan)).await
}

fn show(args: &VerifyArgs, mesh: &Mesh, report: &Report, took: Duration, console: &Console) {
    console.report(args.output.format, report, || console.judgements(mesh, report, took));
}
