//! The output of `mesh config`: the effective settings. I/O: the terminal.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Cell, Console, Table, plain};
use crate::{
    cli::Format,
    mesh::{id::ClusterId, settings::precedence::Resolved},
};

impl Console {
    /// A line a setting. As YAML it is a settings file, with the origins as remarks.
    pub fn settings(&self, resolved: &[Resolved], clusters: &OfClusters, format: Format) {
        match format {
            Format::Yaml => self.text(&file(resolved, clusters)),
            _ => self.show(format, &data(resolved, clusters), || self.table(&table(resolved, clusters))),
        }
    }
}

/// What is set for single clusters.
type OfClusters = BTreeMap<ClusterId, Vec<Resolved>>;

fn table(resolved: &[Resolved], clusters: &OfClusters) -> Table {
    let mut table = Table::new(["SETTING", "VALUE", "FROM"]);
    for one in resolved {
        table.row([one.setting.name, &one.words(), &one.from].map(Cell::plain));
        for (cluster, settings) in clusters {
            for own in settings.iter().filter(|own| own.setting.name == one.setting.name) {
                let name = format!("{cluster}.{}", own.setting.name);
                table.row([&name, &own.words(), &own.from].map(Cell::plain));
            }
        }
    }
    table
}

fn data(resolved: &[Resolved], clusters: &OfClusters) -> Value {
    let value = |one: &Resolved| (one.setting.name.to_owned(), one.value.clone().unwrap_or_default());
    let part = |resolved: &[Resolved]| {
        let values: Map<String, Value> = resolved.iter().map(value).collect();
        let from: BTreeMap<&str, &str> = resolved.iter().map(|one| (one.setting.name, one.from.as_str())).collect();
        json!({ "settings": values, "from": from })
    };
    let mut data = part(resolved);
    data["version"] = 1.into();
    if !clusters.is_empty() {
        let clusters = clusters.iter().map(|(cluster, settings)| (cluster.to_string(), part(settings)));
        data["clusters"] = clusters.collect::<Map<String, Value>>().into();
    }
    data
}

fn file(resolved: &[Resolved], clusters: &OfClusters) -> String {
    let mut text = String::new();
    for Resolved { setting, value, from } in resolved {
        let Some(value) = value else { continue };
        // a file's name can hold anything, a line break too
        text.extend(["# ", &plain::line(from), "\n"]);
        let entry = BTreeMap::from([(setting.name, value)]);
        text.push_str(&serde_yaml::to_string(&entry).expect("should be YAML: it is JSON"));
    }
    if !clusters.is_empty() {
        text.push_str("overrides:\n");
    }
    for (cluster, settings) in clusters {
        let origins = settings.iter().map(|one| format!("{}: {}", one.setting.name, plain::line(&one.from)));
        text.extend(["# ", &origins.collect::<Vec<_>>().join("; "), "\n"]);
        let mut entry = Map::from_iter([("clusters".to_owned(), cluster.number().to_string().into())]);
        entry.extend(settings.iter().filter_map(|one| Some((one.setting.name.to_owned(), one.value.clone()?))));
        text.push_str(&serde_yaml::to_string(&[entry]).expect("should be YAML: it is JSON"));
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
            Overrides, TemplateDir, file as settings_file,
            file::Lines,
            per_cluster::read_set,
            precedence::{Source, resolve, resolve_clusters},
        },
    };

    #[test]
    fn as_yaml_it_is_a_settings_file_of_the_same_settings() {
        for clusters in ["3", "1", "5-8", "7-7", "1-4,7"] {
            let overrides = Overrides::of(&Mesh::example(1).with_clusters(clusters));
            let text = file(&resolve(&[(Source::Flag, overrides.clone())]), &BTreeMap::new());
            let read = settings_file::read("mesh.yaml", Path::new("/"), &text).unwrap().0;
            assert_eq!(read.clusters, overrides.clusters, "{text}");
        }
        let mut mesh = Mesh::example(3);
        mesh.spec.share = vec!["logs-*".parse().unwrap(), "*".parse().unwrap()];
        mesh.spec.san = vec!["10.0.0.7".parse().unwrap(), "fd00::1".parse().unwrap()];
        mesh.spec.stack_version = "9.10.0".parse().unwrap();
        mesh.spec.templates = TemplateDir(Some("/etc/mesh: \"templates\" #1".into()));
        mesh.overrides = vec![read_set("2.share=hr-*").unwrap(), read_set("3.kibana=false").unwrap()];
        let overrides = Overrides {
            license: Some("/tmp/a b".into()),
            timeout: Some("90s".parse().unwrap()),
            ..Overrides::of(&mesh)
        };
        let source = Source::File { name: "a\nhosts: false".to_owned(), lines: Lines::default() };
        let sources = [(source, overrides.clone())];
        let text = file(&resolve(&sources), &resolve_clusters(&sources, None));
        assert_eq!(settings_file::read("mesh.yaml", Path::new("/"), &text).unwrap().0, overrides, "{text}");
    }
}
