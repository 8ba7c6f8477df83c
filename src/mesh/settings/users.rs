//! Users, as a settings file names them. Pure: no I/O.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::{
    mapping::{clusters, clusters_json, entries, named, texts},
    value::{Scalar, Shape},
    yaml::{self, Node},
};
use crate::mesh::{
    invalid_value::InvalidValue,
    users::{User, UserName},
};

/// Users by their names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Users(pub BTreeMap<UserName, User>);

impl Users {
    /// Reads a mapping such as `{anna: {roles: [analyst], on: [1]}}`.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let node = yaml::parse(text).map_err(|error| InvalidValue::new(error.reason))?;
        let user = |(name, node): (String, Node)| {
            let key: UserName = name.parse()?;
            Ok((key, user(node).map_err(|error| InvalidValue::new(format!("`{name}`: {error}")))?))
        };
        named(node, "anna: {…}")?.into_iter().map(user).collect::<Result<_, _>>().map(Self)
    }
}

fn user(node: Node) -> Result<User, InvalidValue> {
    let (mut roles, mut on) = (Vec::new(), None);
    for (key, value) in entries(node, &["roles", "on"])? {
        match key.as_str() {
            "roles" => roles = texts("roles", "[analyst]", &value)?,
            _ => on = Some(clusters("on", &value)?),
        }
    }
    if roles.is_empty() {
        return Err(InvalidValue::new("`roles` is missing, as in `{roles: [mesh_reader]}`"));
    }
    let roles = roles.iter().map(|role| role.parse()).collect::<Result<_, _>>()?;
    Ok(User { roles, on })
}

impl Scalar for Users {
    const SHAPE: Shape = Shape::Mapping;
    const PLACEHOLDER: &'static str = "USERS";

    fn read(text: &str, _: &Path) -> Result<Self, InvalidValue> {
        Self::parse(text)
    }

    fn schema() -> Json {
        json!({
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "properties": {
                    "roles": { "type": "array", "items": { "type": "string" }, "minItems": 1 },
                    "on": clusters_json(),
                },
                "required": ["roles"],
                "additionalProperties": false,
            },
        })
    }

    fn json(&self) -> Json {
        let user = |user: &User| {
            let mut json = json!({ "roles": user.roles });
            if let Some(on) = &user.on {
                json["on"] = json!(on.to_string());
            }
            json
        };
        self.0.iter().map(|(name, of)| (name.to_string(), user(of))).collect::<serde_json::Map<_, _>>().into()
    }
}

impl Serialize for Users {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Scalar::json(self).serialize(to)
    }
}

impl<'de> Deserialize<'de> for Users {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::parse(&Json::deserialize(from)?.to_string()).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_read_and_written() {
        let users = Users::parse("{anna: {roles: [analyst, viewer], on: [1]}, bert: {roles: [mesh_reader]}}").unwrap();
        let recorded = serde_json::to_string(&users).unwrap();
        insta::assert_snapshot!(recorded, @r#"{"anna":{"on":"1","roles":["analyst","viewer"]},"bert":{"roles":["mesh_reader"]}}"#);
        assert_eq!(serde_json::from_str::<Users>(&recorded).unwrap(), users);
        let refused = |text: &str| Users::parse(text).unwrap_err().to_string();
        insta::assert_snapshot!(refused("{anna: {on: 1}}"), @"`anna`: `roles` is missing, as in `{roles: [mesh_reader]}`");
        insta::assert_snapshot!(refused("{elastic: {roles: [viewer]}}"), @"the user `elastic` is reserved; take another name");
        insta::assert_snapshot!(refused("{anna: {roles: [viewer], on: []}}"), @"`anna`: `on` is empty: leave it out for all clusters");
        insta::assert_snapshot!(refused("{anna: analyst}"), @"`anna`: expected a mapping of `roles`, `on`, found `analyst`");
    }
}
