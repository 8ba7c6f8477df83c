//! The arguments of the commands about what ends one day: keys, certs. No behaviour.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::{TextFormat, timeout};
use crate::mesh::{cluster_set::ClusterSet, settings::KeyDays};

#[derive(Debug, Subcommand)]
pub enum KeysAction {
    /// Show each cluster's API key: when it ends, and which clusters hold it
    Ls(LsArgs),
    /// Let the API keys live longer; nothing else changes
    Extend(ExtendArgs),
    /// Replace the API keys: the old ones end when the new ones are proved
    Rotate(RenewArgs),
}

#[derive(Debug, Subcommand)]
pub enum CertsAction {
    /// Show every certificate: what it is for, when it ends, and whether it can be used
    Ls(LsArgs),
    /// Replace the services' certificates; Elasticsearch is not restarted, Kibana is
    Rotate(RotateCertsArgs),
}

#[derive(Debug, Args)]
pub struct LsArgs {
    /// The clusters, such as `1-3,7` [default: all]
    #[arg(value_name = "CLUSTERS")]
    pub clusters: Vec<ClusterSet>,
    /// How to print it
    #[arg(long, short, value_enum, default_value_t)]
    pub output: TextFormat,
}

#[derive(Debug, Args)]
pub struct RenewArgs {
    /// The clusters, such as `1-3,7` [default: all]
    #[arg(value_name = "CLUSTERS")]
    pub clusters: Vec<ClusterSet>,
    /// Print the plan and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Give up after this long, for example `90s` or `10m` [default: 5m and 1m a cluster]
    #[arg(long, value_name = "TIME", value_parser = timeout)]
    pub timeout: Option<Duration>,
}

#[derive(Debug, Args)]
pub struct ExtendArgs {
    /// From now on, in days, and for every key that is made later [default: as the mesh has it]
    #[arg(long, value_name = "DAYS")]
    pub key_days: Option<KeyDays>,
    /// Go on where keys would end sooner than they do
    #[arg(long)]
    pub shorten: bool,
    #[command(flatten)]
    pub renew: RenewArgs,
}

#[derive(Debug, Args)]
pub struct RotateCertsArgs {
    /// Replace the authorities, too: each cluster trusts the old and the new one until the new one is in use
    #[arg(long)]
    pub ca: bool,
    #[command(flatten)]
    pub renew: RenewArgs,
}
