//! The JSON Schema of the settings file, by which editors complete and check it. Pure: no I/O.

use std::path::Path;

use serde_json::{Map, Value as Json, json};

use super::{DEFAULT_VERSION, Overrides, Profile, SETTINGS, Shape, per_cluster::all_of_clusters, value::Scalar};
use crate::mesh::cluster_set::ClusterSet;

/// The schema; it refuses nothing that [`file::read`](super::file::read) takes.
pub fn schema() -> Json {
    let defaults = Overrides::defaults(Profile::default(), DEFAULT_VERSION).values();
    let examples = Overrides::read(Path::new(""), |setting| Some(setting.texts(setting.example)))
        .expect("should be values: a test holds that")
        .values();
    let property = |setting: &super::Setting| {
        let mut property = (setting.schema)();
        let relative = if setting.shape == Shape::Path { "; relative to this file's directory" } else { "" };
        property["description"] = format!("{}{relative}", setting.help).into();
        property["examples"] = json!([examples[setting.name]]);
        if let Some(default) = defaults.get(setting.name) {
            property["default"] = default.clone();
        }
        (setting.name.to_owned(), property)
    };
    let mut properties: Map<String, Json> = SETTINGS.iter().map(property).collect();
    let own = all_of_clusters().map(|setting| {
        let mut property = (setting.schema)();
        property["description"] = setting.help.into();
        (setting.name.to_owned(), property)
    });
    let mut clusters = <ClusterSet as Scalar>::schema();
    clusters["description"] = "Which clusters, such as `1-3,7`".into();
    let own: Map<String, Json> = std::iter::once(("clusters".to_owned(), clusters)).chain(own).collect();
    properties.insert(
        "overrides".to_owned(),
        json!({
            "description": "Settings of single clusters; later ones win, and `--set` before all",
            "examples": [[{ "clusters": "1-3,7", "elastic_memory": "4g" }]],
            "type": "array",
            "items": { "type": "object", "properties": own, "required": ["clusters"], "additionalProperties": false },
        }),
    );
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mesh.yaml",
        "description": "Settings of `mesh create`; a flag or a variable of the environment takes precedence",
        "type": "object",
        "properties": properties,
        "not": { "required": ["topology", "links"] },
        "additionalProperties": false,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;
    use crate::mesh::settings::file;

    fn read(text: &str) -> Result<Overrides, Vec<String>> {
        file::read("mesh.yaml", Path::new(""), text).map(|(overrides, _)| overrides)
    }

    /// A settings file of one field of each property.
    fn file_of(field: &str) -> String {
        let schema = schema();
        let properties = schema["properties"].as_object().unwrap();
        let value = |property: &Json| {
            property.get(field).map(|value| if field == "examples" { value[0].clone() } else { value.clone() })
        };
        let one_of_two = |(name, _): &(&String, &Json)| field == "default" || name.as_str() != "topology";
        properties
            .iter()
            .filter(one_of_two)
            .filter_map(|(name, property)| Some(format!("{name}: {}\n", value(property)?)))
            .collect()
    }

    #[test]
    fn every_default_and_every_example_is_read() {
        assert_eq!(read(&file_of("default")).unwrap(), Overrides::defaults(Profile::default(), DEFAULT_VERSION));
        // `topology` and `links` exclude each other
        assert_eq!(read(&file_of("examples")).unwrap().values().len(), SETTINGS.len() - 1);
    }

    #[test]
    fn a_field_of_the_schema() {
        let schema = schema();
        insta::assert_snapshot!(serde_json::to_string_pretty(&schema["properties"]["elastic_memory"]).unwrap(), @r#"
        {
          "default": "2g",
          "description": "Memory limit of an Elasticsearch container, 1g or more (stand-ins: 512m); the heap is somewhat less than half of it",
          "examples": [
            "3g"
          ],
          "pattern": "^[0-9]+([mM]|[gG])([iI]?[bB])?$",
          "type": "string"
        }
        "#);
        insta::assert_snapshot!(serde_json::to_string_pretty(&schema["properties"]["clusters"]).unwrap(), @r#"
        {
          "description": "Which clusters: `8` for 1 to 8, or a set of 1 to 99 such as `5-8` or `1-4,7`",
          "examples": [
            3
          ],
          "maximum": 99,
          "minimum": 1,
          "pattern": "^[0-9]+([, -]+[0-9]+)*$",
          "type": [
            "integer",
            "string"
          ]
        }
        "#);
        insta::assert_snapshot!(serde_json::to_string_pretty(&schema["properties"]["share"]).unwrap(), @r#"
        {
          "default": [],
          "description": "Indices that the other clusters may search, besides `mesh*`",
          "examples": [
            [
              "logs-*",
              "metrics-*"
            ]
          ],
          "items": {
            "pattern": "^[a-z0-9.*][a-z0-9._*-]*$",
            "type": "string"
          },
          "type": "array"
        }
        "#);
        insta::assert_snapshot!(serde_json::to_string_pretty(&schema["properties"]["license"]).unwrap(), @r#"
        {
          "description": "A license file for every cluster, of this run only: again when the mesh grows; relative to this file's directory",
          "examples": [
            "license.json"
          ],
          "minLength": 1,
          "type": "string"
        }
        "#);
    }

    proptest! {
        #[test]
        fn the_schema_refuses_no_text_that_is_read(
            text in "[0-9]{1,5}(m|G|mb|GiB|k)|[0-9]{1,2}(\\.[0-9]{1,2}){2}|10\\.[0-9]\\.0\\.0/[0-9]{1,3}|[a-f0-9:]{2,8}|[a-z0-9A-Z.:/*_-]{1,9}",
        ) {
            let schema = schema();
            for (name, property) in schema["properties"].as_object().unwrap() {
                let (pattern, line) = match (&property["pattern"], &property["items"]["pattern"]) {
                    (Json::String(pattern), _) => (pattern, format!("{name}: '{text}'")),
                    (_, Json::String(pattern)) => (pattern, format!("{name}: ['{text}']")),
                    _ => continue,
                };
                if read(&line).is_ok() {
                    prop_assert!(Regex::new(pattern).unwrap().is_match(&text), "{}", line);
                }
            }
        }
    }
}
