//! Whether users and roles fit the mesh: what they name is there, and what they ask for is shared. Pure: no I/O.

use std::collections::BTreeSet;

use super::{Role, RoleName, User, UserName};
use crate::{
    exit::Exit,
    explain::Explain,
    mesh::{
        Mesh,
        cluster_set::{ClusterSet, NoSuchCluster},
        id::ClusterId,
        links::{Link, OWN_SHARE},
        pattern::{covers, overlap},
        peers::Alias,
    },
};

/// Users or roles that do not fit the mesh.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    #[error("{user} has the role {role}, and there is no such role: {}", if known.is_empty() { "the mesh has none".to_owned() } else { format!("the mesh has {}", known.join(", ")) })]
    UnknownRole { user: UserName, role: RoleName, known: Vec<String> },
    #[error("{user} logs in to {cluster}, where the role {role} is not")]
    RoleElsewhere { user: UserName, role: RoleName, cluster: ClusterId },
    #[error("the role {role} asks for {name} of remotes, and clusters share only {}", shared.join(", "))]
    NotShared { role: RoleName, name: String, shared: Vec<String>, flags: Option<String> },
    #[error("the role {role} names the remote {pattern}, and {} {}", if known.is_empty() { "there are no remotes".to_owned() } else { "the remotes are".to_owned() }, known.join(", "))]
    UnknownRemote { role: RoleName, pattern: String, known: Vec<String> },
    #[error("the mesh has no user {user}: {}", if has.is_empty() { "it has none besides `elastic`".to_owned() } else { format!("its users are {}", has.join(", ")) })]
    NoSuchUser { user: UserName, has: Vec<String> },
    #[error("{0} is a user of the settings file")]
    InSettings(UserName),
    #[error("{of}: {error}")]
    NoSuchCluster { of: String, in_settings: bool, error: NoSuchCluster },
}

impl Explain for UserError {
    fn exit(&self) -> Exit {
        Exit::Request
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::UnknownRole { .. } => {
                "`roles` in the settings file say what a role is; Elasticsearch's own, such as `viewer`, can be named, too"
                    .to_owned()
            }
            Self::RoleElsewhere { role, .. } => {
                format!("widen `on` of the role {role} in the settings file, or narrow that of the user")
            }
            // the role is in a settings file, which is not recorded yet
            Self::NotShared { flags: Some(flags), .. } => {
                format!("type the same command again with `{flags}`, which shares it")
            }
            Self::NotShared { flags: None, .. } => OWN_SHARE.to_owned(),
            Self::UnknownRemote { .. } => "name one of them, or `*` for all".to_owned(),
            Self::NoSuchUser { user, .. } => format!("`mesh users ls` lists them, `mesh users add {user}` adds one"),
            Self::InSettings(_) => "change `users` there, then `mesh create -f FILE`".to_owned(),
            Self::NoSuchCluster { in_settings: true, .. } => {
                "take it out of `on` in the settings file, and name the file: `mesh create -f FILE`".to_owned()
            }
            Self::NoSuchCluster { error, .. } => return error.hint(),
        })
    }
}

impl Mesh {
    /// This mesh with a user; what is not asked for stays as it was.
    pub fn with_user(
        mut self,
        name: &UserName,
        roles: &[RoleName],
        on: Option<&ClusterSet>,
    ) -> Result<Self, UserError> {
        if self.spec.users.0.contains_key(name) {
            return Err(UserError::InSettings(name.clone()));
        }
        let known = self.users.remove(name);
        let (known_roles, known_on) = known.map(|user| (user.roles, user.on)).unwrap_or_default();
        let roles = Some(roles.to_vec()).filter(|roles| !roles.is_empty()).unwrap_or(known_roles);
        let roles = if roles.is_empty() { vec![RoleName::reader()] } else { roles };
        self.users.insert(name.clone(), User { roles, on: on.cloned().or(known_on) });
        self.require_users()?;
        Ok(self)
    }

    /// This mesh without a user that was added by a command.
    pub fn without_user(mut self, name: &UserName) -> Result<Self, UserError> {
        if self.spec.users.0.contains_key(name) {
            return Err(UserError::InSettings(name.clone()));
        }
        self.require_user(name)?;
        self.users.remove(name);
        Ok(self)
    }

    /// A user of the mesh.
    pub fn require_user(&self, name: &UserName) -> Result<&User, UserError> {
        let users = self.all_users();
        let has = || users.keys().map(ToString::to_string).collect();
        users.get(name).copied().ok_or_else(|| UserError::NoSuchUser { user: name.clone(), has: has() })
    }

    /// What is open to users or roles of this mesh, all of it, and was not in the one before.
    pub fn opened_since(&self, before: Option<&Self>) -> Vec<String> {
        let roles = self.spec.roles.0.iter().filter(|(name, role)| {
            role.opens_everything() && before.is_none_or(|before| before.spec.roles.0.get(*name) != Some(*role))
        });
        let roles = roles.map(|(name, _)| format!("the role {name} opens every index that it can reach: `*`"));
        let is_new = |name: &UserName| {
            before
                .and_then(|before| before.all_users().get(name).copied().cloned())
                .is_none_or(|user| !user.roles.iter().any(RoleName::is_superuser))
        };
        let users = self
            .all_users()
            .into_iter()
            .filter(|(name, user)| user.roles.iter().any(RoleName::is_superuser) && is_new(name));
        roles.chain(users.map(|(name, _)| format!("{name} may do everything: `superuser`"))).collect()
    }

    /// Whether all users and roles fit the mesh.
    ///
    /// # Errors
    /// The first that does not.
    pub fn require_users(&self) -> Result<(), UserError> {
        let require = |of: String, on: &Option<ClusterSet>, in_settings: bool| {
            let missing = |error| UserError::NoSuchCluster { of, in_settings, error };
            on.as_ref().map_or(Ok(()), |on| self.require(on)).map_err(missing)
        };
        for (name, role) in &self.spec.roles.0 {
            require(format!("the role {name}"), &role.on, true)?;
            self.require_shared(name, role)?;
        }
        for (name, user) in self.all_users() {
            require(format!("the user {name}"), &user.on, self.spec.users.0.contains_key(name))?;
            for cluster in self.clusters_of(name) {
                user.roles.iter().try_for_each(|role| self.require_role(name, role, cluster))?;
            }
        }
        Ok(())
    }

    fn require_role(&self, user: &UserName, role: &RoleName, cluster: ClusterId) -> Result<(), UserError> {
        if role.is_built_in() || *role == RoleName::reader() {
            return Ok(());
        }
        let (user, role) = (user.clone(), role.clone());
        match self.spec.roles.0.get(&role) {
            None => {
                let own = self.spec.roles.0.keys().map(ToString::to_string);
                let known = std::iter::once(RoleName::reader().to_string()).chain(own).collect();
                Err(UserError::UnknownRole { user, role, known })
            }
            Some(known) if !known.is_on(cluster) => Err(UserError::RoleElsewhere { user, role, cluster }),
            Some(_) => Ok(()),
        }
    }

    /// What a role asks for that no remote shares, it would never find: Elasticsearch answers with fewer hits, and logs
    /// nothing.
    fn require_shared(&self, name: &RoleName, role: &Role) -> Result<(), UserError> {
        let clusters = self.clusters().filter(|cluster| role.is_on(*cluster));
        let remotes: Vec<(ClusterId, Alias)> =
            clusters.flat_map(|from| self.aliases(from).into_iter().map(move |alias| (from, alias))).collect();
        let known = || {
            let mut known: Vec<String> = remotes.iter().map(|(_, alias)| alias.to_string()).collect();
            known.sort();
            known.dedup();
            known
        };
        for pattern in role.remote.iter().flat_map(|grant| &grant.clusters).filter(|pattern| !pattern.contains('*')) {
            if !remotes.iter().any(|(_, alias)| covers(pattern, &alias.to_string())) {
                return Err(UserError::UnknownRemote { role: name.clone(), pattern: pattern.clone(), known: known() });
            }
        }
        for (grant, asked) in role.remote_names() {
            let of = |(_, alias): &&(ClusterId, Alias)| {
                grant.clusters.iter().any(|pattern| covers(pattern, &alias.to_string()))
            };
            let shared: Vec<Option<Vec<String>>> =
                remotes.iter().filter(of).map(|(from, alias)| self.shared_with(*from, alias)).collect();
            // what a peer shares is its own business, and a regular expression is left to Elasticsearch
            let unknown = shared.is_empty() || shared.iter().any(Option::is_none) || asked.starts_with('/');
            let mut shared: Vec<String> = shared.into_iter().flatten().flatten().collect();
            if unknown || shared.iter().any(|shared| overlap(shared, asked)) {
                continue;
            }
            shared.sort();
            shared.dedup();
            // a flag changes nothing for a link that shares by a list of its own
            let for_all = |(from, alias): &(ClusterId, Alias)| {
                alias.cluster().filter(|to| self.key_of(Link { from: *from, to: *to }).searcher.is_none())
            };
            let clusters: BTreeSet<ClusterId> = remotes.iter().filter(of).filter_map(for_all).collect();
            let flags = (!clusters.is_empty()).then(|| self.flags_to_share(clusters, asked));
            return Err(UserError::NotShared { role: name.clone(), name: asked.clone(), shared, flags });
        }
        Ok(())
    }

    /// What a remote lets a cluster search; `None` for a peer's.
    pub fn shared_with(&self, from: ClusterId, alias: &Alias) -> Option<Vec<String>> {
        let to = alias.cluster().filter(|to| self.has_link(Link { from, to: *to }))?;
        Some(self.shared_by(self.key_of(Link { from, to })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::{
        example::cluster,
        settings::{Roles, Topology, Users, per_cluster::read_set},
    };

    fn mesh(roles: &str) -> Mesh {
        let mut mesh = Mesh::example(3);
        mesh.spec.roles = Roles::parse(roles).unwrap();
        mesh
    }

    fn refused(mesh: &Mesh) -> String {
        let error = mesh.require_users().unwrap_err();
        format!("{error}; {}", error.hint().unwrap_or_default())
    }

    #[test]
    fn what_no_cluster_shares_is_not_asked_for() {
        let asks = |names: &str| mesh(&format!("{{hr: {{remote: [{{clusters: ['*'], names: [{names}]}}]}}}}"));
        for names in ["mesh-a*", "local-data-set", "'*'", "m*", "'/hr-.*/'"] {
            assert_eq!(asks(names).require_users(), Ok(()), "{names}");
        }
        let mut shares = asks("hr-*");
        shares.spec.share = vec!["logs-*".parse().unwrap()];
        insta::assert_snapshot!(refused(&shares), @"the role hr asks for hr-* of remotes, and clusters share only local-data-set, logs-*, mesh*; type the same command again with `--share 'logs-*' --share 'hr-*'`, which shares it");
        shares.set.insert(cluster(2), read_set("cluster02.share=metrics-*").unwrap().settings);
        insta::assert_snapshot!(refused(&shares), @"the role hr asks for hr-* of remotes, and clusters share only local-data-set, logs-*, mesh*, metrics-*; type the same command again with `--share 'logs-*' --share 'hr-*' --set 'cluster02.share=metrics-*,hr-*'`, which shares it");
        shares.set.clear();
        shares.spec.share = vec!["hr-2026*".parse().unwrap()];
        assert_eq!(shares.require_users(), Ok(()), "a part of it is shared");
        let links = serde_json::json!([{ "from": "1", "to": "2", "share": ["x"] }, { "from": "2", "to": "3" }]);
        let mut by_link = asks("hr-*");
        by_link.spec.topology = serde_json::from_value(links).unwrap();
        assert!(refused(&by_link).ends_with("again with `--share 'hr-*'`, which shares it"), "{}", refused(&by_link));
        by_link.spec.topology =
            serde_json::from_value(serde_json::json!([{ "from": "1", "to": "2", "share": ["x"] }])).unwrap();
        assert!(refused(&by_link).ends_with(OWN_SHARE), "no flag does: {}", refused(&by_link));
        shares.spec.topology = Topology::None;
        assert_eq!(shares.require_users(), Ok(()), "there is nothing to search yet");
        insta::assert_snapshot!(refused(&mesh("{x: {remote: [{clusters: [cluster09], names: [mesh*]}]}}")), @"the role x names the remote cluster09, and the remotes are cluster01, cluster02, cluster03; name one of them, or `*` for all");
    }

    #[test]
    fn users_have_roles_that_are_where_they_log_in() {
        let mut mesh = mesh("{analyst: {indices: [{names: [mesh*]}], on: 1-2}}");
        let mut with = |users: &str| {
            mesh.spec.users = Users::parse(users).unwrap();
            mesh.clone()
        };
        assert_eq!(with("{anna: {roles: [analyst, viewer, mesh_reader], on: [1]}}").require_users(), Ok(()));
        insta::assert_snapshot!(refused(&with("{anna: {roles: [analyst]}}")), @"anna logs in to cluster03, where the role analyst is not; widen `on` of the role analyst in the settings file, or narrow that of the user");
        insta::assert_snapshot!(refused(&with("{anna: {roles: [analist], on: 1}}")), @"anna has the role analist, and there is no such role: the mesh has mesh_reader, analyst; `roles` in the settings file say what a role is; Elasticsearch's own, such as `viewer`, can be named, too");
        insta::assert_snapshot!(refused(&with("{anna: {roles: [viewer], on: 7}}")), @"the user anna: there is no cluster 7: the mesh has 3; take it out of `on` in the settings file, and name the file: `mesh create -f FILE`");
        let added = User { roles: vec!["nurse".parse().unwrap()], on: None };
        let mut mesh = with("{}");
        mesh.users.insert("bert".parse().unwrap(), added);
        insta::assert_snapshot!(refused(&mesh), @"bert has the role nurse, and there is no such role: the mesh has mesh_reader, analyst; `roles` in the settings file say what a role is; Elasticsearch's own, such as `viewer`, can be named, too");
    }
}
