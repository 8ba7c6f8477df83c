//! Files and directories of a mesh, read and written so that no symbolic link leads out of them. Does I/O.
//!
//! A container's user owns `elastic/config` and its like, and root writes there: a link planted as
//! `config/certs -> /etc` must not be followed. So a [`Tree`] holds its root open and walks every path from there, one
//! `openat(O_NOFOLLOW | O_DIRECTORY)` a component. That is what `openat2(RESOLVE_NO_SYMLINKS)` would do in one call,
//! but it also works on kernels before 5.6 and under seccomp profiles that forbid `openat2`.

mod at;
mod error;
mod marker;
mod moved;
mod permissions;
mod public;
mod system;

use std::{
    collections::HashSet,
    ffi::OsStr,
    fs,
    io::ErrorKind,
    os::{fd::OwnedFd, unix::fs::DirBuilderExt},
    path::{Component, Path, PathBuf},
};

use nix::{
    errno::Errno,
    fcntl::OFlag,
    sys::stat::{Mode, mkdirat},
};

use self::{
    at::DIRECTORY,
    error::{fail, unless_missing},
};
pub use self::{
    at::{FileMeta, Kind, LARGEST, unfinished},
    error::DiskError,
    marker::Marker,
    system::{directory_of, may_write, publish, read_given, read_outside, replace, resolve},
};
use crate::mesh::Owner;

/// A directory held open, with everything below it. Paths are relative to it; below it no symbolic link is ever
/// followed.
#[derive(Debug)]
pub struct Tree {
    dir: OwnedFd,
    root: PathBuf,
}

impl Tree {
    /// Opens an existing directory; `None` if there is none. Links on the way to it, and it itself being one, are the
    /// user's choice and are followed.
    ///
    /// # Errors
    /// `root` is no directory or may not be read.
    pub fn open(root: &Path) -> Result<Option<Self>, DiskError> {
        let flags = OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        match nix::fcntl::open(root, flags, Mode::empty()) {
            Ok(dir) => Ok(Some(Self { dir, root: root.to_owned() })),
            Err(Errno::ENOENT) => Ok(None),
            Err(errno) => Err(fail("open", root)(errno.into())),
        }
    }

    /// Opens a directory, made with `mode` first if it is missing, its parents with 0755 (less the umask).
    ///
    /// # Errors
    /// It cannot be made, or is something else.
    pub fn create(root: &Path, mode: u32) -> Result<Self, DiskError> {
        if let Some(parent) = root.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o755).create(parent).map_err(fail("create", parent))?;
        }
        let sync = |made: &Path| fs::File::open(made.parent()?).and_then(|above| above.sync_all()).ok();
        match fs::DirBuilder::new().mode(mode).create(root) {
            Err(cause) if cause.kind() != ErrorKind::AlreadyExists => return Err(fail("create", root)(cause)),
            // a parent of another user, which cannot be read, is theirs to sync
            Ok(()) => drop(sync(root)),
            Err(_) => {}
        }
        Self::open(root)?.ok_or_else(|| fail("open", root)(ErrorKind::NotFound.into()))
    }

    /// The path that the tree was opened by, for messages; not for opening.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The full path of something in the tree, for messages and bind mounts; not for opening.
    #[must_use]
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.join(path)
    }

    /// The contents of a regular file of at most 16 MiB; `None` if it, or a directory on the way, is missing.
    ///
    /// # Errors
    /// A link, something that is no file, a larger file, or no permission.
    pub fn read(&self, path: impl AsRef<Path>) -> Result<Option<Vec<u8>>, DiskError> {
        let path = path.as_ref();
        unless_missing(self.parent(path).and_then(|(dir, name)| at::read(&dir, name, &self.path(path))))
    }

    /// Writes a file atomically and durably: a new file with its final mode and owner gets the contents, then takes the
    /// name. Whatever had the name before is replaced, a link too. Without an `owner` the file belongs to the caller.
    /// Its directory must exist.
    ///
    /// # Errors
    /// A link on the way, or the file system refuses; the old file is whole then, and no temporary one is left.
    pub fn write(
        &self,
        path: impl AsRef<Path>,
        contents: &[u8],
        mode: u32,
        owner: Option<Owner>,
    ) -> Result<(), DiskError> {
        let path = path.as_ref();
        let (dir, name) = self.parent(path)?;
        at::put(&dir, name, contents, mode, owner).map_err(fail("write", &self.path(path)))
    }

    /// Writes two files of one directory that belong together, such as a key and its certificate: both are whole on the
    /// disk before the first takes its name, so that hardly a moment shows one without the other.
    ///
    /// # Errors
    /// As for `write`; the second may still be the old one then.
    pub fn write_pair(
        &self,
        first: (&str, &[u8], u32),
        second: (&str, &[u8], u32),
        owner: Option<Owner>,
    ) -> Result<(), DiskError> {
        let (dir, name) = self.parent(Path::new(first.0))?;
        let (_, other) = self.parent(Path::new(second.0))?;
        let at = self.path(first.0);
        let failed = || fail("write", &at);
        let one = at::prepare(&dir, name, first.1, first.2, owner).map_err(failed())?;
        let two = at::prepare(&dir, other, second.1, second.2, owner)
            .inspect_err(|_| at::discard(&dir, &one))
            .map_err(failed())?;
        at::take_name(&dir, &one, name).inspect_err(|_| at::discard(&dir, &two)).map_err(failed())?;
        at::take_name(&dir, &two, other).map_err(failed())?;
        at::readable(&dir).and_then(|dir| dir.sync_all()).map_err(failed())
    }

    /// Makes a directory, or gives an existing one this mode and owner. Missing parents are made with 0755, existing
    /// ones left as they are.
    ///
    /// # Errors
    /// A link or a file at any component, or the file system refuses.
    pub fn make_dir(&self, path: impl AsRef<Path>, mode: u32, owner: Option<Owner>) -> Result<(), DiskError> {
        let names = names(path.as_ref())?;
        let (mut dir, mut at) = (self.descend(&[])?, self.root.clone());
        for (index, name) in names.iter().enumerate() {
            at.push(name);
            let created = match mkdirat(&dir, *name, Mode::S_IRWXU) {
                Ok(()) => {
                    at::sync(&dir).map_err(fail("create", &at))?;
                    true
                }
                Err(Errno::EEXIST) => false,
                Err(errno) => return Err(fail("create", &at)(errno.into())),
            };
            dir = at::open(&dir, name, OFlag::O_PATH | DIRECTORY, &at)?;
            if index + 1 == names.len() {
                at::readable(&dir)
                    .and_then(|dir| at::settle(&dir, mode, owner))
                    .map_err(fail("set mode or owner of", &at))?;
            } else if created {
                at::readable(&dir)
                    .and_then(|dir| at::settle(&dir, 0o755, None))
                    .map_err(fail("set the mode of", &at))?;
            }
        }
        Ok(())
    }

    /// Removes a file, a link (never what it points to) or a directory with all in it. Missing is fine.
    ///
    /// # Errors
    /// The file system refuses, or it is nested more than 256 deep; what was reached before is gone.
    pub fn remove_tree(&self, path: impl AsRef<Path>) -> Result<(), DiskError> {
        let path = path.as_ref();
        unless_missing(self.parent(path).map(Some)).and_then(|parent| match parent {
            Some((dir, name)) => at::remove(&dir, name, &self.path(path), 0),
            None => Ok(()),
        })
    }

    /// Removes the entries that are `own` and then the root, unless something else is in it, it is a mount point or its
    /// parent is not ours; says whether it is gone. The entry `last` goes after all others, so that an interrupted
    /// removal can be recognized and done again.
    ///
    /// # Errors
    /// As for `remove_tree`.
    pub fn remove(self, last: &str, own: impl Fn(&str) -> bool) -> Result<bool, DiskError> {
        for name in at::list(&self.dir).map_err(fail("read", &self.root))? {
            if name != last && name.to_str().is_some_and(&own) {
                at::remove(&self.dir, &name, &self.path(&name), 0)?;
            }
        }
        self.remove_tree(last)?;
        match fs::canonicalize(&self.root).and_then(fs::remove_dir) {
            Ok(()) => Ok(true),
            Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(true),
            Err(cause)
                if matches!(
                    cause.kind(),
                    ErrorKind::ResourceBusy | ErrorKind::DirectoryNotEmpty | ErrorKind::PermissionDenied
                ) =>
            {
                Ok(false)
            }
            Err(cause) => Err(fail("remove", &self.root)(cause)),
        }
    }

    /// Bytes that a file or tree takes on disk (blocks, not lengths; a file with two names counts once). 0 if it is
    /// missing.
    ///
    /// # Errors
    /// A directory that may not be read. What vanishes while it looks does not count.
    pub fn size(&self, path: impl AsRef<Path>) -> Result<u64, DiskError> {
        let names = names(path.as_ref())?;
        let full = self.path(&path);
        let mut seen = HashSet::new();
        let bytes = match names.split_last() {
            Some((name, parents)) => self.descend(parents).and_then(|dir| at::measure(&dir, name, &full, 0, &mut seen)),
            None => at::measure(&self.dir, OsStr::new("."), &full, 0, &mut seen),
        };
        unless_missing(bytes.map(Some)).map(Option::unwrap_or_default)
    }

    /// The names in a directory (`""` is the root), sorted; empty if it is missing. Names that are not UTF-8 are shown
    /// lossily.
    ///
    /// # Errors
    /// A link, no directory, or no permission.
    pub fn entries(&self, path: impl AsRef<Path>) -> Result<Vec<String>, DiskError> {
        let full = self.path(&path);
        let listed = names(path.as_ref())
            .and_then(|names| self.descend(&names))
            .and_then(|dir| at::list(&dir).map_err(fail("read", &full)));
        let mut entries: Vec<_> = unless_missing(listed.map(Some))?
            .unwrap_or_default()
            .iter()
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        entries.sort();
        Ok(entries)
    }

    /// What is at a path, without following it; `None` if it, or a directory on the way, is missing.
    ///
    /// # Errors
    /// A link on the way, or no permission.
    pub fn metadata(&self, path: impl AsRef<Path>) -> Result<Option<FileMeta>, DiskError> {
        let path = path.as_ref();
        unless_missing(
            self.parent(path)
                .and_then(|(dir, name)| at::stat(&dir, name, &self.path(path)))
                .map(|stat| Some(stat.into())),
        )
    }

    fn parent<'a>(&self, path: &'a Path) -> Result<(OwnedFd, &'a OsStr), DiskError> {
        let names = names(path)?;
        let (name, parents) = names.split_last().ok_or_else(|| DiskError::Outside(path.to_owned()))?;
        Ok((self.descend(parents)?, name))
    }

    fn descend(&self, names: &[&OsStr]) -> Result<OwnedFd, DiskError> {
        let mut dir = self.dir.try_clone().map_err(fail("open", &self.root))?;
        let mut at = self.root.clone();
        for name in names {
            at.push(name);
            dir = at::open(&dir, name, OFlag::O_PATH | DIRECTORY, &at)?;
        }
        Ok(dir)
    }
}

fn names(path: &Path) -> Result<Vec<&OsStr>, DiskError> {
    let name = |component| match component {
        Component::Normal(name) => Some(Ok(name)),
        Component::CurDir => None,
        _ => Some(Err(DiskError::Outside(path.to_owned()))),
    };
    path.components().filter_map(name).collect()
}

#[cfg(test)]
mod faults;
#[cfg(test)]
mod tests;
