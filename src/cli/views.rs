//! The arguments of `mesh views`. No behavior.

use clap::{Args, Subcommand};

use super::{ConsentArgs, OutputArgs, PlanArgs};
use crate::mesh::{
    cluster_set::ClusterSet,
    data_views::{ViewName, ViewPattern},
};

#[derive(Debug, Subcommand)]
pub enum ViewsAction {
    /// List the data views of every Kibana: the mesh's, and those of others
    #[command(alias = "list")]
    Ls(ViewsArgs),
    /// Have Kibanas show a pattern of indices under a name
    ///
    /// One of the same name that others made stays as it is. Made again, the view gets the new pattern.
    Create(CreateViewArgs),
    /// Remove a data view that `mesh views create` made
    Rm(RmViewArgs),
}

#[derive(Debug, Args)]
pub struct ViewsArgs {
    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Debug, Args)]
pub struct CreateViewArgs {
    /// What people choose it by, such as `web-logs`
    #[arg(value_name = "NAME")]
    pub view: ViewName,
    /// Indices, those of remotes too: `web-*,cluster*:web-*`
    #[arg(value_name = "PATTERN")]
    pub pattern: ViewPattern,
    /// The clusters whose Kibanas have it, such as `1-3,7` [default: all]
    #[arg(long, value_name = "CLUSTERS")]
    pub on: Option<ClusterSet>,
    #[command(flatten)]
    pub plan: PlanArgs,
}

#[derive(Debug, Args)]
pub struct RmViewArgs {
    /// The view
    #[arg(value_name = "NAME")]
    pub view: ViewName,
    #[command(flatten)]
    pub consent: ConsentArgs,
}
