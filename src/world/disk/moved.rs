//! Moving a directory out of a tree, to another file system if need be. I/O: disk.

use std::{
    fs,
    io::ErrorKind,
    os::unix::fs::{MetadataExt as _, lchown},
    path::Path,
};

use nix::errno::Errno;

use super::{
    Tree,
    error::{DiskError, fail},
};

impl Tree {
    /// Bytes that [`move_into`](Self::move_into) needs in a directory that is there: none on the same file system,
    /// where a name is enough.
    ///
    /// # Errors
    /// A directory that may not be read.
    pub fn needed_to_move(&self, from: &str, to: &Path) -> Result<u64, DiskError> {
        let there = fs::metadata(to).map_err(fail("read", to))?;
        match fs::symlink_metadata(self.path(from)) {
            Ok(found) if found.dev() != there.dev() => self.size(from),
            Ok(_) => Ok(0),
            Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(0),
            Err(cause) => Err(fail("read", &self.path(from))(cause)),
        }
    }

    /// Moves a directory to `name` in another tree. What has no place on that file system by a rename is copied whole,
    /// and deleted here only when every file is on disk there.
    ///
    /// # Errors
    /// There is something of that name, a symbolic link is in the way, or a file system refuses.
    pub fn move_into(&self, from: &str, to: &Self, name: &str) -> Result<(), DiskError> {
        if self.metadata(from)?.is_none() {
            return Ok(());
        }
        let (source, target) = (self.path(from), to.path(name));
        if to.metadata(name)?.is_some() {
            return Err(fail("move", &target)(ErrorKind::AlreadyExists.into()));
        }
        match fs::rename(&source, &target) {
            Err(cause) if cause.raw_os_error() == Some(Errno::EXDEV as i32) => {
                let part = to.path(format!("{name}.part"));
                to.remove_tree(format!("{name}.part"))?;
                copy(&source, &part)?;
                fs::rename(&part, &target).map_err(fail("move", &target))?;
                sync(to.root())?;
                self.remove_tree(from)
            }
            Err(cause) => Err(fail("move", &source)(cause)),
            Ok(()) => sync(to.root()),
        }
    }
}

fn sync(dir: &Path) -> Result<(), DiskError> {
    fs::File::open(dir).and_then(|dir| dir.sync_all()).map_err(fail("sync", dir))
}

/// Copies a directory with modes and owners; nothing in it may be a link.
fn copy(from: &Path, to: &Path) -> Result<(), DiskError> {
    let meta = fs::symlink_metadata(from).map_err(fail("read", from))?;
    if meta.is_dir() {
        fs::create_dir(to).map_err(fail("create", to))?;
        for entry in fs::read_dir(from).map_err(fail("read", from))? {
            let entry = entry.map_err(fail("read", from))?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
    } else if meta.is_file() {
        fs::copy(from, to).map_err(fail("write", to))?;
    } else {
        return Err(fail("copy", from)(ErrorKind::InvalidInput.into()));
    }
    // only root gives files away; anybody else's belong to them already
    match lchown(to, Some(meta.uid()), Some(meta.gid())) {
        Err(cause) if cause.kind() != ErrorKind::PermissionDenied => return Err(fail("set the owner of", to)(cause)),
        _ => {}
    }
    fs::set_permissions(to, meta.permissions()).map_err(fail("set the mode of", to))?;
    sync(to)
}
