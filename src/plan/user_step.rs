//! One change of users and roles, as data. Pure.

use super::description::{Description, Effect, Subject};
use crate::mesh::{
    id::ClusterId,
    layout,
    users::{RoleName, UserName},
};

/// A change of who may do what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserStep {
    /// Writes passwords of users into `credentials.txt`, where none is.
    SavePasswords(Vec<UserName>),
    /// Writes new passwords in place of those that are in `credentials.txt`.
    ReplacePasswords(Vec<UserName>),
    /// Takes passwords of users that the mesh does not have out of `credentials.txt`.
    ForgetPasswords(Vec<UserName>),
    PutRoles {
        on: ClusterId,
        roles: Vec<RoleName>,
    },
    /// Makes users, or gives those that there are their roles; their passwords stay.
    PutUsers {
        on: ClusterId,
        users: Vec<UserName>,
    },
    SetPassword {
        on: ClusterId,
        user: UserName,
    },
    /// By their names on the server, which need not be ones that `mesh` gives.
    RemoveUsers {
        on: ClusterId,
        users: Vec<String>,
    },
    RemoveRoles {
        on: ClusterId,
        roles: Vec<String>,
    },
}

fn list(names: &[impl ToString]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

impl UserStep {
    pub(super) fn describe(&self) -> Description {
        let file =
            |effect, code, text, why| Description::new(effect, code, Subject::File(layout::CREDENTIALS), text, why);
        let on = |cluster: &ClusterId, effect, code, text, why| {
            Description::new(effect, code, Subject::Cluster(*cluster), text, why)
        };
        match self {
            Self::SavePasswords(users) => file(
                Effect::Adds,
                "save-user-passwords",
                format!("passwords in credentials.txt: {}", list(users)),
                "a user is made on several clusters with one password",
            ),
            Self::ReplacePasswords(users) => file(
                Effect::Changes,
                "replace-user-passwords",
                format!("passwords in credentials.txt: {}", list(users)),
                "another password was asked for",
            ),
            Self::ForgetPasswords(users) => file(
                Effect::Removes,
                "forget-user-passwords",
                format!("passwords in credentials.txt: {}", list(users)),
                "the mesh has no such users any more",
            ),
            Self::PutRoles { on: cluster, roles } => on(
                cluster,
                Effect::Changes,
                "put-roles",
                format!("roles of {cluster}: {}", list(roles)),
                "a role says what its users read, here and on remotes",
            ),
            Self::PutUsers { on: cluster, users } => on(
                cluster,
                Effect::Changes,
                "put-users",
                format!("users of {cluster}: {}", list(users)),
                "a user logs in to clusters by roles, and not as the superuser",
            ),
            Self::SetPassword { on: cluster, user } => on(
                cluster,
                Effect::Changes,
                "set-user-password",
                format!("password of {user} on {cluster}"),
                "another password was asked for",
            ),
            Self::RemoveUsers { on: cluster, users } => on(
                cluster,
                Effect::Removes,
                "remove-users",
                format!("users of {cluster}: {}", list(users)),
                "the mesh has no such users there",
            ),
            Self::RemoveRoles { on: cluster, roles } => on(
                cluster,
                Effect::Removes,
                "remove-roles",
                format!("roles of {cluster}: {}", list(roles)),
                "the mesh has no such roles there",
            ),
        }
    }
}
