//! The users of a mesh, and whether each is where she is to log in. Pure.

use serde::Serialize;

use crate::{
    facts::observed::Observed,
    mesh::{
        Mesh,
        id::ClusterId,
        users::{RoleName, User, UserName},
    },
};

/// The version of the form in which the list is printed for programs.
const VERSION: u32 = 1;

#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct UserList {
    version: u32,
    pub users: Vec<UserRow>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct UserRow {
    pub user: UserName,
    pub roles: Vec<RoleName>,
    /// The clusters that she is to log in to.
    pub clusters: Vec<ClusterId>,
    /// Those of them that do not have her, or not with these roles.
    pub missing: Vec<ClusterId>,
    /// Those that could not be asked.
    pub unreachable: Vec<ClusterId>,
    /// Whether the settings name her, and not a command.
    pub in_settings: bool,
}

impl UserList {
    pub fn new(mesh: &Mesh, there: &Observed) -> Self {
        let row = |(name, user): (&UserName, &User)| {
            let clusters = mesh.clusters_of(name);
            let (asked, unreachable): (Vec<ClusterId>, Vec<ClusterId>) =
                clusters.iter().partition(|cluster| there.server(**cluster).is_some());
            let wanted = user.roles.iter().map(ToString::to_string).collect();
            let has = |cluster: &ClusterId| {
                there.server(*cluster).is_some_and(|server| server.users.users.get(name.as_str()) == Some(&wanted))
            };
            let missing = asked.into_iter().filter(|cluster| !has(cluster)).collect();
            let in_settings = mesh.spec.users.0.contains_key(name);
            UserRow { user: name.clone(), roles: user.roles.clone(), clusters, missing, unreachable, in_settings }
        };
        Self { version: VERSION, users: mesh.all_users().into_iter().map(row).collect() }
    }

    /// Whether every user can log in wherever she is to.
    pub fn is_complete(&self) -> bool {
        self.users.iter().all(|row| row.missing.is_empty() && row.unreachable.is_empty())
    }
}

impl UserRow {
    /// What is the matter with her, in a few words.
    pub fn state(&self) -> String {
        let named = |clusters: &[ClusterId]| clusters.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        match (self.missing.as_slice(), self.unreachable.as_slice()) {
            ([], []) => "good".to_owned(),
            ([], unreachable) => format!("unknown on {}", named(unreachable)),
            (missing, _) => format!("out of sync on {}", named(missing)),
        }
    }
}
