//! `mesh bench`: what searching over links costs, measured beside asking each cluster directly.

use std::{cell::RefCell, cmp::Reverse, time::Duration};

use super::{interruptible, time_for};
use crate::{
    apply::{Apply, bench::Bench, wait::Patience},
    ask::bench::{Measured, Report, Row, data::INDEX, rows},
    cli::BenchArgs,
    console::{Console, StageLine},
    error::{Error, Exit},
    facts::observed::Observed,
    judge::{links::down, nodes::Nodes},
    mesh::{Mesh, cluster_set::ClusterSet, id::ClusterId, links::Link},
    session::{Place, Session, now},
};

pub async fn bench(args: &BenchArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let session = Session::to_change(place, false).await?;
    let mesh = session.recorded()?;
    let (from, asked) = chosen(args.from, args.on.as_ref(), &mesh)?;
    let there = session.observe_recorded(&mesh).await?;
    require_links(&mesh, &there, from, &asked)?;
    let rows = rows(from, &asked, &args.loads());
    let report = Report::new(from, args.documents, args.seconds, args.rounds, session.survey.host.cores);
    let patience = Patience::new(time_for(None, mesh.count().get()));
    let apply = Apply::new(&session, &mesh, console, &patience);
    apply.clear_bench(&asked).await?;
    console.bench_intent(&report, rows.len(), &ClusterSet::new(asked.clone()).unwrap_or_else(|| from.into()));

    let measured = RefCell::new(vec![Measured::default(); rows.len()]);
    let bench = Bench { from, documents: args.documents, length: Duration::from_secs(args.seconds) };
    let work = measure(&apply, bench, &asked, (&rows, args.rounds), &measured, console);
    let outcome = interruptible(&patience, console, work).await;
    let left = apply.leave_bench(&asked).await;
    for (cluster, why) in &left {
        console.note(&format!("{INDEX} is left on {cluster}, and removed by the next `mesh bench`: {why}"));
    }
    outcome?;
    let report = report.with(&rows, &measured.into_inner());
    console.show(args.output.format, &report, || console.bench(&report));
    Ok(if report.all_valid() && left.is_empty() { Exit::Done } else { Exit::Unhealthy })
}

/// Fills the index and measures every row, in every round.
async fn measure(
    apply: &Apply<'_>,
    bench: Bench,
    asked: &[ClusterId],
    (rows, rounds): (&[Row], u16),
    measured: &RefCell<Vec<Measured>>,
    console: &Console,
) -> Result<(), Error> {
    let line = console.stage("fill indices", asked.len());
    let filled = apply.fill_bench(asked, bench.documents, &line).await.map_err(Error::part_way);
    ended(line, filled)?;
    let line = console.stage("measure", rows.len());
    let all = async {
        for round in 1..=rounds {
            for (at, row) in rows.iter().enumerate() {
                let (subject, way, load) = (row.subject(), row.way.word(), row.load);
                let place = format!("row {} of {}, round {round} of {rounds}", at + 1, rows.len());
                line.now(&format!("{subject}, {way}, {load}: {place}"));
                let found = apply.measure(bench, row).await?;
                measured.borrow_mut()[at].merge(found);
            }
        }
        Ok(())
    };
    let outcome = all.await;
    ended(line, outcome)
}

fn ended(line: StageLine, outcome: Result<(), Error>) -> Result<(), Error> {
    if outcome.is_ok() {
        line.done();
    } else {
        line.failed();
    }
    outcome
}

/// The cluster that searches, and those that are asked: itself first, if it is one of them.
pub fn chosen(
    from: Option<ClusterId>,
    on: Option<&ClusterSet>,
    mesh: &Mesh,
) -> Result<(ClusterId, Vec<ClusterId>), Error> {
    if let Some(on) = on {
        mesh.require(on)?;
    }
    if let Some(from) = from {
        mesh.require(&from.into())?;
    }
    let searched = |from: ClusterId| mesh.remotes(from).filter(|to| on.is_none_or(|on| on.contains(*to))).count();
    let first = mesh.clusters().min_by_key(|from| Reverse(searched(*from)));
    let from = from.or(first).ok_or_else(|| Error::new(Exit::Request, "the mesh has no cluster"))?;
    let on = on.cloned().unwrap_or_else(|| {
        ClusterSet::new(std::iter::once(from).chain(mesh.remotes(from))).unwrap_or_else(|| from.into())
    });
    let mut asked: Vec<ClusterId> = on.iter().collect();
    asked.sort_by_key(|cluster| (*cluster != from, *cluster));
    if let Some(stranger) = asked.iter().find(|to| **to != from && !mesh.remotes(from).any(|remote| remote == **to)) {
        return Err(Error::new(Exit::Request, format!("{from} does not search {stranger}"))
            .hint("`mesh config` shows the topology; `--from` names another cluster, `--on` others to ask"));
    }
    Ok((from, asked))
}

/// A benchmark of half a mesh is none.
fn require_links(mesh: &Mesh, there: &Observed, from: ClusterId, asked: &[ClusterId]) -> Result<(), Error> {
    if let Some(silent) = asked.iter().chain([&from]).find(|cluster| there.server(**cluster).is_none()) {
        let reason = there.servers.get(silent).and_then(|answer| answer.reason(now()));
        let error =
            Error::new(Exit::Unhealthy, format!("{silent} does not answer, so nothing can be measured with it"));
        let error = reason.into_iter().fold(error, Error::cause);
        return Err(error.hint(format!("`mesh manage start {}` starts it, `--on` leaves it out", silent.number())));
    }
    let nodes = Nodes { mesh, there, now: now() };
    let links = asked.iter().filter(|to| **to != from).map(|to| Link { from, to: *to });
    let faults = links.filter_map(|link| Some((link, down(nodes, link)?)));
    let mut error: Option<Error> = None;
    for (Link { from, to }, why) in faults {
        let first =
            || Error::new(Exit::Unhealthy, format!("links from {from} are down, so nothing can be measured over them"));
        error = Some(error.unwrap_or_else(first).cause(format!("{from} → {to}: {why}")));
    }
    error.map_or(Ok(()), |error| {
        Err(error.hint("`mesh verify` says why each is down and what mends it; `--on` leaves clusters out"))
    })
}
