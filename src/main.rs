//! `mesh`: a data mesh of Elasticsearch clusters on one Docker host.
//!
//! The way of the data, which is also the layout:
//!
//! ```text
//! flags ─► MeshSpec ─► Mesh::decide ─► Mesh ────────────┐
//!          (asked)       (pure)      (wanted)           ├─► plan::reach ─► Plan ─► console (show, ask)
//! Docker, Elasticsearch, disk ─► World::observe ─► Observed    (pure)       │
//!         ▲                                       (there)                   ▼
//!         └─────────────────────────── apply ◄──────────────────── stages of steps
//! ```
//!
//! - [`commands`]: one file a command, each a story. Start here.
//! - [`mesh`]: what is wanted. Pure.
//! - [`plan`]: what must change. Pure.
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
mod mesh;
mod plan;
mod world;

use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;

use crate::console::Verbosity;

fn main() -> ExitCode {
    commands::complete();
    let cli = cli::Cli::parse();
    cli.color.write_global();
    log(cli.verbose);
    rustls::crypto::ring::default_provider().install_default().expect("should be the only provider");
    let console = console::Console::new(verbosity(&cli), commands::is_dumb_terminal());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(commands::run(cli, &console)),
        Err(error) => Err(error::Error::new(error::Exit::Machine, "cannot start").cause(error.to_string())),
    };
    let exit = outcome.unwrap_or_else(|error| {
        console.error(&error);
        error.exit
    });
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
        .init();
}
