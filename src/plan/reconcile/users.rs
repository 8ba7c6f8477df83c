//! The questions about users and roles. Pure.

use std::collections::BTreeSet;

use super::Reconciler;
use crate::{
    mesh::{
        id::ClusterId,
        users::{RoleName, User, UserName, body_of, normal},
    },
    plan::{Step, UserStep},
};

impl Reconciler<'_> {
    /// Passwords of users that some cluster does not have, and that no file holds: the server knows only a hash, so
    /// one that is there by now on every cluster keeps what it has.
    pub(super) fn passwords_to_save(&self) -> Option<Step> {
        let saved = |name: &UserName| {
            self.there.credentials.as_ref().is_some_and(|credentials| credentials.users.contains_key(name))
        };
        let lacks = |cluster: &ClusterId, name: &UserName| {
            self.server(*cluster).is_none_or(|server| !server.users.users.contains_key(name.as_str()))
        };
        let is_new = |name: &UserName| self.mesh.clusters_of(name).iter().any(|cluster| lacks(cluster, name));
        let names = self.mesh.all_users().into_keys().filter(|name| !saved(name) && is_new(name)).cloned();
        step(names.collect(), UserStep::SavePasswords)
    }

    /// None while some cluster cannot be asked: it may have the user, whom a question names before she is removed.
    pub(super) fn passwords_to_forget(&self) -> Option<Step> {
        let unknown = |cluster: ClusterId| self.server(cluster).is_none() || self.mesh.restores_users(cluster);
        if self.inputs.keep_users || self.mesh.clusters().any(unknown) {
            return None;
        }
        let users = self.mesh.all_users();
        let saved = self.there.credentials.iter().flat_map(|credentials| credentials.users.keys());
        step(saved.filter(|name| !users.contains_key(name)).cloned().collect(), UserStep::ForgetPasswords)
    }

    /// Roles before the users that have them, and the other way round where they are removed.
    pub(super) fn users(&self, on: ClusterId) -> Vec<Step> {
        let removed = [self.users_to_remove(on), self.roles_to_remove(on)].into_iter().flatten();
        let removed = removed.filter(|_| !self.inputs.keep_users && !self.mesh.restores_users(on));
        [self.roles_to_put(on), self.users_to_put(on)].into_iter().flatten().chain(removed).collect()
    }

    fn roles_to_put(&self, on: ClusterId) -> Option<Step> {
        let there = self.server(on).map(|server| &server.users.roles);
        let wanted = self.mesh.roles_on(on).into_iter();
        let differs = |(name, role): &(RoleName, _)| {
            let body = normal(&body_of(role, &self.mesh.id));
            there.is_none_or(|there| there.get(name.as_str()) != Some(&body))
        };
        step(wanted.filter(differs).map(|(name, _)| name).collect(), |roles| UserStep::PutRoles { on, roles })
    }

    fn users_to_put(&self, on: ClusterId) -> Option<Step> {
        let there = self.server(on).map(|server| &server.users.users);
        let differs = |(name, user): &(&UserName, &User)| {
            let roles: BTreeSet<String> = user.roles.iter().map(ToString::to_string).collect();
            there.is_none_or(|there| there.get(name.as_str()) != Some(&roles))
        };
        let names = self.mesh.users_on(on).into_iter().filter(differs).map(|(name, _)| name.clone());
        step(names.collect(), |users| UserStep::PutUsers { on, users })
    }

    /// Also of a server that is about to be restarted: it keeps its users, and a question is to name them.
    fn users_to_remove(&self, on: ClusterId) -> Option<Step> {
        let wanted: BTreeSet<&str> = self.mesh.users_on(on).into_keys().map(UserName::as_str).collect();
        let there = self.there.server(on).into_iter().flat_map(|server| server.users.users.keys());
        let gone = there.filter(|name| !wanted.contains(name.as_str())).cloned();
        step(gone.collect(), |users| UserStep::RemoveUsers { on, users })
    }

    fn roles_to_remove(&self, on: ClusterId) -> Option<Step> {
        let wanted: BTreeSet<String> = self.mesh.roles_on(on).keys().map(ToString::to_string).collect();
        let there = self.there.server(on).into_iter().flat_map(|server| server.users.roles.keys());
        let gone = there.filter(|name| !wanted.contains(*name)).cloned();
        step(gone.collect(), |roles| UserStep::RemoveRoles { on, roles })
    }
}

/// A step for these names, if there are any.
fn step<T>(names: Vec<T>, of: impl FnOnce(Vec<T>) -> UserStep) -> Option<Step> {
    (!names.is_empty()).then(|| of(names).into())
}
