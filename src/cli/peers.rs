//! The arguments of `mesh join`, `mesh leave` and `mesh peers`. No behavior.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{ConsentArgs, OutputArgs, PlanArgs};
use crate::mesh::{
    cluster_set::ClusterSet,
    peers::{Authorities, PartnerName, address::is_host_and_port},
};

#[derive(Debug, Args)]
pub struct JoinArgs {
    /// The invitation that the other mesh's `mesh invites create` wrote
    #[arg(value_name = "FILE", required_unless_present = "remote", conflicts_with = "remote")]
    pub invitation: Option<PathBuf>,
    /// What the other mesh is called here [default: what it calls itself]
    #[arg(long, value_name = "NAME", conflicts_with = "remote")]
    pub peer: Option<PartnerName>,
    /// What the names of its clusters end with here: `london` for `cluster01-london`
    #[arg(long, value_name = "TEXT", conflicts_with = "remote")]
    pub suffix: Option<String>,
    /// The clusters that are to search it, such as `5,6` [default: all, also those to come]
    #[arg(long, value_name = "CLUSTERS")]
    pub on: Option<ClusterSet>,
    #[command(flatten)]
    pub foreign: ForeignArgs,
    #[command(flatten)]
    pub plan: PlanArgs,
}

/// A cluster that `mesh` does not run, in place of an invitation.
#[derive(Debug, Args)]
pub struct ForeignArgs {
    /// Join a cluster that mesh does not run, under this name
    #[arg(long, value_name = "NAME", requires_all = ["address", "key_file"])]
    pub remote: Option<PartnerName>,
    /// Where its remote cluster server is reached; a host's name only where its address changes
    #[arg(long, value_name = "HOST:PORT", requires = "remote", value_parser = address)]
    pub address: Option<String>,
    /// The file with the cross-cluster API key that its owner made, which only its owner here may read
    #[arg(long, value_name = "FILE", requires = "remote")]
    pub key_file: Option<PathBuf>,
    /// The authorities of its certificate: a PEM file, or `system` for those that this machine trusts [default: system]
    #[arg(long, value_name = "FILE", requires = "remote")]
    pub ca: Option<Authorities>,
    /// The name in its certificate [default: the host of its address]
    #[arg(long, value_name = "NAME", requires = "remote")]
    pub server_name: Option<String>,
}

#[derive(Debug, Args)]
pub struct LeaveArgs {
    /// The peer, as `mesh peers ls` calls it
    pub peer: PartnerName,
    #[command(flatten)]
    pub consent: ConsentArgs,
}

#[derive(Debug, Subcommand)]
pub enum PeersAction {
    /// List the meshes that were joined: their clusters, what may be searched, until when, and whether they are reached
    #[command(alias = "list")]
    Ls(PeersArgs),
}

#[derive(Debug, Args)]
pub struct PeersArgs {
    #[command(flatten)]
    pub output: OutputArgs,
}

fn address(text: &str) -> Result<String, String> {
    let fits = is_host_and_port(text);
    fits.then(|| text.to_owned())
        .ok_or_else(|| "expected a host and a port such as 192.0.2.11:9443 or [2001:db8::11]:9443".to_owned())
}
