//! Why Docker did not do something, and what to do about it. No I/O.

use std::error::Error;

use bollard::errors::Error as Cause;

use super::{ANSWER, OLDEST_API, configuration::ConfigurationError, endpoint::NamedBy, logins::LoginError, socket};
use crate::{
    ask::bundle::image_name::ImageName,
    exit::Exit,
    explain::Explain,
    world::{open_files::TooManyOpenFiles, words::innermost},
};

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
    #[error("Podman answers on {socket}, and a mesh needs Docker's engine")]
    Podman { named_by: NamedBy, socket: String },
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
    #[error("nothing moved for ten minutes while Docker had {1} to {0}")]
    Idle(&'static str, ImageName),
    #[error("Docker broke off while it saved {0}")]
    BrokenOff(ImageName),
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

impl Explain for DockerError {
    fn exit(&self) -> Exit {
        Exit::Machine
    }

    fn hint(&self) -> Option<String> {
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
            Self::Podman { named_by: NamedBy::Default, .. } => {
                "install Docker's engine, and remove the package `podman-docker`, which has Podman answer in its place"
            }
            Self::Podman { named_by, .. } => return Some(format!("use Docker's engine: {}", named_by.remedy())),
            Self::NoLogin { registry, login, .. } => return Some(login.hint(registry)),
            Self::NotRunning(_) => "start it with `systemctl start docker`, or `dockerd &` where there is no systemd",
            Self::NotInstalled(_) => {
                "install Docker's engine (on Debian and Ubuntu `apt-get install docker.io`), and start it"
            }
            Self::NotPermitted(_) => {
                "run `mesh` as root, or join the group with `sudo usermod -aG docker $USER` and log in again"
            }
            Self::TooOld(_) => "install Docker 20.10 or newer",
            Self::Silent => "see what keeps it with `journalctl -u docker`; `systemctl restart docker` starts it again",
            Self::Idle(..) | Self::BrokenOff(_) => {
                "see what it met with `journalctl -u docker` and `docker system df`; then type the same command again"
            }
            Self::TooLong { .. } => "see with `docker info` whether it is Docker that listens there",
            Self::OpenFiles(_) => TooManyOpenFiles::HINT,
            Self::Refused { cause, .. } => TooManyOpenFiles::under(beneath(cause)).map(|_| TooManyOpenFiles::HINT)?,
            Self::SilentRegistry | Self::Stalled(_) | Self::Endless(_) => return None,
        };
        Some(hint.to_owned())
    }

    fn reason(&self) -> Option<String> {
        Some(self.words()).filter(|words| *words != self.to_string())
    }
}

impl DockerError {
    /// The error that a failed call becomes. It is asked for once a call has ended, well or not, so this is where calls
    /// are logged.
    pub(super) fn refused(action: impl Into<String>) -> impl FnOnce(Cause) -> Self {
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

    /// Whether something of that name is there already.
    pub fn is_conflict(&self) -> bool {
        self.status() == Some(409)
    }

    /// Docker's HTTP status, where it answered with one.
    pub(super) fn status(&self) -> Option<u16> {
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
                other => innermost(beneath(other)),
            },
            other => other.to_string(),
        }
    }
}

/// The system's error where that is all there is: bollard has it in a variant that shows it and is not it.
fn beneath(cause: &Cause) -> &(dyn Error + 'static) {
    match cause {
        Cause::IOError { err } => err,
        other => other,
    }
}

/// "Not there" is an answer, not an error.
pub(super) fn absent_is_none<T>(result: Result<T, DockerError>) -> Result<Option<T>, DockerError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_absent() => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use nix::errno::Errno;

    use super::*;

    #[test]
    fn what_docker_answered_is_the_reason_without_the_wrapping() {
        let refused = |cause: Cause| DockerError::refused("inspect x")(cause);
        let message = " no such container: x \n".to_owned();
        let absent = refused(Cause::DockerResponseServerError { status_code: 404, message });
        assert_eq!(absent.to_string(), "Docker could not inspect x");
        assert_eq!(absent.reason().as_deref(), Some("no such container: x"));
        assert!(absent.is_absent() && absent.hint().is_none());
        assert_eq!((DockerError::Silent.reason(), DockerError::Silent.exit()), (None, Exit::Machine));
    }

    #[test]
    fn an_error_of_the_system_is_explained_with_its_remedy() {
        let full = DockerError::refused("list containers")(Cause::IOError { err: Errno::EMFILE.into() });
        assert_eq!(full.reason().as_deref(), Some("too many open files"));
        assert_eq!(full.hint().as_deref(), Some(TooManyOpenFiles::HINT));
    }
}
