//! What can go wrong with files and directories. No I/O.

use std::{
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use nix::errno::Errno;

use crate::{
    exit::Exit,
    explain::Explain,
    mesh::shell_word::file_word,
    world::{open_files::TooManyOpenFiles, words::words},
};

/// Why a file or directory could not be used; every case names the path.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    #[error("cannot {action} `{}`: {}", path.display(), words(cause))]
    Io {
        /// A verb: `read`, `write`, `remove`.
        action: &'static str,
        path: PathBuf,
        cause: io::Error,
    },
    /// A link where we keep a file or directory of our own.
    #[error("`{}` is a symbolic link, and links are not followed here", .0.display())]
    Symlink(PathBuf),
    /// A link on the way to what the user names.
    #[error("`{}` is a symbolic link that leads nowhere", .0.display())]
    Dangling(PathBuf),
    /// A directory, pipe, socket or device where a file is expected.
    #[error("`{}` is not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// More bytes than are read of such a file.
    #[error("`{}` is larger than {} MiB", path.display(), largest >> 20)]
    TooLarge { path: PathBuf, largest: u64 },
    /// More than [`super::at::DEEPEST`] directories inside one another.
    #[error("`{}` lies too deep", .0.display())]
    TooDeep(PathBuf),
    /// A file system such as FAT, which keeps no modes.
    #[error("the file system of `{}` does not keep the modes of files", .0.display())]
    NoModes(PathBuf),
    /// A path that is absolute, empty or contains `..`.
    #[error("`{}` is not a path below the directory of the mesh", .0.display())]
    Outside(PathBuf),
}

impl Explain for DiskError {
    fn exit(&self) -> Exit {
        Exit::Machine
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Io { cause, path, .. } => match cause.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                    let disk = file_word(path.parent().unwrap_or(path));
                    return Some(format!(
                        "free some space on its disk (`df -h {disk}`) and type the same command again; a new mesh may \
                         have its directory elsewhere, with `--dir`"
                    ));
                }
                ErrorKind::ReadOnlyFilesystem => Some(
                    "that file system is mounted read-only: mount it writable, or choose another directory with `--dir`",
                ),
                ErrorKind::PermissionDenied => {
                    Some("run it with `sudo`, or choose a directory of your own with `--dir`")
                }
                _ if cause.raw_os_error() == Some(Errno::EIO as i32) => {
                    Some("the disk fails (`dmesg` says more): when it is mended, type the same command again")
                }
                _ => TooManyOpenFiles::under(cause).map(|_| TooManyOpenFiles::HINT),
            },
            Self::Dangling(_) => Some("mount or make what it leads to, or name another directory"),
            Self::Symlink(_) | Self::NotAFile(_) | Self::TooLarge { .. } | Self::TooDeep(_) => {
                Some("look at it, and remove it if it is not yours")
            }
            Self::NoModes(_) => {
                Some("name a directory on a Linux file system with `--dir`: others could read its secrets here")
            }
            Self::Outside(_) => None,
        };
        hint.map(str::to_owned)
    }
}

impl DiskError {
    /// Whether the path, or a directory on the way to it, does not exist.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Io { cause, .. } if cause.kind() == ErrorKind::NotFound)
    }
}

pub(super) fn fail(action: &'static str, path: &Path) -> impl Fn(io::Error) -> DiskError {
    let path = path.to_owned();
    move |cause| DiskError::Io { action, path: path.clone(), cause }
}

pub(super) fn unless_missing<T>(result: Result<Option<T>, DiskError>) -> Result<Option<T>, DiskError> {
    result.or_else(|error| if error.is_missing() { Ok(None) } else { Err(error) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_fit_the_cause() {
        let expected = [
            (Errno::ENOSPC, "space"),
            (Errno::EROFS, "read-only"),
            (Errno::EACCES, "sudo"),
            (Errno::EDQUOT, "space"),
            (Errno::EIO, "dmesg"),
        ];
        for (errno, expected) in expected {
            assert!(fail("write", Path::new("/x"))(errno.into()).hint().unwrap().contains(expected));
        }
    }
}
