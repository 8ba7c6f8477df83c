//! A file outside the mesh's directory that the user names, and that does not exist yet. I/O: disk.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use nix::{
    errno::Errno,
    fcntl::{AT_FDCWD, RenameFlags, renameat2},
};

use super::words::words;
use crate::{exit::Exit, explain::Explain};

#[derive(Debug, thiserror::Error)]
pub enum NewFileError {
    #[error("{} exists, and is not written over", .0.display())]
    Exists(PathBuf),
    #[error("cannot write {}: {}", path.display(), words(cause))]
    Unwritable { path: PathBuf, cause: io::Error },
}

impl Explain for NewFileError {
    fn exit(&self) -> Exit {
        Exit::Request
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Unwritable { cause, .. } if cause.kind() == io::ErrorKind::StorageFull => {
                "see with `df` where there is room, and name a file there with `--into`"
            }
            Self::Exists(_) => "name another file with `--into`, or remove this one first",
            Self::Unwritable { .. } => "name a file in a directory that you may write in with `--into`",
        };
        Some(hint.to_owned())
    }
}

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
    match fs::metadata(dir(path)) {
        Ok(dir) if dir.is_dir() && path.file_name().is_some() => Ok(()),
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
#[derive(Debug)]
pub struct NewFile {
    path: PathBuf,
    unfinished: PathBuf,
    file: File,
}

impl NewFile {
    /// # Errors
    /// It cannot be written.
    pub fn begin(path: &Path, mode: u32) -> Result<Self, NewFileError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let unfinished = dir(path).join(format!(".{name}.mesh-tmp"));
        match fs::remove_file(&unfinished) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(error(path)(cause)),
            _ => {}
        }
        let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&unfinished).map_err(error(path))?;
        Ok(Self { path: path.to_owned(), unfinished, file })
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
        let written = self.file.sync_all().and_then(|()| place(&self.unfinished, &self.path));
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
        // once it has its name, there is none
        let _ = fs::remove_file(&self.unfinished);
    }
}

/// Gives a file its name, if nothing has that; a file system that cannot do so in one step can link.
fn place(from: &Path, to: &Path) -> io::Result<()> {
    match renameat2(AT_FDCWD, from, AT_FDCWD, to, RenameFlags::RENAME_NOREPLACE) {
        Err(Errno::EINVAL | Errno::ENOSYS) => fs::hard_link(from, to).and_then(|()| fs::remove_file(from)),
        outcome => outcome.map_err(io::Error::from),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_file_is_written_whole_and_over_nothing() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("berlin.json");
        // what an interrupted run left
        fs::write(temp.path().join(".berlin.json.mesh-tmp"), "half").unwrap();
        require_new(&path).unwrap();
        write_new(&path, b"whole").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        let link = temp.path().join("link");
        symlink("/nowhere", &link).unwrap();
        for taken in [path.clone(), link] {
            assert!(matches!(write_new(&taken, b"other"), Err(NewFileError::Exists(_))));
            assert!(matches!(require_new(&taken), Err(NewFileError::Exists(_))));
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole");
        assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 2, "nothing is left beside it");
        let missing = temp.path().join("no/where");
        assert!(matches!(require_new(&missing), Err(NewFileError::Unwritable { .. })));
        assert!(require_new(temp.path()).is_err() && require_new(&path.join("below")).is_err());
    }
}
