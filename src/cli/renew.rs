//! The arguments of the commands about what expires: keys, certs. No behavior.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::{ConsentArgs, OutputArgs, timeout};
use crate::mesh::{cluster_set::ClusterSet, part::Part, settings::KeyDays};

#[derive(Debug, Subcommand)]
pub enum KeysAction {
    /// List the API keys: when each expires, and which clusters hold it
    #[command(alias = "list")]
    Ls(LsArgs),
    /// Postpone the expiry of the API keys; nothing else changes
    Extend(ExtendArgs),
    /// Replace the API keys: the old ones are revoked once the new ones are proved
    Rotate(RotateKeysArgs),
}

#[derive(Debug, Subcommand)]
pub enum CertsAction {
    /// List the certificates: what each is for, when it expires, and whether it is usable
    #[command(alias = "list")]
    Ls(LsCertsArgs),
    /// Replace the services' certificates, and the gateway's; Elasticsearch and nginx are not restarted, Kibana is
    Rotate(RotateCertsArgs),
}

#[derive(Debug, Args)]
pub struct LsArgs {
    /// The clusters, such as `1-3,7` [default: all]
    #[arg(value_name = "CLUSTERS")]
    pub clusters: Vec<ClusterSet>,
    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Debug, Args)]
pub struct LsCertsArgs {
    /// The clusters, such as `1-3,7`, or `gateway` [default: all]
    #[arg(value_name = "CLUSTERS")]
    pub parts: Vec<Part>,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// What every renewal has.
#[derive(Debug, Args)]
pub struct RenewArgs {
    #[command(flatten)]
    pub consent: ConsentArgs,
    /// Give up after this long, for example `90s` or `10m` [default: 5m and 1m a cluster]
    #[arg(long, value_name = "TIME", value_parser = timeout)]
    pub timeout: Option<Duration>,
}

#[derive(Debug, Args)]
pub struct RotateKeysArgs {
    /// The clusters, such as `1-3,7` [default: all]
    #[arg(value_name = "CLUSTERS")]
    pub clusters: Vec<ClusterSet>,
    /// Replace the service tokens of Kibana instead: each Kibana restarts, and its old token is revoked
    #[arg(long)]
    pub kibana: bool,
    #[command(flatten)]
    pub renew: RenewArgs,
}

#[derive(Debug, Args)]
pub struct ExtendArgs {
    /// The clusters, such as `1-3,7` [default: all]
    #[arg(value_name = "CLUSTERS")]
    pub clusters: Vec<ClusterSet>,
    /// Lifetime from now on, in days, of these keys and of all later ones [default: as recorded]
    #[arg(long, value_name = "DAYS")]
    pub key_days: Option<KeyDays>,
    /// Allow keys to expire sooner than they do
    #[arg(long)]
    pub shorten: bool,
    #[command(flatten)]
    pub renew: RenewArgs,
}

#[derive(Debug, Args)]
pub struct RotateCertsArgs {
    /// The clusters, such as `1-3,7`, or `gateway` [default: all]
    #[arg(value_name = "CLUSTERS")]
    pub parts: Vec<Part>,
    /// Replace the authorities, too: clusters trust the old and the new one until the new one is in use
    #[arg(long)]
    pub ca: bool,
    /// With `--ca`: guests have joined by new invitations, so the next authorities may take over
    #[arg(long, requires = "ca")]
    pub peers_joined: bool,
    #[command(flatten)]
    pub renew: RenewArgs,
}
