//! Settings that are mappings, as they are read from one text. Pure: no I/O.

use std::path::Path;

use super::{
    InvalidValue,
    value::Scalar,
    yaml::{self, Node, Value},
};

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

pub(super) fn switch(key: &str, node: &Node) -> Result<bool, InvalidValue> {
    <bool as Scalar>::read(scalar(key, node)?, Path::new(""))
}
