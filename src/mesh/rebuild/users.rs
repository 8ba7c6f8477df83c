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

    /// This mesh when it is about to restore users and roles of a cluster.
    #[must_use]
    pub fn restoring_users(mut self, on: ClusterId) -> Self {
        self.set_restores_users(on, true);
        self
    }

    /// Whether a snapshot may have brought users and roles to a cluster that are not recorded yet.
    pub fn restores_users(&self, on: ClusterId) -> bool {
        self.clusters.get(&on).is_some_and(|cluster| cluster.restores_users)
    }

    fn set_restores_users(&mut self, on: ClusterId, restores: bool) {
        if let Some(cluster) = self.clusters.get_mut(&on) {
            cluster.restores_users = restores;
        }
    }

    /// Takes over what restored snapshots brought to those clusters that tell. Says what stays out.
    pub fn take_all_restored(&mut self, traces: &BTreeMap<ClusterId, UserTrace>) -> Vec<String> {
        let mut notes = Vec::new();
        for (on, trace) in traces {
            if self.restores_users(*on) {
                notes.extend(self.take_restored(*on, trace));
                self.set_restores_users(*on, false);
            }
        }
        notes
    }

    /// Takes over what a restored snapshot brought to a cluster and this mesh does not have there; what it has there
    /// stays as it is. Says what does not fit the mesh and stays out.
    fn take_restored(&mut self, on: ClusterId, trace: &UserTrace) -> Vec<String> {
        let mut notes = Vec::new();
        for (name, body) in &trace.roles {
            let Ok(name) = name.parse::<RoleName>() else { continue };
            if name == RoleName::reader() || self.roles_on(on).contains_key(&name) {
                continue;
            }
            let known = self.spec.roles.0.get(&name).cloned();
            let is_there = |of: &ClusterId| *of == on || known.as_ref().is_some_and(|role| role.is_on(*of));
            let clusters = self.only(self.clusters().filter(is_there));
            let mut wider = self.clone();
            let role = Role { on: clusters, ..known.unwrap_or_else(|| Role::of_body(body)) };
            wider.spec.roles.0.insert(name, role);
            notes.extend(self.become_if_fit(wider));
        }
        for (name, roles) in &trace.users {
            let Ok(name) = name.parse::<UserName>() else { continue };
            if self.users_on(on).contains_key(&name) {
                continue;
            }
            let known = self.all_users().get(&name).copied().cloned();
            let is_there = |of: &ClusterId| *of == on || known.as_ref().is_some_and(|user| user.is_on(*of));
            let clusters = self.only(self.clusters().filter(is_there));
            let restored = || -> Vec<RoleName> { roles.iter().filter_map(|role| role.parse().ok()).collect() };
            let user = User { on: clusters, roles: known.map_or_else(restored, |user| user.roles) };
            let mut wider = self.clone();
            let users = if self.spec.users.0.contains_key(&name) { &mut wider.spec.users.0 } else { &mut wider.users };
            users.insert(name, user);
            notes.extend(self.become_if_fit(wider));
        }
        notes
    }

    /// Becomes `wider`, or says why its users and roles do not fit: every later run would be refused.
    fn become_if_fit(&mut self, wider: Self) -> Option<String> {
        match wider.require_users() {
            Ok(()) => {
                *self = wider;
                None
            }
            Err(error) => Some(format!("restored and not recorded, so `mesh create` asks to remove it: {error}")),
        }
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

    #[test]
    fn what_a_snapshot_brings_back_is_recorded_where_it_fits() {
        let mut old = Mesh::example(3);
        let roles =
            "{analyst: {indices: [{names: [a]}]}, far: {remote: [{clusters: [cluster03], names: ['mesh*']}], on: 1}}";
        old.spec.roles = Roles::parse(roles).unwrap();
        let users = "{anna: {roles: [analyst]}, bert: {roles: [far], on: 1}, carl: {roles: [mesh_reader], on: 1}}";
        old.users = Users::parse(users).unwrap().0;
        let mut mesh = Mesh::example(2);
        mesh.users = Users::parse("{carl: {roles: [viewer], on: 2}}").unwrap().0;
        let notes = mesh.take_restored(cluster(1), &trace_of(&old, cluster(1)));
        insta::assert_snapshot!(notes.join("\n"), @r"
        restored and not recorded, so `mesh create` asks to remove it: the role far names the remote cluster03, and the remotes are cluster02
        restored and not recorded, so `mesh create` asks to remove it: bert has the role far, and there is no such role: the mesh has mesh_reader, analyst
        ");
        let (anna, carl): (UserName, UserName) = ("anna".parse().unwrap(), "carl".parse().unwrap());
        assert_eq!(mesh.users[&anna].on, ClusterSet::new([cluster(1)]));
        let viewer = User { roles: vec!["viewer".parse().unwrap()], on: None };
        assert_eq!(mesh.users[&carl], viewer, "what is recorded counts, and she is there, too");
        assert_eq!(mesh.take_restored(cluster(2), &trace_of(&old, cluster(2))), Vec::<String>::new());
        assert_eq!((&mesh.users[&anna].on, mesh.roles_on(cluster(2)).len()), (&None, 2));
        let before = mesh.clone();
        assert_eq!(mesh.take_restored(cluster(2), &trace_of(&old, cluster(2))), Vec::<String>::new());
        assert_eq!(mesh, before);
    }

    #[test]
    fn what_a_restore_brought_is_taken_over_once_its_server_tells() {
        let mut old = Mesh::example(2);
        old.users = Users::parse("{anna: {roles: [viewer]}}").unwrap().0;
        let traces: BTreeMap<ClusterId, UserTrace> = old.clusters().map(|on| (on, trace_of(&old, on))).collect();
        let mut mesh = Mesh::example(2).restoring_users(cluster(2));
        let text = serde_json::to_string(&mesh).unwrap();
        assert!(text.contains(r#""restores_users":true"#), "the next command has to know: {text}");
        let before = mesh.clone();
        mesh.take_all_restored(&BTreeMap::new());
        assert_eq!(mesh, before, "its server does not tell yet");
        assert_eq!(mesh.take_all_restored(&traces), Vec::<String>::new());
        assert_eq!([1, 2].map(|on| mesh.users_on(cluster(on)).len()), [0, 1]);
        assert!(!mesh.restores_users(cluster(2)));
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
