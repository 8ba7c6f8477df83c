//! Files of the system, such as `/etc/hosts`: outside any tree, in directories that are trusted. Does I/O.

use std::{
    ffi::OsStr,
    fs,
    io::{self, ErrorKind, Read},
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

use nix::{
    fcntl::OFlag,
    sys::stat::Mode,
    unistd::{AccessFlags, access},
};
use tokio::task::spawn_blocking;

use super::{
    at::{self, FileMeta, Kind},
    error::{DiskError, fail, unless_missing},
};
use crate::mesh::Owner;

/// The path in full, symlinks resolved as far as it exists.
///
/// # Errors
/// The path is empty, or the working directory is unknown.
pub fn resolve(path: &Path) -> Result<PathBuf, DiskError> {
    let full = std::path::absolute(path).map_err(fail("find", path))?;
    let (existing, rest) = full
        .ancestors()
        .find_map(|above| Some((fs::canonicalize(above).ok()?, full.strip_prefix(above).ok()?)))
        .ok_or_else(|| DiskError::Outside(full.clone()))?;
    // made through such a link, a directory would lie on whatever disk is there while its own is not mounted
    if let Some(next) = rest.components().next().map(|next| existing.join(next)).filter(|next| next.is_symlink()) {
        return Err(DiskError::Dangling(next));
    }
    Ok(if rest.as_os_str().is_empty() { existing } else { existing.join(rest) })
}

/// Whether this process may make files in a directory: permissions and read-only file systems are taken into account.
#[must_use]
pub fn may_write(dir: &Path) -> bool {
    access(dir, AccessFlags::W_OK | AccessFlags::X_OK).is_ok()
}

/// The contents of a file of the system, such as `/etc/hosts`, with the guarantees of [`super::Tree::read`]; its parent
/// directories are trusted.
///
/// # Errors
/// As for [`super::Tree::read`].
pub fn read_outside(path: &Path) -> Result<Option<Vec<u8>>, DiskError> {
    unless_missing(beside(path).and_then(|(dir, name)| at::read(&dir, name, path)))
}

/// All of a file that the user names, which has at most `largest` bytes; a link or a pipe is their choice. `-` is
/// stdin. A signal can end the wait for a pipe.
///
/// # Errors
/// It is missing, a directory, larger, or cannot be read.
pub async fn read_given(path: &Path, largest: u64) -> Result<Vec<u8>, DiskError> {
    let path = path.to_owned();
    spawn_blocking(move || read_all(&path, largest)).await.expect("should not panic, nor be ended before the program")
}

fn read_all(path: &Path, largest: u64) -> Result<Vec<u8>, DiskError> {
    let (named, file): (&Path, Box<dyn Read>) = if path == Path::new("-") {
        (Path::new("stdin"), Box::new(io::stdin().lock()))
    } else {
        let file = fs::File::open(path).map_err(fail("read", path))?;
        if file.metadata().is_ok_and(|meta| meta.is_dir()) {
            return Err(DiskError::NotAFile(path.to_owned()));
        }
        (path, Box::new(file))
    };
    let mut contents = Vec::new();
    file.take(largest + 1).read_to_end(&mut contents).map_err(fail("read", named))?;
    if contents.len() as u64 > largest {
        return Err(DiskError::TooLarge { path: named.to_owned(), largest });
    }
    Ok(contents)
}

/// The directory of a file that the user names, links resolved; empty, the working directory, for a pipe that has none.
pub fn directory_of(path: &Path) -> PathBuf {
    let full = fs::canonicalize(path).ok();
    full.and_then(|full| Some(full.parent()?.to_owned())).unwrap_or_default()
}

/// Gives a file of the system new contents, keeping its mode and owner (0644 and the caller's if it is new):
/// atomically, or in place where it is a mount (`/etc/hosts` in a container) or only its directory is read-only.
///
/// # Errors
/// It is a link or no regular file, or the file system refuses.
pub fn replace(path: &Path, contents: &[u8]) -> Result<(), DiskError> {
    let (dir, name) = beside(path)?;
    let old: Option<FileMeta> = unless_missing(at::stat(&dir, name, path).map(|stat| Some(stat.into())))?;
    let written = match old {
        None => at::put(&dir, name, contents, 0o644, None),
        Some(FileMeta { mode, uid, gid, kind: Kind::File, .. }) => {
            at::put(&dir, name, contents, mode, Some(Owner { uid, gid }))
        }
        Some(FileMeta { kind: Kind::Symlink, .. }) => return Err(DiskError::Symlink(path.to_owned())),
        Some(_) => return Err(DiskError::NotAFile(path.to_owned())),
    };
    match written {
        Err(cause)
            if old.is_some()
                && matches!(
                    cause.kind(),
                    ErrorKind::ResourceBusy | ErrorKind::CrossesDevices | ErrorKind::ReadOnlyFilesystem
                ) =>
        {
            at::overwrite(&dir, name, contents, path)
        }
        written => written.map_err(fail("write", path)),
    }
}

/// Gives a file that the user names new contents, readable for everyone (0644): its readers find the old ones or the
/// new ones, whole.
///
/// # Errors
/// Its directory is missing, or the file system refuses.
pub fn publish(path: &Path, contents: &[u8]) -> Result<(), DiskError> {
    let (dir, name) = beside(path)?;
    at::put(&dir, name, contents, 0o644, None).map_err(fail("write", path))
}

fn beside(path: &Path) -> Result<(OwnedFd, &OsStr), DiskError> {
    let outside = || DiskError::Outside(path.to_owned());
    let (parent, name) = (path.parent().ok_or_else(outside)?, path.file_name().ok_or_else(outside)?);
    let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    let dir = nix::fcntl::open(parent, OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty());
    Ok((dir.map_err(io::Error::from).map_err(fail("open", parent))?, name))
}

#[cfg(test)]
mod tests {
    use std::{
        fs::Permissions,
        os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    };

    use super::*;

    #[test]
    fn a_published_file_is_readable_whatever_was_there() {
        let temp = tempfile::tempdir().unwrap();
        let (file, target) = (temp.path().join("mesh.prom"), temp.path().join("target"));
        std::fs::write(&target, "of others").unwrap();
        symlink(&target, &file).unwrap();
        for contents in ["one", "two"] {
            publish(&file, contents.as_bytes()).unwrap();
            assert_eq!(std::fs::read_to_string(&file).unwrap(), contents);
            assert_eq!(file.symlink_metadata().unwrap().mode() & 0o7777, 0o644);
        }
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "of others");
        assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 2);
        assert!(publish(&temp.path().join("missing/mesh.prom"), b"").is_err());
        assert!(publish(temp.path(), b"").is_err());
    }

    #[test]
    fn a_file_of_the_system_keeps_its_mode_and_a_link_is_refused() {
        let temp = tempfile::tempdir().unwrap();
        let hosts = temp.path().join("hosts");
        assert_eq!(read_outside(&hosts).unwrap(), None);
        replace(&hosts, b"127.0.0.1 localhost\n").unwrap();
        fs::set_permissions(&hosts, Permissions::from_mode(0o664)).unwrap();
        replace(&hosts, b"short").unwrap();
        assert_eq!(read_outside(&hosts).unwrap().unwrap(), b"short");
        assert_eq!(fs::metadata(&hosts).unwrap().mode() & 0o777, 0o664);
        let link = temp.path().join("link");
        symlink(&hosts, &link).unwrap();
        assert!(matches!(replace(&link, b""), Err(DiskError::Symlink(_))));
    }
}
