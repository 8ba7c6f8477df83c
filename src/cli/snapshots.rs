//! The arguments of `mesh snapshots`. No behavior.

use clap::{Args, Subcommand};

use super::{ConsentArgs, LsArgs, PlanArgs, cluster_number};
use crate::mesh::{cluster_set::ClusterSet, id::ClusterId};

#[derive(Debug, Subcommand)]
pub enum SnapshotsAction {
    /// Take a snapshot of each cluster, then delete the mesh's own that are older than what is kept
    Create(TakeArgs),
    /// List the snapshots: when each was taken, and whether it is good
    #[command(alias = "list")]
    Ls(LsArgs),
    /// Restore indices and data streams; nothing that exists is overwritten
    Restore(Box<RestoreArgs>),
    /// Delete snapshots
    Rm(RmArgs),
    /// Make a repository this mesh's that was written to by a cluster that is no more
    Adopt(AdoptArgs),
}

#[derive(Debug, Args)]
pub struct TakeArgs {
    /// The clusters, such as `1-3,7` [default: all]
    #[arg(value_name = "CLUSTERS")]
    pub clusters: Vec<ClusterSet>,
    #[command(flatten)]
    pub plan: PlanArgs,
}

#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// The cluster to restore into
    #[arg(value_parser = cluster_number)]
    pub cluster: ClusterId,
    /// The snapshot, or `last` for the last good one
    pub snapshot: String,
    /// Restore the indices and data streams that match, such as `logs-*` [default: all]
    #[arg(long = "index", value_name = "PATTERN")]
    pub indices: Vec<String>,
    /// Restore each under another name, in which `$1` stands for its own: `restored-$1`
    #[arg(long, value_name = "NAME")]
    pub rename: Option<String>,
    /// Restore what this feature keeps, too, such as `security` for users and roles, in the place of what is there
    #[arg(long = "with", value_name = "FEATURE")]
    pub features: Vec<String>,
    #[command(flatten)]
    pub consent: ConsentArgs,
}

#[derive(Debug, Args)]
pub struct RmArgs {
    /// The cluster that they are of
    #[arg(value_parser = cluster_number)]
    pub cluster: ClusterId,
    /// The snapshots
    #[arg(required = true)]
    pub snapshots: Vec<String>,
    #[command(flatten)]
    pub consent: ConsentArgs,
}

#[derive(Debug, Args)]
pub struct AdoptArgs {
    /// The clusters, such as `1-3,7`
    #[arg(value_name = "CLUSTERS", required = true)]
    pub clusters: Vec<ClusterSet>,
    #[command(flatten)]
    pub consent: ConsentArgs,
}
