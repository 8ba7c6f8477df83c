//! The Docker engine: how it is reached, and what it says when it is not. I/O: a local socket.

mod body;
mod configuration;
mod containers;
mod endpoint;
mod ends;
mod engine;
mod error;
mod exec;
mod image_archives;
mod images;
pub mod label;
mod logins;
mod logs;
mod made;
mod networks;
mod socket;
mod trial;

pub use self::{
    containers::ContainerSummary,
    endpoint::{Endpoint, NamedBy},
    ends::{Ended, Watched},
    error::DockerError,
    images::Progress,
    logs::{Lines, Written},
    made::Made,
    networks::NetworkSummary,
};

use std::{io, path::Path, time::Duration};

use bollard::{API_DEFAULT_VERSION, models::SystemVersion};
use tokio::time::timeout;

use self::error::absent_is_none;
use super::{
    dockerd::{self, Options},
    open_files::TooManyOpenFiles,
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
    /// Whether it confines containers by `SELinux`.
    selinux: bool,
    /// How the engine was started; `None` where its process is not seen, so that it may be on another machine, or
    /// outside this container.
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

impl Docker {
    /// Connects to the engine that `docker` would talk to, if that is a socket of this machine, and agrees on an API
    /// version.
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
        if is_podman(&client.version().await.map_err(agree())?) {
            return Err(DockerError::Podman { named_by, socket });
        }
        let version = client.client_version();
        if (version.major_version, version.minor_version) < OLDEST_API {
            return Err(DockerError::TooOld(version.to_string()));
        }
        let info = info.map_err(DockerError::refused("describe itself"))?;
        let engine = Engine { id: info.id.unwrap_or_default(), root: info.docker_root_dir.unwrap_or_default() };
        let options = info.security_options.unwrap_or_default();
        let has = |name: &str| options.iter().any(|option| option.contains(name));
        if has("rootless") {
            return Err(DockerError::Rootless(named_by));
        }
        let selinux = has("name=selinux");
        let kernel = Kernel {
            cores: info.ncpu.and_then(|cores| u64::try_from(cores).ok()).unwrap_or_default(),
            limits_memory: info.memory_limit.unwrap_or_default(),
            limits_swap: info.swap_limit.unwrap_or_default(),
        };
        // whoever listens on the socket: the engine, or systemd for it
        let peer = tokio::net::UnixStream::connect(socket).await.and_then(|stream| stream.peer_cred());
        let options = dockerd::options(peer.ok().and_then(|peer| peer.pid()));
        Ok(Self { client, engine, kernel, selinux, options })
    }
}

/// Whether it is Podman that answers in Docker's words. It has another id each time it is asked, so that a mesh would
/// seem to be on another engine; see `GetInfo` and `VersionHandler` in
/// <https://github.com/containers/podman/tree/main/pkg/api/handlers/compat>.
fn is_podman(engine: &SystemVersion) -> bool {
    engine.components.iter().flatten().any(|component| component.name.starts_with("Podman"))
}
