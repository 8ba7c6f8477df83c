//! Users, roles and data views in the model: what a server keeps of them, which no restart takes away. Pure.

use super::Model;
use crate::{
    facts::observed::ViewFacts,
    mesh::{
        Mesh,
        data_views::id_of,
        id::ClusterId,
        secret::Secret,
        users::{UserName, normal},
    },
    plan::{UserStep, ViewStep},
};

impl Model {
    pub(super) fn carry_out_of_users(&mut self, mesh: &Mesh, step: &UserStep) {
        let saved = |model: &mut Self| {
            std::mem::take(&mut model.there.credentials.as_mut().expect("should have credentials first").users)
        };
        match step {
            UserStep::SavePasswords(users) | UserStep::ReplacePasswords(users) => {
                let mut passwords = saved(self);
                passwords.extend(users.iter().map(|user| (user.clone(), Secret::new(format!("{user}'s")))));
                self.keep_passwords(passwords);
            }
            UserStep::ForgetPasswords(users) => {
                let mut passwords = saved(self);
                passwords.retain(|name, _| !users.contains(name));
                self.keep_passwords(passwords);
            }
            UserStep::PutRoles { on, roles } => {
                let put = roles.iter().map(|role| (role, mesh.role_body(*on, role).expect("should be wanted there")));
                let put = put.map(|(role, body)| (role.to_string(), normal(&body))).collect::<Vec<_>>();
                self.answering(*on).users.roles.extend(put);
            }
            UserStep::PutUsers { on, users } => users.iter().for_each(|user| self.put_user(mesh, *on, user)),
            UserStep::SetPassword { on, user } => {
                assert!(self.answering(*on).users.users.contains_key(user.as_str()), "{user} should be on {on}");
            }
            UserStep::RemoveUsers { on, users } => {
                self.answering(*on).users.users.retain(|name, _| !users.contains(name));
            }
            UserStep::RemoveRoles { on, roles } => {
                self.answering(*on).users.roles.retain(|name, _| !roles.contains(name));
            }
        }
    }

    fn keep_passwords(&mut self, passwords: std::collections::BTreeMap<UserName, Secret>) {
        self.there.credentials.as_mut().expect("should have credentials first").users = passwords;
    }

    fn put_user(&mut self, mesh: &Mesh, on: ClusterId, user: &UserName) {
        let roles = mesh.all_users()[user].roles.iter().map(ToString::to_string);
        let is_there = self.answering(on).users.users.insert(user.to_string(), roles.collect()).is_some();
        let saved = self.there.credentials.as_ref().expect("should have credentials first");
        assert!(is_there || saved.users.contains_key(user), "{user} should be made with a password");
    }

    pub(super) fn carry_out_of_views(&mut self, mesh: &Mesh, step: &ViewStep) {
        match step {
            ViewStep::Put { on, views } => {
                assert!(self.there.runs(on.kibana()), "the Kibana of {on} should run");
                let wanted = mesh.data_views(*on).into_iter().filter(|view| views.contains(&view.name));
                let put = wanted.map(|view| (view.id, ViewFacts { name: view.name, title: view.title }));
                self.answering(*on).views.extend(put.collect::<Vec<_>>());
            }
            ViewStep::Remove { on, view } => drop(self.answering(*on).views.remove(&id_of(view))),
        }
    }

    /// Every cluster has the roles and users that it is to have, and no others.
    pub(in crate::plan::converge) fn assert_users_are(&self, mesh: &Mesh, on: ClusterId) {
        let found = &self.servers[&on].users;
        let roles = mesh.roles_on(on).into_keys();
        let bodies =
            roles.map(|name| (name.to_string(), normal(&mesh.role_body(on, &name).expect("should be wanted"))));
        assert_eq!(found.roles, bodies.collect(), "roles of {on}");
        let users = mesh.users_on(on).into_iter();
        let wanted = users.map(|(name, user)| (name.to_string(), user.roles.iter().map(ToString::to_string).collect()));
        assert_eq!(found.users, wanted.collect(), "users of {on}");
        for view in mesh.data_views(on) {
            assert_eq!(self.servers[&on].views[&view.id].title, view.title, "{} of {on}", view.name);
        }
    }
}
