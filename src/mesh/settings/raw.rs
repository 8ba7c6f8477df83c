//! Raw lines of `elasticsearch.yml` and `kibana.yml`, added to what a template makes. Pure: no I/O.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::{
    reserved::accept,
    value::{Shape, Value},
    yaml,
};
use crate::mesh::invalid_value::InvalidValue;

/// Raw settings by their full names, with scalars or lists of scalars as values: of Elasticsearch, or of Kibana.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RawSettings<const KIBANA: bool>(BTreeMap<String, Json>);

pub type ElasticSettings = RawSettings<false>;
pub type KibanaSettings = RawSettings<true>;

impl<const KIBANA: bool> RawSettings<KIBANA> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn get(&self, name: &str) -> Option<&Json> {
        self.0.get(name)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The lines for the end of a configuration file; nothing where nothing is set. JSON is YAML, too.
    pub fn lines(&self) -> String {
        if self.is_empty() {
            return String::new();
        }
        let lines = self.0.iter().map(|(name, value)| format!("{name}: {value}\n"));
        format!("{}{}", Self::HEADING, lines.collect::<String>())
    }

    /// What stands before the lines in a file.
    const HEADING: &str = if KIBANA { "\n# From `kibana_settings`.\n" } else { "\n# From `settings`.\n" };

    /// What [`Self::lines`] added to a file. A line below its heading that it would not have written is left out.
    pub fn of_file(text: &str) -> Self {
        let added = text.rsplit_once(Self::HEADING).map_or("", |(_, added)| added);
        let read = |line: &str| {
            let (name, value) = line.split_once(": ")?;
            let (name, value) = Self::one(&format!("{name}={value}")).ok()?;
            (line == format!("{name}: {value}")).then_some((name, value))
        };
        Self(added.lines().filter_map(read).collect())
    }

    /// The names that all of them have, each with the value that most have.
    pub fn common(of: &[&Self]) -> Self {
        let Some(first) = of.first() else { return Self::default() };
        let value = |name: &String| {
            let values: Option<Vec<&Json>> = of.iter().map(|one| one.0.get(name)).collect();
            let values = values?;
            let most = values.iter().rev().max_by_key(|value| values.iter().filter(|other| other == value).count())?;
            Some((name.clone(), (*most).clone()))
        };
        Self(first.0.keys().filter_map(value).collect())
    }

    /// What is not in `other`, or with another value; `None` where that is nothing.
    pub fn beyond(&self, other: &Self) -> Option<Self> {
        let own = self.0.iter().filter(|(name, value)| other.0.get(*name) != Some(value));
        let own: BTreeMap<String, Json> = own.map(|(name, value)| (name.clone(), value.clone())).collect();
        (!own.is_empty()).then_some(Self(own))
    }

    /// Reads `name=value`. The value is a number, `true`, `false` or a list where it is one in JSON, else a text.
    fn one(text: &str) -> Result<(String, Json), InvalidValue> {
        let Some((name, value)) = text.split_once('=') else {
            return Err(InvalidValue::new(format!(
                "`{text}` is not a setting with its value, such as `{}`",
                Self::EXAMPLE
            )));
        };
        let name = name.trim();
        accept::<KIBANA>(name)?;
        let value = match serde_json::from_str::<Json>(value) {
            Ok(Json::Array(items)) if items.iter().all(is_scalar) => as_written(value, items),
            Ok(Json::Array(_) | Json::Object(_) | Json::Null) => {
                return Err(InvalidValue::new(format!("the value of `{name}` is not a scalar or a list of scalars")));
            }
            Ok(scalar @ Json::String(_)) => scalar,
            // what would be written in another way is a text: `9.10` is not 9.1
            Ok(Json::Bool(value)) => value.into(),
            Ok(Json::Number(number)) if number.to_string() == *value => Json::Number(number),
            _ => value.into(),
        };
        Ok((name.to_owned(), value))
    }

    const EXAMPLE: &str = if KIBANA { "logging.root.level=warn" } else { "indices.query.bool.max_clause_count=4096" };
}

fn is_scalar(value: &Json) -> bool {
    matches!(value, Json::Bool(_) | Json::Number(_) | Json::String(_))
}

/// A list of scalars with each as it is spelled.
fn as_written(list: &str, items: Vec<Json>) -> Json {
    match yaml::parse(list).map(|node| node.value) {
        Ok(yaml::Value::List(written)) => written.iter().filter_map(yaml::Node::scalar).collect(),
        _ => items.into(),
    }
}

impl<const KIBANA: bool> Value for RawSettings<KIBANA> {
    const SHAPE: Shape = Shape::Map;
    const PLACEHOLDER: &'static str = "LINE";

    fn read(texts: &[String], _: &Path) -> Result<Self, Vec<(Option<usize>, InvalidValue)>> {
        let (mut settings, mut flaws) = (BTreeMap::new(), Vec::new());
        for (index, text) in texts.iter().enumerate() {
            match Self::one(text) {
                Ok((name, value)) => drop(settings.insert(name, value)),
                Err(reason) => flaws.push((Some(index), reason)),
            }
        }
        if flaws.is_empty() { Ok(Self(settings)) } else { Err(flaws) }
    }

    fn check(text: &str) -> Result<(), InvalidValue> {
        Self::one(text).map(drop)
    }

    fn schema() -> Json {
        json!({ "type": "object" })
    }

    fn json(&self) -> Json {
        self.0.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// Name by name.
    fn overlay(&mut self, other: &Self) {
        self.0.extend(other.0.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(texts: &[&str]) -> ElasticSettings {
        let texts: Vec<String> = texts.iter().map(ToString::to_string).collect();
        ElasticSettings::read(&texts, Path::new("")).unwrap()
    }

    fn refusal<const KIBANA: bool>(text: &str) -> String {
        RawSettings::<KIBANA>::check(text).unwrap_err().to_string()
    }

    #[test]
    fn a_value_keeps_its_type_and_its_spelling() {
        let settings = read(&[
            "a.b=4096",
            "a.c=9.10",
            "a.d=\"4096\"",
            "a.e=true",
            "a.f=[\"x\",1]",
            "a.g=40mb",
            "a.h=x=y",
            "a.i=[9.10,\"9.1\",9.1]",
        ]);
        insta::assert_snapshot!(settings.lines(), @r##"
        # From `settings`.
        a.b: 4096
        a.c: "9.10"
        a.d: "4096"
        a.e: true
        a.f: ["x",1]
        a.g: "40mb"
        a.h: "x=y"
        a.i: ["9.10","9.1",9.1]
        "##);
        assert_eq!(read(&[]).lines(), "");
    }

    #[test]
    fn what_mesh_sets_itself_and_secrets_are_refused() {
        insta::assert_snapshot!(refusal::<false>("xpack.security.enabled=false"), @"mesh sets `xpack.security.*` itself");
        insta::assert_snapshot!(refusal::<false>("network=x"), @"mesh sets `network.*` itself");
        insta::assert_snapshot!(refusal::<false>("node.name=x"), @"mesh sets `node.name` itself");
        insta::assert_snapshot!(refusal::<true>("server.port=1"), @"mesh sets `server.*` itself");
        insta::assert_snapshot!(refusal::<false>("xpack.a.secure_password=x"), @"`xpack.a.secure_password` is a secret, which no configuration file may hold: the file of `secure_settings` may");
        insta::assert_snapshot!(refusal::<false>("a b=1"), @"`a b` is not the name of a setting");
        insta::assert_snapshot!(refusal::<false>("a"), @"`a` is not a setting with its value, such as `indices.query.bool.max_clause_count=4096`");
        insta::assert_snapshot!(refusal::<false>("a={}"), @"the value of `a` is not a scalar or a list of scalars");
        for fits in ["node.attr.zone=a", "cluster.routing.allocation.enable=all", "nodes.x=1", "pathological=1"] {
            assert!(ElasticSettings::check(fits).is_ok(), "{fits}");
        }
    }
}
