//! Users and roles on servers, and the passwords that users begin with. I/O: network, disk.

use serde_json::{Value, json};

use super::{Apply, files::random};
use crate::{
    error::{Error, Exit},
    judge::check::taken,
    mesh::{
        id::{ClusterId, METADATA},
        passphrase::passphrase,
        secret::Secret,
        users::{RoleName, UserName},
    },
    plan::UserStep,
};

impl Apply<'_> {
    pub(super) async fn user_step(&self, step: &UserStep) -> Result<(), Error> {
        match step {
            UserStep::SavePasswords(users) | UserStep::ReplacePasswords(users) => self.save_passwords(users),
            UserStep::ForgetPasswords(users) => self.forget_passwords(users),
            UserStep::PutRoles { on, roles } => {
                for role in roles {
                    self.put_role(*on, role).await?;
                }
                Ok(())
            }
            UserStep::PutUsers { on, users } => {
                for user in users {
                    self.put_user(*on, user).await?;
                }
                Ok(())
            }
            UserStep::SetPassword { on, user } => self.set_user_password(*on, user).await,
            UserStep::RemoveUsers { on, users } => {
                let server = self.server(*on)?;
                for user in users {
                    self.persist(*on, "the users", async || server.remove_user(user).await).await?;
                }
                Ok(())
            }
            UserStep::RemoveRoles { on, roles } => {
                let server = self.server(*on)?;
                for role in roles {
                    self.persist(*on, "the roles", async || server.remove_role(role).await).await?;
                }
                Ok(())
            }
        }
    }

    fn save_passwords(&self, users: &[UserName]) -> Result<(), Error> {
        let mut credentials = self.credentials()?;
        for user in users {
            let words = self.mesh.spec.passphrase_words.get();
            let password = self.passwords.get(user).cloned().unwrap_or_else(|| passphrase(words, &mut random()));
            credentials.users.insert(user.clone(), password);
        }
        self.put_credentials(&credentials)
    }

    fn forget_passwords(&self, users: &[UserName]) -> Result<(), Error> {
        let mut credentials = self.credentials()?;
        credentials.users.retain(|name, _| !users.contains(name));
        self.put_credentials(&credentials)
    }

    /// A role of this name that `mesh` did not make stays: the plan knew of none, and it may have been made since.
    async fn put_role(&self, on: ClusterId, name: &RoleName) -> Result<(), Error> {
        let server = self.server(on)?;
        let Some(body) = self.mesh.role_body(on, name) else { return Ok(()) };
        let found = self.persist(on, "the roles", async || server.role(name.as_str()).await).await?;
        require_own(on, "role", name.as_str(), found.as_ref())?;
        let refused = |error: Error| {
            error
                .under(format!("{on} does not take the role {name}"))
                .hint("change it in the settings file, as the reason says; then type the same command again")
        };
        self.persist_or(on, "the roles", refused, async || server.put_role(name.as_str(), &body).await).await
    }

    /// What others changed of the user besides her roles stays: name, address, whether she can log in.
    async fn put_user(&self, on: ClusterId, name: &UserName) -> Result<(), Error> {
        let server = self.server(on)?;
        let found = self.persist(on, "the users", async || server.user(name.as_str()).await).await?;
        require_own(on, "user", name.as_str(), found.as_ref())?;
        let users = self.mesh.users_on(on);
        let Some(user) = users.get(name) else { return Ok(()) };
        let mut body = json!({ "roles": user.roles });
        for field in ["full_name", "email", "enabled"] {
            if let Some(value) = found.as_ref().and_then(|found| found.get(field)).filter(|value| !value.is_null()) {
                body[field] = value.clone();
            }
        }
        body["metadata"] = found.as_ref().map_or_else(|| json!({}), |found| found["metadata"].clone());
        body["metadata"][METADATA] = json!(self.mesh.id);
        let password = if found.is_some() { None } else { Some(self.saved_password(name)?) };
        let refused = |error: Error| {
            error.under(format!("{on} does not take the user {name}")).hint(format!(
                "the reason may be the password: `mesh users passwd {name}` gives another one; then type the same \
                 command again"
            ))
        };
        let put = async || server.put_user(name.as_str(), &body, password.as_ref()).await;
        self.persist_or(on, "the users", refused, put).await
    }

    async fn set_user_password(&self, on: ClusterId, name: &UserName) -> Result<(), Error> {
        let (server, password) = (self.server(on)?, self.saved_password(name)?);
        self.persist(on, &format!("the password of {name}"), async || {
            server.set_password(name.as_str(), &password).await
        })
        .await
    }

    fn saved_password(&self, name: &UserName) -> Result<Secret, Error> {
        self.credentials()?.users.get(name).cloned().ok_or_else(|| {
            Error::new(Exit::Unfinished, format!("credentials.txt has no password of {name}"))
                .hint("type the same command again")
        })
    }
}

fn require_own(on: ClusterId, kind: &str, name: &str, found: Option<&Value>) -> Result<(), Error> {
    if found.is_none_or(|found| found["metadata"][METADATA].is_string()) {
        return Ok(());
    }
    Err(Error::from(taken(on, kind, name)).exit(Exit::Unhealthy))
}
