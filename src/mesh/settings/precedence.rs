//! Which of several sources wins, setting by setting. Pure: no I/O.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    DEFAULT_VERSION, Overrides, SETTINGS, Setting,
    file::{Lines, at},
};
use crate::mesh::Mesh;

/// Where settings of a mesh come from.
#[derive(Debug, Clone)]
pub enum Source {
    Flag,
    Environment,
    File { name: String, lines: Lines },
    Record,
    Default,
}

impl Source {
    /// Where it has a setting, for people.
    fn place(&self, setting: &Setting) -> String {
        match self {
            Self::Flag => "flag".to_owned(),
            Self::Environment => format!("environment {}", setting.variable()),
            Self::File { name, lines } => lines.get(setting.name).map_or_else(|| name.clone(), |line| at(name, *line)),
            Self::Record => "mesh.json".to_owned(),
            Self::Default => "default".to_owned(),
        }
    }
}

/// A setting with the value that is in force.
#[derive(Debug, Clone)]
pub struct Resolved {
    pub setting: &'static Setting,
    /// As in a settings file; `None` where nothing is set and no one value is the default.
    pub value: Option<Value>,
    pub from: String,
}

impl Resolved {
    /// The value for people.
    pub fn words(&self) -> String {
        match &self.value {
            None => self.setting.default.to_owned(),
            Some(Value::String(text)) if text.is_empty() => self.setting.default.to_owned(),
            Some(Value::Array(items)) if items.is_empty() => "none".to_owned(),
            Some(Value::Array(items)) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
            Some(value) => plain(value),
        }
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The sources of a request, and behind them what the mesh has, if there is one, and the defaults of the profile and the version
/// that are in force.
pub fn with_record_and_defaults(
    requested: Vec<(Source, Overrides)>,
    recorded: Option<&Mesh>,
) -> Vec<(Source, Overrides)> {
    let defaults = |sources: &[(Source, Overrides)], recorded: Option<&Mesh>| {
        let profile = sources.iter().find_map(|(_, overrides)| overrides.profile);
        let version = sources.iter().find_map(|(_, overrides)| overrides.stack_version);
        Overrides::defaults(
            profile.or(recorded.map(|mesh| mesh.spec.profile)).unwrap_or_default(),
            version.or(recorded.map(|mesh| mesh.spec.stack_version)).unwrap_or(DEFAULT_VERSION),
        )
    };
    let after = defaults(&requested, recorded);
    let record = recorded.map(|mesh| {
        let before = defaults(&[], recorded);
        (Source::Record, Overrides::of(mesh).without(&before, &after))
    });
    requested.into_iter().chain(record).chain([(Source::Default, after)]).collect()
}

/// Every setting, with the value of the first of `sources` that sets it.
pub fn resolve(sources: &[(Source, Overrides)]) -> Vec<Resolved> {
    let values: Vec<(&Source, BTreeMap<&str, Value>)> =
        sources.iter().map(|(source, overrides)| (source, overrides.values())).collect();
    let resolved = |setting: &'static Setting| {
        let first = values.iter().find_map(|(source, values)| Some((*source, values.get(setting.name)?)));
        Resolved {
            setting,
            value: first.map(|(_, value)| value.clone()),
            from: first.map_or(&Source::Default, |(source, _)| source).place(setting),
        }
    };
    SETTINGS.iter().map(resolved).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::Profile, *};

    #[test]
    fn the_first_source_that_sets_a_setting_wins() {
        let sets = |memory: &str| Overrides { elastic_memory: Some(memory.parse().unwrap()), ..Overrides::default() };
        let file = Source::File { name: "mesh.yaml".to_owned(), lines: [("elastic_memory", 4)].into() };
        let all = [
            (Source::Flag, sets("3g")),
            (Source::Environment, sets("4g")),
            (file, sets("5g")),
            (Source::Record, sets("6g")),
            (Source::Default, Overrides::defaults(Profile::default(), DEFAULT_VERSION)),
        ];
        let origins: Vec<String> = (0..all.len())
            .map(|first| {
                let settings = resolve(&all[first..]);
                let memory = settings.iter().find(|resolved| resolved.setting.name == "elastic_memory").unwrap();
                format!("{}: {}", memory.from, memory.words())
            })
            .collect();
        insta::assert_snapshot!(origins.join("\n"), @r"
        flag: 3g
        environment MESH_ELASTIC_MEMORY: 4g
        mesh.yaml:4: 5g
        mesh.json: 6g
        default: 2g
        ");
        // the merge of the values is the same
        let mesh = all.clone().into_iter().map(|(_, overrides)| overrides).reduce(Overrides::or).unwrap();
        assert_eq!(mesh.elastic_memory, sets("3g").elastic_memory);
        assert_eq!(mesh.kibana, Some(true));
    }

    #[test]
    fn an_empty_list_replaces_another() {
        let none = Overrides { share: Some(Vec::new()), ..Overrides::default() };
        let some = Overrides { share: Some(vec!["logs-*".parse().unwrap()]), ..Overrides::default() };
        let settings = resolve(&[(Source::Flag, none), (Source::Record, some)]);
        let share = settings.iter().find(|resolved| resolved.setting.name == "share").unwrap();
        assert_eq!((share.words().as_str(), share.from.as_str()), ("none", "flag"));
    }
}
