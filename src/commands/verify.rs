//! `mesh verify`: prove every link, say why one is down, and mend it if asked.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use rand::{RngExt as _, rand_core::UnwrapErr, rngs::SysRng};
use time::OffsetDateTime;

use super::{interruptible, lock, open, recorded::no_mesh, time_for};
use crate::{
    apply::{Apply, wait::Patience},
    cli::{TextFormat, VerifyArgs},
    console::{Console, Notation},
    error::{Error, Exit},
    mesh::Mesh,
    plan::{
        Plan, check,
        reach::{Moment, reach},
        verify::{Report, judge},
    },
    world::World,
};

/// Elasticsearch looks for changed certificates every 5 s; see
/// <https://www.elastic.co/docs/deploy-manage/security/updating-certificates>.
const RELOADED_WITHIN: Duration = Duration::from_secs(15);

pub async fn verify(args: &VerifyArgs, dir: PathBuf, console: &Console) -> Result<Exit, Error> {
    let begun = Instant::now();
    let _lock = lock()?;
    let world = open(dir).await?;
    let (mesh, mut report, mending) = prove(&world, console).await?;
    if args.fix && !mending.is_empty() {
        if args.output == TextFormat::Text {
            show(args, &mesh, &report, begun.elapsed(), console);
        }
        console.note(&format!("\nmending:\n{}", mending.to_string().trim_end()));
        mend(&mesh, &world, &mending, console).await?;
        console.note("");
        report = prove_again(&world, console).await?;
    }
    show(args, &mesh, &report, begun.elapsed(), console);
    Ok(if report.up { Exit::Done } else { Exit::Unhealthy })
}

/// Looks, tries every link, and judges. With the judgement comes the plan that would mend what differs.
async fn prove(world: &World, console: &Console) -> Result<(Mesh, Report, Plan), Error> {
    let survey = world.survey().await?;
    let mesh = survey.record.clone().ok_or_else(|| no_mesh(&world.dir))?;
    let there = world.observe(&mesh, &survey).await?;
    if let Some(finding) = check::lost_credentials(&mesh, &there).findings().pop() {
        return Err(Error::new(Exit::Machine, finding.message).hint(finding.hint));
    }
    let mut evidence = world.evidence(&mesh, &there).await?;
    let now = OffsetDateTime::now_utc();
    let patience = Patience::new(time_for(None, mesh.spec.clusters.number()));
    let apply = Apply::new(&mesh, world, console, &patience, (survey.host.is_root, now));
    let run = format!("{:08x}", UnwrapErr(SysRng).random::<u32>());
    interruptible(&patience, console, async {
        evidence.canaries = apply.prove_documents(&there, &run).await;
        if patience.is_interrupted() { Err(Patience::interruption()) } else { Ok(()) }
    })
    .await?;
    let report = Report::new(&judge(&mesh, &there, &evidence, now));
    let mending = reach(&mesh, &there, &Moment { now, licence: None, recover: false });
    Ok((mesh, report, mending))
}

/// Proves it until all is up: a server needs a moment before it shows a certificate that was put on its disk.
async fn prove_again(world: &World, console: &Console) -> Result<Report, Error> {
    let begun = Instant::now();
    loop {
        let report = prove(world, console).await?.1;
        if report.up || begun.elapsed() > RELOADED_WITHIN {
            return Ok(report);
        }
    }
}

/// What `mesh create` would do: whatever is not as it was asked for is brought back to it.
async fn mend(mesh: &Mesh, world: &World, plan: &Plan, console: &Console) -> Result<(), Error> {
    let survey = world.survey().await?;
    let patience = Patience::new(time_for(None, mesh.spec.clusters.number()));
    let apply = Apply::new(mesh, world, console, &patience, (survey.host.is_root, OffsetDateTime::now_utc()));
    interruptible(&patience, console, apply.apply(plan)).await
}

fn show(args: &VerifyArgs, mesh: &Mesh, report: &Report, took: Duration, console: &Console) {
    match args.output {
        TextFormat::Json => console.value(Notation::Json, report),
        TextFormat::Yaml => console.value(Notation::Yaml, report),
        TextFormat::Text => console.judgements(mesh, report, took),
    }
}
