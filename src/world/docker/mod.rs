//! The Docker engine: how it is reached, and what it says when it is not. I/O: a local socket.

mod configuration;
mod containers;
mod endpoint;
mod ends;
mod engine;
mod exec;
mod images;
mod logins;
mod logs;
mod made;
mod networks;
mod socket;
mod trial;

pub use self::{
    containers::{ContainerSummary, label},
    ends::{Ended, Watched},
    images::Progress,
    logs::{Lines, Written},
    networks::NetworkSummary,
};

use std::{io, path::Path, time::Duration};

use bollard::{API_DEFAULT_VERSION, errors::Error as Cause};
use tokio::time::timeout;

use self::{
    configuration::ConfigurationError,
    endpoint::{Endpoint, NamedBy},
    logins::LoginError,
};
use super::{
    dockerd::{self, Options},
    open_files::TooManyOpenFiles,
    words::innermost,
};
use crate::mesh::Engine;

/// Longer than any stop timeout, in seconds, since stopping a container answers only when it has ended.
const REQUEST_TIMEOUT: u64 = 300;
/// An engine that does not say for this long what it is hangs, and so does a registry.
pub const ANSWER: Duration = Duration::from_secs(10);
/// Where the engine is installed: by Debian, by Docker's own packages, by hand, by snap.
const DAEMONS: [&str; 4] = ["/usr/sbin/dockerd", "/usr/bin/dockerd", "/usr/local/bin/dockerd", "/snap/bin/dockerd"];
/// The oldest engine that is supported: 20.10 speaks API 1.41.
const OLDEST_API: (usize, usize) = (1, 41);

/// The engine, with the verbs that a mesh needs.
#[derive(Debug, Clone)]
pub struct Docker {
    client: bollard::Docker,
    /// Which one it is.
    pub engine: Engine,
    kernel: Kernel,
    /// How the engine was started; `None` where its process is not seen, so that it may be on another machine, or outside this container.
    options: Option<Options>,
}

/// What the engine's kernel can limit a container to.
#[derive(Debug, Clone, Copy)]
struct Kernel {
    /// 0 where the engine does not say.
    cores: u64,
    limits_memory: bool,
    limits_swap: bool,
}

/// Why Docker did not do something.
#[derive(Debug, thiserror::Error)]
pub enum DockerError {
    #[error("{named_by} names `{host}`, another machine or a protocol that reaches one")]
    Remote { named_by: NamedBy, host: String },
    #[error("{0} does not exist")]
    NoContext(NamedBy),
    #[error("{0} cannot be read: {1}")]
    Context(NamedBy, ConfigurationError),
    #[error("Docker is not running: nothing listens on {0}")]
    NotRunning(String),
    #[error("Docker is not installed: there is no {0}")]
    NotInstalled(String),
    #[error("this user may not use Docker's socket {0}")]
    NotPermitted(String),
    #[error("Docker runs rootless, which gives files in containers other owners than on the host")]
    Rootless(NamedBy),
    #[error("Docker is too old: its API is {0}, and {major}.{minor} is needed (Docker 20.10)", major = OLDEST_API.0, minor = OLDEST_API.1)]
    TooOld(String),
    #[error(transparent)]
    OpenFiles(TooManyOpenFiles),
    #[error("Docker did not answer within {} seconds", ANSWER.as_secs())]
    Silent,
    #[error("Docker could not {action}: its answer is longer than {limit} MiB", limit = socket::LONGEST >> 20)]
    TooLong { action: String },
    #[error("its registry did not answer within {} seconds", ANSWER.as_secs())]
    SilentRegistry,
    #[error("nothing came for two minutes while Docker pulled {0}")]
    Stalled(String),
    #[error("{login}; without a login, {registry} cannot be used: {words}")]
    NoLogin { registry: String, login: LoginError, words: String },
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
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Remote { named_by, .. } => {
                return Some(format!(
                    "the mesh's files have to be on Docker's machine: run `mesh` there, or {} to use the local engine",
                    named_by.remedy()
                ));
            }
            Self::NoContext(named_by) | Self::Context(named_by, _) => {
                return Some(format!(
                    "`docker context ls` shows those that there are; {} to use the local engine",
                    named_by.remedy()
                ));
            }
            Self::Rootless(named_by) => return Some(format!("use an engine that runs as root: {}", named_by.remedy())),
            Self::NoLogin { registry, login, .. } => return Some(login.hint(registry)),
            Self::NotRunning(_) => "start it with `systemctl start docker`, or `dockerd &` where there is no systemd",
            Self::NotInstalled(_) => "install it with `apt-get install docker.io`, and start it",
            Self::NotPermitted(_) => {
                "run `mesh` as root, or join the group with `usermod -aG docker $USER` and log in again"
            }
            Self::TooOld(_) => "install Docker 20.10 or newer",
            Self::Silent => "see what keeps it with `journalctl -u docker`; `systemctl restart docker` starts it again",
            Self::TooLong { .. } => "see with `docker info` whether it is Docker that listens there",
            Self::OpenFiles(_) => TooManyOpenFiles::HINT,
            Self::Refused { cause, .. } => TooManyOpenFiles::under(&**cause).map(|_| TooManyOpenFiles::HINT)?,
            Self::SilentRegistry | Self::Stalled(_) | Self::Endless(_) => return None,
        };
        Some(hint.to_owned())
    }

    /// What a failed call is told as. It is asked for once a call has ended, well or not, so this is where calls are logged.
    fn refused(action: impl Into<String>) -> impl FnOnce(Cause) -> Self {
        let action = action.into();
        tracing::debug!("docker: {action}");
        move |cause| {
            if socket::is_too_long(&cause) {
                return Self::TooLong { action };
            }
            Self::Refused { action, cause: Box::new(cause) }
        }
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
    /// Connects to the engine that `docker` would talk to, if that is a socket of this machine, and agrees on an API version.
    pub async fn connect() -> Result<Self, DockerError> {
        let Endpoint { socket, named_by } = Endpoint::find()?;
        if let Err(error) = std::os::unix::net::UnixStream::connect(&socket) {
            if let Some(error) = TooManyOpenFiles::under(&error) {
                return Err(DockerError::OpenFiles(error));
            }
            return Err(match error.kind() {
                io::ErrorKind::PermissionDenied => DockerError::NotPermitted(socket),
                io::ErrorKind::NotFound if !DAEMONS.iter().any(|path| Path::new(path).exists()) => {
                    DockerError::NotInstalled(socket)
                }
                _ => DockerError::NotRunning(socket),
            });
        }
        timeout(ANSWER, Self::agree(socket, named_by)).await.unwrap_or(Err(DockerError::Silent))
    }

    /// Agrees with the engine on an API version, and sees that it is one that a mesh can use.
    async fn agree(socket: String, named_by: NamedBy) -> Result<Self, DockerError> {
        let agree = || DockerError::refused(format!("answer on {socket}"));
        let name = Some("http://docker");
        let transport = {
            let socket = socket.clone();
            move |request| socket::send(socket.clone(), request)
        };
        let client =
            bollard::Docker::connect_with_custom_transport(transport, name, REQUEST_TIMEOUT, API_DEFAULT_VERSION)
                .map_err(agree())?;
        let (version, info) = futures::join!(client.clone().negotiate_version(), client.info());
        let client = version.map_err(agree())?;
        let version = client.client_version();
        if (version.major_version, version.minor_version) < OLDEST_API {
            return Err(DockerError::TooOld(version.to_string()));
        }
        let info = info.map_err(DockerError::refused("describe itself"))?;
        let engine = Engine { id: info.id.unwrap_or_default(), root: info.docker_root_dir.unwrap_or_default() };
        if info.security_options.unwrap_or_default().iter().any(|option| option.contains("rootless")) {
            return Err(DockerError::Rootless(named_by));
        }
        let kernel = Kernel {
            cores: info.ncpu.and_then(|cores| u64::try_from(cores).ok()).unwrap_or_default(),
            limits_memory: info.memory_limit.unwrap_or_default(),
            limits_swap: info.swap_limit.unwrap_or_default(),
        };
        // whoever listens on the socket: the engine, or systemd for it
        let peer = tokio::net::UnixStream::connect(socket).await.and_then(|stream| stream.peer_cred());
        let options = dockerd::options(peer.ok().and_then(|peer| peer.pid()));
        Ok(Self { client, engine, kernel, options })
    }
}
