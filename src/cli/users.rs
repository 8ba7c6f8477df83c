//! The arguments of `mesh users`. No behavior.

use clap::{Args, Subcommand};

use super::{ConsentArgs, OutputArgs};
use crate::mesh::{
    cluster_set::ClusterSet,
    users::{RoleName, UserName},
};

#[derive(Debug, Subcommand)]
pub enum UsersAction {
    /// Add a user, or change her roles and clusters
    ///
    /// She needs to be only where she logs in: what she reads on remotes is for her roles there to say. Her password
    /// is generated, and `mesh credentials NAME` prints it; what she makes of it afterwards is hers.
    Add(AddUserArgs),
    /// List the users: their roles, where they log in, and whether they are there
    #[command(alias = "list")]
    Ls(UsersArgs),
    /// Give a user another password, on every cluster that she is on
    Passwd(PasswdArgs),
    /// Remove a user from every cluster
    Rm(RmUserArgs),
}

#[derive(Debug, Args)]
pub struct AddUserArgs {
    /// The name of the user
    #[arg(value_name = "NAME")]
    pub user: UserName,
    /// A role of hers; once for each [default: as before, else `mesh_reader`, which reads what the mesh shares]
    #[arg(long = "role", value_name = "ROLE")]
    pub roles: Vec<RoleName>,
    /// The clusters that she logs in to, such as `1-3,7` [default: as before, else all]
    #[arg(long, value_name = "CLUSTERS")]
    pub on: Option<ClusterSet>,
    /// Read her password from stdin instead of generating one
    #[arg(long)]
    pub password_stdin: bool,
    #[command(flatten)]
    pub consent: ConsentArgs,
}

#[derive(Debug, Args)]
pub struct UsersArgs {
    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Debug, Args)]
pub struct PasswdArgs {
    /// The user
    #[arg(value_name = "NAME")]
    pub user: UserName,
    /// Read the password from stdin instead of generating one
    #[arg(long)]
    pub password_stdin: bool,
    #[command(flatten)]
    pub consent: ConsentArgs,
}

#[derive(Debug, Args)]
pub struct RmUserArgs {
    /// The user
    #[arg(value_name = "NAME")]
    pub user: UserName,
    #[command(flatten)]
    pub consent: ConsentArgs,
}
