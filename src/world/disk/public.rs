//! Directories outside any mesh that other programs read: made for everyone, and locked while written. Does I/O.

use std::{
    fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io::{self, ErrorKind},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

use super::{
    Tree,
    at::DIRECTORY,
    error::{DiskError, fail},
};

/// What everyone needs to read a directory.
const PUBLIC: u32 = 0o755;

impl Tree {
    /// Opens a directory. It and its parents are made if they are missing, for everyone to read, whatever the umask;
    /// one that is there keeps its mode.
    ///
    /// # Errors
    /// It cannot be made, or is something else.
    pub fn create_public(root: &Path) -> Result<Self, DiskError> {
        let missing: Vec<&Path> = root.ancestors().take_while(|dir| !dir.exists()).collect();
        missing.into_iter().rev().try_for_each(|dir| make(dir).map_err(fail("create", dir)))?;
        Self::open(root)?.ok_or_else(|| fail("open", root)(ErrorKind::NotFound.into()))
    }

    /// Locks the directory (`flock`) for as long as the tree is open; `false` where another run holds the lock.
    ///
    /// # Errors
    /// No descriptor is left.
    pub fn try_lock(&self) -> Result<bool, DiskError> {
        // the lock belongs to what both descriptors refer to, so it outlives this one
        let dir = File::from(self.dir.try_clone().map_err(fail("lock", &self.root))?);
        // NFS locks only what may be written, which no directory may: there, none is locked
        Ok(!matches!(dir.try_lock(), Err(TryLockError::WouldBlock)))
    }
}

fn make(dir: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(PUBLIC).create(dir) {
        Err(cause) if cause.kind() == ErrorKind::AlreadyExists => return Ok(()),
        made => made?,
    }
    let opened = OpenOptions::new().read(true).custom_flags(DIRECTORY.bits()).open(dir)?;
    let mode = opened.metadata()?.mode() & 0o7777;
    // the umask cuts what was asked for; a set-group-ID bit comes from the parent, and stays
    if mode & PUBLIC != PUBLIC {
        opened.set_permissions(Permissions::from_mode(mode | PUBLIC))?;
    }
    if let Some(above) = dir.parent() {
        // a parent of another user, which cannot be read, is theirs to sync
        let _ = File::open(above).and_then(|above| above.sync_all());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn what_is_there_keeps_its_mode_and_what_is_made_is_public() {
        let temp = tempfile::tempdir().unwrap();
        fs::set_permissions(temp.path(), Permissions::from_mode(0o700)).unwrap();
        let root = temp.path().join("a/b");
        drop(Tree::create_public(&root).unwrap());
        assert_eq!((mode(temp.path()), mode(root.parent().unwrap()), mode(&root)), (0o700, PUBLIC, PUBLIC));
        fs::set_permissions(&root, Permissions::from_mode(0o750)).unwrap();
        drop(Tree::create_public(&root).unwrap());
        assert_eq!(mode(&root), 0o750);
        fs::write(root.join("file"), "").unwrap();
        assert!(Tree::create_public(&root.join("file")).is_err());
        assert!(Tree::create_public(&root.join("file/below")).is_err());
    }

    #[test]
    fn a_directory_is_locked_for_as_long_as_its_tree_is_open() {
        let temp = tempfile::tempdir().unwrap();
        let [one, two] = [0; 2].map(|_| Tree::open(temp.path()).unwrap().unwrap());
        assert!(one.try_lock().unwrap());
        assert!(!two.try_lock().unwrap());
        drop(one);
        assert!(two.try_lock().unwrap());
    }
}
