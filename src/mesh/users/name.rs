//! Names of users and roles, as Elasticsearch takes them. Pure: no I/O.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::mesh::invalid_value::InvalidValue;

/// The role that every new mesh has.
const READER: &str = "mesh_reader";

/// The superuser that is there for as long as it takes to set a lost password. A name of its own, so that one that an
/// interrupted run left is known as such.
pub const RECOVERY_USER: &str = "mesh-recovery";

const LONGEST: usize = 100;

/// Users that Elasticsearch has by itself; see
/// <https://www.elastic.co/docs/deploy-manage/users-roles/cluster-or-deployment-auth/built-in-users>.
const RESERVED_USERS: [&str; 8] = [
    "elastic",
    "kibana",
    "kibana_system",
    "logstash_system",
    "beats_system",
    "apm_system",
    "remote_monitoring_user",
    RECOVERY_USER,
];

/// Roles that Elasticsearch has by itself, and that users can have; see
/// <https://www.elastic.co/docs/deploy-manage/users-roles/cluster-or-deployment-auth/built-in-roles>.
const BUILT_IN_ROLES: [&str; 22] = [
    "apm_user",
    "beats_admin",
    "editor",
    "enrich_user",
    "ingest_admin",
    "kibana_admin",
    "kibana_user",
    "logstash_admin",
    "machine_learning_admin",
    "machine_learning_user",
    "monitoring_user",
    "reporting_user",
    "rollup_admin",
    "rollup_user",
    "snapshot_user",
    "superuser",
    "transform_admin",
    "transform_user",
    "transport_client",
    "viewer",
    "watcher_admin",
    "watcher_user",
];

/// The name of a user: 1 to 100 of letters, digits and `_.@-`, beginning with a letter or a digit. None that
/// Elasticsearch or `mesh` keeps for itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserName(String);

/// The name of a role, of the same form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoleName(String);

impl UserName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl RoleName {
    /// [`READER`].
    pub fn reader() -> Self {
        Self(READER.to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether Elasticsearch has the role by itself.
    pub fn is_built_in(&self) -> bool {
        BUILT_IN_ROLES.contains(&self.0.as_str())
    }

    /// Whether whoever has it may do everything.
    pub fn is_superuser(&self) -> bool {
        self.0 == "superuser"
    }

    /// Whether a settings file may say what the role is.
    ///
    /// # Errors
    /// It is kept: by Elasticsearch, or by `mesh`.
    pub fn require_free(&self) -> Result<(), InvalidValue> {
        if self.is_built_in() || self.0 == READER || self.0.starts_with("kibana_") {
            return Err(InvalidValue::new(format!("the role `{}` is there already; take another name", self.0)));
        }
        Ok(())
    }
}

fn plain(text: &str, what: &str, example: &str) -> Result<(), InvalidValue> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_.@-".contains(c);
    let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    if begins && text.len() <= LONGEST && text.chars().all(fits) {
        return Ok(());
    }
    Err(InvalidValue::new(format!(
        "`{}` is not a name of a {what} such as `{example}`: up to {LONGEST} of letters, digits and `_.@-`",
        text.escape_debug()
    )))
}

impl FromStr for UserName {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        plain(text, "user", "anna")?;
        if RESERVED_USERS.contains(&text) || text.starts_with("kibana_") || text.starts_with('_') {
            return Err(InvalidValue::new(format!("the user `{text}` is reserved; take another name")));
        }
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for RoleName {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        plain(text, "role", "analyst").map(|()| Self(text.to_owned()))
    }
}

/// What both kinds of names have in common.
macro_rules! name {
    ($($type:ty),*) => {$(
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl TryFrom<String> for $type {
            type Error = InvalidValue;

            fn try_from(text: String) -> Result<Self, InvalidValue> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> Self {
                name.0
            }
        }
    )*};
}
name!(UserName, RoleName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_not_reserved() {
        for good in ["anna", "Anna.Smith@example.org", "7", "a_b-c"] {
            assert_eq!(good.parse::<UserName>().unwrap().as_str(), good);
        }
        let refused = |text: &str| text.parse::<UserName>().unwrap_err().to_string();
        for reserved in ["elastic", "kibana_system", "kibana_x", "mesh-recovery"] {
            assert_eq!(refused(reserved), format!("the user `{reserved}` is reserved; take another name"));
        }
        for wrong in ["", "-a", "a b", "a/b", "é", "a=b", "_xpack", "a\n", &"x".repeat(101)] {
            assert!(refused(wrong).contains("is not a name of a user"), "{wrong}");
        }
        assert!("superuser".parse::<RoleName>().unwrap().require_free().is_err());
        assert!("analyst".parse::<RoleName>().unwrap().require_free().is_ok());
    }
}
