//! One file or folder a command, each a short story from top to bottom. What several share is here and in `refusal`,
//! `renew`, `settings`, `steady` and `unanswered`. I/O: through `world`, `apply` and `console`.

mod bench;
mod bundle;
mod certs;
mod completions;
mod config;
mod create;
mod credentials;
mod doctor;
mod env;
mod es;
mod export;
mod invites;
mod keys;
mod load;
mod logs;
mod ls;
mod man;
mod manage;
mod open;
mod peers;
mod refusal;
mod renew;
mod reset;
mod search;
mod serve;
mod settings;
mod snapshots;
mod status;
mod steady;
mod support;
mod unanswered;
mod upgrade;
mod users;
mod verify;
mod views;

pub use self::completions::complete;

use std::{path::Path, time::Duration};

use crate::{
    apply::wait::Patience,
    cli::{Cli, Command, PeersAction},
    console::Console,
    error::{Error, Exit},
    plan::Plan,
    session::Place,
    world::{
        World, disk,
        signals::{Ending, Endings, HeldBack, Unheard},
    },
};

/// Runs one command. From here on, a signal ends one that can change something as a failure does: between steps at
/// once, and otherwise when its step is done.
pub async fn run(cli: Cli, place: Result<Place, Error>, held_back: HeldBack, console: &Console) -> Result<Exit, Error> {
    let unheard = if only_reads(&cli.command) { None } else { Unheard::listen().ok() };
    drop(held_back);
    let Some(mut unheard) = unheard else { return Box::pin(command(cli, place, console)).await };
    let work = async {
        // lets one be heard that came before
        tokio::task::yield_now().await;
        Box::pin(command(cli, place, console)).await
    };
    tokio::select! {
        biased;
        () = unheard.next() => Err(Patience::interruption()),
        outcome = work => outcome,
    }
}

/// Whether a command has nothing to complete: a signal ends it as it ends any program.
fn only_reads(command: &Command) -> bool {
    match command {
        Command::Ls(_)
        | Command::Status(_)
        | Command::Serve(_)
        | Command::Logs(_)
        | Command::Es(_)
        | Command::Search(_)
        | Command::Credentials(_)
        | Command::Env(_)
        | Command::Open(_)
        | Command::Export(_)
        | Command::Config(_)
        | Command::Peers(_)
        | Command::Completions(_)
        | Command::Man(_) => true,
        Command::Create(_)
        | Command::Manage(_)
        | Command::Upgrade(_)
        | Command::Reset(_)
        | Command::Verify(_)
        | Command::Keys(_)
        | Command::Certs(_)
        | Command::Load(_)
        | Command::Snapshots(_)
        | Command::Users(_)
        | Command::Views(_)
        | Command::Invites(_)
        | Command::Join(_)
        | Command::Leave(_)
        | Command::Bench(_)
        | Command::Bundle(_)
        | Command::Support(_)
        | Command::Doctor(_) => false,
    }
}

async fn command(cli: Cli, place: Result<Place, Error>, console: &Console) -> Result<Exit, Error> {
    // an error only for the commands that are about one mesh
    let place = place.and_then(usable);
    match cli.command {
        // the largest by far of what a command waits for
        Command::Create(args) => Box::pin(create::create(&args, place?, console)).await,
        Command::Manage(args) => manage::manage(&args, place?, console).await,
        Command::Upgrade(args) => upgrade::upgrade(&args, place?, console).await,
        Command::Reset(args) => reset::reset(&args, place?, console).await,
        Command::Ls(args) => ls::ls(&args, console).await,
        Command::Status(args) => status::status(&args, place?, console).await,
        Command::Serve(args) => serve::serve(&args, place?, console).await,
        Command::Verify(args) => verify::verify(&args, place?, console).await,
        Command::Keys(action) => keys::keys(&action, place?, console).await,
        Command::Certs(action) => certs::certs(&action, place?, console).await,
        Command::Snapshots(action) => snapshots::snapshots(&action, place?, console).await,
        Command::Users(action) => users::users(&action, place?, console).await,
        Command::Views(action) => views::views(&action, place?, console).await,
        Command::Invites(action) => invites::invites(&action, place?, console).await,
        Command::Join(args) => Box::pin(peers::join(&args, place?, console)).await,
        Command::Leave(args) => Box::pin(peers::leave(&args, place?, console)).await,
        Command::Peers(PeersAction::Ls(args)) => peers::ls(&args, place?, console).await,
        Command::Doctor(args) => Box::pin(doctor::doctor(&args, place?, console)).await,
        Command::Support(args) => Box::pin(support::support(&args, place?, console)).await,
        Command::Logs(args) => logs::logs(&args, place?, console).await,
        Command::Es(args) => es::es(&args, place?.dir, console).await,
        Command::Open(args) => open::open(&args, &place?.dir, console),
        Command::Load(args) => load::load(&args, place?.dir, console).await,
        Command::Search(args) => search::search(&args, place?.dir, console).await,
        Command::Export(action) => export::export(&action, &place?.dir, console),
        Command::Bench(args) => bench::bench(&args, place?, console).await,
        Command::Credentials(args) => credentials::credentials(&args, &place?.dir, console),
        Command::Env(args) => env::env(&args, &place?.dir, console),
        Command::Bundle(action) => bundle::bundle(&action, place, console).await,
        Command::Config(args) => config::config(&args, &place?, console).await,
        Command::Completions(args) => completions::completions(&args, console),
        Command::Man(args) => man::man(args, console),
    }
}

/// A place whose directory can be one of a mesh.
fn usable(place: Place) -> Result<Place, Error> {
    require_text(&place.dir, "it stands in labels and mounts")?;
    disk::resolve(&place.dir)?;
    Ok(place)
}

/// Whether the terminal can do nothing but write one line after the other, as one of which nothing is known.
#[expect(clippy::disallowed_methods, reason = "a terminal is known by the environment alone")]
pub fn is_dumb_terminal() -> bool {
    std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb")
}

/// The time a run may take: 5 minutes, and one for each cluster.
fn time_for(asked: Option<Duration>, clusters: u8) -> Duration {
    asked.unwrap_or(Duration::from_mins(1) * (5 + u32::from(clusters)))
}

/// Does the work, and meanwhile notes when the user wants it to end: the step at hand is finished first, unless they
/// ask twice.
async fn interruptible(
    patience: &Patience,
    console: &Console,
    work: impl Future<Output = Result<(), Error>>,
) -> Result<(), Error> {
    let Ok(mut endings) = Endings::listen() else { return work.await };
    tokio::pin!(work);
    loop {
        let ending = tokio::select! {
            outcome = &mut work => return outcome,
            ending = endings.next() => ending,
        };
        let again = patience.interrupt();
        match ending {
            Ending::Asked if again => return Err(Patience::interruption()),
            Ending::TerminalLost if again => {}
            Ending::Asked | Ending::TerminalLost => {
                console.note("stopping after the step at hand; once more to stop at once");
            }
        }
    }
}

/// Ends when the user wants the program to end. For commands that change nothing: those that do finish their step
/// first.
async fn ended() {
    match Endings::listen() {
        Ok(mut endings) => drop(endings.next().await),
        Err(_) => std::future::pending().await,
    }
}

/// Whether what a plan deletes may be deleted: it is shown, then confirmed on the terminal unless `yes` is given.
async fn may_delete(world: &World, plan: &Plan, yes: bool, console: &Console) -> Result<bool, Error> {
    console.removals(plan, world.size_of(plan));
    consent("delete? this cannot be undone", "this deletes data", yes, console).await
}

/// Whether something may be done that cannot be undone; `deed` says what. Without a terminal and without `yes` it may
/// not.
async fn consent(question: &str, deed: &str, yes: bool, console: &Console) -> Result<bool, Error> {
    if yes {
        return Ok(true);
    }
    if !console.can_ask() {
        return Err(Error::new(Exit::Request, format!("{deed}, and there is no terminal to ask on"))
            .hint("add `--yes` to agree"));
    }
    let agreed = console.agreed(question).await;
    if !agreed {
        console.note("nothing was changed");
    }
    Ok(agreed)
}

/// # Errors
/// A path that is no text cannot be where it is to be written down, which `why` names.
fn require_text(path: &Path, why: &str) -> Result<(), Error> {
    if path.to_str().is_some() {
        return Ok(());
    }
    Err(Error::new(Exit::Request, format!("the path {} is not valid UTF-8", path.display()))
        .hint(format!("{why}: give it another name")))
}
