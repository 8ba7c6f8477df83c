//! What a plan takes away beside data, and what a question names first: users, roles and replicas. Pure.

use std::{collections::BTreeSet, fmt};

use super::{NodeStep, Plan, Step, UserStep};
use crate::mesh::{id::ClusterId, users::RoleName};

/// Something that users have, and do not have any more. A user and a role are known by their names alone: a cluster
/// that did not answer when the question was asked may have them, too.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Revoked {
    User(String),
    Role(String),
    Replicas(ClusterId),
}

impl fmt::Display for Revoked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => write!(f, "the user {name} would be removed"),
            Self::Role(name) => write!(f, "the role {name} would be removed"),
            Self::Replicas(cluster) => write!(f, "indices of {cluster} would have fewer replicas"),
        }
    }
}

impl Plan {
    /// All of it, but the role that reads what is shared: that goes with the last user who has it.
    pub fn revoked(&self) -> BTreeSet<Revoked> {
        let own = RoleName::reader();
        let of = |step: &Step| -> Vec<Revoked> {
            match step {
                Step::Users(UserStep::RemoveUsers { users, .. }) => users.iter().cloned().map(Revoked::User).collect(),
                Step::Users(UserStep::RemoveRoles { roles, .. }) => {
                    roles.iter().filter(|role| role.as_str() != own.as_str()).cloned().map(Revoked::Role).collect()
                }
                Step::Nodes(NodeStep::LowerReplicas { on, .. }) => vec![Revoked::Replicas(*on)],
                _ => Vec::new(),
            }
        };
        self.steps().flat_map(of).collect()
    }

    /// The first of it that is not among what was agreed to.
    pub fn revoked_beyond(&self, agreed: &BTreeSet<Revoked>) -> Option<Revoked> {
        self.revoked().into_iter().find(|revoked| !agreed.contains(revoked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::example::cluster;

    fn removing(on: u8, users: &[&str], roles: &[&str]) -> Plan {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let on = cluster(on);
        let users = UserStep::RemoveUsers { on, users: names(users) };
        let roles = UserStep::RemoveRoles { on, roles: names(roles) };
        Plan::of(None).stage("set roles and users", [users, roles].map(Step::from))
    }

    #[test]
    fn what_no_question_named_is_found_in_a_later_plan() {
        let agreed = removing(1, &["anna"], &["analyst"]).revoked();
        assert_eq!(removing(2, &["anna"], &["analyst", "mesh_reader"]).revoked_beyond(&agreed), None, "by name");
        let beyond = |plan: Plan| plan.revoked_beyond(&agreed).map(|revoked| revoked.to_string());
        assert_eq!(beyond(removing(1, &["anna", "bert"], &[])).as_deref(), Some("the user bert would be removed"));
        assert_eq!(beyond(removing(1, &[], &["hr"])).as_deref(), Some("the role hr would be removed"));
        let lower = NodeStep::LowerReplicas { on: cluster(2), indices: vec!["logs".to_owned()], to: 0 };
        let lowered = Plan::of(None).stage("a stage", [Step::from(lower)]);
        assert_eq!(beyond(lowered.clone()).as_deref(), Some("indices of cluster02 would have fewer replicas"));
        assert_eq!(lowered.revoked_beyond(&lowered.revoked()), None);
    }
}
