//! The settings file, `mesh.yaml`: reading it, with every error at once and its line. Pure: no I/O.

use std::path::Path;

use super::{
    ClusterOverride, ClusterSettings, Overrides,
    reader::{CLUSTERS, OVERRIDES, Problem, Reader, SettingLines, join},
    yaml::{self, Entry, Node, Value},
};
use crate::mesh::invalid_value::InvalidValue;

/// Where a file has its settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines {
    /// Settings of the whole mesh.
    pub mesh: SettingLines,
    /// Those of each entry of `overrides`.
    pub overrides: Vec<SettingLines>,
}

/// What a file sets, with the lines; or everything that is wrong with it, each with its place.
pub type Read = Result<(Overrides, Lines), Vec<String>>;

/// Reads a settings file called `name`. Paths in it are relative to `base`.
///
/// # Errors
/// Only the first where the file is not YAML.
pub fn read(name: &str, base: &Path, text: &str) -> Read {
    let document = yaml::parse(text).map_err(|error| vec![format!("{}: {}", at(name, error.line), error.reason)])?;
    let mut reader = Reader { base, problems: Vec::new() };
    let read = reader.file(&document);
    reader.problems.sort_by_key(|problem| problem.line);
    let message = |Problem { line, path, reason }: &Problem| match path.as_str() {
        "" => format!("{}: {reason}", at(name, *line)),
        path => format!("{}: {path}: {reason}", at(name, *line)),
    };
    if reader.problems.is_empty() { Ok(read) } else { Err(reader.problems.iter().map(message).collect()) }
}

/// A place in a file, as compilers name it.
pub fn at(name: &str, line: usize) -> String {
    format!("{name}:{line}")
}

impl Reader<'_> {
    /// The whole file: settings, and those of single clusters.
    fn file(&mut self, document: &Node) -> (Overrides, Lines) {
        let (per_cluster, rest) = taken(document, OVERRIDES);
        let (mut overrides, mesh) = self.settings("", &rest);
        let listed: Option<Vec<_>> = match per_cluster.map(|entry| (&entry.value.value, entry.line)) {
            None | Some((Value::Null, _)) => None,
            Some((Value::List(items), _)) => {
                Some(items.iter().enumerate().filter_map(|(index, item)| self.cluster_override(index, item)).collect())
            }
            Some((value, line)) => {
                let kind = value.kind();
                let expected = "expected a list such as `[{clusters: 1-3, elastic_memory: 4g}]`";
                self.refuse(line, OVERRIDES, format!("{expected}, found {kind}"));
                None
            }
        };
        let (listed, lines) = listed.map(|listed| listed.into_iter().unzip()).unzip();
        overrides.per_cluster.overrides = listed;
        (overrides, Lines { mesh, overrides: lines.unwrap_or_default() })
    }

    fn cluster_override(&mut self, index: usize, item: &Node) -> Option<(ClusterOverride, SettingLines)> {
        let path = format!("{OVERRIDES}[{index}]");
        let (clusters, rest) = taken(item, CLUSTERS);
        let (overrides, lines) = self.settings(&path, &rest);
        let clusters = match clusters.map(|entry| (&entry.value.value, entry.line)) {
            Some((Value::Text(text), line)) => text
                .parse()
                .map_err(|reason: InvalidValue| self.refuse(line, &join(&path, CLUSTERS), reason.to_string()))
                .ok(),
            Some((value, line)) => {
                let reason = format!("expected a set of clusters such as `1-3,7`, found {}", value.kind());
                self.refuse(line, &join(&path, CLUSTERS), reason);
                None
            }
            None => {
                if matches!(item.value, Value::Map(_)) {
                    self.refuse(item.line, &path, "`clusters` is missing, such as `clusters: 1-3,7`".to_owned());
                }
                None
            }
        };
        Some((ClusterOverride { clusters: clusters?, settings: ClusterSettings::of(&overrides) }, lines))
    }
}

/// The entry of a mapping that has this key, and the mapping without it.
fn taken<'n>(node: &'n Node, key: &str) -> (Option<&'n Entry>, Node) {
    let Value::Map(entries) = &node.value else { return (None, node.clone()) };
    let rest = entries.iter().filter(|entry| entry.key != key).cloned().collect();
    (entries.iter().find(|entry| entry.key == key), Node { value: Value::Map(rest), ..*node })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::mesh::{cluster_set::ClusterSet, settings::TemplateDir};

    fn refusal(text: &str) -> String {
        read("mesh.yaml", Path::new("/etc"), text).unwrap_err().join("\n")
    }

    #[test]
    fn a_file_sets_what_flags_set() {
        let text = "clusters: 3\nkibana: false\nelastic_memory: 3g\n\nshare: [logs-*]\n'key_days': 40\n\
                    templates: tem/plates\nlicense: /root/l.json\ntimeout: 10m\n";
        let (overrides, lines) = read("mesh.yaml", Path::new("/etc"), text).unwrap();
        let expected = Overrides {
            clusters: ClusterSet::first(3),
            kibana: Some(false),
            elastic_memory: Some("3g".parse().unwrap()),
            share: Some(vec!["logs-*".parse().unwrap()]),
            key_days: Some("40".parse().unwrap()),
            templates: Some(TemplateDir(Some("/etc/tem/plates".into()))),
            license: Some("/root/l.json".into()),
            timeout: Some("10m".parse().unwrap()),
            ..Overrides::default()
        };
        assert_eq!(overrides, expected);
        assert_eq!((lines.mesh["clusters"], lines.mesh["share"], lines.mesh["key_days"]), (1, 5, 6));
    }

    #[test]
    fn a_file_that_sets_nothing() {
        for text in ["", "# all of it later\n", "---\n", "clusters:\n", "clusters: ~\n", "{}"] {
            let (overrides, lines) = read("mesh.yaml", Path::new(""), text).unwrap();
            assert_eq!((overrides, lines.mesh.len()), (Overrides::default(), 0), "{text}");
        }
        let (overrides, _) = read("mesh.yaml", Path::new(""), "templates: ''").unwrap();
        assert_eq!(overrides.templates, Some(TemplateDir(None)));
    }

    #[test]
    fn an_unexpected_form_is_refused_with_its_line() {
        insta::assert_snapshot!(refusal("clusters: 3\nclsters: 4\n"), @"mesh.yaml:2: unknown setting `clsters`; did you mean `clusters`?");
        insta::assert_snapshot!(refusal("clusters: 3\nelastic-memory: 4g\n"), @"mesh.yaml:2: unknown setting `elastic-memory`; did you mean `elastic_memory`?");
        insta::assert_snapshot!(refusal("weather: 3\n"), @"mesh.yaml:1: unknown setting `weather`, expected one of clusters, name, stack_version, registry, kibana, nodes, profile, elastic_memory, kibana_memory, bind, advertise, advertise_bind, gateway, gateway_cert, gateway_key, gateway_image, subnet, ports, hosts, share, roles, users, data_set, topology, links, remotes, san, key_days, license, passphrase_words, templates, settings, kibana_settings, secure_settings, snapshots, timeout, overrides");
        insta::assert_snapshot!(refusal("topology: ring\n"), @"mesh.yaml:1: topology: `ring` is not a topology: `all`, `none`, `hub:1` or `hub:1,both`");
        insta::assert_snapshot!(refusal("topology: {hub: x}\n"), @"mesh.yaml:1: topology: `x` is not the number of a cluster from 1 to 99");
        insta::assert_snapshot!(refusal("topology: all\n\nlinks: [{from: 1, to: 2}]\n"), @"mesh.yaml:3: links: `topology` is set on line 1 already: one of them says who searches whom");
        insta::assert_snapshot!(refusal("links:\n- {from: 1, to: 2}\n- {from: 2}\n- 3\n"), @r"
        mesh.yaml:3: links[1]: `to` is missing, as in `{from: 1, to: 2-4}`
        mesh.yaml:4: links[2]: expected a mapping, found `3`
        ");
        insta::assert_snapshot!(refusal("links: {from: 1}\n"), @"mesh.yaml:1: links: expected a list of mappings such as `[{from: 1, to: 2-4, share: [hr-*]}]`, found a mapping");
        insta::assert_snapshot!(refusal("kibana: true\nshare: logs-*\n"), @"mesh.yaml:2: share: expected a list such as `[logs-*, metrics-*]`, found `logs-*`");
        insta::assert_snapshot!(refusal("kibana: true\n\nclusters: [3]\n"), @"mesh.yaml:3: clusters: expected one value such as `3`, found a list");
        insta::assert_snapshot!(refusal("clusters: 3\nkibana: true\nclusters: 4\n"), @"mesh.yaml:3: `clusters` is set twice");
        insta::assert_snapshot!(refusal("clusters: 3\nkibana: [true\n"), @"mesh.yaml:2: unclosed bracket '['");
        insta::assert_snapshot!(refusal("clusters: 3\n---\nclusters: 4\n"), @"mesh.yaml:3: a second document is not expected");
        insta::assert_snapshot!(refusal("- clusters\n"), @"mesh.yaml:1: expected settings such as `kibana: false`, found a list");
    }

    #[test]
    fn all_errors_come_at_once() {
        let text = "clusters: 100\nelastic_memory: 2\nkibana: maybe\nbind: vm\nlicense: ''\nstack_version: 9.5\n\
                    share:\n- logs-*\n- two words\n- [x]\n- ''\n";
        insta::assert_snapshot!(refusal(text), @r"
        mesh.yaml:1: clusters: `100` is neither a number of clusters from 1 to 99 nor a set such as `5-8`
        mesh.yaml:2: elastic_memory: `2` is not an amount of memory such as `2g` or `1536m`
        mesh.yaml:3: kibana: `maybe` is not `true` or `false`
        mesh.yaml:4: bind: `vm` is not an address such as `127.0.0.1`
        mesh.yaml:5: license: the name of a file is needed
        mesh.yaml:6: stack_version: `9.5` is not a version such as `9.5.3`
        mesh.yaml:9: share[1]: `two words` is not a pattern of index names such as `logs-*`
        mesh.yaml:10: share[2]: expected a text, found a list
        mesh.yaml:11: share[3]: `` is not a pattern of index names such as `logs-*`
        ");
        insta::assert_snapshot!(refusal("{clusters: three,\n passphrase_words: 2}"), @r"
        mesh.yaml:1: clusters: `three` is neither a number of clusters from 1 to 99 nor a set such as `5-8`
        mesh.yaml:2: passphrase_words: `2` is not a number of words from 3 to 20
        ");
    }

    #[test]
    fn an_error_in_a_nested_mapping_names_its_path() {
        let document = yaml::parse(
            "overrides:\n- kibana: false\n- share:\n  - logs-*\n  - two words\n  elastic_memory: 2\n  x: 1\n  bind: 0.0.0.0\n- []\n",
        );
        let Value::Map(entries) = document.unwrap().value else { panic!("should be a mapping") };
        let Value::List(items) = &entries[0].value.value else { panic!("should be a list") };
        let mut reader = Reader { base: Path::new(""), problems: Vec::new() };
        let read: Vec<Overrides> = items
            .iter()
            .zip(0..)
            .map(|(item, index)| reader.settings(&format!("overrides[{index}]"), item).0)
            .collect();
        assert_eq!(read[0].kibana, Some(false));
        let problems: Vec<String> =
            reader.problems.iter().map(|Problem { line, path, reason }| format!("{line}: {path}: {reason}")).collect();
        insta::assert_snapshot!(problems.join("\n"), @r"
        7: overrides[1]: unknown setting `x`, expected one of kibana, nodes, elastic_memory, kibana_memory, advertise, advertise_bind, share, settings, kibana_settings, secure_settings, snapshots, clusters
        8: overrides[1]: `bind` cannot be set here, only for the whole mesh
        6: overrides[1].elastic_memory: `2` is not an amount of memory such as `2g` or `1536m`
        5: overrides[1].share[1]: `two words` is not a pattern of index names such as `logs-*`
        9: overrides[2]: expected settings such as `kibana: false`, found a list
        ");
    }

    #[test]
    fn a_file_has_settings_of_single_clusters() {
        let text = "elastic_memory: 2g\nsettings:\n  indices.query:\n    bool: {max_clause_count: 4096}\n    x: ['1', 1]\n  a.b: '4096'\n\
                    overrides:\n- {clusters: 1-3, elastic_memory: 4g}\n- clusters: 2\n  share: [hr-*]\n  kibana: false\n";
        let (overrides, _) = read("mesh.yaml", Path::new(""), text).unwrap();
        let settings = serde_json::to_string(&overrides.settings).unwrap();
        insta::assert_snapshot!(settings, @r#"{"a.b":"4096","indices.query.bool.max_clause_count":4096,"indices.query.x":["1",1]}"#);
        let listed = serde_json::to_string(&overrides.per_cluster.overrides).unwrap();
        insta::assert_snapshot!(listed, @r#"[{"clusters":"1-3","elastic_memory":"4g"},{"clusters":"2","kibana":false,"share":["hr-*"]}]"#);
        for (text, expected) in [("overrides: []", Some(Vec::new())), ("overrides:", None)] {
            assert_eq!(read("mesh.yaml", Path::new(""), text).unwrap().0.per_cluster.overrides, expected);
        }
    }

    #[test]
    fn what_is_wrong_in_an_override_has_its_line() {
        let text = "settings:\n  a.b: 1\n  a: {b: 2}\n  network.host: x\n  c:\n  d: [[1]]\n\
                    kibana_settings: {server.port: 1}\noverrides:\n- elastic_memory: 4g\n- clusters: 1-\n  settings:\n    xpack:\n      security.enabled: false\n- clusters: [1]\n  bind: 0.0.0.0\n";
        insta::assert_snapshot!(refusal(text), @r"
        mesh.yaml:3: settings.a.b: it is set twice
        mesh.yaml:4: settings.network.host: mesh sets `network.*` itself
        mesh.yaml:5: settings.c: expected a value, found nothing
        mesh.yaml:6: settings.d: expected a list of scalars
        mesh.yaml:7: kibana_settings.server.port: mesh sets `server.*` itself
        mesh.yaml:9: overrides[0]: `clusters` is missing, such as `clusters: 1-3,7`
        mesh.yaml:10: overrides[1].clusters: `1-` is not a set of clusters from 1 to 99 such as `1-3,7`
        mesh.yaml:13: overrides[1].settings.xpack.security.enabled: mesh sets `xpack.security.*` itself
        mesh.yaml:14: overrides[2].clusters: expected a set of clusters such as `1-3,7`, found a list
        mesh.yaml:15: overrides[2]: `bind` cannot be set here, only for the whole mesh
        ");
        insta::assert_snapshot!(refusal("overrides: {clusters: 1}"), @"mesh.yaml:1: overrides: expected a list such as `[{clusters: 1-3, elastic_memory: 4g}]`, found a mapping");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn no_text_makes_it_panic(text in "((clusters|share|kibana|x)?[:\\[{'\" \n\\-&*!|>]{0,3}[\\PC\n]{0,6}\n?){0,5}") {
            if let Err(problems) = read("mesh.yaml", Path::new(""), &text) {
                prop_assert!(problems.iter().all(|problem| problem.starts_with("mesh.yaml")));
            }
        }
    }
}
