//! One file a command, each a short story from top to bottom. I/O: through `world`, `apply` and `console`.

#![expect(clippy::disallowed_methods, reason = "a command is where the environment and the clock come in")]

mod certs;
mod completions;
mod config;
mod create;
mod credentials;
mod doctor;
mod env;
mod es;
mod keys;
mod logs;
mod lost;
mod man;
mod manage;
mod recorded;
mod renew;
mod reset;
mod search;
mod settings;
mod status;
mod upgrade;
mod verify;

pub use self::completions::complete;

use std::{path::PathBuf, time::Duration};

use time::OffsetDateTime;

use crate::{
    apply::wait::Patience,
    cli::{Cli, Command},
    console::Console,
    error::{Error, Exit},
    plan::{Plan, check},
    world::{
        Survey, World, disk,
        lock::{Holder, Lock},
        signals::{Ending, Endings},
    },
};

/// Where a mesh of root lives.
const ROOT_DIR: &str = "/mnt/data/mesh";
const HOSTS_FILE: &str = "/etc/hosts";

/// Runs one command.
pub async fn run(cli: Cli, console: &Console) -> Result<Exit, Error> {
    let dir = cli.dir.map_or_else(default_dir, Ok)?;
    if dir.to_str().is_none() {
        return Err(Error::new(Exit::Request, format!("the path {} is not a text", dir.display()))
            .hint("it stands in labels and mounts: give the directory another name"));
    }
    if !matches!(cli.command, Command::Completions(_) | Command::Man(_)) {
        disk::resolve(&dir)?;
    }
    match cli.command {
        // the largest by far of what a command waits for
        Command::Create(args) => Box::pin(create::create(&args, dir, console)).await,
        Command::Manage(args) => manage::manage(&args, dir, console).await,
        Command::Upgrade(args) => upgrade::upgrade(&args, dir, console).await,
        Command::Reset(args) => reset::reset(&args, dir, console).await,
        Command::Status(args) => status::status(&args, dir, console).await,
        Command::Verify(args) => verify::verify(&args, dir, console).await,
        Command::Keys(action) => keys::keys(&action, dir, console).await,
        Command::Certs(action) => certs::certs(&action, dir, console).await,
        Command::Doctor(args) => doctor::doctor(&args, dir, console).await,
        Command::Logs(args) => logs::logs(&args, dir, console).await,
        Command::Es(args) => es::es(&args, dir, console).await,
        Command::Search(args) => search::search(&args, dir, console).await,
        Command::Credentials(args) => credentials::credentials(&args, &dir, console),
        Command::Env(args) => env::env(&args, &dir, console),
        Command::Config(args) => config::config(&args, &dir, console),
        Command::Completions(args) => completions::completions(&args, console),
        Command::Man(args) => man::man(&args, console),
    }
}

/// The directory that commands have to name so that they are about the same mesh in any shell; `None` for the one that they go by
/// without a word.
pub fn dir_to_name(cli: &Cli) -> Option<PathBuf> {
    let dir = std::path::absolute(cli.dir.as_ref()?).ok()?;
    let elsewhere = std::env::var_os("MESH_DIR").is_some_and(|other| *other != *dir);
    (elsewhere || default_dir().ok().as_ref() != Some(&dir)).then_some(dir)
}

/// Whether the terminal can do nothing but write one line after the other.
pub fn is_dumb_terminal() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

fn home() -> Option<PathBuf> {
    std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute())
}

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

fn default_dir() -> Result<PathBuf, Error> {
    if is_root() {
        return Ok(ROOT_DIR.into());
    }
    let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|dir| dir.is_absolute());
    data.or_else(|| home().map(|home| home.join(".local/share"))).map(|data| data.join("mesh")).ok_or_else(|| {
        Error::new(Exit::Request, "there is no home directory to keep the mesh in")
            .hint("name a directory with `--dir`")
    })
}

async fn open(dir: PathBuf) -> Result<World, Error> {
    Ok(World::open(dir, HOSTS_FILE.into()).await?)
}

/// Nothing is changed of a mesh that is on another engine than the one that was asked.
fn same_engine(survey: &Survey) -> Result<(), Error> {
    let other = survey.record.as_ref().and_then(|record| check::other_engine(record, &survey.engine));
    other.map_or(Ok(()), |finding| Err(Error::new(Exit::Machine, finding.message).hint(finding.hint)))
}

/// The lock of this machine's meshes. A second run is told who has it.
fn lock() -> Result<Lock, Error> {
    let path = crate::world::lock::default_path(is_root(), home().as_deref()).ok_or_else(|| {
        Error::new(Exit::Request, "there is no home directory to keep the lock in").hint("set `HOME`")
    })?;
    let holder = Holder {
        pid: std::process::id(),
        command: std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" "),
        since: OffsetDateTime::now_utc().unix_timestamp().unsigned_abs(),
    };
    Ok(Lock::take(&path, &holder)?)
}

/// The time a run may take: 5 minutes, and one for each cluster.
fn time_for(asked: Option<Duration>, clusters: u8) -> Duration {
    asked.unwrap_or(Duration::from_mins(1) * (5 + u32::from(clusters)))
}

/// Does the work, and meanwhile notes when somebody wants it to end: the step at hand is finished first, unless they
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

/// Ends when somebody wants the program to end. For commands that change nothing: those that do finish their step first.
async fn ended() {
    match Endings::listen() {
        Ok(mut endings) => drop(endings.next().await),
        Err(_) => std::future::pending().await,
    }
}

/// Whether what a plan deletes may go: shown first, then asked, unless `yes` says so.
fn may_delete(world: &World, plan: &Plan, yes: bool, console: &Console) -> Result<bool, Error> {
    console.removals(plan, world.size_of(plan));
    consent("delete this for good?", "this deletes data", yes, console)
}

/// Whether something may be done from which there is no way back, told as `deed`. Where nobody can be asked, it may not.
fn consent(question: &str, deed: &str, yes: bool, console: &Console) -> Result<bool, Error> {
    if yes {
        return Ok(true);
    }
    if !console.can_ask() {
        return Err(
            Error::new(Exit::Request, format!("{deed}, and nobody can be asked")).hint("add `--yes` if that is meant")
        );
    }
    let agreed = console.agreed(question);
    if !agreed {
        console.note("nothing was changed");
    }
    Ok(agreed)
}
