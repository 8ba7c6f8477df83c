//! The arguments of the commands that look: status, verify, doctor, logs. No behaviour.

use clap::{Args, ValueEnum};

use super::{Format, TextFormat, settings};
use crate::{
    ask::since::Since,
    mesh::{cluster_set::ClusterSet, id::ServiceKind},
};

#[derive(Debug, Args)]
pub struct StatusArgs {
    /// How to print it
    #[arg(long, short, value_enum, default_value_t)]
    pub output: Format,
    /// Draw the links as a matrix, a row a cluster and a column a remote
    #[arg(long, conflicts_with = "output")]
    pub matrix: bool,
    /// Look again every two seconds, until Ctrl-C
    #[arg(long, short)]
    pub watch: bool,
}

#[derive(Debug, Args)]
pub struct MeshesArgs {
    /// How to print it
    #[arg(long, short, value_enum, default_value_t)]
    pub output: ListFormat,
}

/// How a list is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ListFormat {
    /// For people
    #[default]
    Table,
    Json,
    Yaml,
}

#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// How to print it
    #[arg(long, short, value_enum, default_value_t)]
    pub output: TextFormat,
    /// Do what `mesh create` would do to mend the mesh, and prove it again
    #[arg(long)]
    pub fix: bool,
}

#[derive(Debug, Args)]
#[command(after_help = settings::ELSEWHERE)]
pub struct DoctorArgs {
    /// How to print it
    #[arg(long, short, value_enum, default_value_t)]
    pub output: TextFormat,
    /// Mend what is safe to mend: kernel settings
    #[arg(long)]
    pub fix: bool,
    #[command(flatten)]
    pub settings: settings::SettingsArgs,
}

#[derive(Debug, Args)]
pub struct LogsArgs {
    /// The clusters, such as `1-3,7` [default: all]
    #[arg(value_name = "CLUSTERS")]
    pub clusters: Vec<ClusterSet>,
    /// Of this service only
    #[arg(long, value_enum)]
    pub service: Option<ServiceName>,
    /// Go on as more is written, until Ctrl-C
    #[arg(long, short)]
    pub follow: bool,
    /// Not older than this: `90s`, `10m`, `2h`, or a time such as `2026-01-31T12:00:00Z`
    #[arg(long, value_name = "TIME")]
    pub since: Option<Since>,
    /// Not more than the last COUNT lines of each service
    #[arg(long, short = 'n', value_name = "COUNT", value_parser = clap::value_parser!(u32).range(..=1_000_000))]
    pub tail: Option<u32>,
    /// Every line as it was written, with nothing before it: for programs
    #[arg(long)]
    pub raw: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ServiceName {
    Elastic,
    Kibana,
}

impl From<ServiceName> for ServiceKind {
    fn from(name: ServiceName) -> Self {
        match name {
            ServiceName::Elastic => Self::Elastic,
            ServiceName::Kibana => Self::Kibana,
        }
    }
}
