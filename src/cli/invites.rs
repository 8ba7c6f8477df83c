//! The arguments of `mesh invites`. No behavior.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use super::{ConsentArgs, OutputArgs, PlanArgs};
use crate::mesh::{
    cluster_set::ClusterSet,
    peers::PartnerName,
    settings::{IndexPattern, KeyDays},
};

#[derive(Debug, Subcommand)]
pub enum InvitesAction {
    /// Make a file by which another mesh can search this one
    ///
    /// It has an API key for each cluster, made for this guest alone. Whoever has the file can search what it shares,
    /// so hand it over as you would a password. Made again, it has new keys; the old ones are valid until they expire
    /// or are revoked.
    Create(InviteArgs),
    /// List the guests: what each may search, and until when
    #[command(alias = "list")]
    Ls(GuestsArgs),
    /// Revoke the API keys of a guest, and forget it
    Revoke(RevokeArgs),
}

#[derive(Debug, Args)]
pub struct InviteArgs {
    /// What the other mesh is called here, such as `berlin`
    #[arg(value_name = "NAME")]
    pub guest: PartnerName,
    /// The file to make; `-` prints the invitation, into a pipe only
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub into: PathBuf,
    /// Indices that it may search besides `mesh*`; once for each [default: as before, else what the clusters share]
    #[arg(long, value_name = "PATTERN")]
    pub share: Vec<IndexPattern>,
    /// Days until the keys expire [default: as before, else `key_days`]
    #[arg(long, value_name = "DAYS")]
    pub days: Option<KeyDays>,
    /// The clusters that it may search, such as `1-3,7` [default: as before, else all]
    #[arg(long, value_name = "CLUSTERS")]
    pub on: Option<ClusterSet>,
    #[command(flatten)]
    pub plan: PlanArgs,
}

#[derive(Debug, Args)]
pub struct GuestsArgs {
    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Debug, Args)]
pub struct RevokeArgs {
    /// The guest
    #[arg(value_name = "NAME")]
    pub guest: PartnerName,
    /// Only keys of earlier invitations than the last
    #[arg(long)]
    pub old: bool,
    #[command(flatten)]
    pub consent: ConsentArgs,
}
