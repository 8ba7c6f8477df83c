//! Files that another owner hands over: invitations, keys, authorities. Reading one ends, whatever is in it. I/O:
//! disk; changes nothing.

use std::{
    fs::File,
    io::{self, ErrorKind, Read as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use nix::fcntl::OFlag;

use super::words::words;
use crate::{
    exit::Exit,
    explain::Explain,
    mesh::{
        certs,
        peers::{
            Authorities,
            access::RemoteAccess,
            invitation::{Invitation, InvitationError, LONGEST},
        },
        permissions::OTHERS,
        secret::Secret,
        shell_word::file_word,
    },
};

/// The largest key or bundle of authorities that is read, in bytes.
const LARGEST: u64 = 1 << 20;
/// Where distributions keep the authorities that a machine trusts: Debian, Red Hat, SUSE, Alpine.
const SYSTEM: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// A file that cannot be used; every case names it.
#[derive(Debug, thiserror::Error)]
pub enum HandedOverError {
    #[error("there is no file at {}", .0.display())]
    Missing(PathBuf),
    #[error("{} is not a regular file", .0.display())]
    NotAFile(PathBuf),
    #[error("{} is larger than {} MiB", path.display(), largest >> 20)]
    TooLarge { path: PathBuf, largest: u64 },
    #[error("{} is not valid UTF-8", .0.display())]
    NotText(PathBuf),
    #[error("{} cannot be read: {}", path.display(), words(cause))]
    Io { path: PathBuf, cause: io::Error },
    #[error("{} cannot be used: {cause}", path.display())]
    Invitation { path: PathBuf, cause: InvitationError },
    #[error("{} has mode {mode:o}, and others may read the key in it", path.display())]
    Mode { path: PathBuf, mode: u32 },
    #[error("{} holds no API key", .0.display())]
    NoKey(PathBuf),
    #[error("{} holds no certificate of an authority", .0.display())]
    NoAuthority(PathBuf),
    #[error("this machine keeps no list of authorities that it trusts where Linux distributions do")]
    NoSystem,
}

impl Explain for HandedOverError {
    fn exit(&self) -> Exit {
        Exit::Request
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Invitation { cause: InvitationError::Expired { .. }, .. } => {
                "ask the other side for a new one: `mesh invites create`; where only the clocks differ, set them"
                    .to_owned()
            }
            Self::Invitation { cause: InvitationError::Newer(_), .. } => "use a newer `mesh`".to_owned(),
            Self::Invitation { cause: InvitationError::Damaged(_), .. } => {
                "copy it again from where it was made, and compare the digests that both sides print".to_owned()
            }
            Self::Mode { path, .. } => format!("`chmod 600 {}`; then type the same command again", file_word(path)),
            Self::NoKey(_) => "it is the `encoded` of the answer that made the key, on one line".to_owned(),
            Self::NoAuthority(_) => "name a PEM file with `--ca FILE`, or `--ca system`".to_owned(),
            Self::NoSystem => "install the package ca-certificates, or name a PEM file with `--ca FILE`".to_owned(),
            _ => "name the file that the other side made".to_owned(),
        })
    }
}

/// The invitation in a file, which has not expired by the time `now`.
pub fn invitation(path: &Path, now: time::OffsetDateTime) -> Result<Invitation, HandedOverError> {
    let (text, _) = text(path, LONGEST)?;
    let refused = |cause| HandedOverError::Invitation { path: path.to_owned(), cause };
    let invitation = Invitation::read(&text).map_err(refused)?;
    invitation.require_current(now).map_err(refused)?;
    Ok(invitation)
}

/// The API key in a file that no other user may read.
fn key(path: &Path) -> Result<Secret, HandedOverError> {
    let (text, mode) = text(path, LARGEST)?;
    if mode & OTHERS != 0 {
        return Err(HandedOverError::Mode { path: path.to_owned(), mode });
    }
    let key = text.trim();
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=-_:".contains(&byte);
    if key.is_empty() || !key.bytes().all(fits) {
        return Err(HandedOverError::NoKey(path.to_owned()));
    }
    Ok(Secret::new(key))
}

/// The authorities in a PEM file.
fn authorities(path: &Path) -> Result<String, HandedOverError> {
    let (text, _) = text(path, LARGEST)?;
    if certs::examine(&text).is_err() {
        return Err(HandedOverError::NoAuthority(path.to_owned()));
    }
    Ok(text)
}

/// What reaching a cluster takes that `mesh` does not run: the key in a file, and its authorities.
pub fn access(key_file: &Path, ca: &Authorities) -> Result<RemoteAccess, HandedOverError> {
    let encoded = key(key_file)?.expose().to_owned();
    let authorities = match ca {
        Authorities::System => system_authorities()?,
        Authorities::File(path) => authorities(path)?,
    };
    Ok(RemoteAccess { authorities, encoded, expires: None, shares: Vec::new(), version: None })
}

/// The authorities that this machine trusts.
fn system_authorities() -> Result<String, HandedOverError> {
    let path = SYSTEM.iter().map(Path::new).find(|path| path.is_file()).ok_or(HandedOverError::NoSystem)?;
    authorities(path)
}

/// The text of a file and its permission bits.
fn text(path: &Path, largest: u64) -> Result<(String, u32), HandedOverError> {
    let named = || path.to_owned();
    let failed = |cause: io::Error| HandedOverError::Io { path: named(), cause };
    // a pipe without a writer would be waited for
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let opened = File::options().read(true).custom_flags(flags.bits()).open(path);
    let file = opened.map_err(|cause| match cause.kind() {
        ErrorKind::NotFound => HandedOverError::Missing(named()),
        _ => failed(cause),
    })?;
    let facts = file.metadata().map_err(failed)?;
    if !facts.is_file() {
        return Err(HandedOverError::NotAFile(named()));
    }
    let mut bytes = Vec::new();
    file.take(largest + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > largest {
        return Err(HandedOverError::TooLarge { path: named(), largest });
    }
    let text = String::from_utf8(bytes).map_err(|_| HandedOverError::NotText(named()))?;
    Ok((text, facts.mode() & 0o7777))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use time::OffsetDateTime;

    use super::*;

    #[test]
    fn what_is_no_invitation_is_refused_by_name() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("file");
        let refusal = || {
            let error = invitation(&path, OffsetDateTime::UNIX_EPOCH).err().unwrap();
            let text = format!("{error}\n  {}", error.hint().unwrap());
            text.replace(&temp.path().display().to_string(), "DIR")
        };
        insta::assert_snapshot!(refusal(), @r"
        there is no file at DIR/file
          name the file that the other side made
        ");
        fs::write(&path, "x").unwrap();
        insta::assert_snapshot!(refusal(), @r"
        DIR/file cannot be used: it is not an invitation of `mesh invites create`
          name the file that the other side made
        ");
        fs::write(&path, r#"{"kind": "mesh-invitation", "version": 2}"#).unwrap();
        insta::assert_snapshot!(refusal(), @r"
        DIR/file cannot be used: its format is version 2, and this mesh knows 1
          use a newer `mesh`
        ");
        fs::write(&path, r#"{"kind": "mesh-invitation", "version": 1}"#).unwrap();
        insta::assert_snapshot!(refusal(), @r"
        DIR/file cannot be used: it is damaged: missing field `host` at line 1 column 41
          copy it again from where it was made, and compare the digests that both sides print
        ");
        File::create(&path).unwrap().set_len(100 << 20).unwrap();
        insta::assert_snapshot!(refusal(), @r"
        DIR/file is larger than 4 MiB
          name the file that the other side made
        ");
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        insta::assert_snapshot!(refusal(), @r"
        DIR/file is not a regular file
          name the file that the other side made
        ");
    }

    #[test]
    fn a_key_is_read_where_no_other_user_can_read_it() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("key");
        let mode = |mode: u32| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        fs::write(&path, "aWQ6a2V5\n").unwrap();
        mode(0o644);
        assert!(matches!(key(&path), Err(HandedOverError::Mode { mode: 0o644, .. })));
        mode(0o600);
        assert_eq!(key(&path).unwrap().expose(), "aWQ6a2V5");
        for wrong in ["", "\n", "two words", "a\nb", "{\"encoded\": \"x\"}"] {
            fs::write(&path, wrong).unwrap();
            assert!(matches!(key(&path), Err(HandedOverError::NoKey(_))), "{wrong:?}");
        }
    }
}
