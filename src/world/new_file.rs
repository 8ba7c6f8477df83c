//! A file outside the mesh's directory that the user names, and that does not exist yet. I/O: disk.

#[cfg(test)]
mod tests;

use std::{
    ffi::OsStr,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Seek, SeekFrom, Write},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use nix::{
    errno::Errno,
    fcntl::{AT_FDCWD, RenameFlags, renameat2},
    libc::{ELOOP, O_NOFOLLOW, O_NONBLOCK},
};

use super::words::words;
use crate::{exit::Exit, explain::Explain};

#[derive(Debug, thiserror::Error)]
pub enum NewFileError {
    #[error("{} exists, and is not written over", .0.display())]
    Exists(PathBuf),
    #[error("another run is writing {}", .0.display())]
    InProgress(PathBuf),
    #[error("cannot write {}: {}", path.display(), words(cause))]
    Unwritable { path: PathBuf, cause: io::Error },
}

impl Explain for NewFileError {
    fn exit(&self) -> Exit {
        match self {
            Self::InProgress(_) => Exit::Locked,
            Self::Exists(_) | Self::Unwritable { .. } => Exit::Request,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Unwritable { cause, .. } if is_full(cause) => {
                "see with `df` where there is room, and name a file there with `--into`"
            }
            Self::Unwritable { cause, .. } if cause.kind() == io::ErrorKind::FileTooLarge => {
                "its file system takes no file of that size (FAT takes 4 GiB): see with `df -T` where another one is, \
                 and name a file there with `--into`"
            }
            Self::Exists(_) => "name another file with `--into`, or remove this one first",
            Self::InProgress(_) => "wait until it has ended, or name another file with `--into`",
            Self::Unwritable { .. } => "name a file in a directory that you may write in with `--into`",
        };
        Some(hint.to_owned())
    }
}

/// Whether a disk, or what a user may have of it, is full.
fn is_full(cause: &io::Error) -> bool {
    matches!(cause.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Two runs may take a file from each other before it is locked; this often they do not.
const ATTEMPTS: usize = 100;

/// The directory of a file.
fn dir(path: &Path) -> &Path {
    path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn error(path: &Path) -> impl Fn(io::Error) -> NewFileError {
    let path = path.to_owned();
    move |cause| match cause.kind() {
        io::ErrorKind::AlreadyExists => NewFileError::Exists(path.clone()),
        _ => NewFileError::Unwritable { path: path.clone(), cause },
    }
}

/// # Errors
/// It exists, or its directory does not.
pub fn require_new(path: &Path) -> Result<(), NewFileError> {
    if fs::symlink_metadata(path).is_ok() {
        return Err(NewFileError::Exists(path.to_owned()));
    }
    // with a slash behind it, no file can have the name
    let ends_so = |name: &OsStr| path.as_os_str().as_encoded_bytes().ends_with(name.as_encoded_bytes());
    match fs::metadata(dir(path)) {
        Ok(dir) if dir.is_dir() && path.file_name().is_some_and(ends_so) => Ok(()),
        Ok(_) => Err(error(path)(io::ErrorKind::NotADirectory.into())),
        Err(cause) => Err(error(path)(cause)),
    }
}

/// Writes a file that its owner alone may read. The file appears whole, under its own name, or not at all; what an
/// interrupted run left beside it is removed by the next.
///
/// # Errors
/// It exists, or cannot be written.
pub fn write_new(path: &Path, contents: &[u8]) -> Result<(), NewFileError> {
    let mut file = NewFile::begin(path, 0o600)?;
    file.write_all(contents).map_err(error(path))?;
    file.finish()
}

/// A file that is written piece by piece, and appears as [`write_new`] has it. Dropped before that, it leaves nothing.
///
/// It is locked (`flock`) for as long as it is written. Only who holds the lock of the file that has the temporary name
/// renames or removes it, so that a leftover, which no run has locked, is distinguished from the file of another run.
#[derive(Debug)]
pub struct NewFile {
    path: PathBuf,
    unfinished: PathBuf,
    file: File,
}

impl NewFile {
    /// # Errors
    /// It cannot be written, or another run is writing it.
    pub fn begin(path: &Path, mode: u32) -> Result<Self, NewFileError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let unfinished = dir(path).join(format!(".{name}.mesh-tmp"));
        for _ in 0..ATTEMPTS {
            match OpenOptions::new().write(true).create_new(true).mode(mode).open(&unfinished) {
                Ok(file) => {
                    // another run may have taken it for a leftover before it was locked
                    if lock(&file).and_then(|locked| Ok(locked && is_at(&file, &unfinished)?)).map_err(error(path))? {
                        return Ok(Self { path: path.to_owned(), unfinished, file });
                    }
                }
                Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {
                    if !remove_leftover(&unfinished).map_err(error(&unfinished))? {
                        break;
                    }
                }
                Err(cause) => return Err(error(path)(cause)),
            }
        }
        Err(NewFileError::InProgress(path.to_owned()))
    }

    /// What a failure to write to it means.
    pub fn failed(&self, cause: io::Error) -> NewFileError {
        error(&self.path)(cause)
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// Another file has it by now, or the disk fails.
    pub fn finish(self) -> Result<(), NewFileError> {
        let named = || {
            if is_at(&self.file, &self.unfinished)? {
                return place(&self.unfinished, &self.path);
            }
            Err(io::ErrorKind::NotFound.into())
        };
        let written = self.file.sync_all().and_then(|()| named());
        written.and_then(|()| File::open(dir(&self.path))?.sync_all()).map_err(error(&self.path))
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for NewFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        // once it has its name, the temporary one may be that of another run's file
        if is_at(&self.file, &self.unfinished).unwrap_or(false) {
            let _ = fs::remove_file(&self.unfinished);
        }
    }
}

/// Locks a file until it is closed; `false` where another run holds the lock.
fn lock(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(cause)) => Err(cause),
    }
}

/// Whether an open file still has a name.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let open = file.metadata()?;
    match fs::symlink_metadata(path) {
        Ok(named) => Ok((named.dev(), named.ino()) == (open.dev(), open.ino())),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(cause) => Err(cause),
    }
}

/// Removes what an interrupted run left; `false` where the run that writes it goes on.
fn remove_leftover(unfinished: &Path) -> io::Result<bool> {
    // NFS locks only what may be written
    let mut options = OpenOptions::new();
    options.read(true).write(true).custom_flags(O_NOFOLLOW | O_NONBLOCK);
    let leftover = match options.open(unfinished) {
        Ok(leftover) => leftover,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(true),
        // a symbolic link is of no run
        Err(cause) if cause.raw_os_error() == Some(ELOOP) => return fs::remove_file(unfinished).map(|()| true),
        Err(cause) => return Err(cause),
    };
    if !lock(&leftover)? {
        return Ok(false);
    }
    // it may have been finished in the meantime, and the name be that of the next run's file
    if is_at(&leftover, unfinished)? {
        fs::remove_file(unfinished)?;
    }
    Ok(true)
}

/// Gives a file its name, if nothing has that; a file system that cannot do so in one step can link.
fn place(from: &Path, to: &Path) -> io::Result<()> {
    match renameat2(AT_FDCWD, from, AT_FDCWD, to, RenameFlags::RENAME_NOREPLACE) {
        Err(Errno::EINVAL | Errno::ENOSYS) => match fs::hard_link(from, to) {
            Err(cause) if has_no_links(&cause) => place_in_two_steps(from, to),
            linked => linked.and_then(|()| fs::remove_file(from)),
        },
        outcome => outcome.map_err(io::Error::from),
    }
}

/// Whether the file system has no hard links, as a virtual machine's shared folder; see `link(2)`.
fn has_no_links(cause: &io::Error) -> bool {
    let known = [Errno::EPERM, Errno::EOPNOTSUPP, Errno::ENOSYS];
    cause.raw_os_error().is_some_and(|number| known.contains(&Errno::from_raw(number)))
}

/// As [`place`], where nothing else does; a file that appears between the two steps is lost.
fn place_in_two_steps(from: &Path, to: &Path) -> io::Result<()> {
    match fs::symlink_metadata(to) {
        Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => fs::rename(from, to),
        Err(cause) => Err(cause),
    }
}
