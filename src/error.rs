//! What the user is told when something is wrong: the cause, a remedy, an exit code. Pure: no I/O.

use std::{fmt, path::Path};

use crate::{
    mesh::{
        cluster_set::NoSuchCluster, decide::DecideError, layout, rebuild::RebuildError, render::RenderError,
        shell_word::shell_word, upgrade::UpgradeError,
    },
    plan::leaving::LeavingError,
    world::{
        account::AccountError, disk::DiskError, docker::DockerError, files::FilesError, host::HostError,
        https::HttpsError, lock::LockError, open_files::TooManyOpenFiles, ports::PortsError, survey::WorldError,
        templates::TemplatesError,
    },
};

/// How a run ends, for whoever started it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// As asked.
    Done = 0,
    /// The mesh is not as it should be.
    Unhealthy = 1,
    /// The request is wrong.
    Request = 2,
    /// The machine is not ready.
    Machine = 3,
    /// Stopped part-way, or before it began by whoever was asked; run it again.
    Unfinished = 4,
    /// Another run holds the lock.
    Locked = 5,
}

/// One thing that went wrong, in the user's words.
#[derive(Debug)]
pub struct Error {
    pub exit: Exit,
    /// Lower case, no full stop.
    pub message: String,
    /// What lies under it, outermost first.
    pub causes: Vec<String>,
    /// What to type next.
    pub hint: Option<String>,
    /// Somebody ended the run; nothing is wrong.
    pub interrupted: bool,
}

impl Error {
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), causes: Vec::new(), hint: None, interrupted: false }
    }

    /// An interruption keeps its own: nothing is wrong that another could mend.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        if !self.interrupted {
            self.hint = Some(hint.into());
        }
        self
    }

    /// For an error that has none.
    #[must_use]
    pub fn or_hint(self, hint: &str) -> Self {
        if self.hint.is_none() { self.hint(hint) } else { self }
    }

    #[must_use]
    pub fn cause(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        self
    }

    /// The same once something was changed: a machine that stops being ready has stopped the run part-way.
    #[must_use]
    pub fn part_way(self) -> Self {
        if self.exit == Exit::Machine { self.exit(Exit::Unfinished) } else { self }
    }

    /// This as the cause of `message`; an interruption stays one.
    #[must_use]
    pub fn under(self, message: impl Into<String>) -> Self {
        if self.interrupted {
            return self;
        }
        let causes = std::iter::once(self.message).chain(self.causes).collect();
        Self { message: message.into(), causes, ..self }
    }

    /// The same, ending the run in another way.
    #[must_use]
    pub fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for cause in &self.causes {
            write!(f, "\n  caused by: {cause}")?;
        }
        match &self.hint {
            Some(hint) => write!(f, "\n\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

impl From<TemplatesError> for Error {
    fn from(error: TemplatesError) -> Self {
        let told = Self::new(Exit::Request, error.to_string());
        match error.hint() {
            Some(hint) => told.hint(hint),
            None => told,
        }
    }
}

/// Templates are checked before anything is changed, with other values: this one fails with those of the mesh at hand.
impl From<RenderError> for Error {
    fn from(error: RenderError) -> Self {
        Self::new(Exit::Unfinished, format!("a template does not render: {error}"))
            .hint("correct it, and type the same command again")
    }
}

impl From<DecideError> for Error {
    fn from(error: DecideError) -> Self {
        Self::new(Exit::Request, error.to_string()).hint(error.hint())
    }
}

impl From<RebuildError> for Error {
    fn from(error: RebuildError) -> Self {
        Self::new(Exit::Machine, error.to_string()).hint(error.hint())
    }
}

impl From<UpgradeError> for Error {
    fn from(error: UpgradeError) -> Self {
        Self::new(Exit::Request, error.to_string()).hint(error.hint())
    }
}

impl From<NoSuchCluster> for Error {
    fn from(error: NoSuchCluster) -> Self {
        Self::new(Exit::Request, error.to_string()).hint("`mesh status` shows the clusters")
    }
}

impl From<LeavingError> for Error {
    fn from(error: LeavingError) -> Self {
        Self::new(Exit::Request, error.to_string()).hint(error.hint())
    }
}

impl From<DockerError> for Error {
    fn from(error: DockerError) -> Self {
        let (hint, words) = (error.hint(), error.words());
        let told = Self::new(Exit::Machine, error.to_string());
        let told = if words == told.message { told } else { told.cause(words) };
        match hint {
            Some(hint) => told.hint(hint),
            None => told,
        }
    }
}

impl From<DiskError> for Error {
    fn from(error: DiskError) -> Self {
        let told = Self::new(Exit::Machine, error.to_string());
        match error.hint() {
            Some(hint) => told.hint(hint),
            None => told,
        }
    }
}

impl From<FilesError> for Error {
    fn from(error: FilesError) -> Self {
        let message = error.to_string();
        match error {
            FilesError::Disk(error) => error.into(),
            FilesError::Newer { .. } => {
                Self::new(Exit::Machine, message).hint("use the `mesh` that made it, or a newer one")
            }
            FilesError::Damaged { path, .. } => {
                let what = if path.ends_with(layout::RECORD) {
                    "rebuilds it from what is there"
                } else {
                    "makes it again where it can be made"
                };
                Self::new(Exit::Machine, message).hint(away(&path, &format!("`mesh create`, which {what}")))
            }
            FilesError::Keystore { path, .. } => {
                Self::new(Exit::Machine, message).hint(away(&path, "`mesh create`, which writes it again"))
            }
            FilesError::Credentials { path, .. } => Self::new(Exit::Machine, message).hint(format!(
                "correct it; or {}",
                away(&path, "`mesh create --recover-credentials`, which puts it together again")
            )),
        }
    }
}

/// The remedy for a file that is there and cannot be used.
fn away(path: &Path, then: &str) -> String {
    let path = shell_word(path);
    format!("bring the file back from a backup, or move it away (`mv {path} {path}.broken`) and type {then}")
}

impl From<AccountError> for Error {
    fn from(error: AccountError) -> Self {
        let told = Self::new(Exit::Machine, error.to_string());
        match error.hint() {
            Some(hint) => told.hint(hint),
            None => told,
        }
    }
}

impl From<HttpsError> for Error {
    fn from(error: HttpsError) -> Self {
        if let HttpsError::OpenFiles(error) = error {
            return error.into();
        }
        let cause = error.cause();
        let hint = match &error {
            HttpsError::Refused { status: 401, .. } => {
                "`mesh create --recover-credentials` gives the server the password in credentials.txt"
            }
            HttpsError::TooLong { .. } => "ask for less: fewer documents at a time, or fewer fields with `filter_path`",
            _ => "`mesh verify` says what is wrong with each cluster",
        };
        let told = Self::new(Exit::Unfinished, error.to_string()).hint(hint);
        if cause == told.message { told } else { told.cause(cause) }
    }
}

impl From<TooManyOpenFiles> for Error {
    fn from(error: TooManyOpenFiles) -> Self {
        Self::new(Exit::Machine, error.to_string()).hint(TooManyOpenFiles::HINT)
    }
}

impl From<HostError> for Error {
    fn from(error: HostError) -> Self {
        Self::new(Exit::Machine, error.to_string())
    }
}

impl From<PortsError> for Error {
    fn from(error: PortsError) -> Self {
        Self::new(Exit::Machine, error.to_string())
    }
}

impl From<LockError> for Error {
    fn from(error: LockError) -> Self {
        match &error {
            LockError::Held { .. } => {
                Self::new(Exit::Locked, error.to_string()).hint("wait until it has ended, and type the command again")
            }
            LockError::Io { .. } => {
                Self::new(Exit::Machine, error.to_string()).hint("see who owns that file, or run `mesh` as that user")
            }
        }
    }
}

impl From<WorldError> for Error {
    fn from(error: WorldError) -> Self {
        match error {
            WorldError::Docker(error) => error.into(),
            WorldError::Disk(error) => error.into(),
            WorldError::Files(error) => error.into(),
            WorldError::Host(error) => error.into(),
            WorldError::Ports(error) => error.into(),
            WorldError::Account(error) => error.into(),
            WorldError::OpenFiles(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interruption_is_not_told_what_would_mend_something_else() {
        let interrupted = Error { interrupted: true, ..Error::new(Exit::Unfinished, "interrupted") };
        assert_eq!(interrupted.under("no trial").hint("give a license").to_string(), "interrupted");
        let refused = Error::new(Exit::Unfinished, "refused");
        assert_eq!(refused.hint("first").or_hint("second").to_string(), "refused\n\nhint: first");
    }
}
