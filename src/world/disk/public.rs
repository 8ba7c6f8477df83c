//! Directories outside any mesh that other programs read: made for everyone. Does I/O.

use std::{
    fs::{DirBuilder, File, OpenOptions, Permissions},
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
}

fn make(dir: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(PUBLIC).create(dir) {
        Err(cause) if cause.kind() == ErrorKind::AlreadyExists => return Ok(()),
        made => made?,
    }
    let made = OpenOptions::new().read(true).custom_flags(DIRECTORY.bits()).open(dir)?;
    let mode = made.metadata()?.mode() & 0o7777;
    // the umask cuts what was asked for; a set-group-ID bit comes from the parent, and stays
    if mode & PUBLIC != PUBLIC {
        made.set_permissions(Permissions::from_mode(mode | PUBLIC))?;
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
}
