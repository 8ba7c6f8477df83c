//! The user's Docker configuration: the current context, and where logins are kept. I/O: the environment, disk.

use std::{
    collections::BTreeMap,
    env,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::world::disk;

/// `config.json` of the user's Docker configuration, as far as it matters here; see
/// <https://docs.docker.com/reference/cli/docker/#docker-cli-configuration-file-configjson-properties>.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Configuration {
    /// Empty for the engine of this machine.
    pub current_context: String,
    /// Logins by registry: a host, or the URL that an older Docker wrote.
    pub auths: BTreeMap<String, SavedLogin>,
    /// The helper that keeps the logins of all registries, without `docker-credential-`; empty for none.
    pub creds_store: String,
    /// The helpers of single registries.
    pub cred_helpers: BTreeMap<String, String>,
}

/// A login as `config.json` has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct SavedLogin {
    /// `user:password` in Base64.
    pub auth: Option<String>,
    pub username: Option<String>,
    pub password: Option<String>,
    pub identitytoken: Option<String>,
}

/// Why the configuration cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {reason}", path.display())]
pub struct ConfigurationError {
    pub path: PathBuf,
    reason: String,
}

/// The directory of the configuration: `DOCKER_CONFIG`, else `~/.docker`; `None` without a home directory.
pub(super) fn directory() -> Option<PathBuf> {
    let variable = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable("DOCKER_CONFIG").or_else(|| Some(variable("HOME")?.join(".docker")))
}

/// What `config.json` in `directory` says; where there is none, it says nothing.
pub(super) fn read(directory: Option<&Path>) -> Result<Configuration, ConfigurationError> {
    let Some(directory) = directory else { return Ok(Configuration::default()) };
    parse(&directory.join("config.json")).map(Option::unwrap_or_default)
}

/// A JSON file of the configuration; `None` where there is none.
pub(super) fn parse<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<Option<T>, ConfigurationError> {
    let failed = |reason: String| ConfigurationError { path: path.to_owned(), reason };
    // a link is the user's choice: many keep their configuration in a repository
    let path = disk::resolve(path).map_err(|error| failed(error.to_string()))?;
    let bytes = disk::read_outside(&path).map_err(|error| failed(error.to_string()))?;
    // the place only: what stands there may be a secret
    let place = |error: serde_json::Error| {
        let what = if error.is_data() { "it has not the form that Docker gives it" } else { "it is no JSON" };
        failed(format!("{what} (line {}, column {})", error.line(), error.column()))
    };
    bytes.map(|bytes| serde_json::from_slice(&bytes).map_err(place)).transpose()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_configuration_is_read_as_far_as_it_matters() {
        let temp = tempfile::tempdir().unwrap();
        let parsed = |text: &str| {
            fs::write(temp.path().join("config.json"), text).unwrap();
            read(Some(temp.path()))
        };
        assert_eq!(read(Some(&temp.path().join("none"))), Ok(Configuration::default()));
        assert_eq!(read(None), Ok(Configuration::default()));
        let read =
            parsed(r#"{"currentContext": "vm", "credsStore": "pass", "auths": {"r": {}}, "psFormat": "x"}"#).unwrap();
        assert_eq!((read.current_context.as_str(), read.creds_store.as_str(), read.auths.len()), ("vm", "pass", 1));
        for wrong in ["", "{\"auths\": {\"r\": {\"auth\": \"hunter2\"", r#"{"auths": "hunter2"}"#] {
            let message = parsed(wrong).unwrap_err().to_string();
            assert!(
                message.contains("config.json: it ") && message.contains("(line ") && !message.contains("hunter2"),
                "{message}"
            );
        }
    }
}
