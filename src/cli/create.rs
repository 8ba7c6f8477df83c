//! The arguments of `mesh create` and `mesh config`. No behavior.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::{Format, OutputArgs, settings};
use crate::mesh::cluster_set::ClusterSet;

#[derive(Debug, Args)]
#[command(after_help = settings::ELSEWHERE, group(ArgGroup::new("data").args(["dry_run", "timings"])))]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct CreateArgs {
    /// Remove the mesh that exists, with its data, and start afresh; asks on a terminal, and nowhere else
    #[arg(long)]
    pub reset: bool,
    /// The clusters that are to be deleted with their data, where these are not the last of the mesh
    #[arg(long, value_name = "CLUSTERS", conflicts_with = "reset")]
    pub remove: Option<ClusterSet>,
    /// Extend the API keys and replace the certificates that are about to expire, and change nothing else: what is
    /// stopped stays stopped, and edits stay
    #[arg(long, conflicts_with_all = ["reset", "remove", "timings", "recover_credentials", "force", "new_engine"])]
    #[arg(conflicts_with_all = ["new_defaults", "keep_snapshots"])]
    pub renew_only: bool,
    /// Ask nothing
    #[arg(long, short)]
    pub yes: bool,
    /// Print the plan and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print how long each stage took, and its slowest step
    #[arg(long, conflicts_with = "dry_run")]
    pub timings: bool,
    /// How to print the plan or the timings: `table`, `json` or `yaml`
    #[arg(id = "output", long = "output", short = 'o', value_name = "FORMAT")]
    #[arg(value_enum, default_value_t, requires = "data", hide_possible_values = true)]
    pub format: Format,
    /// Recover lost passwords from the files that hold them, and set new ones where no file does
    #[arg(long)]
    pub recover_credentials: bool,
    /// Go on when memory, disk or the kernel's table of neighbours seem too small
    #[arg(long)]
    pub force: bool,
    /// Take the mesh to this Docker engine: the one it was on is gone, was installed anew or moved its data
    #[arg(long)]
    pub new_engine: bool,
    /// Take the newer built-in templates and container options of this `mesh`, one cluster after the other
    #[arg(long)]
    pub new_defaults: bool,
    /// Move snapshots in the mesh's directory into this one before they would be deleted
    #[arg(long, value_name = "DIR")]
    pub keep_snapshots: Option<PathBuf>,
    #[command(flatten)]
    pub settings: settings::SettingsArgs,
}

#[derive(Debug, Args)]
#[command(after_help = settings::ELSEWHERE)]
pub struct ConfigArgs {
    /// Print the JSON Schema of the settings file instead
    #[arg(long, conflicts_with = "output")]
    pub schema: bool,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub settings: settings::SettingsArgs,
}
