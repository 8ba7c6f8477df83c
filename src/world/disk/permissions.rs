//! Modes and owners of what is there: read, set, and given back with all that is below. Does I/O; follows no link.

use std::{ffi::OsStr, os::fd::OwnedFd, path::Path};

use nix::{
    errno::Errno,
    fcntl::{AtFlags, OFlag},
    sys::stat::{FchmodatFlags, Mode, fchmodat, fstatat},
    unistd::{Gid, Uid, fchownat},
};

use super::{
    Tree,
    at::{self, DEEPEST, DIRECTORY, FileMeta, Kind},
    error::{DiskError, fail, unless_missing},
    names,
};

impl Tree {
    /// What is at those of `entries` of a directory that are there, each with its name.
    ///
    /// # Errors
    /// A link on the way, or no permission.
    pub fn metadata_in(&self, dir: &str, entries: &[&str]) -> Result<Vec<(String, FileMeta)>, DiskError> {
        let Some(opened) = unless_missing(names(Path::new(dir)).and_then(|names| self.descend(&names)).map(Some))?
        else {
            return Ok(Vec::new());
        };
        let look = |entry: &&str| {
            let found = at::stat(&opened, OsStr::new(entry), &self.path(dir).join(entry));
            unless_missing(found.map(Some)).map(|found| Some(((*entry).to_owned(), found?.into()))).transpose()
        };
        entries.iter().filter_map(look).collect()
    }

    /// Sets mode and owner of what is at a path; without a group it keeps its own. What is missing stays so.
    ///
    /// # Errors
    /// A link, no permission, or a file system that keeps no modes or owners.
    pub fn set_permissions(&self, path: &str, mode: u32, uid: u32, gid: Option<u32>) -> Result<(), DiskError> {
        let full = self.path(path);
        let place = if path.is_empty() {
            self.descend(&[]).map(|dir| (dir, OsStr::new(".")))
        } else {
            self.parent(Path::new(path))
        };
        let Some((dir, name)) = unless_missing(place.map(Some))? else { return Ok(()) };
        match set(&dir, name, mode, (uid, gid)) {
            Err(Errno::ENOENT) => Ok(()),
            Ok(kept) if kept == mode => Ok(()),
            Ok(_) => Err(DiskError::NoModes(full)),
            Err(errno) => Err(fail("set mode or owner of", &full)(errno.into())),
        }
    }

    /// Gives all that is below a directory to a user, and the directory last, so that one that was not finished still
    /// shows it. What is mounted below it stays as it is.
    ///
    /// # Errors
    /// No permission, or it is nested more than 256 deep.
    pub fn give(&self, path: &str, uid: u32, gid: Option<u32>) -> Result<(), DiskError> {
        let full = self.path(path);
        let Some((dir, name)) = unless_missing(self.parent(Path::new(path)).map(Some))? else { return Ok(()) };
        let Some(top) = unless_missing(at::stat(&dir, name, &full).map(Some))? else { return Ok(()) };
        give(&dir, name, (uid, gid), top.st_dev, &full, 0)
    }
}

fn give(
    dir: &OwnedFd,
    name: &OsStr,
    owner: (u32, Option<u32>),
    device: u64,
    at: &Path,
    depth: usize,
) -> Result<(), DiskError> {
    // a server that runs removes files meanwhile
    let Some(found) = unless_missing(at::stat(dir, name, at).map(Some))? else { return Ok(()) };
    if found.st_dev != device {
        return Ok(());
    }
    if FileMeta::from(found).kind == Kind::Directory {
        if depth == DEEPEST {
            return Err(DiskError::TooDeep(at.to_owned()));
        }
        let inner = unless_missing(at::open(dir, name, OFlag::O_RDONLY | DIRECTORY, at).map(Some))?;
        let Some(inner) = inner else { return Ok(()) };
        for entry in at::list(&inner).map_err(fail("read", at))? {
            give(&inner, &entry, owner, device, &at.join(&entry), depth + 1)?;
        }
    }
    match chown(dir, name, owner) {
        Ok(()) | Err(Errno::ENOENT) => Ok(()),
        Err(errno) => Err(fail("set the owner of", at)(errno.into())),
    }
}

/// Sets both, and says which mode there is then: a file system that keeps none may not say so.
fn set(dir: &OwnedFd, name: &OsStr, mode: u32, owner: (u32, Option<u32>)) -> Result<u32, Errno> {
    let mode_now = || fstatat(dir, name, AtFlags::AT_SYMLINK_NOFOLLOW).map(|found| FileMeta::from(found).mode);
    // the owner first: the kernel takes bits away from a file that changes its owner
    chown(dir, name, owner)?;
    if mode_now()? != mode {
        fchmodat(dir, name, Mode::from_bits_truncate(mode), FchmodatFlags::NoFollowSymlink)?;
    }
    mode_now()
}

fn chown(dir: &OwnedFd, name: &OsStr, (uid, gid): (u32, Option<u32>)) -> Result<(), Errno> {
    fchownat(dir, name, Some(Uid::from_raw(uid)), gid.map(Gid::from_raw), AtFlags::AT_SYMLINK_NOFOLLOW)
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        os::unix::fs::{PermissionsExt as _, symlink},
    };

    use super::*;

    #[test]
    fn modes_are_set_and_links_are_not_followed() {
        let temp = tempfile::tempdir().unwrap();
        let tree = Tree::open(temp.path()).unwrap().unwrap();
        let me = nix::unistd::geteuid().as_raw();
        fs::create_dir(temp.path().join("d")).unwrap();
        fs::write(temp.path().join("d/f"), "x").unwrap();
        fs::set_permissions(temp.path().join("d/f"), fs::Permissions::from_mode(0o4777)).unwrap();
        symlink("f", temp.path().join("d/link")).unwrap();
        let facts = |name: &str| {
            let found = tree.metadata_in("d", &["f", "none", "link"]).unwrap();
            found.into_iter().find(|(found, _)| found == name).map(|(_, meta)| (meta.kind, meta.mode))
        };
        assert_eq!(facts("f"), Some((Kind::File, 0o4777)));
        assert_eq!((facts("none"), facts("link").unwrap().0), (None, Kind::Symlink));
        tree.set_permissions("d/f", 0o600, me, None).unwrap();
        assert_eq!(facts("f"), Some((Kind::File, 0o600)));
        assert!(tree.set_permissions("d/link", 0o644, me, None).is_err());
        assert_eq!(facts("f"), Some((Kind::File, 0o600)));
        tree.set_permissions("d/none", 0o644, me, None).unwrap();
        tree.set_permissions("", 0o711, me, None).unwrap();
        assert_eq!(fs::metadata(temp.path()).unwrap().permissions().mode() & 0o7777, 0o711);
        tree.give("d", me, None).unwrap();
        assert_eq!(tree.metadata_in("none", &["f"]).unwrap(), []);
    }
}
