//! Secrets for Elasticsearch's keystores, as a file of the user's names them, and what a keystore has of them. Pure: no
//! I/O.
//!
//! No message shows a value, and none a name that is not one: it may be a value at the wrong place.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use serde::{Deserialize, Serialize};

use super::{
    Mesh,
    digest::digest_of_secret,
    id::ClusterId,
    keystore,
    secret::Secret,
    settings::{
        ClusterOverride, ClusterSettings, Overrides, UserFile,
        yaml::{self, Entry, Value},
    },
};

/// What `mesh` writes into a keystore itself or relies on: a name, or all names below one that ends with `.*`.
const RESERVED: [&str; 4] = ["cluster.remote.*", keystore::BOOTSTRAP_PASSWORD, keystore::SEED, "xpack.security.*"];

/// The secure settings of a file, by their full names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecureSettings(BTreeMap<String, Secret>);

/// An entry of a file that cannot be in a keystore.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct InvalidEntry {
    line: usize,
    reason: String,
}

/// What a keystore has from such a file, as `keystore.json` records it. Other entries are the user's, and stay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Managed {
    /// The file; `None` where the setting was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// The entries that leave the keystore when the file names them no more.
    #[serde(default)]
    pub names: BTreeSet<String>,
    /// When the container was started that was there when the keystore last changed, in Docker's words. While that is
    /// its last start, the server has not read the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<String>,
}

impl SecureSettings {
    /// Reads a mapping of names to texts, flat or nested.
    ///
    /// # Errors
    /// Every entry that is not a secure setting of the user's, with its line.
    pub fn parse(text: &str) -> Result<Self, Vec<InvalidEntry>> {
        let invalid = |line: usize, reason: &str| InvalidEntry { line, reason: reason.to_owned() };
        let document = yaml::parse(text).map_err(|error| vec![invalid(error.line, "it is not valid YAML")])?;
        let (mut settings, mut problems) = (BTreeMap::new(), Vec::new());
        match &document.value {
            Value::Null => {}
            Value::Map(entries) => collect("", entries, &mut settings, &mut problems),
            Value::Text(_) | Value::List(_) => {
                problems.push(invalid(
                    document.line,
                    "expected names with values, such as `s3.client.default.access_key: …`",
                ));
            }
        }
        if problems.is_empty() { Ok(Self(settings)) } else { Err(problems) }
    }

    pub fn entries(&self) -> &BTreeMap<String, Secret> {
        &self.0
    }

    /// The names, each with the digest of its value.
    pub fn digests(&self) -> BTreeMap<String, String> {
        self.0.iter().map(|(name, value)| (name.clone(), digest_of_secret(value))).collect()
    }
}

impl Mesh {
    /// Takes the files that keystores were filled from: where `mesh.json` is lost, `keystore.json` tells them.
    pub fn take_secure_files(&mut self, found: BTreeMap<ClusterId, PathBuf>) {
        let distinct: BTreeSet<&PathBuf> = found.values().collect();
        if found.len() == self.clusters.len() && distinct.len() == 1 {
            self.spec.secure_settings = UserFile(found.into_values().next());
            return;
        }
        self.overrides.extend(found.into_iter().map(|(cluster, path)| {
            let secure_settings = Some(UserFile(Some(path)));
            let settings = ClusterSettings::of(&Overrides { secure_settings, ..Overrides::default() });
            ClusterOverride { clusters: cluster.into(), settings }
        }));
    }
}

fn collect(prefix: &str, entries: &[Entry], settings: &mut BTreeMap<String, Secret>, problems: &mut Vec<InvalidEntry>) {
    for Entry { key, line, value } in entries {
        let name = format!("{prefix}{key}");
        let refusal = match &value.value {
            Value::Map(entries) if !entries.is_empty() => {
                collect(&format!("{name}."), entries, settings, problems);
                continue;
            }
            _ if !is_name(&name) => {
                Some("it is not the name of a secure setting, which has letters, digits, `_`, `-` and `.`".to_owned())
            }
            Value::Text(text) if !text.is_empty() => refusal(&name).or_else(|| {
                let known = settings.insert(name.clone(), Secret::new(text));
                known.map(|_| format!("`{name}` is set twice"))
            }),
            Value::Null | Value::Text(_) => Some(format!("`{name}` has no value")),
            Value::Map(_) | Value::List(_) => Some(format!("the value of `{name}` is not a text")),
        };
        problems.extend(refusal.map(|reason| InvalidEntry { line: *line, reason }));
    }
}

/// A name that a keystore can have, with something before and after each dot.
fn is_name(name: &str) -> bool {
    keystore::is_setting_name(name.as_bytes()) && name.split('.').all(|part| !part.is_empty())
}

fn refusal(name: &str) -> Option<String> {
    let below = format!("{name}.");
    let covers =
        |reserved: &&&str| reserved.strip_suffix('*').map_or(**reserved == name, |above| below.starts_with(above));
    let reserved = RESERVED.iter().find(covers)?;
    Some(format!("mesh sets `{reserved}` itself: leave `{name}` out"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refusals(text: &str) -> String {
        let problems = SecureSettings::parse(text).unwrap_err();
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn flat_and_nested_names_are_read() {
        let text = "s3.client.default.access_key: 0123\ns3:\n  client.default: {secret_key: 'a: b'}\nxpack.a: |\n  two\n  lines\n";
        let read = SecureSettings::parse(text).unwrap();
        let shown: Vec<String> =
            read.entries().iter().map(|(name, value)| format!("{name}={:?}", value.expose())).collect();
        insta::assert_snapshot!(shown.join("\n"), @r#"
        s3.client.default.access_key="0123"
        s3.client.default.secret_key="a: b"
        xpack.a="two\nlines\n"
        "#);
        assert_eq!(SecureSettings::parse("# nothing yet\n"), Ok(SecureSettings::default()));
    }

    #[test]
    fn what_cannot_be_in_a_keystore_is_refused_with_its_line() {
        let text = "cluster.remote.other.credentials: hunter2\nbootstrap:\n  password: hunter2\nkeystore.seed: hunter2\n\
                    xpack.security: {authc: hunter2}\na b: hunter2\na..b: hunter2\nempty: ''\nnone:\nlist: [hunter2]\nx: hunter2\n\
                    xpack: {secure: 1}\nxpack.secure: 2\n";
        insta::assert_snapshot!(refusals(text), @r"
        line 1: mesh sets `cluster.remote.*` itself: leave `cluster.remote.other.credentials` out
        line 3: mesh sets `bootstrap.password` itself: leave `bootstrap.password` out
        line 4: mesh sets `keystore.seed` itself: leave `keystore.seed` out
        line 5: mesh sets `xpack.security.*` itself: leave `xpack.security.authc` out
        line 6: it is not the name of a secure setting, which has letters, digits, `_`, `-` and `.`
        line 7: it is not the name of a secure setting, which has letters, digits, `_`, `-` and `.`
        line 8: `empty` has no value
        line 9: `none` has no value
        line 10: the value of `list` is not a text
        line 13: `xpack.secure` is set twice
        ");
    }

    #[test]
    fn what_is_no_mapping_is_refused_without_being_shown() {
        insta::assert_snapshot!(refusals("s3.client.default.access_key=hunter2"), @"line 1: expected names with values, such as `s3.client.default.access_key: …`");
        insta::assert_snapshot!(refusals("- hunter2"), @"line 1: expected names with values, such as `s3.client.default.access_key: …`");
        insta::assert_snapshot!(refusals("a: 'hunter2"), @"line 1: it is not valid YAML");
    }

    #[test]
    fn a_rebuilt_mesh_has_the_files_of_its_keystores() {
        let found = |mesh: &Mesh, paths: &[&str]| -> BTreeMap<ClusterId, PathBuf> {
            mesh.clusters().zip(paths).map(|(cluster, path)| (cluster, (*path).into())).collect()
        };
        let mesh = Mesh::example(2);
        let shown = |paths: &[&str]| {
            let mut mesh = mesh.clone();
            mesh.take_secure_files(found(&mesh, paths));
            let of =
                |cluster| mesh.settings(cluster).secure_settings.0.clone().unwrap_or_default().display().to_string();
            mesh.clusters().map(of).collect::<Vec<_>>()
        };
        for paths in [["/a.yaml", "/a.yaml"], ["/a.yaml", "/b.yaml"]] {
            assert_eq!(shown(&paths), paths);
        }
        assert_eq!(shown(&["/a.yaml"]), ["/a.yaml", ""]);
        assert_eq!(shown(&[]), ["", ""]);
    }

    proptest! {
        #[test]
        fn no_refusal_shows_a_value(before in "[a-z .]{0,20}", after in "[ -9;-~]{0,40}") {
            for text in [format!("{before}: hunter2{after}"), format!("a.b: [hunter2{after}"), format!("hunter2{after}")] {
                if let Err(problems) = SecureSettings::parse(&text) {
                    prop_assert!(problems.iter().all(|problem| !problem.to_string().contains("hunter2")));
                }
            }
        }
    }
}
