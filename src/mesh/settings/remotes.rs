//! Clusters that `mesh` does not run and this one searches, as a settings file names them. Pure: no I/O.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::{
    mapping::{mapping, scalar},
    value::{Scalar, Shape},
};
use crate::mesh::{
    cluster_set::ClusterSet,
    invalid_value::InvalidValue,
    peers::{Authorities, PartnerName, address::is_host_and_port},
};

/// A cluster of another owner, with the files that its owner handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteRule {
    /// What it is called here, which is its alias, too.
    pub name: PartnerName,
    /// `HOST:PORT` of its remote cluster server.
    pub address: String,
    /// The name in its certificate; `None` for the host of its address.
    pub server_name: Option<String>,
    pub key_file: PathBuf,
    pub ca: Authorities,
    /// The clusters that are to search it; `None` for all.
    pub on: Option<ClusterSet>,
}

const KEYS: [&str; 6] = ["name", "address", "server_name", "key_file", "ca", "on"];
const EXAMPLE: &str = "{name: archive, address: 192.0.2.20:9443, key_file: archive.key}";

impl fmt::Display for RemoteRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.json().fmt(f)
    }
}

impl Serialize for RemoteRule {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.json().serialize(to)
    }
}

/// Read as a mapping such as [`EXAMPLE`]; the paths of files are relative to that of the settings.
impl Scalar for RemoteRule {
    const LIST_SHAPE: Shape = Shape::Mappings;
    const PLACEHOLDER: &'static str = "REMOTE";

    fn read(text: &str, base: &Path) -> Result<Self, InvalidValue> {
        let (mut name, mut address, mut server_name) = (None, None, None);
        let (mut key_file, mut ca, mut on) = (None, Authorities::System, None);
        for (key, value) in mapping(text, &KEYS)? {
            let text = scalar(&key, &value)?;
            match key.as_str() {
                "name" => name = Some(text.parse()?),
                "address" if is_host_and_port(text) => address = Some(text.to_owned()),
                "address" => {
                    let why = format!("`{text}` is not a host and a port such as 192.0.2.20:9443");
                    return Err(InvalidValue::new(why));
                }
                "server_name" => server_name = Some(text.to_owned()),
                "key_file" => key_file = Some(base.join(text)),
                "ca" => ca = Authorities::read(text, base),
                _ => on = Some(text.parse()?),
            }
        }
        let missing = |key: &str| InvalidValue::new(format!("`{key}` is missing, as in `{EXAMPLE}`"));
        Ok(Self {
            name: name.ok_or_else(|| missing("name"))?,
            address: address.ok_or_else(|| missing("address"))?,
            server_name,
            key_file: key_file.ok_or_else(|| missing("key_file"))?,
            ca,
            on,
        })
    }

    fn schema() -> Json {
        json!({
            "type": "object",
            "properties": {
                "name": { "type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?$" },
                "address": { "type": "string" },
                "server_name": { "type": "string" },
                "key_file": { "type": "string" },
                "ca": { "type": "string" },
                "on": <ClusterSet as Scalar>::schema(),
            },
            "required": ["name", "address", "key_file"],
            "additionalProperties": false,
        })
    }

    fn json(&self) -> Json {
        let Self { name, address, server_name, key_file, ca, on } = self;
        let mut json = json!({ "name": name.to_string(), "address": address });
        if let Some(server_name) = server_name {
            json["server_name"] = server_name.as_str().into();
        }
        json["key_file"] = key_file.display().to_string().into();
        json["ca"] = ca.to_string().into();
        if let Some(on) = on {
            json["on"] = on.to_string().into();
        }
        json
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> Result<RemoteRule, InvalidValue> {
        <RemoteRule as Scalar>::read(text, Path::new("/etc/mesh"))
    }

    #[test]
    fn a_remote_is_read_and_its_files_are_beside_the_settings() {
        let read = rule(EXAMPLE).unwrap();
        insta::assert_snapshot!(read, @r#"{"address":"192.0.2.20:9443","ca":"system","key_file":"/etc/mesh/archive.key","name":"archive"}"#);
        assert_eq!(rule(&read.to_string()).unwrap(), read);
        let whole = "{name: a, address: 'h:1', server_name: x, key_file: /k, ca: ca.pem, on: '1,3'}";
        insta::assert_snapshot!(rule(whole).unwrap(), @r#"{"address":"h:1","ca":"/etc/mesh/ca.pem","key_file":"/k","name":"a","on":"1,3","server_name":"x"}"#);
    }

    #[test]
    fn a_rule_names_its_fault() {
        let refused = |text| rule(text).unwrap_err().to_string();
        insta::assert_snapshot!(refused("{name: a}"), @"`address` is missing, as in `{name: archive, address: 192.0.2.20:9443, key_file: archive.key}`");
        insta::assert_snapshot!(refused("{name: A, address: 'h:1'}"), @"`A` is not a name of another mesh such as `london`: it consists of `a-z`, `0-9` and `-`");
        insta::assert_snapshot!(refused("{name: a, address: h}"), @"`h` is not a host and a port such as 192.0.2.20:9443");
        insta::assert_snapshot!(refused("{name: a, address: 'https://h:1'}"), @"`https://h:1` is not a host and a port such as 192.0.2.20:9443");
        insta::assert_snapshot!(refused("{name: a, address: 'h:1', key: x}"), @"unknown `key`, expected `name`, `address`, `server_name`, `key_file`, `ca`, `on`");
        insta::assert_snapshot!(refused("{name: a, address: 'h:1', key_file: [x]}"), @"`key_file` is one value, found a list");
    }
}
