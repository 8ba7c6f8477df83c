//! The settings file, `mesh.yaml`: its fields, and the schema by which editors complete and check them. Pure: no I/O.

use std::fmt;

use schemars::{JsonSchema, Schema, schema_for};
use serde::{Deserialize, Deserializer, de::Visitor};

use super::{DEFAULT_VERSION, Overrides, Profile};

/// The names of all settings, in the order they are shown in.
pub const NAMES: [&str; 17] = [
    "clusters",
    "stack_version",
    "registry",
    "kibana",
    "profile",
    "elastic_memory",
    "kibana_memory",
    "bind",
    "subnet",
    "hosts",
    "share",
    "san",
    "key_days",
    "license",
    "passphrase_words",
    "templates",
    "timeout",
];

/// Settings of `mesh create`; a flag or a variable of the environment that says otherwise comes first
// values are texts here, so that all that is wrong with them can be said at once
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, expecting = "settings such as `clusters: 3`")]
#[schemars(title = "mesh.yaml")]
pub(super) struct File {
    /// How many clusters
    #[schemars(with = "u8", range(min = 1, max = 99))]
    pub clusters: Option<Text>,
    /// Version of Elasticsearch and Kibana, 8.14.0 or later
    #[schemars(with = "String", regex(pattern = r"^\d+\.\d+\.\d+$"))]
    pub stack_version: Option<Text>,
    /// Registry of the images: a host, optionally with a port and a path
    #[schemars(with = "String", regex(pattern = "^[a-z0-9._:/-]+$"))]
    pub registry: Option<Text>,
    /// Whether every cluster has a Kibana
    #[schemars(with = "bool")]
    pub kibana: Option<Text>,
    /// What the mesh is for: `server`, or `smoke` for smoke tests and laptops
    #[schemars(with = "String", regex(pattern = "^(server|smoke)$"))]
    pub profile: Option<Text>,
    /// Memory limit of an Elasticsearch container, 1g or more (stand-ins: 512m); the heap is somewhat less than half of it
    #[schemars(with = "String", regex(pattern = "^[0-9]+([mM]|[gG])([iI]?[bB])?$"))]
    pub elastic_memory: Option<Text>,
    /// Memory limit of a Kibana container, 1g or more (stand-ins: 512m)
    #[schemars(with = "String", regex(pattern = "^[0-9]+([mM]|[gG])([iI]?[bB])?$"))]
    pub kibana_memory: Option<Text>,
    /// Address of this machine that ports are published on
    #[schemars(with = "String", regex(pattern = "^[0-9a-fA-F.:]+$"))]
    pub bind: Option<Text>,
    /// The mesh's Docker network, private and /16 to /24; a free one if it is left out
    #[schemars(with = "String", regex(pattern = r"^[0-9.]+/(1[6-9]|2[0-4])$"))]
    pub subnet: Option<Text>,
    /// Whether `/etc/hosts` gets the names of the containers; only root writes it
    #[schemars(with = "bool")]
    pub hosts: Option<Text>,
    /// Indices that the other clusters may search, besides `mesh*`
    #[schemars(with = "Vec<String>", inner(regex(pattern = "^[a-z0-9.*][a-z0-9._*-]*$")))]
    pub share: Option<Vec<Text>>,
    /// Names and addresses that certificates are valid for, besides the mesh's own
    #[schemars(with = "Vec<String>")]
    pub san: Option<Vec<Text>>,
    /// Lifetime of the API keys between clusters, in days
    #[schemars(with = "u16", range(min = 1, max = 3650))]
    pub key_days: Option<Text>,
    /// A licence file for every cluster, seen from this file's directory; a trial of 30 days if it is left out
    #[schemars(with = "String", length(min = 1))]
    pub license: Option<Text>,
    /// How many words a generated password has
    #[schemars(with = "u8", range(min = 3, max = 20))]
    pub passphrase_words: Option<Text>,
    /// A directory, seen from this file's, whose `elasticsearch.yml`, `kibana.yml` or `jvm.options` stand in for the
    /// built-in templates; empty for the built-in ones
    #[schemars(with = "String")]
    pub templates: Option<Text>,
    /// When to give up, for example `90s` or `10m`; after 5m and 1m a cluster if it is left out
    #[schemars(with = "String")]
    pub timeout: Option<Text>,
}

/// The JSON Schema of the file.
pub fn schema() -> Schema {
    let mut schema = schema_for!(File);
    let defaults = serde_json::to_value(Overrides::defaults(Profile::default(), DEFAULT_VERSION))
        .expect("should be JSON: it holds texts and numbers");
    let fields = schema.get_mut("properties").expect("should have fields");
    for name in NAMES {
        let default = &defaults[name];
        if !default.is_null() {
            fields[name]["default"] = default.clone();
        }
    }
    schema
}

/// A value that is written without structure: a text, a number, `true` or `false`.
#[derive(Debug, Clone)]
pub(super) struct Text(pub String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Scalar;

        impl Visitor<'_> for Scalar {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("one value")
            }

            fn visit_str<E>(self, value: &str) -> Result<Text, E> {
                Ok(Text(value.to_owned()))
            }

            fn visit_bool<E>(self, value: bool) -> Result<Text, E> {
                Ok(Text(value.to_string()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Text, E> {
                Ok(Text(value.to_string()))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Text, E> {
                Ok(Text(value.to_string()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Text, E> {
                Ok(Text(value.to_string()))
            }
        }

        from.deserialize_any(Scalar)
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::Path};

    use proptest::prelude::*;
    use regex::Regex;
    use serde_json::Value;

    use super::*;
    use crate::mesh::settings::read;

    fn reads(text: &str) -> bool {
        read::file("mesh.yaml", Path::new(""), text).is_ok()
    }

    #[test]
    fn the_schema_names_exactly_the_fields_that_are_read() {
        let schema = schema().to_value();
        let fields: BTreeSet<&str> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(fields, NAMES.into());
        assert_eq!(schema["additionalProperties"], false);
        assert_eq!(schema.get("required"), None);
        for name in NAMES {
            assert!(reads(&format!("{name}:")), "{name}");
            assert!(schema["properties"][name]["description"].as_str().is_some_and(|text| !text.is_empty()), "{name}");
        }
        assert!(!reads("cluster: 3"));
        let said = serde_json::to_value(Overrides::default()).unwrap();
        assert_eq!(said.as_object().unwrap().keys().map(String::as_str).collect::<BTreeSet<_>>(), fields);
    }

    #[test]
    fn every_default_of_the_schema_is_read() {
        let schema = schema().to_value();
        let defaults = NAMES.into_iter().filter_map(|name| Some((name, schema["properties"][name].get("default")?)));
        let text: Vec<String> = defaults.map(|(name, value)| format!("{name}: {value}")).collect();
        let (asked, _) = read::file("mesh.yaml", Path::new(""), &text.join("\n")).unwrap();
        assert_eq!(asked, Overrides::defaults(Profile::default(), DEFAULT_VERSION));
    }

    #[test]
    fn a_field_of_the_schema() {
        let schema = schema().to_value();
        insta::assert_snapshot!(serde_json::to_string_pretty(&schema["properties"]["elastic_memory"]).unwrap(), @r#"
        {
          "default": "2g",
          "description": "Memory limit of an Elasticsearch container, 1g or more (stand-ins: 512m); the heap is somewhat less than half of it",
          "pattern": "^[0-9]+([mM]|[gG])([iI]?[bB])?$",
          "type": "string"
        }
        "#);
        insta::assert_snapshot!(serde_json::to_string_pretty(&schema["properties"]["clusters"]).unwrap(), @r#"
        {
          "description": "How many clusters",
          "format": "uint8",
          "maximum": 99,
          "minimum": 1,
          "type": "integer"
        }
        "#);
        insta::assert_snapshot!(serde_json::to_string_pretty(&schema["properties"]["share"]).unwrap(), @r#"
        {
          "default": [],
          "description": "Indices that the other clusters may search, besides `mesh*`",
          "items": {
            "pattern": "^[a-z0-9.*][a-z0-9._*-]*$",
            "type": "string"
          },
          "type": "array"
        }
        "#);
    }

    proptest! {
        #[test]
        fn the_schema_refuses_no_text_that_is_read(
            text in "[0-9]{1,5}(m|G|mb|GiB|k)|[0-9]{1,2}(\\.[0-9]{1,2}){2}|10\\.[0-9]\\.0\\.0/[0-9]{1,3}|[a-f0-9:]{2,8}|[a-z0-9A-Z.:/*_-]{1,9}",
        ) {
            let schema = schema().to_value();
            for name in NAMES {
                let field = &schema["properties"][name];
                let (pattern, said) = match (&field["pattern"], &field["items"]["pattern"]) {
                    (Value::String(pattern), _) => (pattern, format!("{name}: '{text}'")),
                    (_, Value::String(pattern)) => (pattern, format!("{name}: ['{text}']")),
                    _ => continue,
                };
                if reads(&said) {
                    prop_assert!(Regex::new(pattern).unwrap().is_match(&text), "{}", said);
                }
            }
        }
    }
}
