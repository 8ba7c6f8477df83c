//! Whether the names of the mesh's users and roles are free. Pure.

use super::{Checked, Finding};
use crate::{
    facts::observed::Observed,
    mesh::{Mesh, id::ClusterId},
};

/// What others made is not changed: neither a role nor a user that does not carry the mesh's id.
pub fn users(mesh: &Mesh, there: &Observed) -> Checked {
    let found = there.answering().filter(|(cluster, _)| mesh.has_cluster(*cluster)).flat_map(|(cluster, server)| {
        let (roles, users) = (mesh.roles_on(cluster), mesh.users_on(cluster));
        let roles = roles.keys().filter(|name| server.users.other_roles.contains(name.as_str()));
        let users = users.keys().filter(|name| server.users.other_users.contains(name.as_str()));
        let roles = roles.map(|name| taken(cluster, "role", name.as_str()));
        roles.chain(users.map(|name| taken(cluster, "user", name.as_str()))).collect::<Vec<_>>()
    });
    Checked::new("users", "names of users and roles are free", found)
}

/// The finding that a name is another's.
pub fn taken(cluster: ClusterId, kind: &str, name: &str) -> Finding {
    Finding::problem(
        format!("{cluster} has a {kind} {name} that mesh did not make"),
        format!(
            "give the mesh's another name; or delete that one: `mesh es {} DELETE /_security/{kind}/{name}`",
            cluster.number()
        ),
    )
}
