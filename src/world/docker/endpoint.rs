//! Which engine is meant: the one that `docker` would talk to. I/O: the environment, disk.

use std::{env, fmt, path::Path};

use ring::digest::{SHA256, digest};
use serde::Deserialize;

use super::{
    DockerError,
    configuration::{self, ConfigurationError},
};
use crate::mesh::passphrase::hex;

const SOCKET: &str = "/var/run/docker.sock";
/// The context that is always there: the engine of this machine.
const DEFAULT: &str = "default";

/// An engine's socket on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub socket: String,
    pub named_by: NamedBy,
}

/// Who says which engine is meant; the first that says something counts, as for `docker`
/// (<https://docs.docker.com/engine/manage-resources/contexts/>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamedBy {
    /// `DOCKER_HOST`.
    Host,
    /// `DOCKER_CONTEXT`, which names this context.
    Variable(String),
    /// The current context of the user's configuration.
    Current(String),
    Default,
}

impl fmt::Display for NamedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host => f.write_str("`DOCKER_HOST`"),
            Self::Variable(context) => write!(f, "the Docker context `{context}` of `DOCKER_CONTEXT`"),
            Self::Current(context) => write!(f, "the current Docker context `{context}`"),
            Self::Default => f.write_str("Docker's default"),
        }
    }
}

impl NamedBy {
    /// What to type for the engine of this machine.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Host => "`unset DOCKER_HOST`",
            Self::Variable(_) | Self::Current(_) | Self::Default => "`export DOCKER_CONTEXT=default`",
        }
    }
}

/// `meta.json` of a context.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Context {
    #[serde(default)]
    endpoints: Endpoints,
}

#[derive(Default, Deserialize)]
struct Endpoints {
    docker: Option<DockerEndpoint>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DockerEndpoint {
    #[serde(default)]
    host: String,
}

impl Endpoint {
    /// The engine that the environment and the user's Docker configuration name.
    ///
    /// # Errors
    /// It is none that a socket of this machine leads to, or a context that is not there.
    pub fn find() -> Result<Self, DockerError> {
        let variable = |name: &str| env::var(name).ok();
        named(variable, configuration::directory().as_deref())
    }
}

/// The engine by these variables and the configuration in `directory`. A `config.json` that cannot be read names none,
/// as for `docker`, which warns of it.
fn named(variable: impl Fn(&str) -> Option<String>, directory: Option<&Path>) -> Result<Endpoint, DockerError> {
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    if let Some(host) = variable("DOCKER_HOST") {
        return local(&host, NamedBy::Host);
    }
    let current = || configuration::read(directory).unwrap_or_default().current_context;
    let (context, named_by): (String, fn(String) -> NamedBy) = match variable("DOCKER_CONTEXT") {
        Some(context) => (context, NamedBy::Variable),
        None => (current(), NamedBy::Current),
    };
    if context.is_empty() || context == DEFAULT {
        return local("", NamedBy::Default);
    }
    let named_by = named_by(context.clone());
    match directory.map_or(Ok(None), |directory| host_of(&context, directory)) {
        Ok(Some(host)) => local(&host, named_by),
        Ok(None) => Err(DockerError::NoContext(named_by)),
        Err(error) => Err(DockerError::Context(named_by, error)),
    }
}

/// The host of a context's engine; `None` where there is no such context. Its directory has the SHA-256 of its name;
/// see `contextdirOf` in <https://github.com/docker/cli/blob/master/cli/context/store/metadatastore.go>.
fn host_of(context: &str, directory: &Path) -> Result<Option<String>, ConfigurationError> {
    let name = digest(&SHA256, context.as_bytes());
    let meta = directory.join("contexts/meta").join(hex(name.as_ref())).join("meta.json");
    let found: Option<Context> = configuration::parse(&meta)?;
    Ok(found.and_then(|context| context.endpoints.docker).map(|docker| docker.host))
}

/// An empty host is the default socket.
fn local(host: &str, named_by: NamedBy) -> Result<Endpoint, DockerError> {
    let socket = match host.strip_prefix("unix://") {
        Some("") => SOCKET,
        Some(socket) => socket,
        None if host.is_empty() => SOCKET,
        None => return Err(DockerError::Remote { named_by, host: host.to_owned() }),
    };
    Ok(Endpoint { socket: socket.to_owned(), named_by })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// `printf vm | sha256sum`, and the same of `far`.
    const VM: &str = "5bce98f73f3ed0c837f2729ed9509b38ea66a156db7f653356cb6fe37b366e85";
    const FAR: &str = "512eea46ceb3921dff4363c7069d89d4964d1d9fccaa0f411851a7aa60a5c868";

    /// What comes of a configuration with this current context, and with the contexts `vm`, a socket, and `far`.
    fn endpoint(current: &str, variables: &[(&str, &str)]) -> String {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join("config.json"), format!(r#"{{"currentContext": "{current}"}}"#)).unwrap();
        for (digest, name, host) in [(VM, "vm", "unix:///run/vm.sock"), (FAR, "far", "ssh://root@far")] {
            let meta = temp.path().join("contexts/meta").join(digest);
            fs::create_dir_all(&meta).unwrap();
            let docker = format!(r#"{{"Host": "{host}", "SkipTLSVerify": false}}"#);
            let text = format!(r#"{{"Name": "{name}", "Metadata": {{}}, "Endpoints": {{"docker": {docker}}}}}"#);
            fs::write(meta.join("meta.json"), text).unwrap();
        }
        let variable = |name: &str| Some(variables.iter().find(|(known, _)| *known == name)?.1.to_owned());
        match named(variable, Some(temp.path())) {
            Ok(endpoint) => format!("{} by {}", endpoint.socket, endpoint.named_by),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_first_that_names_an_engine_counts() {
        let host = ("DOCKER_HOST", "unix:///run/host.sock");
        insta::assert_snapshot!(endpoint("vm", &[host, ("DOCKER_CONTEXT", "far")]), @"/run/host.sock by `DOCKER_HOST`");
        insta::assert_snapshot!(endpoint("far", &[("DOCKER_HOST", ""), ("DOCKER_CONTEXT", "vm")]), @"/run/vm.sock by the Docker context `vm` of `DOCKER_CONTEXT`");
        insta::assert_snapshot!(endpoint("vm", &[]), @"/run/vm.sock by the current Docker context `vm`");
        let local: [(&str, &[(&str, &str)]); 4] = [
            ("", &[]),
            ("default", &[]),
            ("far", &[("DOCKER_CONTEXT", "default")]),
            ("far", &[("DOCKER_HOST", "unix://")]),
        ];
        for (current, variables) in local {
            assert!(endpoint(current, variables).starts_with("/var/run/docker.sock by "), "{current} {variables:?}");
        }
        assert_eq!(named(|_| None, None).unwrap().socket, SOCKET);
    }

    #[test]
    fn an_engine_that_no_socket_leads_to_is_refused() {
        insta::assert_snapshot!(endpoint("far", &[]), @"the current Docker context `far` names `ssh://root@far`, another machine or a protocol that reaches one");
        insta::assert_snapshot!(endpoint("gone", &[]), @"the current Docker context `gone` does not exist");
        insta::assert_snapshot!(endpoint("vm", &[("DOCKER_HOST", "tcp://vm:2375")]), @"`DOCKER_HOST` names `tcp://vm:2375`, another machine or a protocol that reaches one");
    }
}
