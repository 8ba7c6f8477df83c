//! The settings file, `mesh.yaml`: reading it, with every error at once and its line. Pure: no I/O.

use std::{collections::BTreeMap, path::Path};

use super::{
    Overrides, SETTINGS, Setting, Shape,
    define::{Flaw, Scope},
    near,
    yaml::{self, Entry, Node, Value},
};

/// The line of each setting in a file, counted from 1.
pub type Lines = BTreeMap<&'static str, usize>;

/// What a file sets, with the lines; or everything that is wrong with it, each with its place.
pub type Read = Result<(Overrides, Lines), Vec<String>>;

/// Reads a settings file called `name`. Paths in it are relative to `base`.
///
/// # Errors
/// Only the first where the file is not YAML.
pub fn read(name: &str, base: &Path, text: &str) -> Read {
    let document = yaml::parse(text).map_err(|error| vec![format!("{}: {}", at(name, error.line), error.reason)])?;
    let mut reader = Reader { base, problems: Vec::new() };
    let read = reader.settings("", &document);
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

/// Something wrong in a file.
struct Problem {
    line: usize,
    /// The setting, from the top of the file: `overrides[1].elastic_memory`. Empty for the file as a whole.
    path: String,
    reason: String,
}

/// A text in a file.
struct Text {
    value: String,
    /// `[2]` for the third of a list.
    item: String,
    line: usize,
}

struct Reader<'a> {
    base: &'a Path,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    /// The settings of a mapping that lies at `path`: empty for the whole file, else such as `overrides[1]`, where only settings
    /// of single clusters are.
    fn settings(&mut self, path: &str, node: &Node) -> (Overrides, Lines) {
        let (mut texts, mut lines) = (BTreeMap::new(), Lines::new());
        // all settings at the top, and further down those that clusters can have by themselves
        let expected = |setting: &&Setting| path.is_empty() || setting.scope == Scope::Cluster;
        for entry in self.entries(path, node) {
            let setting = match Setting::named(&entry.key) {
                Some(setting) if expected(&setting) => setting,
                Some(_) => {
                    self.refuse(
                        entry.line,
                        path,
                        format!("`{}` cannot be set here, only for the whole mesh", entry.key),
                    );
                    continue;
                }
                None => {
                    let names: Vec<&str> = SETTINGS.iter().filter(expected).map(|setting| setting.name).collect();
                    self.refuse(entry.line, path, unknown(&entry.key, &names));
                    continue;
                }
            };
            if let Some(found) = self.texts(&join(path, setting.name), setting, entry) {
                lines.insert(setting.name, entry.line);
                texts.insert(setting.name, found);
            }
        }
        let read =
            |setting: &Setting| Some(texts.get(setting.name)?.iter().map(|text: &Text| text.value.clone()).collect());
        let overrides = Overrides::read(self.base, read).unwrap_or_else(|flaws| {
            for Flaw { setting, index, reason } in flaws {
                let text = &texts[setting.name][index.unwrap_or(0)];
                self.refuse(text.line, &(join(path, setting.name) + &text.item), reason.to_string());
            }
            Overrides::default()
        });
        (overrides, lines)
    }

    /// The texts of a setting's value; `None` if it has none.
    fn texts(&mut self, path: &str, setting: &Setting, entry: &Entry) -> Option<Vec<Text>> {
        let expected = match (&entry.value.value, setting.shape) {
            (Value::Null, _) => return None,
            (Value::List(items), Shape::List) => return Some(self.items(path, items)),
            (Value::Text(text), Shape::Switch | Shape::Text | Shape::Path) => {
                return Some(vec![Text { value: text.clone(), item: String::new(), line: entry.line }]);
            }
            (_, Shape::List) => format!("a list such as `[{}]`", setting.texts(setting.example).join(", ")),
            (_, Shape::Switch | Shape::Text | Shape::Path) => format!("one value such as `{}`", setting.example),
        };
        self.refuse(entry.line, path, format!("expected {expected}, found {}", entry.value.value.kind()));
        None
    }

    fn items(&mut self, path: &str, items: &[Node]) -> Vec<Text> {
        let mut texts = Vec::new();
        for (index, Node { line, value }) in items.iter().enumerate() {
            let item = format!("[{index}]");
            match value {
                Value::Text(text) => texts.push(Text { value: text.clone(), item, line: *line }),
                _ => self.refuse(*line, &format!("{path}{item}"), format!("expected a text, found {}", value.kind())),
            }
        }
        texts
    }

    fn entries<'n>(&mut self, path: &str, node: &'n Node) -> &'n [Entry] {
        match &node.value {
            Value::Map(entries) => entries,
            Value::Null => &[],
            value => {
                self.refuse(
                    node.line,
                    path,
                    format!("expected settings such as `kibana: false`, found {}", value.kind()),
                );
                &[]
            }
        }
    }

    fn refuse(&mut self, line: usize, path: &str, reason: String) {
        self.problems.push(Problem { line, path: path.to_owned(), reason });
    }
}

/// The path of what is called `name` in the mapping at `path`.
fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// The message for a name that is not a setting, where those of `names` are expected.
fn unknown(name: &str, names: &[&str]) -> String {
    match near::setting(name).filter(|meant| names.contains(meant)) {
        Some(meant) => format!("unknown setting `{name}`; did you mean `{meant}`?"),
        None => format!("unknown setting `{name}`, expected one of {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::mesh::{id::Count, settings::TemplateDir};

    fn refusal(text: &str) -> String {
        read("mesh.yaml", Path::new("/etc"), text).unwrap_err().join("\n")
    }

    #[test]
    fn a_file_sets_what_flags_set() {
        let text = "clusters: 3\nkibana: false\nelastic_memory: 3g\n\nshare: [logs-*]\n'key_days': 40\n\
                    templates: tem/plates\nlicense: /root/l.json\ntimeout: 10m\n";
        let (overrides, lines) = read("mesh.yaml", Path::new("/etc"), text).unwrap();
        let expected = Overrides {
            clusters: Count::new(3),
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
        assert_eq!((lines["clusters"], lines["share"], lines["key_days"]), (1, 5, 6));
    }

    #[test]
    fn a_file_that_sets_nothing() {
        for text in ["", "# all of it later\n", "---\n", "clusters:\n", "clusters: ~\n", "{}"] {
            let (overrides, lines) = read("mesh.yaml", Path::new(""), text).unwrap();
            assert_eq!((overrides, lines.len()), (Overrides::default(), 0), "{text}");
        }
        let (overrides, _) = read("mesh.yaml", Path::new(""), "templates: ''").unwrap();
        assert_eq!(overrides.templates, Some(TemplateDir(None)));
    }

    #[test]
    fn an_unexpected_form_is_refused_with_its_line() {
        insta::assert_snapshot!(refusal("clusters: 3\nclsters: 4\n"), @"mesh.yaml:2: unknown setting `clsters`; did you mean `clusters`?");
        insta::assert_snapshot!(refusal("clusters: 3\nelastic-memory: 4g\n"), @"mesh.yaml:2: unknown setting `elastic-memory`; did you mean `elastic_memory`?");
        insta::assert_snapshot!(refusal("topology: ring\n"), @"mesh.yaml:1: unknown setting `topology`, expected one of clusters, stack_version, registry, kibana, profile, elastic_memory, kibana_memory, bind, subnet, hosts, share, san, key_days, license, passphrase_words, templates, timeout");
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
        mesh.yaml:1: clusters: `100` is not a number of clusters from 1 to 99
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
        mesh.yaml:1: clusters: `three` is not a number of clusters from 1 to 99
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
        7: overrides[1]: unknown setting `x`, expected one of kibana, elastic_memory, kibana_memory, share
        8: overrides[1]: `bind` cannot be set here, only for the whole mesh
        6: overrides[1].elastic_memory: `2` is not an amount of memory such as `2g` or `1536m`
        5: overrides[1].share[1]: `two words` is not a pattern of index names such as `logs-*`
        9: overrides[2]: expected settings such as `kibana: false`, found a list
        ");
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
