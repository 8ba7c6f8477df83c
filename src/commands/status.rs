//! `mesh status`: show every cluster and every link, and what is out of sync.

use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::ended;
use crate::{
    apply::export::publish,
    cli::{Format, StatusArgs, StatusFormat},
    console::Console,
    error::{Error, Exit},
    judge::{
        metrics::{self, Look, Searches},
        peers::PeerState,
        scope::Scope,
        status::{self, Status},
        verify::LinkState,
    },
    mesh::Mesh,
    page::{Matrix, problems},
    session::{Place, Session, now},
};

/// Time between two looks of `--watch`.
const INTERVAL: Duration = Duration::from_secs(2);

pub async fn status(args: &StatusArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    if args.into.is_some() && args.format != StatusFormat::Prometheus {
        return Err(Error::new(Exit::Request, "only metrics are written to a file")
            .hint("`mesh status -o prometheus --into FILE`, or redirect the output"));
    }
    if args.watch && args.format == StatusFormat::Prometheus {
        return Err(Error::new(Exit::Request, "metrics are of one look")
            .hint("`mesh serve` looks again and again, and serves them at /metrics"));
    }
    let (began, since) = (now(), Instant::now());
    // whatever has it printed plans the next
    let look = || Look { began, took: since.elapsed(), pause: None };
    let session = Session::to_look(place).await?;
    // before a watch, which goes on after errors
    if let (Some(on), Some(mesh)) = (&args.on, &session.survey.record) {
        mesh.require(on)?;
    }
    if args.watch {
        return watch(args, session, console).await;
    }
    if args.format == StatusFormat::Prometheus && session.found_nothing() {
        return export(args, &metrics::of_nothing(session.world.name.as_ref(), &session.world.dir, look()), console);
    }
    let (mesh, status) = judged(args, &session).await?;
    if args.format == StatusFormat::Prometheus {
        return export(args, &metrics::of_mesh(&mesh, &status, look(), &Searches::new()), console);
    }
    show(args, &mesh, &status, console);
    let reached = status.peers.iter().all(|remote| remote.state == PeerState::Reached);
    let good = status.in_sync && status.serves && status.degraded.is_empty() && reached;
    Ok(if good { Exit::Done } else { Exit::Unhealthy })
}

/// Metrics say themselves how the mesh is, so printing them is a success.
fn export(args: &StatusArgs, metrics: &str, console: &Console) -> Result<Exit, Error> {
    match &args.into {
        Some(file) => publish(file, metrics)?,
        None => console.text(metrics),
    }
    Ok(Exit::Done)
}

/// Looks again and again. A look that fails is shown and not the end: what is watched may be an engine that restarts.
async fn watch(args: &StatusArgs, mut session: Session, console: &Console) -> Result<Exit, Error> {
    let mut first = true;
    let mut end = std::pin::pin!(ended());
    loop {
        let look = async {
            if !first {
                session.look_again().await?;
            }
            judged(args, &session).await
        };
        let seen = tokio::select! {
            seen = look => seen,
            () = &mut end => return Ok(Exit::Done),
        };
        console.redraw(first);
        first = false;
        match seen {
            Ok((mesh, status)) => picture(args, &mesh, &status, console),
            Err(error) => console.error(&error),
        }
        if console.stdout_failed() || timeout(INTERVAL, &mut end).await.is_ok() {
            return Ok(Exit::Done);
        }
    }
}

async fn judged(args: &StatusArgs, session: &Session) -> Result<(Mesh, Status), Error> {
    let mesh = session.recorded_with_templates()?;
    if let Some(on) = &args.on {
        mesh.require(on)?;
    }
    let there = session.world.observe_closely(&mesh, &session.survey).await?;
    let status = status::status(&mesh, Scope::new(args.on.as_ref()), &there, now());
    Ok((mesh, status))
}

fn show(args: &StatusArgs, mesh: &Mesh, status: &Status, console: &Console) {
    console.report(args.format.format(), status, || {
        table(args, mesh, status, console);
        console.complaints(status, args.format.format() == Format::Wide);
        upcoming(mesh, status, console);
    });
}

/// One of the pictures of a watch: what is wrong stands on top, in the words of the live page, so that it stays in
/// sight where the table is long.
fn picture(args: &StatusArgs, mesh: &Mesh, status: &Status, console: &Console) {
    console.report_one_of_many(args.format.format(), status, || {
        console.problems(&problems(status, &Matrix::new(mesh, status)));
        table(args, mesh, status, console);
        upcoming(mesh, status, console);
    });
}

fn table(args: &StatusArgs, mesh: &Mesh, status: &Status, console: &Console) {
    if args.matrix {
        console.matrix(mesh, Scope::new(args.on.as_ref()), |link| {
            if status.has_down(link) { LinkState::Down } else { LinkState::Up }
        });
        console.peers_below(&status.peers);
    } else {
        console.status(status, args.format.format() == Format::Wide);
    }
}

/// What is to come: the rest of an upgrade, newer defaults.
fn upcoming(mesh: &Mesh, status: &Status, console: &Console) {
    if !status.pending_upgrade.is_empty() {
        console.in_progress(mesh);
    }
    if status.new_defaults {
        console.new_defaults(mesh);
    }
}
