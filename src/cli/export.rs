//! The arguments of `mesh export`. No behavior.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint, value_parser};

use super::cluster_number;
use crate::mesh::{cluster_set::ClusterSet, id::ClusterId};

#[derive(Debug, Subcommand)]
pub enum ExportAction {
    /// Write a track for Elastic's load tester Rally, with the clusters and how to log in to them
    ///
    /// The command that races is printed. Rally makes an index `mesh-bench` in each cluster, fills it, searches one
    /// cluster and then all over links, and removes it.
    Rally(RallyArgs),
}

#[derive(Debug, Args)]
pub struct RallyArgs {
    /// The directory to write the files to; it is made if it is missing
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub into: PathBuf,
    /// The cluster that searches [default: the first of those that search most others]
    #[arg(long, value_name = "CLUSTER", value_parser = cluster_number)]
    pub from: Option<ClusterId>,
    /// The clusters to search, such as `1-3,7` [default: the one that searches, and all that it searches]
    #[arg(long, value_name = "CLUSTERS")]
    pub on: Option<ClusterSet>,
    /// How many documents each cluster is given
    #[arg(long, value_name = "COUNT", default_value_t = 10_000, value_parser = value_parser!(u64).range(1..=1_000_000))]
    pub documents: u64,
}
