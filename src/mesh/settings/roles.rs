//! Roles, as a settings file says what they are. Pure: no I/O.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::{
    mapping::{clusters, clusters_json, entries, list, named, texts},
    value::{Scalar, Shape},
    yaml::{self, Node},
};
use crate::mesh::{
    invalid_value::InvalidValue,
    users::{IndexGrant, RemoteGrant, Role, RoleName},
};

/// Roles by their names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roles(pub BTreeMap<RoleName, Role>);

const KEYS: [&str; 5] = ["indices", "remote", "cluster", "kibana", "on"];
const REMOTE: &str = "[{clusters: ['*'], names: [logs-*]}]";

impl Roles {
    /// Reads a mapping such as `{analyst: {indices: [{names: [logs-*]}], on: 1-6}}`.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let node = yaml::parse(text).map_err(|error| InvalidValue::new(error.reason))?;
        let role = |(name, node): (String, Node)| {
            let key: RoleName = name.parse()?;
            key.require_free()?;
            Ok((key, role(node).map_err(|error| InvalidValue::new(format!("`{name}`: {error}")))?))
        };
        named(node, "analyst: {…}")?.into_iter().map(role).collect::<Result<_, _>>().map(Self)
    }
}

fn role(node: Node) -> Result<Role, InvalidValue> {
    let mut role = Role::default();
    for (key, value) in entries(node, &KEYS)? {
        match key.as_str() {
            "indices" => role.indices = grants("indices", "[{names: [logs-*]}]", &value)?,
            "remote" => role.remote = list("remote", REMOTE, &value)?.iter().map(remote).collect::<Result<_, _>>()?,
            "cluster" => role.cluster = texts("cluster", "[monitor]", &value)?,
            "kibana" => role.kibana = texts("kibana", "[feature_discover.read]", &value)?,
            _ => role.on = Some(clusters("on", &value)?),
        }
    }
    if role.indices.is_empty() && role.remote.is_empty() && role.cluster.is_empty() && role.kibana.is_empty() {
        return Err(InvalidValue::new("it allows nothing: it has neither `indices` nor `remote`"));
    }
    Ok(role)
}

fn grants(key: &str, example: &str, node: &Node) -> Result<Vec<IndexGrant>, InvalidValue> {
    let grant = |node: &Node| {
        let (mut names, mut privileges) = (Vec::new(), Vec::new());
        for (key, value) in entries(node.clone(), &["names", "privileges"])? {
            match key.as_str() {
                "names" => names = texts("names", "[logs-*]", &value)?,
                _ => privileges = texts("privileges", "[read]", &value)?,
            }
        }
        Ok(IndexGrant { names: some("names", names)?, privileges: or(privileges, &Role::READS) })
    };
    list(key, example, node)?.iter().map(grant).collect()
}

fn remote(node: &Node) -> Result<RemoteGrant, InvalidValue> {
    let (mut clusters, mut names, mut privileges) = (Vec::new(), Vec::new(), Vec::new());
    for (key, value) in entries(node.clone(), &["clusters", "names", "privileges"])? {
        match key.as_str() {
            "clusters" => clusters = texts("clusters", "['*']", &value)?,
            "names" => names = texts("names", "[logs-*]", &value)?,
            _ => privileges = texts("privileges", "[read, read_cross_cluster]", &value)?,
        }
    }
    Ok(RemoteGrant {
        clusters: or(clusters, &["*"]),
        names: some("names", names)?,
        privileges: or(privileges, &Role::READS_REMOTE),
    })
}

fn some(key: &str, values: Vec<String>) -> Result<Vec<String>, InvalidValue> {
    if values.iter().all(String::is_empty) {
        return Err(InvalidValue::new(format!("`{key}` is missing, as in `{{names: [logs-*]}}`")));
    }
    Ok(values)
}

fn or(values: Vec<String>, usual: &[&str]) -> Vec<String> {
    if values.is_empty() { usual.iter().map(|value| (*value).to_owned()).collect() } else { values }
}

fn role_json(role: &Role) -> Json {
    let Role { indices, remote, cluster, kibana, on } = role;
    let grant = |IndexGrant { names, privileges }: &IndexGrant| json!({ "names": names, "privileges": privileges });
    let remote_grant = |RemoteGrant { clusters, names, privileges }: &RemoteGrant| json!({ "clusters": clusters, "names": names, "privileges": privileges });
    let mut json = json!({});
    if !indices.is_empty() {
        json["indices"] = indices.iter().map(grant).collect();
    }
    if !remote.is_empty() {
        json["remote"] = remote.iter().map(remote_grant).collect();
    }
    for (key, texts) in [("cluster", cluster), ("kibana", kibana)] {
        if !texts.is_empty() {
            json[key] = json!(texts);
        }
    }
    if let Some(on) = on {
        json["on"] = json!(on.to_string());
    }
    json
}

impl Scalar for Roles {
    const SHAPE: Shape = Shape::Mapping;
    const PLACEHOLDER: &'static str = "ROLES";

    fn read(text: &str, _: &Path) -> Result<Self, InvalidValue> {
        Self::parse(text)
    }

    fn schema() -> Json {
        let texts = json!({ "type": "array", "items": { "type": "string" } });
        json!({
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "properties": {
                    "indices": { "type": "array", "items": {
                        "type": "object",
                        "properties": { "names": texts, "privileges": texts },
                        "required": ["names"],
                        "additionalProperties": false,
                    } },
                    "remote": { "type": "array", "items": {
                        "type": "object",
                        "properties": { "clusters": texts, "names": texts, "privileges": texts },
                        "required": ["names"],
                        "additionalProperties": false,
                    } },
                    "cluster": texts,
                    "kibana": texts,
                    "on": clusters_json(),
                },
                "additionalProperties": false,
            },
        })
    }

    fn json(&self) -> Json {
        self.0.iter().map(|(name, role)| (name.to_string(), role_json(role))).collect::<serde_json::Map<_, _>>().into()
    }
}

impl Serialize for Roles {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Scalar::json(self).serialize(to)
    }
}

impl<'de> Deserialize<'de> for Roles {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::parse(&Json::deserialize(from)?.to_string()).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_read_and_written() {
        let text = "{analyst: {indices: [{names: [logs-*]}], remote: [{names: [logs-*], clusters: [cluster0*]}], \
                    cluster: [monitor], on: [1, 3]}, hr: {kibana: [feature_discover.read], on: 2-4}}";
        let roles = Roles::parse(text).unwrap();
        let recorded = serde_json::to_string(&roles).unwrap();
        insta::assert_snapshot!(recorded, @r#"{"analyst":{"cluster":["monitor"],"indices":[{"names":["logs-*"],"privileges":["read","view_index_metadata"]}],"on":"1,3","remote":[{"clusters":["cluster0*"],"names":["logs-*"],"privileges":["read","read_cross_cluster","view_index_metadata"]}]},"hr":{"kibana":["feature_discover.read"],"on":"2-4"}}"#);
        assert_eq!(serde_json::from_str::<Roles>(&recorded).unwrap(), roles);
    }

    #[test]
    fn a_fault_of_a_role_is_named() {
        let refused = |text: &str| Roles::parse(text).unwrap_err().to_string();
        insta::assert_snapshot!(refused("[analyst]"), @"expected a mapping such as `{analyst: {…}}`, found a list");
        insta::assert_snapshot!(refused("{superuser: {cluster: [all]}}"), @"the role `superuser` is there already; take another name");
        insta::assert_snapshot!(refused("{a b: {cluster: [all]}}"), @"`a b` is not a name of a role such as `analyst`: up to 100 of letters, digits and `_.@-`");
        insta::assert_snapshot!(refused("{analyst: {}}"), @"`analyst`: it allows nothing: it has neither `indices` nor `remote`");
        insta::assert_snapshot!(refused("{analyst: {index: []}}"), @"`analyst`: unknown `index`, expected `indices`, `remote`, `cluster`, `kibana`, `on`");
        insta::assert_snapshot!(refused("{analyst: {indices: [{privileges: [read]}]}}"), @"`analyst`: `names` is missing, as in `{names: [logs-*]}`");
        insta::assert_snapshot!(refused("{analyst: {indices: logs-*}}"), @"`analyst`: `indices` is a list such as `[{names: [logs-*]}]`, found `logs-*`");
        insta::assert_snapshot!(refused("{analyst: {cluster: [monitor], on: x}}"), @"`analyst`: `x` is not a set of clusters from 1 to 99 such as `1-3,7`");
    }
}
