//! The arguments of the commands that inspect: status, verify, doctor, logs, ls. No behavior.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::{Format, OutputArgs, StatusFormat, settings};
use crate::{
    ask::since::Since,
    mesh::{cluster_set::ClusterSet, id::ServiceKind, part::Part, users::UserName},
};

#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Judge these clusters only, such as `1-3,7`, and the links from and to them [default: all]
    #[arg(long, value_name = "CLUSTERS")]
    pub on: Option<ClusterSet>,
    /// How to print it: `table`, `wide` with all columns, `json`, `yaml`, or `prometheus`: as metrics, and with exit
    /// status 0 whenever the mesh could be looked at
    #[arg(id = "output", long = "output", short = 'o', value_name = "FORMAT")]
    #[arg(value_enum, default_value_t, hide_possible_values = true)]
    pub format: StatusFormat,
    /// With `-o prometheus`: write the metrics to this file, such as `mesh.prom` in the directory that the node
    /// exporter reads; its readers find the old or the new one, whole
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "output", conflicts_with = "watch")]
    pub into: Option<PathBuf>,
    /// Draw the links as a matrix, a row a cluster and a column a remote
    #[arg(long, conflicts_with = "output")]
    pub matrix: bool,
    /// Look again every two seconds, until Ctrl-C
    #[arg(long, short)]
    pub watch: bool,
}

#[derive(Debug, Args)]
pub struct MeshesArgs {
    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Judge these clusters only, such as `1-3,7`, and the links from and to them [default: all]
    #[arg(long, value_name = "CLUSTERS")]
    pub on: Option<ClusterSet>,
    #[command(flatten)]
    pub output: OutputArgs,
    /// Repair the mesh as `mesh create` would, and prove every link again; always the whole mesh, so not with `--on`
    #[arg(long, conflicts_with = "on")]
    pub fix: bool,
    /// Prove what this user finds over each link, by searches that are carried out as her
    #[arg(long = "as", value_name = "USER", conflicts_with = "fix")]
    pub user: Option<UserName>,
}

#[derive(Debug, Args)]
#[command(after_help = settings::ELSEWHERE)]
pub struct DoctorArgs {
    #[command(flatten)]
    pub output: OutputArgs,
    /// Repair what is safe to repair: kernel settings
    #[arg(long)]
    pub fix: bool,
    #[command(flatten)]
    pub settings: settings::SettingsArgs,
}

#[derive(Debug, Args)]
pub struct LogsArgs {
    /// The clusters, such as `1-3,7`, a node, such as `2/3`, or `gateway` [default: all]
    #[arg(value_name = "CLUSTERS")]
    pub parts: Vec<Part>,
    /// Print the logs of this service only
    #[arg(long, value_enum)]
    pub service: Option<ServiceName>,
    /// Print new lines as they are written, until Ctrl-C
    #[arg(long, short)]
    pub follow: bool,
    /// Leave out lines that are older than this: `90s`, `10m`, `2h`, or a time such as `2026-01-31T12:00:00Z`
    #[arg(long, value_name = "TIME")]
    pub since: Option<Since>,
    /// Print at most the last COUNT lines of each service that exist already
    #[arg(long, short = 'n', value_name = "COUNT", value_parser = clap::value_parser!(u32).range(..=1_000_000))]
    pub tail: Option<u32>,
    /// Print every line as the service wrote it, without a prefix
    #[arg(long, conflicts_with = "output")]
    pub raw: bool,
    /// How to print lines: `table`, `json` (one document a line) or `yaml`
    #[arg(id = "output", long = "output", short = 'o', value_name = "FORMAT")]
    #[arg(value_enum, default_value_t, hide_possible_values = true)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct SupportArgs {
    /// The file to write, such as `mesh-support.tar.gz`; it must not exist
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub into: PathBuf,
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
