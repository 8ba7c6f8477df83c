//! The command line, as types. No behaviour.

mod ask;
mod create;
mod groups;
mod inspect;
mod manage;
mod renew;
mod settings;

use std::{path::PathBuf, time::Duration};

use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum, parser::ValueSource};

pub use self::{
    ask::{CompletionsArgs, CredentialsArgs, EnvArgs, EsArgs, EsMethod, ManArgs, SearchArgs},
    create::{ConfigArgs, CreateArgs},
    inspect::{DoctorArgs, ListFormat, LogsArgs, MeshesArgs, StatusArgs, VerifyArgs},
    manage::{ManageAction, ManageArgs, ResetArgs, UpgradeArgs},
    renew::{CertsAction, KeysAction, LsArgs, RenewArgs},
    settings::SettingsArgs,
};
use crate::mesh::{
    id::{ClusterId, Count},
    name::MeshName,
    settings::{InvalidValue, Timeout},
};

/// How a run ends, for the end of the help.
const EXIT_CODES: &str = "\
First `mesh doctor 2`, then `mesh create 2 --dry-run`, then `mesh create 2`.

Exit codes: 0 as asked; 1 the mesh is not as it should be; 2 the request is wrong; 3 the machine is not ready; \
4 stopped part-way, or answered with no: type it again; 5 another run holds the lock.";

/// A data mesh: Elasticsearch clusters on one Docker host, each a remote cluster of every other
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    /// The mesh's directory [default: /mnt/data/mesh for root, ~/.local/share/mesh for others]
    #[arg(long, global = true, env = "MESH_DIR", value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// The mesh's name, for several on one engine: it stands in front of the names of containers, and its directory is `mesh-NAME`
    /// beside the one above
    #[arg(long, global = true, env = "MESH_NAME", value_name = "NAME", value_parser = str::parse::<MeshName>)]
    pub name: Option<MeshName>,
    #[arg(skip)]
    pub typed: Typed,
    /// Print nothing but errors and what was asked for
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Tell each step; -vv each call to Docker and Elasticsearch (`MESH_LOG` chooses in detail)
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    #[command(flatten)]
    pub color: colorchoice_clap::Color,
    #[command(subcommand)]
    pub command: Command,
}

/// Which of the options that can be variables, too, were typed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Typed {
    pub dir: bool,
    pub name: bool,
}

impl Cli {
    /// What was typed, and whether errors are to be JSON, as what was asked for is.
    ///
    /// # Errors
    /// What clap says instead of a run: a mistake, or help and version.
    pub fn read() -> Result<(Self, bool), clap::Error> {
        let matches = groups::grouped(Self::command()).try_get_matches()?;
        let typed = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
        let typed = Typed { dir: typed("dir"), name: typed("name") };
        Ok((Self { typed, ..Self::from_arg_matches(&matches)? }, wants_json(&matches)))
    }
}

/// Whether the command that was typed writes JSON.
fn wants_json(matches: &ArgMatches) -> bool {
    if let Some((_, of)) = matches.subcommand() {
        return wants_json(of);
    }
    let output = matches.try_get_raw("output").ok().flatten();
    output.is_some_and(|mut given| given.any(|word| word.eq_ignore_ascii_case("json")))
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create a mesh of clusters, or bring the one that exists to these
    Create(Box<CreateArgs>),
    /// Start, stop, restart, remove or bring back the containers of some clusters
    Manage(ManageArgs),
    /// Go to a newer version of Elasticsearch and Kibana, cluster by cluster
    ///
    /// Each cluster is stopped, started on the new version and linked again before the next one is. Data, passwords, API keys
    /// and edited configuration files stay. There is no way back but a snapshot that was taken before. Whatever interrupts
    /// it, the same command goes on.
    Upgrade(UpgradeArgs),
    /// Remove the mesh: its containers, its network and its directory with all data
    #[command(visible_alias = "delete")]
    Reset(ResetArgs),
    /// List the meshes of this Docker engine, also those whose directories are gone
    Ls(MeshesArgs),
    /// Show the mesh: every cluster and every link, and what is not as it was asked for
    Status(StatusArgs),
    /// Prove every link, and say why one is down
    Verify(VerifyArgs),
    /// Show, extend and replace the API keys by which clusters reach each other
    #[command(subcommand)]
    Keys(KeysAction),
    /// Show and replace certificates, and the authorities that sign them
    #[command(subcommand)]
    Certs(CertsAction),
    /// Check the machine: is it ready for a mesh?
    ///
    /// For the mesh that exists, or for one of two clusters; with settings, for the mesh that `mesh create` would make of them.
    Doctor(Box<DoctorArgs>),
    /// Show what the services write
    Logs(LogsArgs),
    /// Send a request to a cluster's Elasticsearch, as `elastic`
    Es(EsArgs),
    /// Search the whole mesh
    Search(SearchArgs),
    /// Print users, passwords and URLs
    Credentials(CredentialsArgs),
    /// Print variables for a shell: `eval "$(mesh env 3)"`
    ///
    /// They are `MESH_CLUSTER`, `ES_URL`, `ES_USER`, `ES_PASSWORD`, `ES_CACERT` and, where there is a Kibana, `KIBANA_URL`.
    /// In fish: `mesh env 3 | source`.
    Env(EnvArgs),
    /// Print the settings in force and where each comes from
    Config(Box<ConfigArgs>),
    /// Print a script that completes commands and cluster numbers
    ///
    /// `source <(mesh completions bash)` reads it; put that into `~/.bashrc`, so that it is always this program's own. In fish:
    /// `mesh completions fish | source`.
    Completions(CompletionsArgs),
    /// Write the manual pages
    Man(ManArgs),
}

/// How data is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Table,
    /// For people with a wide terminal
    Wide,
    Json,
    Yaml,
}

/// How data is printed that is either for people or for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum TextFormat {
    /// For people
    #[default]
    Text,
    Json,
    Yaml,
}

/// How long a run may take.
fn timeout(text: &str) -> Result<Duration, InvalidValue> {
    Ok(text.parse::<Timeout>()?.0)
}

/// The number of a cluster.
fn cluster_number(text: &str) -> Result<ClusterId, String> {
    text.parse().ok().and_then(ClusterId::new).ok_or_else(|| "expected a number from 1 to 99".to_owned())
}

/// A number of clusters.
fn count(text: &str) -> Result<Count, String> {
    text.parse().ok().and_then(Count::new).ok_or_else(|| "expected a number from 1 to 99".to_owned())
}
