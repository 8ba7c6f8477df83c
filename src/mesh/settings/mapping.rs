//! Settings that are mappings, as they are read from one text. Pure: no I/O.

use std::path::Path;

use serde_json::{Value as Json, json};

use super::{
    value::Scalar,
    yaml::{self, Node, Value},
};
use crate::mesh::{cluster_set::ClusterSet, invalid_value::InvalidValue};

/// The entries of a mapping that is written in one text, each with one of `keys`.
pub(super) fn mapping(text: &str, keys: &[&str]) -> Result<Vec<(String, Node)>, InvalidValue> {
    entries(yaml::parse(text).map_err(|error| InvalidValue::new(error.reason))?, keys)
}

/// The entries of a mapping, each with one of `keys`.
pub(super) fn entries(node: Node, keys: &[&str]) -> Result<Vec<(String, Node)>, InvalidValue> {
    let expected = || keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
    let Value::Map(entries) = node.value else {
        return Err(InvalidValue::new(format!("expected a mapping of {}, found {}", expected(), node.value.kind())));
    };
    entries
        .into_iter()
        .map(|entry| {
            if keys.contains(&entry.key.as_str()) {
                return Ok((entry.key, entry.value));
            }
            Err(InvalidValue::new(format!("unknown `{}`, expected {}", entry.key, expected())))
        })
        .collect()
}

pub(super) fn scalar<'a>(key: &str, node: &'a Node) -> Result<&'a str, InvalidValue> {
    match &node.value {
        Value::Text(text) => Ok(text),
        value => Err(InvalidValue::new(format!("`{key}` is one value, found {}", value.kind()))),
    }
}

pub(super) fn list<'a>(key: &str, example: &str, node: &'a Node) -> Result<&'a [Node], InvalidValue> {
    match &node.value {
        Value::List(items) => Ok(items),
        value => Err(InvalidValue::new(format!("`{key}` is a list such as `{example}`, found {}", value.kind()))),
    }
}

/// The texts of a list.
pub(super) fn texts(key: &str, example: &str, node: &Node) -> Result<Vec<String>, InvalidValue> {
    list(key, example, node)?.iter().map(|item| Ok(scalar(key, item)?.to_owned())).collect()
}

/// The entries of a mapping of names that are the user's own; none of an empty one.
pub(super) fn named(node: Node, example: &str) -> Result<Vec<(String, Node)>, InvalidValue> {
    match node.value {
        Value::Map(entries) => Ok(entries.into_iter().map(|entry| (entry.key, entry.value)).collect()),
        Value::Null => Ok(Vec::new()),
        value => Err(InvalidValue::new(format!("expected a mapping such as `{{{example}}}`, found {}", value.kind()))),
    }
}

/// Clusters as a set such as `1-6`, or as a list of such.
pub(super) fn clusters(key: &str, node: &Node) -> Result<ClusterSet, InvalidValue> {
    let sets = match &node.value {
        Value::List(items) => items.iter().map(|item| scalar(key, item)).collect::<Result<Vec<_>, _>>()?,
        _ => vec![scalar(key, node)?],
    };
    let sets = sets.into_iter().map(str::parse).collect::<Result<Vec<ClusterSet>, _>>()?;
    ClusterSet::new(sets.iter().flat_map(ClusterSet::iter))
        .ok_or_else(|| InvalidValue::new(format!("`{key}` is empty: leave it out for all clusters")))
}

/// The JSON Schema of what [`clusters`] reads.
pub(super) fn clusters_json() -> Json {
    let set = <ClusterSet as Scalar>::schema();
    json!({ "anyOf": [set, { "type": "array", "items": set, "minItems": 1 }] })
}

pub(super) fn switch(key: &str, node: &Node) -> Result<bool, InvalidValue> {
    <bool as Scalar>::read(scalar(key, node)?, Path::new(""))
}
