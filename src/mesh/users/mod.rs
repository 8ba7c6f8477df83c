//! The people of a mesh: users, and the roles by which they read what the mesh shares. Pure: no I/O.
//!
//! A role lies on the cluster that searches and nowhere else. What a user finds on a remote is what her role asks for
//! *and* the key of that remote lets this cluster search; see
//! <https://www.elastic.co/docs/deploy-manage/remote-clusters/remote-clusters-api-key#remote-clusters-privileges-api-key>.

mod body;
mod check;
mod name;
mod role;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

pub use self::{
    body::{body_of, normal},
    check::UserError,
    name::{RECOVERY_USER, RoleName, UserName},
    role::{IndexGrant, RemoteGrant, Role},
};
use super::{
    Mesh,
    cluster_set::ClusterSet,
    id::ClusterId,
    links::{Link, canary_prefix},
};

/// One user of clusters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    pub roles: Vec<RoleName>,
    /// The clusters that she logs in to; `None` for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<ClusterSet>,
}

impl User {
    pub fn is_on(&self, cluster: ClusterId) -> bool {
        self.on.as_ref().is_none_or(|on| on.contains(cluster))
    }
}

impl Mesh {
    /// Every user: those of the settings, and those that were added by a command.
    pub fn all_users(&self) -> BTreeMap<&UserName, &User> {
        self.users.iter().chain(&self.spec.users.0).collect()
    }

    /// The users that log in to a cluster.
    pub fn users_on(&self, cluster: ClusterId) -> BTreeMap<&UserName, &User> {
        self.all_users().into_iter().filter(|(_, user)| user.is_on(cluster)).collect()
    }

    /// The clusters that a user logs in to, in order; none for one that the mesh does not have.
    pub fn clusters_of(&self, name: &UserName) -> Vec<ClusterId> {
        let user = self.all_users().get(name).copied();
        self.clusters().filter(|cluster| user.is_some_and(|user| user.is_on(*cluster))).collect()
    }

    /// The users that commands added, as far as they log in to these clusters: another cluster that will have the
    /// number of one that goes is not meant.
    pub(super) fn users_within(&self, clusters: &ClusterSet) -> BTreeMap<UserName, User> {
        let stays = |(name, user): (&UserName, &User)| -> Option<(UserName, User)> {
            let on = match &user.on {
                Some(on) => Some(ClusterSet::new(on.iter().filter(|cluster| clusters.contains(*cluster)))?),
                None => None,
            };
            Some((name.clone(), User { on, ..user.clone() }))
        };
        self.users.iter().filter_map(stays).collect()
    }

    /// The roles that a cluster is to have, each with what it is there.
    pub fn roles_on(&self, cluster: ClusterId) -> BTreeMap<RoleName, Role> {
        let own = self.spec.roles.0.iter().filter(|(_, role)| role.is_on(cluster));
        let reader = self.has_reader(cluster).then(|| (RoleName::reader(), self.reader(cluster)));
        own.map(|(name, role)| (name.clone(), role.clone())).chain(reader).collect()
    }

    /// A role as a cluster is to have it, for `PUT /_security/role/NAME`; `None` for one that it is not to have.
    pub fn role_body(&self, cluster: ClusterId, name: &RoleName) -> Option<Json> {
        self.roles_on(cluster).get(name).map(|role| body_of(role, &self.id))
    }

    /// The privileges of who reads what the mesh shares, asked on a cluster, whether it has the role or not.
    pub fn reading(&self, cluster: ClusterId) -> Json {
        let mut body = body_of(&Role { kibana: Vec::new(), ..self.reader(cluster) }, &self.id);
        if let Some(fields) = body.as_object_mut() {
            fields.remove("metadata");
        }
        body
    }

    /// A mesh from before there was such a role gets it with the first user who has it.
    fn has_reader(&self, cluster: ClusterId) -> bool {
        self.spec.data_set.0 || self.users_on(cluster).values().any(|user| user.roles.contains(&RoleName::reader()))
    }

    /// The role that reads all that the mesh shares: here, and on every remote.
    fn reader(&self, cluster: ClusterId) -> Role {
        let shared = |of: ClusterId| self.shared(of);
        let mut remote: Vec<String> = self.clusters().flat_map(shared).collect();
        let of_links = self.remotes(cluster).map(|to| self.key_of(Link { from: cluster, to }));
        let is_proof = |name: &String| name.starts_with(&canary_prefix(&self.id));
        remote.extend(of_links.flat_map(|key| self.shared_by(key)).filter(|name| !is_proof(name)));
        remote.sort();
        remote.dedup();
        Role::reader(self.shared(cluster), remote)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::settings::DataSet;

    #[test]
    fn a_user_goes_with_her_clusters() {
        let mut mesh = Mesh::example(3);
        for (name, on) in [("anna", Some("1-3")), ("bert", Some("3")), ("carl", None)] {
            let on = on.map(|on| on.parse().unwrap());
            mesh.users.insert(name.parse().unwrap(), User { roles: vec![RoleName::reader()], on });
        }
        let on = |user: &User| user.on.as_ref().map_or_else(|| "all".to_owned(), ToString::to_string);
        let left = mesh.users_within(&"1-2".parse().unwrap());
        let shown: Vec<String> = left.iter().map(|(name, user)| format!("{name} on {}", on(user))).collect();
        assert_eq!(shown, ["anna on 1-2", "carl on all"]);
    }

    #[test]
    fn everybody_who_reads_reads_what_is_shared() {
        let mut mesh = Mesh::example(3);
        mesh.spec.share = vec!["logs-*".parse().unwrap()];
        let body = mesh.role_body(ClusterId::FIRST, &RoleName::reader()).unwrap();
        insta::assert_snapshot!(body, @r#"{"applications":[{"application":"kibana-.kibana","privileges":["feature_discover.read","feature_discover_v2.read","feature_indexPatterns.read"],"resources":["*"]}],"indices":[{"names":["local-data-set","logs-*","mesh*"],"privileges":["read","view_index_metadata"]}],"metadata":{"mesh.id":"0123456789abcdef"},"remote_indices":[{"clusters":["*"],"names":["local-data-set","logs-*","mesh*"],"privileges":["read","read_cross_cluster","view_index_metadata"]}]}"#);
        let reading = mesh.reading(ClusterId::FIRST);
        assert_eq!(reading["indices"], serde_json::from_str::<Json>(&body.to_string()).unwrap()["indices"]);
        assert_eq!(reading.as_object().unwrap().keys().collect::<Vec<_>>(), ["indices", "remote_indices"]);
        mesh.spec.data_set = DataSet(false);
        assert_eq!(mesh.roles_on(ClusterId::FIRST), BTreeMap::new(), "a mesh from before it has no such role");
        let on = ClusterSet::new([ClusterId::FIRST]);
        mesh.users.insert("anna".parse().unwrap(), User { roles: vec![RoleName::reader()], on });
        assert_eq!(mesh.roles_on(ClusterId::FIRST).len(), 1);
        assert_eq!(mesh.roles_on(ClusterId::new(2).unwrap()).len(), 0);
        assert_eq!(mesh.clusters_of(&"anna".parse().unwrap()), [ClusterId::FIRST]);
    }
}
