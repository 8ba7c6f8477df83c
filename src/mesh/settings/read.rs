//! From texts to settings: of a file and of the environment, with all that is wrong said at once. Pure: no I/O.

use std::{collections::BTreeMap, fmt, path::Path, str::FromStr};

use super::{
    InvalidValue, Overrides,
    file::{File, NAMES, Text},
    near,
};
use crate::mesh::id::ClusterId;

/// The line of each setting in a file, counted from 1, as far as it can be told.
pub type Lines = BTreeMap<&'static str, usize>;

/// Reads a settings file called `name`. Paths in it are seen from `base`.
///
/// # Errors
/// Everything that is wrong, each with its place; only the first where the file is no YAML or not of the right form.
pub fn file(name: &str, base: &Path, text: &str) -> Result<(Overrides, Lines), Vec<String>> {
    let said: Option<File> = serde_yaml::from_str(text).map_err(|error| vec![unreadable(name, text, &error)])?;
    let line = |setting: &'static str| Some((setting, lines_of(setting, text).next()?));
    let lines: Lines = NAMES.into_iter().filter_map(line).collect();
    match Reader::default().read(said.unwrap_or_default(), base) {
        Ok(asked) => Ok((asked, lines)),
        Err(mut problems) => {
            let line = |setting: &str| lines.get(setting).copied();
            problems.sort_by_key(|problem| line(problem.setting));
            Err(problems.iter().map(|problem| format!("{}: {problem}", at(name, line(problem.setting)))).collect())
        }
    }
}

/// Reads the environment: `variable` gives what a variable holds, and an empty one says nothing. Lists are comma separated.
///
/// # Errors
/// Everything that is wrong, each with its variable.
pub fn environment(variable: impl Fn(&str) -> Option<String>) -> Result<Overrides, Vec<String>> {
    let text = |setting: &str| variable(&variable_of(setting)).filter(|text| !text.is_empty()).map(Text);
    let list = |setting: &str| {
        Some(text(setting)?.0.split(',').map(|item| Text(item.trim().to_owned())).collect::<Vec<Text>>())
    };
    let said = File {
        clusters: text("clusters"),
        stack_version: text("stack_version"),
        registry: text("registry"),
        kibana: text("kibana"),
        profile: text("profile"),
        elastic_memory: text("elastic_memory"),
        kibana_memory: text("kibana_memory"),
        bind: text("bind"),
        subnet: text("subnet"),
        hosts: text("hosts"),
        share: list("share"),
        san: list("san"),
        key_days: text("key_days"),
        license: text("license"),
        passphrase_words: text("passphrase_words"),
        templates: text("templates"),
        timeout: text("timeout"),
    };
    let told = |Problem { setting, index, reason }| format!("{}{index}: {reason}", variable_of(setting));
    Reader::default().read(said, Path::new("")).map_err(|problems| problems.into_iter().map(told).collect())
}

/// The variable of the environment that says a setting.
pub fn variable_of(setting: &str) -> String {
    format!("MESH_{}", setting.to_uppercase())
}

/// A place in a file, as compilers name it.
pub fn at(name: &str, line: Option<usize>) -> String {
    line.map_or_else(|| name.to_owned(), |line| format!("{name}:{line}"))
}

fn unreadable(name: &str, text: &str, error: &serde_yaml::Error) -> String {
    let told = error.to_string().replace("expected a sequence", "expected a list");
    let Some(location) = error.location() else { return format!("{name}: {told}") };
    let place = format!(" at line {} column {}", location.line(), location.column());
    let told = told.replacen(&place, "", 1);
    let unknown = told.strip_prefix("unknown field `").and_then(|rest| Some(rest.split_once('`')?.0));
    let told = match unknown.and_then(|name| Some((name, near::setting(name)?))) {
        Some((name, meant)) => format!("unknown field `{name}`; did you mean `{meant}`?"),
        None => told,
    };
    // serde says where the settings begin, not where the second one is
    let twice = told.strip_prefix("duplicate field `").and_then(|field| field.strip_suffix('`'));
    let line = twice.and_then(|setting| lines_of(setting, text).last()).unwrap_or(location.line());
    format!("{}: {told}", at(name, Some(line)))
}

/// Settings are not nested, so a setting's line is one that begins with its name.
fn lines_of(setting: &str, text: &str) -> impl Iterator<Item = usize> {
    let key =
        move |line: &str| line.split_once(':').is_some_and(|(key, _)| key.trim().trim_matches(['"', '\'']) == setting);
    text.lines().enumerate().filter(move |(_, line)| key(line)).map(|(index, _)| index + 1)
}

/// A value that was refused.
struct Problem {
    setting: &'static str,
    /// `[2]` for the third of a list.
    index: String,
    reason: InvalidValue,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}: {}", self.setting, self.index, self.reason)
    }
}

#[derive(Default)]
struct Reader {
    problems: Vec<Problem>,
}

impl Reader {
    fn read(mut self, said: File, base: &Path) -> Result<Overrides, Vec<Problem>> {
        let path = |text: &str| Ok(base.join(text));
        let asked = Overrides {
            clusters: self.one("clusters", said.clusters, clusters),
            stack_version: self.one("stack_version", said.stack_version, str::parse),
            registry: self.one("registry", said.registry, str::parse),
            kibana: self.one("kibana", said.kibana, switch),
            profile: self.one("profile", said.profile, str::parse),
            bind: self.one("bind", said.bind, |text| parsed(text, "an address such as `127.0.0.1`")),
            elastic_memory: self.one("elastic_memory", said.elastic_memory, str::parse),
            kibana_memory: self.one("kibana_memory", said.kibana_memory, str::parse),
            share: self.many("share", said.share, str::parse),
            san: self.many("san", said.san, str::parse),
            key_days: self.one("key_days", said.key_days, str::parse),
            hosts: self.one("hosts", said.hosts, switch),
            subnet: self.one("subnet", said.subnet, str::parse),
            templates: self
                .one("templates", said.templates, |text| if text.is_empty() { Ok(text.into()) } else { path(text) }),
            passphrase_words: self.one("passphrase_words", said.passphrase_words, str::parse),
            license: self.one("license", said.license, |text| {
                if text.is_empty() { Err(InvalidValue::new("the name of a file is needed")) } else { path(text) }
            }),
            timeout: self.one("timeout", said.timeout, str::parse),
        };
        if self.problems.is_empty() { Ok(asked) } else { Err(self.problems) }
    }

    fn one<T>(
        &mut self,
        setting: &'static str,
        said: Option<Text>,
        read: impl Fn(&str) -> Result<T, InvalidValue>,
    ) -> Option<T> {
        let refused = |reason| self.problems.push(Problem { setting, index: String::new(), reason });
        read(&said?.0).map_err(refused).ok()
    }

    fn many<T>(
        &mut self,
        setting: &'static str,
        said: Option<Vec<Text>>,
        read: impl Fn(&str) -> Result<T, InvalidValue>,
    ) -> Option<Vec<T>> {
        let mut values = Vec::new();
        for (index, Text(item)) in said?.into_iter().enumerate() {
            match read(&item) {
                Ok(value) => values.push(value),
                Err(reason) => self.problems.push(Problem { setting, index: format!("[{index}]"), reason }),
            }
        }
        Some(values)
    }
}

fn clusters(text: &str) -> Result<ClusterId, InvalidValue> {
    let number = text.parse().ok().and_then(ClusterId::new);
    number.ok_or_else(|| InvalidValue::new(format!("`{text}` is not a number of clusters from 1 to 99")))
}

fn switch(text: &str) -> Result<bool, InvalidValue> {
    parsed(text, "`true` or `false`")
}

fn parsed<T: FromStr>(text: &str, wanted: &str) -> Result<T, InvalidValue> {
    text.parse().map_err(|_| InvalidValue::new(format!("`{text}` is not {wanted}")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refusal(text: &str) -> String {
        file("mesh.yaml", Path::new("/etc"), text).unwrap_err().join("\n")
    }

    #[test]
    fn a_file_says_what_flags_say() {
        let text = "clusters: 3\nkibana: false\nelastic_memory: 3g\n\nshare: [logs-*]\n'key_days': 40\n\
                    templates: tem/plates\nlicense: /root/l.json\ntimeout: 10m\n";
        let (asked, lines) = file("mesh.yaml", Path::new("/etc"), text).unwrap();
        let wanted = Overrides {
            clusters: ClusterId::new(3),
            kibana: Some(false),
            elastic_memory: Some("3g".parse().unwrap()),
            share: Some(vec!["logs-*".parse().unwrap()]),
            key_days: Some("40".parse().unwrap()),
            templates: Some("/etc/tem/plates".into()),
            license: Some("/root/l.json".into()),
            timeout: Some("10m".parse().unwrap()),
            ..Overrides::default()
        };
        assert_eq!(asked, wanted);
        assert_eq!((lines["clusters"], lines["share"], lines["key_days"]), (1, 5, 6));
    }

    #[test]
    fn a_file_that_says_nothing() {
        for text in ["", "# all of it later\n", "---\n", "clusters:\n", "{}"] {
            assert_eq!(file("mesh.yaml", Path::new(""), text).unwrap().0, Overrides::default(), "{text}");
        }
        assert_eq!(file("mesh.yaml", Path::new(""), "templates: ''").unwrap().0.templates, Some("".into()));
    }

    #[test]
    fn what_cannot_be_read_is_said_with_its_line() {
        insta::assert_snapshot!(refusal("clusters: 3\nclsters: 4\n"), @"mesh.yaml:2: unknown field `clsters`; did you mean `clusters`?");
        insta::assert_snapshot!(refusal("clusters: 3\nelastic-memory: 4g\n"), @"mesh.yaml:2: unknown field `elastic-memory`; did you mean `elastic_memory`?");
        insta::assert_snapshot!(refusal("topology: ring\n"), @"mesh.yaml:1: unknown field `topology`, expected one of `clusters`, `stack_version`, `registry`, `kibana`, `profile`, `elastic_memory`, `kibana_memory`, `bind`, `subnet`, `hosts`, `share`, `san`, `key_days`, `license`, `passphrase_words`, `templates`, `timeout`");
        insta::assert_snapshot!(refusal("kibana: true\nshare: logs-*\n"), @r#"mesh.yaml:2: share: invalid type: string "logs-*", expected a list"#);
        insta::assert_snapshot!(refusal("kibana: true\n\nclusters: [3]\n"), @"mesh.yaml:3: clusters: invalid type: sequence, expected one value");
        insta::assert_snapshot!(refusal("clusters: 3\nkibana: true\nclusters: 4\n"), @"mesh.yaml:3: duplicate field `clusters`");
        insta::assert_snapshot!(refusal("clusters: 3\nkibana: [true\n"), @"mesh.yaml:2: kibana: invalid type: sequence, expected one value");
        insta::assert_snapshot!(refusal("clusters: 3\n---\nclusters: 4\n"), @"mesh.yaml: deserializing from YAML containing more than one document is not supported");
        insta::assert_snapshot!(refusal("- clusters\n"), @"mesh.yaml:1: invalid type: sequence, expected settings such as `clusters: 3`");
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let text = "clusters: 100\nelastic_memory: 2\nkibana: maybe\nbind: vm\nlicense: ''\nstack_version: 9.5\n\
                    share:\n- logs-*\n- two words\n- ''\n";
        insta::assert_snapshot!(refusal(text), @r"
        mesh.yaml:1: clusters: `100` is not a number of clusters from 1 to 99
        mesh.yaml:2: elastic_memory: `2` is not an amount of memory such as `2g` or `1536m`
        mesh.yaml:3: kibana: `maybe` is not `true` or `false`
        mesh.yaml:4: bind: `vm` is not an address such as `127.0.0.1`
        mesh.yaml:5: license: the name of a file is needed
        mesh.yaml:6: stack_version: `9.5` is not a version such as `9.5.3`
        mesh.yaml:7: share[1]: `two words` is not a pattern of index names such as `logs-*`
        mesh.yaml:7: share[2]: `` is not a pattern of index names such as `logs-*`
        ");
        insta::assert_snapshot!(refusal("{clusters: three, passphrase_words: 2}"), @r"
        mesh.yaml: clusters: `three` is not a number of clusters from 1 to 99
        mesh.yaml: passphrase_words: `2` is not a number of words from 3 to 20
        ");
    }

    #[test]
    fn the_environment_says_what_flags_say() {
        let variables = [
            ("MESH_CLUSTERS", "3"),
            ("MESH_HOSTS", "false"),
            ("MESH_SHARE", "logs-*, metrics-*"),
            ("MESH_REGISTRY", ""),
            ("MESH_TEMPLATES", "templates"),
        ];
        let variable = |name: &str| Some(variables.iter().find(|(known, _)| *known == name)?.1.to_owned());
        let wanted = Overrides {
            clusters: ClusterId::new(3),
            hosts: Some(false),
            share: Some(vec!["logs-*".parse().unwrap(), "metrics-*".parse().unwrap()]),
            templates: Some("templates".into()),
            ..Overrides::default()
        };
        assert_eq!(environment(variable), Ok(wanted));
    }

    #[test]
    fn every_setting_has_its_variable() {
        for setting in NAMES {
            let variable = |name: &str| (name == variable_of(setting)).then(|| "a?b".to_owned());
            match environment(variable) {
                Ok(asked) => assert_eq!(serde_json::to_value(asked).unwrap()[setting], "a?b"),
                Err(problems) => assert!(problems[0].starts_with(&variable_of(setting)), "{problems:?}"),
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn no_text_makes_it_panic(text in "((clusters|share|kibana|x)?[:\\[{'\" \n\\-&*!|>]{0,3}[\\PC\n]{0,6}\n?){0,5}") {
            if let Err(problems) = file("mesh.yaml", Path::new(""), &text) {
                prop_assert!(problems.iter().all(|problem| problem.starts_with("mesh.yaml")));
            }
        }
    }
}
