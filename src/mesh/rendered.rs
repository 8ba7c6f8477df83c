//! What rendered texts say: settings and JVM options, without comments, order and spelling. Pure: no I/O.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::Serialize;
use serde_json::Value;

/// The settings of a YAML file, each by its full name: `xpack.security.enabled`, whether the file nests it or not.
///
/// Two texts with the same settings configure a service alike.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Settings(BTreeMap<String, Value>);

/// Names alone: a value may be a secret.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Settings {
    /// # Errors
    /// The text is not a YAML mapping. The reason may quote the text.
    pub fn parse(text: &str) -> Result<Self, serde_yaml::Error> {
        let mut settings = BTreeMap::new();
        for (name, value) in serde_yaml::from_str::<Option<serde_yaml::Mapping>>(text)?.unwrap_or_default() {
            flatten(text_of(&name), value, &mut settings);
        }
        Ok(Self(settings))
    }

    /// These, with the values of `found` where a placeholder stands for a secret.
    #[must_use]
    pub fn with_values_of(mut self, found: &Self, placeholder: &str) -> Self {
        for (name, value) in self.0.iter_mut().filter(|(_, value)| *value == placeholder) {
            if let Some(found) = found.0.get(name) {
                value.clone_from(found);
            }
        }
        self
    }

    /// These without one, whatever its value.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.remove(name);
        self
    }

    pub fn get(&self, name: &str) -> Option<serde_json::Value> {
        self.0.get(name).cloned()
    }

    /// Their full names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// What is to change until they are `wanted`, such as `setting xpack.ml.enabled false → true`. No value of a secret
    /// is in it.
    pub fn changes(&self, wanted: &Self) -> Vec<String> {
        let names: BTreeSet<&String> = self.0.keys().chain(wanted.0.keys()).collect();
        let shown = |value: Option<&Value>| value.map_or_else(|| "none".to_owned(), Value::to_string);
        names
            .into_iter()
            .map(|name| (name, self.0.get(name), wanted.0.get(name)))
            .filter(|(_, found, wanted)| found != wanted)
            .map(|(name, found, wanted)| {
                if is_public(name) && [found, wanted].into_iter().flatten().all(is_plain) {
                    format!("setting {name} {} → {}", shown(found), shown(wanted))
                } else {
                    let change = match (found, wanted) {
                        (None, _) => "is added",
                        (_, None) => "is removed",
                        _ => "changes",
                    };
                    format!("setting {name} {change}")
                }
            })
            .collect()
    }
}

/// Elasticsearch and Kibana take `a: {b: 1}` and `a.b: 1` for the same.
fn flatten(name: String, value: serde_yaml::Value, settings: &mut BTreeMap<String, Value>) {
    match value {
        serde_yaml::Value::Mapping(mapping) if !mapping.is_empty() => {
            for (inner, value) in mapping {
                flatten(format!("{name}.{}", text_of(&inner)), value, settings);
            }
        }
        value => drop(settings.insert(name, json(value))),
    }
}

fn json(value: serde_yaml::Value) -> Value {
    match value {
        serde_yaml::Value::Tagged(tagged) => json(tagged.value),
        serde_yaml::Value::Sequence(list) => list.into_iter().map(json).collect(),
        serde_yaml::Value::Mapping(mapping) => {
            mapping.into_iter().map(|(name, value)| (text_of(&name), json(value))).collect()
        }
        // what JSON does not have, such as `.inf`, as text
        value => serde_json::to_value(&value)
            .ok()
            .filter(|json| value.is_null() || !json.is_null())
            .unwrap_or_else(|| text_of(&value).into()),
    }
}

/// A name, which YAML lets be a number or a boolean, too.
fn text_of(value: &serde_yaml::Value) -> String {
    value.as_str().map_or_else(|| serde_yaml::to_string(value).unwrap_or_default().trim().to_owned(), str::to_owned)
}

/// Words in the names of what holds a secret. `xpack.security.http.ssl.key` is the path of one, and withheld
/// needlessly.
const SECRET_WORDS: [&str; 8] = ["pass", "secret", "key", "token", "credential", "auth", "private", "salt"];

/// Whether the value of a setting or option of this name may be shown.
fn is_public(name: &str) -> bool {
    let name = name.to_lowercase();
    !SECRET_WORDS.iter().any(|word| name.contains(word))
}

/// Whether a value hides no name of its own, and no password as in `https://user:password@host`.
fn is_plain(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.is_empty(),
        Value::Array(list) => list.iter().all(is_plain),
        Value::String(text) => !text.contains('@'),
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

/// The options of a file in `jvm.options.d`, in order, since a later one wins; see
/// <https://www.elastic.co/docs/reference/elasticsearch/jvm-settings#set-jvm-options>.
pub fn jvm_options(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

/// What is to change of the options, such as `JVM options -Xmx974m → -Xmx1486m`; `None` where nothing is.
pub fn option_changes(found: &[String], wanted: &[String]) -> Option<String> {
    let only = |of: &[String], other: &[String]| {
        let only: Vec<&str> = of.iter().filter(|option| !other.contains(option)).map(String::as_str).collect();
        if only.is_empty() { "none".to_owned() } else { only.join(" ") }
    };
    let change = format!("{} → {}", only(found, wanted), only(wanted, found));
    match (found == wanted, found.iter().chain(wanted).all(|option| is_public(option))) {
        (true, _) => None,
        (false, true) if change != "none → none" => Some(format!("JVM options {change}")),
        (false, _) => Some("JVM options change".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Settings {
        Settings::parse(text).unwrap()
    }

    #[test]
    fn comments_order_quotes_and_nesting_say_nothing() {
        let flat = settings("# why\nxpack.security.http.ssl.enabled: true\nnode.name: \"one\"\nlist: [a, b]\n");
        let nested =
            settings("list:\n  - a\n  - 'b' # c\nnode: {name: one}\nxpack.security:\n  http.ssl:\n    enabled: true\n");
        assert_eq!(flat, nested);
        assert_ne!(flat, settings("xpack.security.http.ssl.enabled: false\nnode.name: one\nlist: [a, b]\n"));
        assert_ne!(flat, settings("xpack.security.http.ssl.enabled: true\nnode.name: one\nlist: [b, a]\n"));
        assert_eq!(settings("# nothing\n"), Settings::default());
        assert!(Settings::parse("- a\n").is_err());
        let odd = settings("1: .inf\ntrue: ~\nempty: {}\n");
        assert_eq!(serde_json::to_string(&odd).unwrap(), r#"{"1":".inf","empty":{},"true":null}"#);
    }

    #[test]
    fn what_changes_is_named_and_no_secret_is_shown() {
        let found = settings(
            "xpack.ml.enabled: false\nelasticsearch.password: old\nelasticsearch.hosts: ['https://u:pw@h']\ngone: 1\nsame: x\n",
        );
        let wanted = settings(
            "xpack.ml.enabled: true\nelasticsearch.password: new\nelasticsearch.hosts: ['https://u:other@h']\nnew.one: [a]\nsame: x\n",
        );
        insta::assert_snapshot!(found.changes(&wanted).join("\n"), @r#"
        setting elasticsearch.hosts changes
        setting elasticsearch.password changes
        setting gone 1 → none
        setting new.one none → ["a"]
        setting xpack.ml.enabled false → true
        "#);
        assert_eq!(format!("{found:?}").matches("old").count(), 0);
    }

    #[test]
    fn options_are_a_list_without_comments() {
        let found = jvm_options("## why\n-Xms974m\n  -Xmx974m\n\n# other\n-XX:+UseSerialGC\n");
        assert_eq!(found, ["-Xms974m", "-Xmx974m", "-XX:+UseSerialGC"]);
        let wanted = jvm_options("-Xms1g\n-Xmx1g\n-XX:+UseSerialGC");
        assert_eq!(option_changes(&found, &found), None);
        assert_eq!(option_changes(&found, &wanted).unwrap(), "JVM options -Xms974m -Xmx974m → -Xms1g -Xmx1g");
        let secret = jvm_options("-Djavax.net.ssl.trustStorePassword=x");
        assert_eq!(option_changes(&found, &secret).unwrap(), "JVM options change");
    }
}
