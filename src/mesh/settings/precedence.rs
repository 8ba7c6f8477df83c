//! Which of several sources holds, setting by setting. Pure: no I/O.

use serde_json::Value;

use super::{
    DEFAULT_VERSION, Overrides,
    file::NAMES,
    read::{Lines, at, variable_of},
};
use crate::mesh::Mesh;

/// Who says something of a mesh.
#[derive(Debug, Clone)]
pub enum Source {
    Flag,
    Environment,
    File { name: String, lines: Lines },
    Record,
    Default,
}

impl Source {
    /// Where it says a setting, for people.
    fn place(&self, setting: &str) -> String {
        match self {
            Self::Flag => "flag".to_owned(),
            Self::Environment => format!("environment {}", variable_of(setting)),
            Self::File { name, lines } => at(name, lines.get(setting).copied()),
            Self::Record => "mesh.json".to_owned(),
            Self::Default => "default".to_owned(),
        }
    }
}

/// A setting that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    pub name: &'static str,
    /// As in a settings file; `None` where nobody says it and no one value is the default.
    pub value: Option<Value>,
    pub from: String,
}

impl Resolved {
    /// The value for people.
    pub fn words(&self) -> String {
        match (&self.value, self.name) {
            (Some(Value::String(text)), "templates") if text.is_empty() => "built-in".to_owned(),
            (Some(Value::Array(items)), _) if items.is_empty() => "none".to_owned(),
            (Some(Value::Array(items)), _) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
            (Some(value), _) => plain(value),
            (None, "clusters") => "not said".to_owned(),
            (None, "subnet") => "a free one".to_owned(),
            (None, "license") => "as it is, else a trial of 30 days".to_owned(),
            (None, _) => "5m and 1m a cluster".to_owned(),
        }
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What is asked for, and behind it what the mesh has, if there is one, and the defaults of the profile and the version that
/// are in force.
pub fn with_what_holds(asked: Vec<(Source, Overrides)>, recorded: Option<&Mesh>) -> Vec<(Source, Overrides)> {
    let said = asked.iter().find_map(|(_, asked)| asked.profile);
    let had = recorded.map(|mesh| mesh.spec.profile);
    let profile = said.or(had).unwrap_or_default();
    let version = asked.iter().find_map(|(_, asked)| asked.stack_version);
    let version = version.or(recorded.map(|mesh| mesh.spec.stack_version)).unwrap_or(DEFAULT_VERSION);
    let record = recorded.map(|mesh| {
        let (has, spec) = (Overrides::of(mesh), &mesh.spec);
        let has = if spec.profile == profile { has } else { has.without_defaults_of(spec.profile, spec.stack_version) };
        (Source::Record, has)
    });
    asked.into_iter().chain(record).chain([(Source::Default, Overrides::defaults(profile, version))]).collect()
}

/// Every setting, by the first of `sources` that says it.
pub fn resolve(sources: &[(Source, Overrides)]) -> Vec<Resolved> {
    let said: Vec<(&Source, Value)> = sources
        .iter()
        .map(|(source, asked)| {
            (source, serde_json::to_value(asked).expect("should be JSON: it holds texts and numbers"))
        })
        .collect();
    NAMES
        .into_iter()
        .map(|name| {
            let first = said.iter().find(|(_, asked)| !asked[name].is_null());
            Resolved {
                name,
                value: first.map(|(_, asked)| asked[name].clone()),
                from: first.map_or(&Source::Default, |(source, _)| source).place(name),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{super::Profile, *};

    #[test]
    fn the_first_that_says_a_setting_holds() {
        let says = |memory: &str| Overrides { elastic_memory: Some(memory.parse().unwrap()), ..Overrides::default() };
        let file = Source::File { name: "mesh.yaml".to_owned(), lines: [("elastic_memory", 4)].into() };
        let all = [
            (Source::Flag, says("3g")),
            (Source::Environment, says("4g")),
            (file, says("5g")),
            (Source::Record, says("6g")),
            (Source::Default, Overrides::defaults(Profile::default(), DEFAULT_VERSION)),
        ];
        let told: Vec<String> = (0..all.len())
            .map(|first| {
                let settings = resolve(&all[first..]);
                let setting = settings.iter().find(|setting| setting.name == "elastic_memory").unwrap();
                format!("{}: {}", setting.from, setting.words())
            })
            .collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        flag: 3g
        environment MESH_ELASTIC_MEMORY: 4g
        mesh.yaml:4: 5g
        mesh.json: 6g
        default: 2g
        ");
        // what is asked for in the end is the same
        let mesh = all.clone().into_iter().map(|(_, asked)| asked).reduce(Overrides::or).unwrap();
        assert_eq!(mesh.elastic_memory, says("3g").elastic_memory);
        assert_eq!(mesh.kibana, Some(true));
    }

    #[test]
    fn an_empty_list_is_something_said() {
        let none = Overrides { share: Some(Vec::new()), ..Overrides::default() };
        let some = Overrides { share: Some(vec!["logs-*".parse().unwrap()]), ..Overrides::default() };
        let settings = resolve(&[(Source::Flag, none), (Source::Record, some)]);
        let share = settings.iter().find(|setting| setting.name == "share").unwrap();
        assert_eq!((share.words().as_str(), share.from.as_str()), ("none", "flag"));
    }
}
