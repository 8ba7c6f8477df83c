//! System users of this machine. I/O: the user database, and `useradd`, which needs root to make one.

use std::{
    io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use nix::unistd::{Group, User};

use super::words::words;
use crate::{exit::Exit, explain::Explain};

/// Where `useradd` is looked for. Not `PATH`: that of cron lacks the `sbin` directories, and root should not start what
/// a user's `PATH` names.
const PROGRAMS: [&str; 4] = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"];

/// A user of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    pub uid: u32,
    /// Its primary group.
    pub gid: u32,
}

/// Why a user could not be looked up or made.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    #[error("cannot look up the user `{name}` in `/etc/passwd` or its like: {}", words(cause))]
    Lookup { name: String, cause: io::Error },
    /// This machine has no `useradd` (Alpine, for one).
    #[error("cannot make the user `{name}`: there is no `useradd` in {}", PROGRAMS.join(", "))]
    NoProgram { name: String, uid: u32 },
    #[error("cannot start `{}`: {}", program.display(), words(cause))]
    Start { program: PathBuf, cause: io::Error },
    /// `useradd` failed, or succeeded without making the user.
    #[error("`{}` could not make the user `{name}`: {output}", program.display())]
    Refused {
        program: PathBuf,
        name: String,
        uid: u32,
        /// What it wrote, else its exit status.
        output: String,
    },
}

impl Explain for AccountError {
    fn exit(&self) -> Exit {
        Exit::Machine
    }

    fn hint(&self) -> Option<String> {
        match self {
            // with the number that the mesh's files are to have: another user may get it
            Self::NoProgram { name, uid } => Some(format!(
                "install it (`apt-get install passwd`, `dnf install shadow-utils`, `apk add shadow`), or make the user yourself: \
                 `adduser -S -D -H -u {uid} -h /nonexistent -s /sbin/nologin {name}`"
            )),
            Self::Refused { name, uid, .. } => Some(format!(
                "make the user yourself: `sudo useradd --system --uid {uid} --user-group --no-create-home {name}`"
            )),
            Self::Lookup { .. } | Self::Start { .. } => None,
        }
    }
}

/// The user of this name, asked of the system's own database (directory services included); `None` if there is none.
///
/// # Errors
/// The database does not answer.
pub fn find(name: &str) -> Result<Option<Account>, AccountError> {
    let found =
        User::from_name(name).map_err(|errno| AccountError::Lookup { name: name.to_owned(), cause: errno.into() })?;
    Ok(found.map(|user| Account { uid: user.uid.as_raw(), gid: user.gid.as_raw() }))
}

/// Whether a user has this number.
///
/// # Errors
/// The database does not answer.
pub fn has_uid(uid: u32) -> Result<bool, AccountError> {
    let failed = |errno: nix::Error| AccountError::Lookup { name: uid.to_string(), cause: errno.into() };
    Ok(User::from_uid(uid.into()).map_err(failed)?.is_some())
}

/// The highest number below those of people that neither a user nor a group has; `None` when all are taken.
///
/// # Errors
/// The database does not answer.
pub fn free_uid(name: &str) -> Result<Option<u32>, AccountError> {
    let failed = |errno: nix::Error| AccountError::Lookup { name: name.to_owned(), cause: errno.into() };
    for number in (101..=999).rev() {
        let taken = User::from_uid(number.into()).map_err(failed)?.is_some()
            || Group::from_gid(number.into()).map_err(failed)?.is_some();
        if !taken {
            return Ok(Some(number));
        }
    }
    Ok(None)
}

/// Makes a system user with this number, a group of its own, no home and no login; one that exists already is returned
/// as it is.
///
/// # Errors
/// There is no `useradd`, or it refuses (most often: not root).
pub fn create(name: &str, uid: u32) -> Result<Account, AccountError> {
    match find(name)? {
        Some(account) => Ok(account),
        None => create_with(&PROGRAMS.map(Path::new), name, uid),
    }
}

fn create_with(directories: &[&Path], name: &str, uid: u32) -> Result<Account, AccountError> {
    let program = directories.iter().map(|directory| directory.join("useradd")).find(|program| program.is_file());
    let program = program.ok_or_else(|| AccountError::NoProgram { name: name.to_owned(), uid })?;
    let mut command = Command::new(&program);
    let number = uid.to_string();
    command.args([
        "--system",
        "--uid",
        &number,
        "--user-group",
        "--no-create-home",
        "--home-dir",
        "/nonexistent",
        "--shell",
        "/usr/sbin/nologin",
        "--",
        name,
    ]);
    // In the language that the rest of our messages speak.
    let output = command.stdin(Stdio::null()).env("LC_ALL", "C").env("PATH", PROGRAMS.join(":")).output();
    let output = output.map_err(|cause| AccountError::Start { program: program.clone(), cause })?;
    // Asked whatever it answered: another run may have been faster.
    if let Some(account) = find(name)? {
        return Ok(account);
    }
    let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    let output = if words.is_empty() { output.status.to_string() } else { words };
    Err(AccountError::Refused { program, name: name.to_owned(), uid, output })
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    fn fake(script: &str) -> tempfile::TempDir {
        let temp = tempfile::tempdir().unwrap();
        let program = temp.path().join("useradd");
        // Written by another process, so that no descriptor open for writing can leak into a child of another test
        // ("text file busy").
        let written = Command::new("/bin/sh")
            .args(["-c", "printf '%s' \"$1\" > \"$2\"", "sh", script])
            .arg(&program)
            .status()
            .unwrap();
        assert!(written.success());
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        temp
    }

    #[test]
    fn root_is_found_and_an_unknown_user_is_not() {
        assert_eq!(find("root").unwrap(), Some(Account { uid: 0, gid: 0 }));
        assert_eq!(find("mesh-no-such-user").unwrap(), None);
        assert_eq!(create("root", 0).unwrap(), Account { uid: 0, gid: 0 });
    }

    #[test]
    fn the_program_gets_the_arguments_of_a_system_user() {
        let temp = fake("#!/bin/sh\necho \"$@\" > \"$(dirname \"$0\")/args\"\n");
        assert_eq!(create_with(&[Path::new("/nonexistent"), temp.path()], "root", 998).unwrap().uid, 0);
        let args = fs::read_to_string(temp.path().join("args")).unwrap();
        assert_eq!(
            args.trim(),
            "--system --uid 998 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin -- root"
        );
    }

    #[test]
    fn a_refusal_is_reported_in_its_own_words() {
        let temp = fake("#!/bin/sh\necho 'useradd: Permission denied.' >&2\nexit 1\n");
        let error = create_with(&[temp.path()], "mesh-no-such-user", 998).unwrap_err();
        assert!(
            error.to_string().ends_with("could not make the user `mesh-no-such-user`: useradd: Permission denied.")
        );
        let silent = fake("#!/bin/sh\nexit 9\n");
        assert!(
            create_with(&[silent.path()], "mesh-no-such-user", 998)
                .unwrap_err()
                .to_string()
                .ends_with("exit status: 9")
        );
    }

    #[test]
    fn without_the_program_the_hint_says_what_to_type() {
        let error = create_with(&[Path::new("/nonexistent")], "elastic", 998).unwrap_err();
        assert!(error.to_string().contains("no `useradd` in /usr/sbin, /sbin"));
        assert!(error.hint().unwrap().contains("adduser -S") && error.hint().unwrap().contains("-u 998"));
    }
}
