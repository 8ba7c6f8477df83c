//! The locks that keep runs of `mesh` apart. Does I/O.
//!
//! One lock for each mesh, and one for the machine; those of root are apart from those of each other user, so a run
//! also locks the mesh's directory itself. The kernel holds a lock (`flock`) and frees it when the process ends,
//! however it ends, so there is no stale lock to clear. The file lies outside the mesh's directory and is never
//! deleted: whoever deletes a lock file splits it in two.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use nix::libc::{O_NOFOLLOW, O_NONBLOCK};
use procfs::process::Process;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::words::words;
use crate::{exit::Exit, explain::Explain, mesh::name::MeshName};

/// Who holds the lock, as they wrote it down themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    pub pid: u32,
    /// What was typed, without secrets: `mesh create 3`.
    pub command: String,
    /// When it took the lock, in seconds since 1970.
    pub since: u64,
}

impl Holder {
    /// This process, with what was typed.
    pub fn this_run() -> Self {
        Self {
            pid: std::process::id(),
            command: std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" "),
            since: OffsetDateTime::now_utc().unix_timestamp().unsigned_abs(),
        }
    }
}

/// Why the lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another run holds it; `None` if that run has not written its name yet.
    #[error("another run holds `{}`{}", path.display(), .holder.as_ref().map_or_else(String::new, |h| format!(": `{}` (process {})", h.command, h.pid)))]
    Held { path: PathBuf, holder: Option<Holder> },
    /// The file cannot be opened, locked or written.
    #[error("cannot lock `{}`: {}", path.display(), words(cause))]
    Io { path: PathBuf, cause: io::Error },
}

impl Explain for LockError {
    fn exit(&self) -> Exit {
        match self {
            Self::Held { .. } => Exit::Locked,
            Self::Io { .. } => Exit::Machine,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Held { .. } => "wait until it has ended, and type the command again",
            Self::Io { cause, .. } => match cause.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    "free some space on its disk, and type the command again"
                }
                io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                    "run `mesh` as its owner, or set `HOME` to a directory that can be written: locks are kept there"
                }
                _ => "see what that file is, and remove it if it is not a lock of `mesh`",
            },
        };
        Some(hint.to_owned())
    }
}

/// A lock that is held until this is dropped or the process ends. Programs started meanwhile do not inherit it.
#[derive(Debug)]
#[must_use = "the lock is freed when this is dropped"]
pub struct Lock {
    file: File,
}

impl Lock {
    /// Takes the lock at once or says who has it; never waits. Makes the file (0600) and its directory (0700) if they
    /// are missing.
    ///
    /// # Errors
    /// [`LockError::Held`], or the file cannot be used (a symbolic link is refused).
    pub fn take(path: &Path, holder: &Holder) -> Result<Self, LockError> {
        let failed = |cause| LockError::Io { path: path.to_owned(), cause };
        if let Some(parent) = path.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(parent).map_err(failed)?;
        }
        // Standard library files are `O_CLOEXEC`; not truncated here, for the file may be another run's.
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(O_NOFOLLOW | O_NONBLOCK);
        let mut file = options.open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let read = file.take(4096).read_to_string(&mut text);
                let holder = read.ok().and_then(|_| serde_json::from_str(&text).ok());
                return Err(LockError::Held { path: path.to_owned(), holder });
            }
            Err(TryLockError::Error(cause)) => return Err(failed(cause)),
        }
        let text = serde_json::to_vec(holder).map_err(|error| failed(error.into()))?;
        // the lock holds without a name: a disk that is full must not keep a mesh from being stopped or removed
        let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(&text));
        Ok(Self { file })
    }
}

/// Who holds a lock, as its file says; `None` where that run has ended. Takes nothing, so whoever asks keeps none from
/// it.
pub fn holder(path: &Path) -> Option<Holder> {
    let file = OpenOptions::new().read(true).custom_flags(O_NOFOLLOW | O_NONBLOCK).open(path).ok()?;
    let mut text = String::new();
    file.take(4096).read_to_string(&mut text).ok()?;
    let holder: Holder = serde_json::from_str(&text).ok()?;
    // one that was killed could not take its name out
    let running = Process::new(holder.pid.try_into().ok()?).and_then(|process| process.cmdline()).ok()?;
    (running.join(" ") == holder.command).then_some(holder)
}

impl Drop for Lock {
    fn drop(&mut self) {
        // So that the next holder is not announced under this name before it has written its own. Closing the file
        // frees the lock.
        let _ = self.file.set_len(0);
    }
}

/// How the names of the files of choices end.
pub(super) const CHOSEN: &str = ".chosen";

/// What a lock is for.
#[derive(Debug, Clone, Copy)]
pub enum Of<'a> {
    /// A mesh, by its name: one run at a time changes it.
    Mesh(Option<&'a MeshName>),
    /// The machine: one run at a time chooses networks and ports.
    Machine,
    /// What a run has chosen for a mesh: not a lock that is taken, but a
    /// [`Reservation`](super::reservation::Reservation).
    Choice(Option<&'a MeshName>),
}

/// Where a lock lies: `/run/mesh.lock` for root (only root can write there, unlike `/run/lock`), else
/// `~/.local/state/mesh/lock`, with the mesh's name in it if it has one; `None` without a `home`. Not
/// `$XDG_RUNTIME_DIR`: a job of cron has none, and would not see the lock of a run in a terminal.
#[must_use]
pub fn path(of: Of<'_>, root: bool, home: Option<&Path>) -> Option<PathBuf> {
    // no name has a dot
    let named = |name: Option<&MeshName>| name.map(|name| format!("-{name}")).unwrap_or_default();
    let (of, suffix) = match of {
        Of::Mesh(name) => (named(name), ""),
        Of::Machine => (".machine".to_owned(), ""),
        Of::Choice(name) => (named(name), CHOSEN),
    };
    if root {
        let suffix = if suffix.is_empty() { ".lock" } else { suffix };
        return Some(format!("/run/mesh{of}{suffix}").into());
    }
    home.filter(|home| home.is_absolute()).map(|home| home.join(format!(".local/state/mesh/lock{of}{suffix}")))
}

/// Keeps two runs of root from editing the hosts file at once, each from a text without what the other adds. Held for
/// moments, so it is waited for.
pub fn hosts_file() -> io::Result<impl Drop> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(O_NOFOLLOW | O_NONBLOCK);
    let file = options.open("/run/mesh.hosts.lock")?;
    file.lock()?;
    Ok(Lock { file })
}

#[cfg(test)]
mod tests {
    use std::{
        process::{Command, Stdio},
        sync::Barrier,
        time::Duration,
    };

    use super::*;

    fn holder(command: &str) -> Holder {
        Holder { pid: std::process::id(), command: command.into(), since: 1_700_000_000 }
    }

    #[test]
    fn of_two_takers_exactly_one_wins_fifty_times() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("state/lock");
        let barrier = Barrier::new(2);
        let taker = || -> Vec<bool> {
            let round = |_| {
                barrier.wait();
                let lock = Lock::take(&path, &holder("mesh create 2"));
                barrier.wait();
                assert!(!matches!(lock, Err(LockError::Io { .. })));
                lock.is_ok()
            };
            (0..50).map(round).collect()
        };
        let (one, two) = std::thread::scope(|scope| {
            let (one, two) = (scope.spawn(taker), scope.spawn(taker));
            (one.join().unwrap(), two.join().unwrap())
        });
        assert!(one.iter().zip(&two).all(|(one, two)| one != two));
    }

    #[test]
    fn the_second_taker_learns_who_holds_it_and_a_link_is_refused() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("lock");
        let first = Lock::take(&path, &holder("mesh create 3")).unwrap();
        let error = Lock::take(&path, &holder("mesh reset")).unwrap_err();
        assert!(error.to_string().contains("`mesh create 3` (process"));
        assert!(matches!(error, LockError::Held { holder: Some(found), .. } if found == holder("mesh create 3")));
        drop(first);
        drop(Lock::take(&path, &holder("mesh reset")).unwrap());
        assert!(path.exists());
        let link = temp.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(matches!(Lock::take(&link, &holder("mesh reset")), Err(LockError::Io { .. })));
    }

    fn hold_until_killed(path: &Path) {
        let _lock = Lock::take(path, &holder("mesh create 4")).unwrap();
        std::thread::sleep(Duration::from_mins(1));
    }

    /// The holder is this very test, in a process of its own that knows the path.
    #[test]
    fn a_killed_holder_frees_it() {
        if let Some(path) = std::env::var_os("MESH_TEST_LOCK") {
            return hold_until_killed(Path::new(&path));
        }
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("lock");
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "world::lock::tests::a_killed_holder_frees_it"])
            .env("MESH_TEST_LOCK", &path)
            .stdout(Stdio::null());
        let mut child = command.spawn().unwrap();
        let held = || fs::read_to_string(&path).is_ok_and(|text| text.contains("mesh create 4"));
        while !held() {
            assert!(child.try_wait().unwrap().is_none(), "the holder should be waiting");
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(matches!(Lock::take(&path, &holder("mesh reset")), Err(LockError::Held { holder: Some(_), .. })));
        child.kill().unwrap();
        child.wait().unwrap();
        drop(Lock::take(&path, &holder("mesh reset")).unwrap());
    }

    #[test]
    fn a_home_that_cannot_be_written_is_named_with_its_way_out() {
        let hint = |kind: io::ErrorKind| LockError::Io { path: "/x".into(), cause: kind.into() }.hint().unwrap();
        assert!(hint(io::ErrorKind::ReadOnlyFilesystem).contains("set `HOME`"));
        assert!(hint(io::ErrorKind::StorageFull).starts_with("free some space"));
    }

    #[test]
    fn root_and_users_have_their_own_place() {
        let (name, home) = ("ci42".parse().unwrap(), Some(Path::new("/home/a")));
        let of = |of, root, home| path(of, root, home).map(|path| path.display().to_string()).unwrap_or_default();
        assert_eq!(of(Of::Mesh(None), true, None), "/run/mesh.lock");
        assert_eq!(of(Of::Mesh(Some(&name)), true, None), "/run/mesh-ci42.lock");
        assert_eq!(of(Of::Machine, true, None), "/run/mesh.machine.lock");
        assert_eq!(of(Of::Choice(None), true, None), "/run/mesh.chosen");
        assert_eq!(of(Of::Choice(Some(&name)), false, home), "/home/a/.local/state/mesh/lock-ci42.chosen");
        assert_eq!(of(Of::Mesh(None), false, home), "/home/a/.local/state/mesh/lock");
        assert_eq!(of(Of::Mesh(Some(&name)), false, home), "/home/a/.local/state/mesh/lock-ci42");
        assert_eq!(path(Of::Machine, false, Some(Path::new("relative"))), None);
        assert_eq!(path(Of::Machine, false, None), None);
    }
}
