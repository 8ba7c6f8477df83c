//! `mesh`: a data mesh of Elasticsearch clusters on one Docker host.
//!
//! The way of the data, which is also the layout:
//!
//! ```text
//! flags ─► MeshSpec ─► Mesh::decide ─► Mesh ────────────┐
//!          (asked)       (pure)      (wanted)           ├─► reconcile ─► Plan ─► console (show, ask)
//! Docker, Elasticsearch, disk ─► World::observe ─► Observed    (pure)       │
//!         ▲                                       (there)                   ▼
//!         └─────────────────────────── apply ◄──────────────────── stages of steps
//! ```
//!
//! - [`commands`]: one file a command, each a story. Start here.
//! - [`mesh`]: what is wanted. Pure.
//! - [`facts`]: what is there, as data. Pure.
//! - [`plan`]: what must change. Pure.
//! - [`judge`]: what to think of it: checks, status, verify, causes. Pure.
//! - [`ask`]: what is asked and what comes back. Pure.
//! - [`apply`]: changing it. The only place that changes anything.
//! - [`world`]: talking to Docker, Elasticsearch, Kibana, disk and host. No decisions.
//! - [`console`]: the only room that prints.
//! - [`error`]: what the user is told, with a hint and an exit code.

mod apply;
mod ask;
mod cli;
mod commands;
mod console;
mod error;
mod facts;
mod judge;
mod mesh;
mod plan;
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
    let (cli, json) = match cli::Cli::read() {
        Ok(read) => read,
        Err(told) => return instead_of_a_run(&told),
    };
    cli.color.write_global();
    log(cli.verbose);
    rustls::crypto::ring::default_provider().install_default().expect("should be the only provider");
    let place = commands::Place::of(&cli);
    let option = place.as_ref().ok().and_then(|place| place.option(&cli));
    let console = Console::new(verbosity(&cli), commands::is_dumb_terminal(), option.as_ref());
    let console = if json { console.with_json_errors() } else { console };
    let outcome = runtime().and_then(|runtime| runtime.block_on(commands::run(cli, place, &console)));
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

/// What clap says of the command line: help and version, which were asked for, or a mistake.
fn instead_of_a_run(told: &clap::Error) -> ExitCode {
    if told.use_stderr() {
        let _ = told.print();
        return ExitCode::from(Exit::Request as u8);
    }
    let console = Console::new(Verbosity::Normal, commands::is_dumb_terminal(), None);
    console.text(&told.render().ansi().to_string());
    end(Exit::Done, &console)
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
        // else a line that cannot be written is told on stderr, too, and that ends the program
        .log_internal_errors(false)
        .init();
}
