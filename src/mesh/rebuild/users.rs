//! Users and roles of a lost record, as its servers have them. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::mesh::{
    Mesh,
    cluster_set::ClusterSet,
    data_views::{View, ViewName},
    id::ClusterId,
    users::{Role, RoleName, User, UserName},
};

/// What a server has of the mesh's users and roles, each by its name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserTrace {
    pub roles: BTreeMap<String, Json>,
    /// Each user's roles.
    pub users: BTreeMap<String, BTreeSet<String>>,
}

impl Mesh {
    /// Takes over what servers have, as if a command had added the users; says which roles are not the same everywhere,
    /// and become what the first cluster has.
    pub fn take_users(&mut self, traces: &BTreeMap<ClusterId, UserTrace>) -> Vec<String> {
        let mut notes = Vec::new();
        let names: BTreeSet<&String> = traces.values().flat_map(|trace| trace.roles.keys()).collect();
        for name in names.into_iter().filter(|name| **name != RoleName::reader().as_str()) {
            let found: Vec<(ClusterId, &Json)> =
                traces.iter().filter_map(|(cluster, trace)| Some((*cluster, trace.roles.get(name)?))).collect();
            let (Ok(key), Some((_, first))) = (name.parse::<RoleName>(), found.first()) else { continue };
            if found.iter().any(|(_, body)| body != first) {
                notes.push(format!("the role {name} is not the same on all clusters, and becomes what the first has"));
            }
            let on = self.only(found.iter().map(|(cluster, _)| *cluster));
            self.spec.roles.0.insert(key, Role { on, ..Role::of_body(first) });
        }
        let names: BTreeSet<&String> = traces.values().flat_map(|trace| trace.users.keys()).collect();
        for name in names {
            let found: Vec<(ClusterId, &BTreeSet<String>)> =
                traces.iter().filter_map(|(cluster, trace)| Some((*cluster, trace.users.get(name)?))).collect();
            let (Ok(key), Some((_, roles))) = (name.parse::<UserName>(), found.first()) else { continue };
            let roles: Vec<RoleName> = roles.iter().filter_map(|role| role.parse().ok()).collect();
            let on = self.only(found.iter().map(|(cluster, _)| *cluster));
            self.users.insert(key, User { roles, on });
        }
        notes
    }

    /// Takes over the views that Kibanas have under ids as `mesh` gives them, each by its name and its pattern.
    pub fn take_views(&mut self, found: &BTreeMap<ClusterId, Vec<(String, String)>>) {
        let names: BTreeSet<&(String, String)> = found.values().flatten().collect();
        for view in names {
            let (Ok(name), Ok(pattern)) = (view.0.parse::<ViewName>(), view.1.parse()) else { continue };
            let having = found.iter().filter(|(_, views)| views.contains(view)).map(|(cluster, _)| *cluster);
            let on = self.only(having);
            self.views.insert(name, View { pattern, on });
        }
    }

    /// These clusters; `None` for all that the mesh has.
    fn only(&self, clusters: impl Iterator<Item = ClusterId>) -> Option<ClusterSet> {
        ClusterSet::new(clusters).filter(|clusters| *clusters != self.cluster_set())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::{
        example::cluster,
        settings::{Roles, Users},
        users::normal,
    };

    #[test]
    fn views_come_back_from_kibanas_and_the_meshs_own_two_are_not_among_them() {
        let mut mesh = Mesh::example(2);
        let view = |name: &str, pattern: &str| (name.to_owned(), pattern.to_owned());
        let found = [
            (cluster(1), vec![view("local-data-set", "local-data-set"), view("web", "web-*"), view("all", "*:web-*")]),
            (cluster(2), vec![view("all", "*:web-*")]),
        ];
        mesh.take_views(&found.into());
        let taken: Vec<_> = mesh.views.iter().map(|(name, view)| (name.to_string(), view.on.clone())).collect();
        assert_eq!(taken, [("all".to_owned(), None), ("web".to_owned(), ClusterSet::new([cluster(1)]))]);
    }

    #[test]
    fn users_and_roles_come_back_from_servers() {
        let mut mesh = Mesh::example(3);
        let roles = "{analyst: {indices: [{names: [a, b]}], remote: [{names: ['mesh*']}], cluster: [monitor], on: 1-2}, \
                     viewer2: {kibana: [read]}}";
        mesh.spec.roles = Roles::parse(roles).unwrap();
        let added = Users::parse("{anna: {roles: [analyst], on: 1}, bert: {roles: [mesh_reader, viewer2]}}").unwrap();
        mesh.users = added.0;
        let trace = |on| trace_of(&mesh, on);
        let traces: BTreeMap<ClusterId, UserTrace> = (1..=3).map(cluster).map(|on| (on, trace(on))).collect();
        let mut rebuilt = Mesh { users: BTreeMap::new(), ..mesh.clone() };
        rebuilt.spec.roles = Roles::default();
        assert_eq!(rebuilt.take_users(&traces), Vec::<String>::new());
        for on in mesh.clusters() {
            assert_eq!(trace_of(&rebuilt, on), trace(on), "{on}");
        }
        assert_eq!(rebuilt.users, mesh.users);
        let mut differing = traces;
        differing.get_mut(&cluster(2)).unwrap().roles.insert("analyst".to_owned(), serde_json::json!({}));
        assert_eq!(rebuilt.take_users(&differing).len(), 1);
    }

    fn trace_of(mesh: &Mesh, on: ClusterId) -> UserTrace {
        let roles = mesh.roles_on(on);
        UserTrace {
            roles: roles.keys().map(|name| (name.to_string(), normal(&mesh.role_body(on, name).unwrap()))).collect(),
            users: mesh
                .users_on(on)
                .into_iter()
                .map(|(name, user)| (name.to_string(), user.roles.iter().map(ToString::to_string).collect()))
                .collect(),
        }
    }
}
