//! What `config` prints: the settings in force. I/O: the terminal.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Console, Mark, Notation, Table, plain};
use crate::{cli::TextFormat, mesh::settings::precedence::Resolved};

impl Console {
    /// A line a setting. As YAML it is a settings file, with the origins as remarks.
    pub fn settings(&self, resolved: &[Resolved], format: TextFormat) {
        match format {
            TextFormat::Text => self.table(&table(resolved)),
            TextFormat::Json => self.value(Notation::Json, &data(resolved)),
            TextFormat::Yaml => self.text(&file(resolved)),
        }
    }
}

fn table(resolved: &[Resolved]) -> Table {
    let mut table = Table::new(&["SETTING", "VALUE", "FROM"]);
    for one in resolved {
        table.row([one.setting.name, &one.words(), &one.from].map(|text| (text.to_owned(), Mark::Plain)));
    }
    table
}

fn data(resolved: &[Resolved]) -> Value {
    let value = |one: &Resolved| (one.setting.name.to_owned(), one.value.clone().unwrap_or_default());
    let values: Map<String, Value> = resolved.iter().map(value).collect();
    let from: BTreeMap<&str, &str> = resolved.iter().map(|one| (one.setting.name, one.from.as_str())).collect();
    json!({ "version": 1, "settings": values, "from": from })
}

fn file(resolved: &[Resolved]) -> String {
    let mut text = String::new();
    for Resolved { setting, value, from } in resolved {
        let Some(value) = value else { continue };
        // a file's name can hold anything, a line break too
        text.extend(["# ", &plain::line(from), "\n"]);
        let entry = BTreeMap::from([(setting.name, value)]);
        text.push_str(&serde_yaml::to_string(&entry).expect("should be YAML: it is JSON"));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::mesh::{
        Mesh,
        settings::{
            Overrides, TemplateDir,
            file::{self as settings_file, Lines},
            precedence::{Source, resolve},
        },
    };

    #[test]
    fn as_yaml_it_is_a_settings_file_of_the_same_settings() {
        let mut mesh = Mesh::example(3);
        mesh.spec.share = vec!["logs-*".parse().unwrap(), "*".parse().unwrap()];
        mesh.spec.san = vec!["10.0.0.7".parse().unwrap(), "fd00::1".parse().unwrap()];
        mesh.spec.stack_version = "9.10.0".parse().unwrap();
        mesh.spec.templates = TemplateDir(Some("/etc/mesh: \"templates\" #1".into()));
        let overrides = Overrides {
            license: Some("/tmp/a b".into()),
            timeout: Some("90s".parse().unwrap()),
            ..Overrides::of(&mesh)
        };
        let source = Source::File { name: "a\nhosts: false".to_owned(), lines: Lines::new() };
        let text = file(&resolve(&[(source, overrides.clone())]));
        assert_eq!(settings_file::read("mesh.yaml", Path::new("/"), &text).unwrap().0, overrides, "{text}");
    }
}
