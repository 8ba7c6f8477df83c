//! What `config` says: the settings in force. I/O: the terminal.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Console, Mark, Notation, Table, plain};
use crate::{cli::TextFormat, mesh::settings::precedence::Resolved};

impl Console {
    /// A line a setting. As YAML it is a settings file, with the origins as remarks.
    pub fn settings(&self, settings: &[Resolved], format: TextFormat) {
        match format {
            TextFormat::Text => self.table(&table(settings)),
            TextFormat::Json => self.value(Notation::Json, &data(settings)),
            TextFormat::Yaml => self.text(&file(settings)),
        }
    }
}

fn table(settings: &[Resolved]) -> Table {
    let mut table = Table::new(&["SETTING", "VALUE", "FROM"]);
    for setting in settings {
        table.row([setting.name, &setting.words(), &setting.from].map(|text| (text.to_owned(), Mark::Plain)));
    }
    table
}

fn data(settings: &[Resolved]) -> Value {
    let values: Map<String, Value> =
        settings.iter().map(|setting| (setting.name.to_owned(), setting.value.clone().unwrap_or_default())).collect();
    let from: BTreeMap<&str, &str> = settings.iter().map(|setting| (setting.name, setting.from.as_str())).collect();
    json!({ "version": 1, "settings": values, "from": from })
}

fn file(settings: &[Resolved]) -> String {
    let mut text = String::new();
    for setting in settings {
        let Some(value) = &setting.value else { continue };
        let entry = BTreeMap::from([(setting.name, value)]);
        // a file's name can hold anything, a line break too
        text.extend(["# ", &plain::line(&setting.from), "\n"]);
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
            Overrides,
            precedence::{Source, resolve},
            read,
        },
    };

    #[test]
    fn as_yaml_it_is_a_settings_file_that_says_the_same() {
        let mut mesh = Mesh::example(3);
        mesh.spec.share = vec!["logs-*".parse().unwrap(), "*".parse().unwrap()];
        mesh.spec.san = vec!["10.0.0.7".parse().unwrap(), "fd00::1".parse().unwrap()];
        mesh.spec.stack_version = "9.10.0".parse().unwrap();
        mesh.spec.templates = Some("/etc/mesh: \"templates\" #1".into());
        let asked = Overrides {
            license: Some("/tmp/a b".into()),
            timeout: Some("90s".parse().unwrap()),
            ..Overrides::of(&mesh)
        };
        let source = Source::File { name: "a\nhosts: false".to_owned(), lines: read::Lines::new() };
        let text = file(&resolve(&[(source, asked.clone())]));
        assert_eq!(read::file("mesh.yaml", Path::new("/"), &text).unwrap().0, asked, "{text}");
    }
}
