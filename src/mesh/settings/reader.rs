//! One mapping of a settings file, read setting by setting: the texts of a value by the setting's shape. Pure: no I/O.

use std::{collections::BTreeMap, path::Path};

use serde_json::Value as Json;

use super::{
    Overrides, SETTINGS, Setting, Shape,
    define::{Flaw, Scope},
    near,
    yaml::{Entry, Node, Value},
};

/// The line of each setting, counted from 1.
pub type SettingLines = BTreeMap<&'static str, usize>;

/// Something wrong in a file.
pub struct Problem {
    pub line: usize,
    /// The setting, from the top of the file: `overrides[1].elastic_memory`. Empty for the file as a whole.
    pub path: String,
    pub reason: String,
}

/// A text in a file.
struct Text {
    value: String,
    /// `[2]` for the third of a list.
    item: String,
    line: usize,
}

/// Reads mappings, and gathers what is wrong with them.
pub struct Reader<'a> {
    pub base: &'a Path,
    pub problems: Vec<Problem>,
}

/// The settings of single clusters.
pub const OVERRIDES: &str = "overrides";
/// Which clusters an entry of them is about.
pub const CLUSTERS: &str = "clusters";

impl Reader<'_> {
    /// The settings of a mapping that lies at `path`: empty for the whole file, else such as `overrides[1]`, where only
    /// settings of single clusters are.
    pub fn settings(&mut self, path: &str, node: &Node) -> (Overrides, SettingLines) {
        let (mut texts, mut lines) = (BTreeMap::new(), SettingLines::new());
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
                    let own = if path.is_empty() { OVERRIDES } else { CLUSTERS };
                    let names = SETTINGS.iter().filter(expected).map(|setting| setting.name);
                    let names: Vec<&str> = names.chain([own]).collect();
                    self.refuse(entry.line, path, unknown(&entry.key, &names));
                    continue;
                }
            };
            if let Some(found) = self.texts(&join(path, setting.name), setting, entry) {
                lines.insert(setting.name, entry.line);
                texts.insert(setting.name, found);
            }
        }
        if let (Some(topology), Some(links)) = (lines.get("topology"), lines.get("links")) {
            let reason = format!("`topology` is set on line {topology} already: one of them says who searches whom");
            self.refuse(*links, &join(path, "links"), reason);
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
            (Value::Map(entries), Shape::Map) => {
                let mut texts = Vec::new();
                self.fields(path, "", entries, &mut texts);
                return Some(texts);
            }
            (Value::List(items), Shape::Mappings) => return Some(self.mappings(path, items)),
            (Value::Text(_) | Value::Map(_), Shape::Mapping) | (Value::Text(_) | Value::List(_), Shape::Sequence) => {
                let value = entry.value.value.to_text();
                return Some(vec![Text { value, item: String::new(), line: entry.line }]);
            }
            (Value::Text(text), Shape::Switch | Shape::Text | Shape::Path) => {
                return Some(vec![Text { value: text.clone(), item: String::new(), line: entry.line }]);
            }
            (_, Shape::List) => format!("a list such as `[{}]`", setting.texts(setting.example).join(", ")),
            (_, Shape::Map) => format!("a mapping such as `{}`", setting.example.replacen('=', ": ", 1)),
            (_, Shape::Mappings) => format!("a list of mappings such as `[{}]`", setting.example),
            (_, Shape::Switch | Shape::Text | Shape::Path | Shape::Mapping | Shape::Sequence) => {
                format!("one value such as `{}`", setting.example)
            }
        };
        self.refuse(entry.line, path, format!("expected {expected}, found {}", entry.value.value.kind()));
        None
    }

    fn items(&mut self, path: &str, items: &[Node]) -> Vec<Text> {
        let mut texts = Vec::new();
        for (index, Node { line, value, .. }) in items.iter().enumerate() {
            let item = format!("[{index}]");
            match value {
                Value::Text(text) => texts.push(Text { value: text.clone(), item, line: *line }),
                _ => self.refuse(*line, &format!("{path}{item}"), format!("expected a text, found {}", value.kind())),
            }
        }
        texts
    }

    /// The fields of a mapping, flat or nested, each with its full name: `a.b=1`.
    fn fields(&mut self, path: &str, prefix: &str, entries: &[Entry], texts: &mut Vec<Text>) {
        for Entry { key, line, value } in entries {
            let name = format!("{prefix}{key}");
            let json = match &value.value {
                Value::Map(entries) if !entries.is_empty() => {
                    self.fields(path, &format!("{name}."), entries, texts);
                    continue;
                }
                Value::List(items) => {
                    let scalars = items.iter().map(Node::scalar).collect::<Option<Vec<_>>>().map(Json::Array);
                    scalars.ok_or_else(|| "expected a list of scalars".to_owned())
                }
                other => value.scalar().ok_or_else(|| format!("expected a value, found {}", other.kind())),
            };
            let json = match json {
                Ok(json) => json,
                Err(reason) => {
                    self.refuse(*line, &join(path, &name), reason);
                    continue;
                }
            };
            let item = format!(".{name}");
            if texts.iter().any(|text| text.item == item) {
                self.refuse(*line, &join(path, &name), "it is set twice".to_owned());
                continue;
            }
            texts.push(Text { value: format!("{name}={json}"), item, line: *line });
        }
    }

    fn mappings(&mut self, path: &str, items: &[Node]) -> Vec<Text> {
        let mut texts = Vec::new();
        for (index, Node { line, value, .. }) in items.iter().enumerate() {
            let item = format!("[{index}]");
            match value {
                Value::Map(_) => texts.push(Text { value: value.to_text(), item, line: *line }),
                _ => {
                    self.refuse(*line, &format!("{path}{item}"), format!("expected a mapping, found {}", value.kind()));
                }
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

    pub fn refuse(&mut self, line: usize, path: &str, reason: String) {
        self.problems.push(Problem { line, path: path.to_owned(), reason });
    }
}

/// The path of what is called `name` in the mapping at `path`.
pub fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// The message for a name that is not a setting, where those of `names` are expected.
fn unknown(name: &str, names: &[&str]) -> String {
    match near::setting(name).filter(|meant| names.contains(meant)) {
        Some(meant) => format!("unknown setting `{name}`; did you mean `{meant}`?"),
        None => format!("unknown setting `{name}`, expected one of {}", names.join(", ")),
    }
}
