//! `mesh`: a data mesh of Elasticsearch clusters on one Docker host.
//!
//! The way of the data, which is also the layout:
//!
//! ```text
//! flags, variables, file ─► Overrides ─► Mesh::decide ─► Mesh ─────┐
//!                          (requested)     (pure)      (wanted)    ├─► reconcile ─► Plan ─► console (show, ask)
//! Docker, disk, host ─► World::survey ─► Survey ─┘                 │    (pure)       │
//! Docker, Elasticsearch, disk ─► World::observe ─► Observed ───────┘                 ▼
//!         ▲                                        (there)                   stages of steps
//!         └─────────────────────────── apply ◄───────────────────────────────────────┘
//! ```
//!
//! From the top down; a room uses those below it:
//!
//! - [`commands`]: one file a command, each a story. Start here, with `create/`.
//! - [`apply`]: changing it. The only place that changes anything.
//! - [`session`]: how a command begins: the mesh it is about, its lock, a first look.
//! - [`console`]: the only room that prints.
//! - [`cli`]: the command line as types. No behavior.
//! - [`error`]: an error as the user reads it, with a hint and an exit code.
//! - [`world`]: talking to Docker, Elasticsearch, Kibana, disk and host. No decisions.
//! - [`page`]: what a look becomes for the live page. Pure.
//! - [`judge`]: what to think of it: checks, status, verify, causes. Pure.
//! - [`plan`]: what must change. Pure.
//! - [`ask`]: requests and their responses. Pure.
//! - [`facts`]: what is there, as data. Pure.
//! - [`mesh`]: what is wanted. Pure.
//! - [`explain`] and [`exit`]: the trait by which each error type gives a hint and an exit code, and the codes. Pure.

mod apply;
mod ask;
mod cli;
mod commands;
mod console;
mod error;
mod exit;
mod explain;
mod facts;
mod judge;
mod mesh;
mod page;
mod plan;
mod session;
mod world;

use std::process::ExitCode;

use tokio::runtime::{Builder, Runtime};
use tracing_subscriber::EnvFilter;

use crate::{
    console::{Console, Verbosity},
    error::{Error, Exit},
};

fn main() -> ExitCode {
    commands::complete();
    let held_back = world::signals::HeldBack::begin();
    let (cli, format) = match cli::Cli::read() {
        Ok(read) => read,
        Err(message) => return instead_of_a_run(&message),
    };
    cli.color.write_global();
    log(cli.verbose);
    rustls::crypto::ring::default_provider().install_default().expect("should be the only provider");
    let place = session::Place::of(&cli);
    let option = place.as_ref().ok().and_then(|place| place.option(&cli));
    let console = Console::new(verbosity(&cli), commands::is_dumb_terminal(), option.as_ref())
        .started_by_sudo(session::is_by_sudo())
        .with_errors_in(format);
    let outcome = runtime().and_then(|runtime| {
        let outcome = runtime.block_on(commands::run(cli, place, held_back, &console));
        // else it waits for the answer to a question that a signal has ended
        runtime.shutdown_background();
        outcome
    });
    let exit = outcome.unwrap_or_else(|error| {
        console.error(&error);
        error.exit
    });
    end(exit, &console)
}

fn runtime() -> Result<Runtime, Error> {
    world::open_files::allow_more()?;
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Error::new(Exit::Machine, "cannot start").cause(world::words::words(&error)))
}

/// Prints what clap has in place of a run: help and version, or a usage error in the format of the result.
fn instead_of_a_run(message: &clap::Error) -> ExitCode {
    let console = Console::new(Verbosity::Normal, commands::is_dumb_terminal(), None);
    if !message.use_stderr() {
        console.text(&message.render().ansi().to_string());
        return end(Exit::Done, &console);
    }
    let format = cli::Format::of_words(std::env::args_os());
    if format.is_for_people() {
        let _ = message.print();
    } else {
        console.with_errors_in(format).error(&Error::from(message));
    }
    ExitCode::from(Exit::Request as u8)
}

/// How the program ends: as its command did; but what looks done is not where its output is lost.
fn end(exit: Exit, console: &Console) -> ExitCode {
    let lost = console.lost();
    if let Some(error) = &lost {
        console.error(error);
    }
    let exit = match (exit, lost) {
        (Exit::Done | Exit::Unhealthy, Some(error)) => error.exit,
        (exit, _) => exit,
    };
    ExitCode::from(exit as u8)
}

fn verbosity(cli: &cli::Cli) -> Verbosity {
    match (cli.quiet, cli.verbose) {
        (true, _) => Verbosity::Quiet,
        (false, 0) => Verbosity::Normal,
        (false, _) => Verbosity::Verbose,
    }
}

/// What happens inside, to stderr: `MESH_LOG` says what, else the number of `-v`.
fn log(verbose: u8) {
    let level = ["off", "mesh=info", "mesh=debug", "trace"][usize::from(verbose.min(3))];
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_env("MESH_LOG").unwrap_or_else(|_| EnvFilter::new(level)))
        .with_ansi(false)
        .with_writer(std::io::stderr)
        // else a failed write would be logged to stderr, too, which ends the program
        .log_internal_errors(false)
        .init();
}
