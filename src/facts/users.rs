//! Who may do what on a server, besides what Elasticsearch has by itself, and what a lost record is rebuilt from. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::{observed::Observed, views::ViewFacts};
use crate::mesh::{data_views::id_of, id::ClusterId, rebuild::UserTrace};

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

    /// Name and pattern of the views that each Kibana has under an id as `mesh` gives it.
    pub fn view_traces(&self) -> BTreeMap<ClusterId, Vec<(String, String)>> {
        let own = |(id, view): (&String, &ViewFacts)| {
            (*id == id_of(&view.name)).then(|| (view.name.clone(), view.title.clone()))
        };
        let views = |cluster: &ClusterId| Some(self.kibana(*cluster)?.views.as_ref()?.iter().filter_map(own).collect());
        self.kibanas.keys().filter_map(|cluster| Some((*cluster, views(cluster)?))).collect()
    }
}
