//! Who may do what on a server, besides what Elasticsearch has by itself, and what a lost record is rebuilt from. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::{observed::Observed, views::ViewFacts};
use crate::mesh::{data_views::id_of, id::ClusterId, rebuild::UserTrace, secret::Secret, users::UserName};

/// The roles and users of a server's native realm. What carries a mesh's id is the mesh's: a cluster is of one mesh,
/// which has a new id where nothing was left to tell the old one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserFacts {
    /// The mesh's roles, each in the form in which roles are compared (see [`normal`](crate::mesh::users::normal)).
    pub roles: BTreeMap<String, Json>,
    /// The roles of others.
    pub other_roles: BTreeSet<String>,
    /// The mesh's users, each with its roles.
    pub users: BTreeMap<String, BTreeSet<String>>,
    /// The users of others.
    pub other_users: BTreeSet<String>,
    /// Whether `kibana_system` is disabled: Kibana logs in with a token. That is done after `elastic` has its password,
    /// so it stands for both.
    pub kibana_system_disabled: bool,
}

impl Observed {
    /// What each server that answers has of the mesh's users and roles.
    pub fn user_traces(&self) -> BTreeMap<ClusterId, UserTrace> {
        let trace = |facts: &UserFacts| UserTrace { roles: facts.roles.clone(), users: facts.users.clone() };
        self.answering().map(|(cluster, server)| (cluster, trace(&server.users))).collect()
    }

    /// Whether a user has a password, and not this one as far as a file tells; a server does not tell which one.
    pub fn has_another_password(&self, user: &UserName, password: &Secret) -> bool {
        let saved = self.credentials.as_ref().and_then(|credentials| credentials.users.get(user));
        saved.map_or_else(
            || self.answering().any(|(_, server)| server.users.users.contains_key(user.as_str())),
            |saved| saved != password,
        )
    }

    /// Name and pattern of the views that each Kibana has under an id as `mesh` gives it.
    pub fn view_traces(&self) -> BTreeMap<ClusterId, Vec<(String, String)>> {
        let own = |(id, view): (&String, &ViewFacts)| {
            (*id == id_of(&view.name)).then(|| (view.name.clone(), view.title.clone()))
        };
        let views = |cluster: &ClusterId| Some(self.kibana(*cluster)?.views.as_ref()?.iter().filter_map(own).collect());
        self.kibanas.keys().filter_map(|cluster| Some((*cluster, views(cluster)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        facts::{answer::Answer, server::ServerFacts},
        mesh::{credentials::Credentials, example::cluster},
    };

    #[test]
    fn a_user_without_a_password_may_be_given_one_again() {
        let (anna, given): (UserName, Secret) = ("anna".parse().unwrap(), Secret::new("her own one"));
        let there = |saved: Option<&str>, is_on_server: bool| {
            let mut credentials = Credentials::generate(3, &mut rand::rng());
            credentials.users = saved.map(|saved| (anna.clone(), Secret::new(saved))).into_iter().collect();
            let mut server = ServerFacts::licensed("trial", time::OffsetDateTime::UNIX_EPOCH);
            server.users.users = is_on_server.then(|| (anna.to_string(), BTreeSet::new())).into_iter().collect();
            Observed {
                credentials: Some(credentials),
                servers: [(cluster(1), Answer::Ready(server))].into(),
                ..Observed::default()
            }
        };
        for (saved, is_on_server, refused) in [
            (None, false, false),
            (Some("her own one"), false, false),
            (Some("her own one"), true, false),
            (Some("another one"), false, true),
            (None, true, true),
        ] {
            let refuses = there(saved, is_on_server).has_another_password(&anna, &given);
            assert_eq!(refuses, refused, "{saved:?} {is_on_server}");
        }
    }
}
