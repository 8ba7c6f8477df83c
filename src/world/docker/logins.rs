//! Logins for registries: in the user's Docker configuration, or kept by the helpers that it names. I/O: disk, programs
//! of the PATH.

use std::{io::ErrorKind, path::PathBuf, process::Stdio, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bollard::auth::DockerCredentials;
use serde::Deserialize;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    process::Command,
    time::timeout,
};

use super::configuration::{self, Configuration, ConfigurationError, SavedLogin};

/// A helper that is silent for this long hangs, most likely in a question that is shown nowhere.
const ANSWER: Duration = Duration::from_secs(10);
/// More than any login has, in bytes.
const LONGEST: u64 = 1 << 20;
/// What a helper says of a registry that it has no login for; see
/// <https://github.com/docker/docker-credential-helpers/blob/master/credentials/error.go>.
const NOT_FOUND: &str = "credentials not found";
/// The name under which Docker Hub's login is kept.
const HUB: &str = "https://index.docker.io/v1/";

/// Why it is unknown whether there is a login.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    #[error("{}: the login for {registry} cannot be read", path.display())]
    Damaged { path: PathBuf, registry: String },
    #[error("Docker's credential helper `{helper}` is not on the PATH")]
    Missing { helper: String },
    #[error("Docker's credential helper `{helper}` did not answer within {} seconds", ANSWER.as_secs())]
    Silent { helper: String },
    #[error("Docker's credential helper `{helper}` failed: {reason}")]
    Failed { helper: String, reason: String },
}

impl LoginError {
    /// What to type next, to have a login for `registry`.
    pub fn hint(&self, registry: &str) -> String {
        match self {
            Self::Configuration(ConfigurationError { path, .. }) => {
                format!("correct {}, or move it away and log in again with `docker login {registry}`", path.display())
            }
            Self::Damaged { .. } => format!("log in again with `docker login {registry}`"),
            Self::Missing { .. } => {
                format!(
                    "install it, or take it out of Docker's config.json and log in again with `docker login {registry}`"
                )
            }
            Self::Silent { helper } | Self::Failed { helper, .. } => format!(
                "see what is wrong with `echo {registry} | {helper} get`, or take it out of Docker's config.json and log in again with \
                 `docker login {registry}`"
            ),
        }
    }
}

/// The login that the user has for a registry. Nothing is asked of a helper that the configuration does not name for
/// it.
pub(super) async fn login(registry: &str) -> Result<Option<DockerCredentials>, LoginError> {
    let directory = configuration::directory();
    let configuration = configuration::read(directory.as_deref())?;
    let address = if is_hub(registry) { HUB } else { registry };
    let found = match kept(&configuration, registry) {
        Kept::Nowhere => None,
        Kept::Here(auth) => Some(read(auth).ok_or_else(|| LoginError::Damaged {
            path: directory.unwrap_or_default().join("config.json"),
            registry: registry.to_owned(),
        })?),
        Kept::By(helper) => ask(format!("docker-credential-{helper}"), address).await?,
    };
    Ok(found.map(|login| DockerCredentials { serveraddress: Some(address.to_owned()), ..login }))
}

/// Where a login is kept.
#[derive(Debug, PartialEq, Eq)]
enum Kept<'a> {
    Nowhere,
    Here(&'a SavedLogin),
    /// A helper, without `docker-credential-`.
    By(&'a str),
}

fn kept<'a>(configuration: &'a Configuration, registry: &str) -> Kept<'a> {
    let is_its = |key: &str| key == registry || host_of(key) == registry || (is_hub(registry) && is_hub(host_of(key)));
    let helper = configuration.cred_helpers.iter().find(|(key, _)| is_its(key)).map(|(_, helper)| helper.as_str());
    if let Some(helper) = helper.filter(|helper| !helper.is_empty()) {
        return Kept::By(helper);
    }
    // where a helper keeps the login, an empty one is written here
    let whole = |auth: &SavedLogin| auth.auth.is_some() || auth.identitytoken.is_some() || auth.username.is_some();
    let is_exact = |key: &str| key == registry || (is_hub(registry) && key == HUB);
    let its: Vec<(&String, &SavedLogin)> = configuration.auths.iter().filter(|(key, _)| is_its(key)).collect();
    let store = configuration.creds_store.as_str();
    // an older Docker's key, a URL, may stay beside the one that `docker login` writes
    match its.iter().copied().find(|(key, _)| is_exact(key)) {
        Some((_, auth)) if whole(auth) => return Kept::Here(auth),
        Some(_) if !store.is_empty() => return Kept::By(store),
        Some(_) | None => {}
    }
    match its.iter().copied().find(|(_, auth)| whole(auth)) {
        Some((_, auth)) => Kept::Here(auth),
        None if store.is_empty() => Kept::Nowhere,
        None => Kept::By(store),
    }
}

/// The host in a key of `auths`, which may be a URL.
fn host_of(key: &str) -> &str {
    let rest = key.split_once("://").map_or(key, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

fn is_hub(host: &str) -> bool {
    matches!(host, "docker.io" | "index.docker.io" | "registry-1.docker.io")
}

/// A login as `config.json` has it; `None` for one that makes no sense.
fn read(auth: &SavedLogin) -> Option<DockerCredentials> {
    if let Some(token) = auth.identitytoken.clone().filter(|token| !token.is_empty()) {
        return Some(DockerCredentials { identitytoken: Some(token), ..DockerCredentials::default() });
    }
    let (username, password) = match &auth.auth {
        Some(text) => {
            let text = String::from_utf8(STANDARD.decode(text.trim()).ok()?).ok()?;
            // Docker ends it with a NUL where it is padded
            let (username, password) = text.split_once(':')?;
            (username.to_owned(), password.trim_end_matches('\0').to_owned())
        }
        None => (auth.username.clone()?, auth.password.clone()?),
    };
    Some(DockerCredentials { username: Some(username), password: Some(password), ..DockerCredentials::default() })
}

/// What a helper answers; see <https://docs.docker.com/reference/cli/docker/login/#credential-helper-protocol>.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

/// Asks a helper for the login of a registry. It is ended when it does not answer in time, or when its caller
/// gives up.
async fn ask(helper: String, address: &str) -> Result<Option<DockerCredentials>, LoginError> {
    let failed = |reason: String| LoginError::Failed { helper: helper.clone(), reason };
    let mut command = Command::new(&helper);
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| match error.kind() {
        ErrorKind::NotFound => LoginError::Missing { helper: helper.clone() },
        _ => failed(error.to_string()),
    })?;
    let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(mut stdin), Some(stdout), Some(stderr)) = pipes else { return Err(failed("it has no pipes".to_owned())) };
    let asked = async {
        // one that ends without reading tells why
        let _ = stdin.write_all(address.as_bytes()).await;
        drop(stdin);
        futures::join!(child.wait(), all_of(stdout), all_of(stderr))
    };
    let asked = timeout(ANSWER, asked).await;
    let (status, out, err) = asked.map_err(|_| LoginError::Silent { helper: helper.clone() })?;
    let status = status.map_err(|error| failed(error.to_string()))?;
    if !status.success() {
        // helpers tell on either, and most on stdout
        let output = if err.trim().is_empty() { out } else { err };
        if output.to_lowercase().contains(NOT_FOUND) {
            return Ok(None);
        }
        let line = output.lines().map(str::trim).find(|line| !line.is_empty());
        return Err(failed(line.map_or_else(|| status.to_string(), str::to_owned)));
    }
    // not what it says: there is a secret in it
    let answer: Answer = serde_json::from_str(&out).map_err(|_| failed("its answer is no login".to_owned()))?;
    Ok(Some(match answer.username.as_str() {
        "<token>" => DockerCredentials { identitytoken: Some(answer.secret), ..DockerCredentials::default() },
        _ => DockerCredentials {
            username: Some(answer.username),
            password: Some(answer.secret),
            ..DockerCredentials::default()
        },
    }))
}

/// What comes out of a pipe, as far as it makes sense to read.
async fn all_of(pipe: impl AsyncRead + Unpin) -> String {
    let mut bytes = Vec::new();
    let _ = pipe.take(LONGEST).read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configuration(text: &str) -> Configuration {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_helper_is_asked_only_where_it_keeps_the_login() {
        let several = configuration(
            r#"{"auths": {"a.local": {"auth": "dTpw"}, "b.local": {}, "https://index.docker.io/v1/": {"auth": "dTpw"}},
                "credHelpers": {"c.local": "ecr", "d.local": ""}}"#,
        );
        let here = |registry| matches!(kept(&several, registry), Kept::Here(_));
        assert!(here("a.local") && here("docker.io") && here("index.docker.io"));
        assert_eq!(kept(&several, "c.local"), Kept::By("ecr"));
        for registry in ["b.local", "d.local", "e.local", "local"] {
            assert_eq!(kept(&several, registry), Kept::Nowhere, "{registry}");
        }
        let all = configuration(r#"{"auths": {"a.local": {"auth": "dTpw"}, "b.local": {}}, "credsStore": "pass"}"#);
        assert!(matches!(kept(&all, "a.local"), Kept::Here(_)));
        assert_eq!([kept(&all, "b.local"), kept(&all, "e.local")], [Kept::By("pass"), Kept::By("pass")]);
    }

    #[test]
    fn the_key_that_docker_writes_comes_before_that_of_an_older_one() {
        let password = |text: &str| match kept(&configuration(text), "vm.local") {
            Kept::Here(auth) => auth.auth.clone(),
            other => Some(format!("{other:?}")),
        };
        let both = r#"{"auths": {"https://vm.local/v1/": {"auth": "old"}, "vm.local": {"auth": "new"}}}"#;
        assert_eq!(password(both).as_deref(), Some("new"));
        let left = r#"{"auths": {"http://vm.local": {}, "https://vm.local/v1/": {"auth": "old"}}}"#;
        assert_eq!(password(left).as_deref(), Some("old"));
        let stored = r#"{"auths": {"https://vm.local/v1/": {"auth": "old"}, "vm.local": {}}, "credsStore": "pass"}"#;
        assert_eq!(password(stored).as_deref(), Some("By(\"pass\")"));
    }

    #[test]
    fn a_login_of_the_configuration_is_read() {
        let login = |text: &str| {
            let login = read(&serde_json::from_str(text).unwrap())?;
            Some((login.username, login.password, login.identitytoken))
        };
        let user = |password: &str| Some((Some("u".to_owned()), Some(password.to_owned()), None));
        assert_eq!(login(r#"{"auth": "dTpw"}"#), user("p"));
        assert_eq!(login(r#"{"auth": "dTpwOnc="}"#), user("p:w"));
        assert_eq!(login(r#"{"username": "u", "password": "p"}"#), user("p"));
        assert_eq!(login(r#"{"auth": "dTpw", "identitytoken": "t"}"#), Some((None, None, Some("t".to_owned()))));
        for wrong in [r#"{"auth": "?"}"#, r#"{"auth": "dQ=="}"#, r#"{"username": "u"}"#] {
            assert_eq!(login(wrong), None, "{wrong}");
        }
    }
}
