//! The Docker engine: how it is reached, and what it says when it is not. I/O: a local socket.

mod containers;
mod ends;
mod engine;
mod exec;
mod images;
mod logs;
mod made;
mod networks;
mod trial;

pub use self::{
    containers::{ContainerSummary, label},
    ends::Ended,
    images::Progress,
    logs::{Lines, Written},
    networks::NetworkSummary,
};

use std::{env, io, path::Path, time::Duration};

use bollard::{API_DEFAULT_VERSION, errors::Error as Cause};
use tokio::time::timeout;

use super::{
    dockerd::{self, Options},
    open_files::TooManyOpenFiles,
    words::innermost,
};

/// Longer than any stop timeout, in seconds, since stopping a container answers only when it has ended.
const REQUEST_TIMEOUT: u64 = 300;
/// An engine that does not say for this long what it is hangs.
pub const ANSWER: Duration = Duration::from_secs(10);
const SOCKET: &str = "/var/run/docker.sock";
/// Where the engine is installed: by Debian, by Docker's own packages, by hand, by snap.
const DAEMONS: [&str; 4] = ["/usr/sbin/dockerd", "/usr/bin/dockerd", "/usr/local/bin/dockerd", "/snap/bin/dockerd"];
/// The oldest engine that is supported: 20.10 speaks API 1.41.
const OLDEST_API: (usize, usize) = (1, 41);

/// The engine, with the verbs that a mesh needs.
#[derive(Debug, Clone)]
pub struct Docker {
    client: bollard::Docker,
    /// How the engine was started; `None` where its process is not seen, so that it may be on another machine, or outside this container.
    options: Option<Options>,
}

/// Why Docker did not do something.
#[derive(Debug, thiserror::Error)]
pub enum DockerError {
    #[error("`DOCKER_HOST` names `{0}`, another machine or a protocol that reaches one")]
    Remote(String),
    #[error("Docker is not running: nothing listens on {0}")]
    NotRunning(String),
    #[error("Docker is not installed: there is no {0}")]
    NotInstalled(String),
    #[error("this user may not use Docker's socket {0}")]
    NotPermitted(String),
    #[error("Docker runs rootless, which gives files in containers other owners than on the host")]
    Rootless,
    #[error("Docker is too old: its API is {0}, and {major}.{minor} is needed (Docker 20.10)", major = OLDEST_API.0, minor = OLDEST_API.1)]
    TooOld(String),
    #[error(transparent)]
    OpenFiles(TooManyOpenFiles),
    #[error("Docker did not answer within {} seconds", ANSWER.as_secs())]
    Silent,
    #[error("nothing came for two minutes while Docker pulled {0}")]
    Stalled(String),
    #[error("a program that looks from inside {0} does not end")]
    Endless(String),
    #[error("Docker could not {action}")]
    Refused {
        action: String,
        #[source]
        cause: Box<Cause>,
    },
}

impl DockerError {
    /// What to type next, where there is a remedy.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Remote(_) => Some(
                "the mesh's files have to be on Docker's machine: run `mesh` there, or `unset DOCKER_HOST` to use the local engine",
            ),
            Self::NotRunning(_) => {
                Some("start it with `systemctl start docker`, or `dockerd &` where there is no systemd")
            }
            Self::NotInstalled(_) => Some("install it with `apt-get install docker.io`, and start it"),
            Self::NotPermitted(_) => {
                Some("run `mesh` as root, or join the group with `usermod -aG docker $USER` and log in again")
            }
            Self::Rootless => Some("use an engine that runs as root: `unset DOCKER_HOST`"),
            Self::TooOld(_) => Some("install Docker 20.10 or newer"),
            Self::Silent => {
                Some("see what keeps it with `journalctl -u docker`; `systemctl restart docker` starts it again")
            }
            Self::OpenFiles(_) => Some(TooManyOpenFiles::HINT),
            Self::Refused { cause, .. } => TooManyOpenFiles::under(&**cause).map(|_| TooManyOpenFiles::HINT),
            Self::Stalled(_) | Self::Endless(_) => None,
        }
    }

    /// What a failed call is told as. It is asked for once a call has ended, well or not, so this is where calls are logged.
    fn refused(action: impl Into<String>) -> impl FnOnce(Cause) -> Self {
        let action = action.into();
        tracing::debug!("docker: {action}");
        move |cause| Self::Refused { action, cause: Box::new(cause) }
    }

    /// Whether nothing came in time; of a stream that is waited on, this says only that nothing happened.
    pub fn timed_out(&self) -> bool {
        matches!(self, Self::Refused { cause, .. } if matches!(**cause, Cause::RequestTimeoutError))
    }

    /// Whether what the call was about is not there.
    pub fn is_absent(&self) -> bool {
        self.status() == Some(404)
    }

    /// Docker's HTTP status, where it answered with one.
    fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { cause, .. } => match **cause {
                Cause::DockerResponseServerError { status_code, .. } => Some(status_code),
                _ => None,
            },
            _ => None,
        }
    }

    /// What Docker answered, without the wrapping.
    pub fn words(&self) -> String {
        match self {
            Self::Refused { cause, .. } => match &**cause {
                Cause::DockerResponseServerError { message, .. } => message.trim().to_owned(),
                Cause::DockerStreamError { error } => error.trim().to_owned(),
                other => innermost(other),
            },
            other => other.to_string(),
        }
    }
}

/// "Not there" is an answer, not an error.
fn absent_is_none<T>(result: Result<T, DockerError>) -> Result<Option<T>, DockerError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_absent() => Ok(None),
        Err(error) => Err(error),
    }
}

impl Docker {
    /// Connects to the local engine, the one of `DOCKER_HOST` if that is a socket, and agrees on an API version.
    pub async fn connect() -> Result<Self, DockerError> {
        let host = env::var("DOCKER_HOST").ok().filter(|host| !host.is_empty());
        let socket = match &host {
            None => SOCKET,
            Some(host) => host.strip_prefix("unix://").ok_or_else(|| DockerError::Remote(host.clone()))?,
        };
        if let Err(error) = std::os::unix::net::UnixStream::connect(socket) {
            if let Some(error) = TooManyOpenFiles::under(&error) {
                return Err(DockerError::OpenFiles(error));
            }
            return Err(match error.kind() {
                io::ErrorKind::PermissionDenied => DockerError::NotPermitted(socket.to_owned()),
                io::ErrorKind::NotFound if !DAEMONS.iter().any(|path| Path::new(path).exists()) => {
                    DockerError::NotInstalled(socket.to_owned())
                }
                _ => DockerError::NotRunning(socket.to_owned()),
            });
        }
        timeout(ANSWER, Self::agree(socket)).await.unwrap_or(Err(DockerError::Silent))
    }

    /// Agrees with the engine on an API version, and sees that it is one that a mesh can use.
    async fn agree(socket: &str) -> Result<Self, DockerError> {
        let agree = || DockerError::refused(format!("answer on {socket}"));
        let client =
            bollard::Docker::connect_with_unix(socket, REQUEST_TIMEOUT, API_DEFAULT_VERSION).map_err(agree())?;
        let (version, info) = futures::join!(client.clone().negotiate_version(), client.info());
        let client = version.map_err(agree())?;
        let version = client.client_version();
        if (version.major_version, version.minor_version) < OLDEST_API {
            return Err(DockerError::TooOld(version.to_string()));
        }
        let info = info.map_err(DockerError::refused("describe itself"))?;
        if info.security_options.unwrap_or_default().iter().any(|option| option.contains("rootless")) {
            return Err(DockerError::Rootless);
        }
        // whoever listens on the socket: the engine, or systemd for it
        let peer = tokio::net::UnixStream::connect(socket).await.and_then(|stream| stream.peer_cred());
        Ok(Self { client, options: dockerd::options(peer.ok().and_then(|peer| peer.pid())) })
    }
}
