//! The file that a user keeps secure settings in, read only where no other user can read it. I/O: disk; no changes.

use std::{
    fs::{self, File},
    io::{ErrorKind, Read},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use nix::{errno::Errno, fcntl::OFlag};

use super::words::words;
use crate::{
    exit::Exit,
    explain::Explain,
    facts::observed::SecureSettingsFacts,
    mesh::{
        permissions::OTHERS,
        secure_settings::{InvalidEntry, SecureSettings},
        shell_word::file_word,
    },
};

/// The largest file that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// Why a file of secure settings cannot be used; every case names it.
#[derive(Debug, thiserror::Error)]
pub enum SecureSettingsError {
    #[error("there is no file of secure settings at {}", .0.display())]
    Missing(PathBuf),
    #[error("{} is a symbolic link, and secrets are read from the file itself", .0.display())]
    Symlink(PathBuf),
    #[error("{} is not a regular file", .0.display())]
    NotAFile(PathBuf),
    #[error("{} belongs to user {owner}, and secrets are read from files of root or of whoever runs `mesh`", path.display())]
    Owner { path: PathBuf, owner: u32, user: u32 },
    #[error("{} has mode {mode:o}, and others may read or change the secrets in it", path.display())]
    Mode { path: PathBuf, mode: u32 },
    #[error("{} is larger than {} MiB", .0.display(), LARGEST >> 20)]
    TooLarge(PathBuf),
    #[error("{} is not valid UTF-8", .0.display())]
    NotText(PathBuf),
    #[error("{}: {}", path.display(), problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Invalid { path: PathBuf, problems: Vec<InvalidEntry> },
    #[error("{} cannot be read: {}", path.display(), words(cause))]
    Io { path: PathBuf, cause: std::io::Error },
}

impl Explain for SecureSettingsError {
    fn exit(&self) -> Exit {
        Exit::Request
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Missing(_) => "make it, or name another: `mesh create` with `--secure-settings FILE`; without any: \
                 `--no-secure-settings`"
                .to_owned(),
            Self::Symlink(path) => match fs::canonicalize(path) {
                Ok(target) => format!("name the file that it leads to: `--secure-settings {}`", file_word(target)),
                Err(_) => "name the file that it was to lead to with `--secure-settings FILE`".to_owned(),
            },
            Self::Owner { path, user, .. } => {
                let path = file_word(path);
                format!("`chown {user} {path} && chmod 600 {path}`; then type the same command again")
            }
            Self::Mode { path, .. } => format!("`chmod 600 {}`; then type the same command again", file_word(path)),
            Self::NotAFile(_) | Self::TooLarge(_) => "name a YAML file with `--secure-settings FILE`".to_owned(),
            Self::NotText(_) | Self::Invalid { .. } => "correct it, and type the same command again".to_owned(),
            Self::Io { .. } => "make it readable, and type the same command again".to_owned(),
        })
    }
}

/// Reads a file that belongs to `user` or to root, and that no other user may read or change.
pub fn read(path: &Path, user: u32) -> Result<SecureSettings, SecureSettingsError> {
    let named = || path.to_owned();
    let failed = |cause: std::io::Error| SecureSettingsError::Io { path: named(), cause };
    // a pipe without a writer would be waited for
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let opened = File::options().read(true).custom_flags(flags.bits()).open(path);
    let file = opened.map_err(|cause| match cause.kind() {
        ErrorKind::NotFound => SecureSettingsError::Missing(named()),
        _ if cause.raw_os_error() == Some(Errno::ELOOP as i32) => SecureSettingsError::Symlink(named()),
        _ => failed(cause),
    })?;
    let facts = file.metadata().map_err(failed)?;
    if !facts.is_file() {
        return Err(SecureSettingsError::NotAFile(named()));
    }
    if facts.uid() != user && facts.uid() != 0 {
        return Err(SecureSettingsError::Owner { path: named(), owner: facts.uid(), user });
    }
    if facts.mode() & OTHERS != 0 {
        return Err(SecureSettingsError::Mode { path: named(), mode: facts.mode() & 0o7777 });
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        return Err(SecureSettingsError::TooLarge(named()));
    }
    let text = String::from_utf8(bytes).map_err(|_| SecureSettingsError::NotText(named()))?;
    SecureSettings::parse(&text).map_err(|problems| SecureSettingsError::Invalid { path: named(), problems })
}

/// What a plan depends on of the file, or of there being none.
pub fn facts(path: Option<&Path>, user: u32) -> SecureSettingsFacts {
    let Some(path) = path else { return SecureSettingsFacts::Read(SecureSettings::default().digests()) };
    match read(path, user) {
        Ok(settings) => SecureSettingsFacts::Read(settings.digests()),
        Err(SecureSettingsError::Missing(path)) => SecureSettingsFacts::Missing(path),
        Err(error) => SecureSettingsFacts::Refused {
            path: path.to_owned(),
            reason: error.to_string(),
            remedy: error.hint().unwrap_or_default(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_file_that_others_could_read_or_change_is_refused() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("secure.yaml");
        let user = nix::unistd::geteuid().as_raw();
        let refusal = |path: &Path, user: u32| {
            let error = read(path, user).unwrap_err();
            let text = format!("{error}\n  {}", error.hint().unwrap());
            text.replace(&temp.path().display().to_string(), "DIR")
        };
        insta::assert_snapshot!(refusal(&path, user), @r"
        there is no file of secure settings at DIR/secure.yaml
          make it, or name another: `mesh create` with `--secure-settings FILE`; without any: `--no-secure-settings`
        ");
        fs::write(&path, "a.b: hunter2\n").unwrap();
        let mode = |mode: u32| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        mode(0o644);
        insta::assert_snapshot!(refusal(&path, user), @r"
        DIR/secure.yaml has mode 644, and others may read or change the secrets in it
          `chmod 600 DIR/secure.yaml`; then type the same command again
        ");
        for others in [0o640, 0o620, 0o604, 0o602, 0o610] {
            mode(others);
            assert!(refusal(&path, user).contains("`chmod 600 DIR/secure.yaml`"), "{others:o}");
        }
        for own in [0o600, 0o400] {
            mode(own);
            let read = read(&path, user).unwrap();
            assert_eq!(read.entries()["a.b"].expose(), "hunter2");
        }
        let link = temp.path().join("link.yaml");
        symlink(&path, &link).unwrap();
        insta::assert_snapshot!(refusal(&link, user), @r"
        DIR/link.yaml is a symbolic link, and secrets are read from the file itself
          name the file that it leads to: `--secure-settings DIR/secure.yaml`
        ");
        insta::assert_snapshot!(refusal(temp.path(), user), @r"
        DIR is not a regular file
          name a YAML file with `--secure-settings FILE`
        ");
        if user == 0 {
            std::os::unix::fs::chown(&path, Some(65534), None).unwrap();
            insta::assert_snapshot!(refusal(&path, user), @r"
            DIR/secure.yaml belongs to user 65534, and secrets are read from files of root or of whoever runs `mesh`
              `chown 0 DIR/secure.yaml && chmod 600 DIR/secure.yaml`; then type the same command again
            ");
            assert!(read(&path, 65534).is_ok());
        }
        fs::write(&path, "a.b: [hunter2]\nkeystore.seed: hunter2\n").unwrap();
        insta::assert_snapshot!(refusal(&path, 65534), @r"
        DIR/secure.yaml: line 1: the value of `a.b` is not a text; line 2: mesh sets `keystore.seed` itself: leave `keystore.seed` out
          correct it, and type the same command again
        ");
    }
}
