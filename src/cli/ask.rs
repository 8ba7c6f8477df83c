//! The arguments of the commands that query clusters or print what clients need. No behavior.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, ValueEnum, ValueHint};

use super::{OutputArgs, cluster_number};
use crate::{
    ask::{search::Indices, shell::Shell},
    mesh::{cluster_set::ClusterSet, id::ClusterId, users::UserName},
};

#[derive(Debug, Args)]
pub struct EsArgs {
    /// The cluster's number
    #[arg(value_parser = cluster_number)]
    pub cluster: ClusterId,
    /// In capitals or not
    #[arg(value_enum, ignore_case = true)]
    pub method: EsMethod,
    /// For example `/_cat/indices?v`; the first slash may be left out
    pub path: String,
    /// JSON, or NDJSON for `_bulk` and `_msearch`; `@FILE` reads it from a file and `-` from stdin
    pub body: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "UPPER")]
pub enum EsMethod {
    Get,
    Put,
    Post,
    Delete,
    Head,
}

#[derive(Debug, Args)]
pub struct SearchArgs {
    /// Indices in every cluster, for example `mesh-*` or `mesh-*,-mesh-old*`
    #[arg(value_name = "INDEX")]
    pub index: Indices,
    /// As in a search box: `status:500 AND host:web*` [default: everything]
    #[arg(value_name = "QUERY")]
    pub query: Option<String>,
    /// How many hits to show
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 10, value_parser = clap::value_parser!(u16).range(..=10_000))]
    pub size: u16,
    /// Search these clusters only, such as `1-3,7` [default: all]
    #[arg(long, value_name = "CLUSTERS")]
    pub on: Option<ClusterSet>,
    /// The cluster that searches [default: the first that answers]
    #[arg(long, value_name = "CLUSTER", value_parser = cluster_number)]
    pub from: Option<ClusterId>,
    /// Search as this user: what her roles do not give, she does not find
    #[arg(long = "as", value_name = "USER")]
    pub user: Option<UserName>,
    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Debug, Args)]
pub struct CredentialsArgs {
    /// A user of the mesh alone, with the clusters that she logs in to
    #[arg(value_name = "USER")]
    pub user: Option<UserName>,
    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Debug, Args)]
pub struct EnvArgs {
    /// The cluster's number
    #[arg(value_parser = cluster_number)]
    pub cluster: ClusterId,
    /// A user of the mesh instead of `elastic`
    #[arg(long, value_name = "USER")]
    pub user: Option<UserName>,
    /// The shell that reads it [default: the one in `SHELL`]
    #[arg(long, value_enum)]
    pub shell: Option<Shell>,
}

#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell that reads it
    pub shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
#[command(override_usage = "mesh man [OPTIONS] --into <DIR>")]
pub struct ManArgs {
    /// The directory to write them to; it is made if it is missing
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, required_unless_present = "directory")]
    into: Option<PathBuf>,
    /// The form of earlier versions
    #[arg(hide = true, conflicts_with = "into")]
    directory: Option<PathBuf>,
}

impl ManArgs {
    pub fn into_dir(self) -> PathBuf {
        self.into.or(self.directory).expect("should be given: clap requires it")
    }
}

#[derive(Debug, Args)]
pub struct OpenArgs {
    /// The cluster whose Kibana to open [default: the page of `mesh serve`]
    #[arg(value_name = "CLUSTER", value_parser = cluster_number)]
    pub cluster: Option<ClusterId>,
    /// Where the page is
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9500", conflicts_with = "cluster")]
    pub page: SocketAddr,
}
