//! The arguments of the commands that start, stop, upgrade and remove. No behavior.

use std::{path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};

use super::{ConsentArgs, PlanArgs, count, timeout};
use crate::mesh::{cluster_set::ClusterSet, id::Count, part::Part, settings::StackVersion};

#[derive(Debug, Args)]
pub struct ManageArgs {
    /// What to do
    pub action: ManageAction,
    /// The clusters, such as `1-3,7`; one node, such as `2/3`; `gateway`; or the first of COUNT clusters
    #[arg(value_name = "CLUSTERS")]
    pub part: Part,
    /// How many clusters from a single one on [default: 1]
    #[arg(value_name = "COUNT", value_parser = count)]
    pub count: Option<Count>,
    /// Give up after this long, for example `90s` or `10m` [default: 5m and 1m a cluster]
    #[arg(long, value_name = "TIME", value_parser = timeout)]
    pub timeout: Option<Duration>,
    #[command(flatten)]
    pub plan: PlanArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ManageAction {
    /// Create the containers that `down` removed, and start them
    Up,
    /// Stop and remove the containers; the data stays
    Down,
    /// Start the containers
    Start,
    /// Stop the containers
    Stop,
    /// Stop the containers and start them; of a cluster of several nodes one after the other, while it serves
    Restart,
}

#[derive(Debug, Args)]
pub struct UpgradeArgs {
    /// The version to upgrade to; it cannot skip a major version
    #[arg(value_name = "VERSION")]
    pub version: StackVersion,
    /// The clusters to upgrade alone, such as `1-3,7` [default: all, and those to come]
    #[arg(value_name = "CLUSTERS")]
    pub clusters: Option<ClusterSet>,
    /// Take no snapshot of the clusters before
    #[arg(long)]
    pub no_snapshot: bool,
    #[command(flatten)]
    pub consent: ConsentArgs,
    /// Give up when a cluster takes longer than this, for example `90s` or `10m`
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = timeout)]
    pub timeout: Duration,
}

#[derive(Debug, Args)]
pub struct ResetArgs {
    #[command(flatten)]
    pub consent: ConsentArgs,
    /// Go on though the mesh is on another Docker engine: that one is gone, was installed anew or moved its data
    #[arg(long)]
    pub new_engine: bool,
    /// Move the snapshots in the mesh's directory into this one before they would be deleted
    #[arg(long, value_name = "DIR")]
    pub keep_snapshots: Option<PathBuf>,
}
