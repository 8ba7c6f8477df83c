//! Files and directories of a mesh, read and written so that nobody can lead us astray. Does I/O.
//!
//! A container's user owns `elastic/config` and its like, and root writes there: a link planted as `config/certs -> /etc` must not be followed.
//! So a [`Tree`] holds its root open and walks every path from there, one `openat(O_NOFOLLOW | O_DIRECTORY)` a component. That is what
//! `openat2(RESOLVE_NO_SYMLINKS)` would do in one call, but it also works on kernels before 5.6 and under seccomp profiles that forbid `openat2`.
//! [`read_outside`] and [`replace`] are for the system's own files, whose parent directories are trusted.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Permissions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, fchown};
use std::path::{Component, Path, PathBuf};

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat, renameat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstatat, mkdirat};
use nix::unistd::{AccessFlags, UnlinkatFlags, access, geteuid, unlinkat};

use crate::mesh::Owner;

/// The largest file that is read, in bytes. Nothing of ours comes near it, so a larger one was planted.
const LARGEST: u64 = 16 << 20;
/// How deep a tree is walked. Elasticsearch's data is some ten levels deep; the limit keeps a planted maze from eating descriptors and stack.
const DEEPEST: usize = 256;
const DIRECTORY: OFlag = OFlag::O_DIRECTORY.union(OFlag::O_NOFOLLOW).union(OFlag::O_CLOEXEC);
const FILE: OFlag = OFlag::O_NOFOLLOW.union(OFlag::O_NONBLOCK).union(OFlag::O_NOCTTY).union(OFlag::O_CLOEXEC);

/// Why a file or directory could not be used; every case names the path.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// The operating system said no.
    #[error("cannot {action} `{}`: {cause}", path.display())]
    Io {
        /// What was tried, as a verb: `read`, `write`, `remove`.
        action: &'static str,
        /// The full path.
        path: PathBuf,
        /// What the operating system answered.
        cause: io::Error,
    },
    /// A link where we keep a file or directory of our own.
    #[error("`{}` is a symbolic link, and links are not followed here", .0.display())]
    Symlink(PathBuf),
    /// A directory, pipe, socket or device where a file is expected.
    #[error("`{}` is not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// More than 16 MiB where a small file is expected.
    #[error("`{}` is larger than 16 MiB", .0.display())]
    TooLarge(PathBuf),
    /// More than 256 directories inside one another.
    #[error("`{}` lies too deep", .0.display())]
    TooDeep(PathBuf),
    /// A path that is absolute, empty or contains `..`.
    #[error("`{}` is not a path below the directory of the mesh", .0.display())]
    Outside(PathBuf),
}

impl DiskError {
    /// What the user can do about it, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Io { cause, .. } => match cause.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Some("free some space there, or choose another directory with `--dir`"),
                ErrorKind::ReadOnlyFilesystem => {
                    Some("that file system is mounted read-only: mount it writable, or choose another directory with `--dir`")
                }
                ErrorKind::PermissionDenied => Some("run it with `sudo`, or choose a directory of your own with `--dir`"),
                _ => None,
            },
            Self::Symlink(_) | Self::NotAFile(_) | Self::TooLarge(_) | Self::TooDeep(_) => Some("look at it, and remove it if it is not yours"),
            Self::Outside(_) => None,
        }
    }

    /// Whether the path, or a directory on the way to it, does not exist.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Io { cause, .. } if cause.kind() == ErrorKind::NotFound)
    }
}

/// What a path is, the path itself and not what a link points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A pipe, socket or device.
    Other,
}

/// The facts of a path that we set ourselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileMeta {
    /// Permission bits, `0o7777` at most.
    pub mode: u32,
    /// The numeric user.
    pub uid: u32,
    /// The numeric group.
    pub gid: u32,
    /// What it is.
    pub kind: Kind,
}

impl From<FileStat> for FileMeta {
    fn from(stat: FileStat) -> Self {
        let kind = match SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT {
            SFlag::S_IFREG => Kind::File,
            SFlag::S_IFDIR => Kind::Directory,
            SFlag::S_IFLNK => Kind::Symlink,
            _ => Kind::Other,
        };
        Self { mode: stat.st_mode & 0o7777, uid: stat.st_uid, gid: stat.st_gid, kind }
    }
}

/// A directory held open, with everything below it. Paths are relative to it; below it no symbolic link is ever followed.
#[derive(Debug)]
pub struct Tree {
    dir: OwnedFd,
    root: PathBuf,
}

impl Tree {
    /// Opens an existing directory; `None` if there is none. Links on the way to it, and it itself being one, are the user's choice and are followed.
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
        match fs::DirBuilder::new().mode(mode).create(root) {
            Err(cause) if cause.kind() != ErrorKind::AlreadyExists => return Err(fail("create", root)(cause)),
            _ => {}
        }
        Self::open(root)?.ok_or_else(|| fail("open", root)(ErrorKind::NotFound.into()))
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
        unless_missing(self.parent(path).and_then(|(dir, name)| read(&dir, name, &self.path(path))))
    }

    /// Writes a file atomically and durably: a new file with its final mode and owner gets the contents, then takes the name. Whatever had the
    /// name before is replaced, a link too. Without an `owner` the file belongs to the caller. Its directory must exist.
    ///
    /// # Errors
    /// A link on the way, or the file system refuses; the old file is whole then, and no temporary one is left.
    pub fn write(&self, path: impl AsRef<Path>, contents: &[u8], mode: u32, owner: Option<Owner>) -> Result<(), DiskError> {
        let path = path.as_ref();
        let (dir, name) = self.parent(path)?;
        put(&dir, name, contents, mode, owner).map_err(fail("write", &self.path(path)))
    }

    /// Like [`Tree::write`], but leaves a regular file alone that already has these contents, this mode and owner. True if it wrote.
    ///
    /// # Errors
    /// As for `write`. What cannot be read as a file (a link, say) is replaced.
    pub fn write_if_changed(&self, path: impl AsRef<Path>, contents: &[u8], mode: u32, owner: Option<Owner>) -> Result<bool, DiskError> {
        let path = path.as_ref();
        let meta_fits = self.metadata(path)?.is_some_and(|meta| {
            let owner_fits = owner.map_or(meta.uid == geteuid().as_raw(), |owner| (owner.uid, owner.gid) == (meta.uid, meta.gid));
            meta.kind == Kind::File && meta.mode == mode && owner_fits
        });
        if meta_fits && self.read(path).is_ok_and(|old| old.as_deref() == Some(contents)) {
            return Ok(false);
        }
        self.write(path, contents, mode, owner).map(|()| true)
    }

    /// Overwrites an existing file, keeping its inode, mode and owner: for a file that is itself mounted into a container. Not atomic.
    ///
    /// # Errors
    /// It is missing, a link, no regular file, or has a second name (which might lie outside).
    pub fn write_in_place(&self, path: impl AsRef<Path>, contents: &[u8]) -> Result<(), DiskError> {
        let path = path.as_ref();
        let (dir, name) = self.parent(path)?;
        overwrite(&dir, name, contents, &self.path(path), 1)
    }

    /// Makes a directory, or gives an existing one this mode and owner. Missing parents are made with 0755, existing ones left as they are.
    ///
    /// # Errors
    /// A link or a file at any component, or the file system refuses.
    pub fn make_dir(&self, path: impl AsRef<Path>, mode: u32, owner: Option<Owner>) -> Result<(), DiskError> {
        let names = names(path.as_ref())?;
        let (mut dir, mut at) = (self.descend(&[])?, self.root.clone());
        for (index, name) in names.iter().enumerate() {
            at.push(name);
            let created = match mkdirat(&dir, *name, Mode::S_IRWXU) {
                Ok(()) => true,
                Err(Errno::EEXIST) => false,
                Err(errno) => return Err(fail("create", &at)(errno.into())),
            };
            dir = open_at(&dir, name, OFlag::O_PATH | DIRECTORY, &at)?;
            if index + 1 == names.len() {
                readable(&dir).and_then(|dir| settle(&dir, mode, owner)).map_err(fail("set mode or owner of", &at))?;
            } else if created {
                readable(&dir).and_then(|dir| settle(&dir, 0o755, None)).map_err(fail("set the mode of", &at))?;
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
            Some((dir, name)) => remove(&dir, name, &self.path(path), 0),
            None => Ok(()),
        })
    }

    /// Removes the entries that are `own` and then the root, unless something else is in it or it is a mount point; says whether it is gone.
    /// The entry `last` goes after all others, so that an interrupted removal can be recognised and done again.
    ///
    /// # Errors
    /// As for `remove_tree`.
    pub fn remove(self, last: &str, own: impl Fn(&str) -> bool) -> Result<bool, DiskError> {
        for name in list(&self.dir).map_err(fail("read", &self.root))? {
            if name != last && name.to_str().is_some_and(&own) {
                remove(&self.dir, &name, &self.path(&name), 0)?;
            }
        }
        self.remove_tree(last)?;
        match fs::canonicalize(&self.root).and_then(fs::remove_dir) {
            Ok(()) => Ok(true),
            Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(true),
            Err(cause) if matches!(cause.kind(), ErrorKind::ResourceBusy | ErrorKind::DirectoryNotEmpty) => Ok(false),
            Err(cause) => Err(fail("remove", &self.root)(cause)),
        }
    }

    /// Bytes that a file or tree takes on disk (blocks, not lengths; a file with two names counts once). 0 if it is missing.
    ///
    /// # Errors
    /// A directory that may not be read. What vanishes while it looks does not count.
    pub fn size(&self, path: impl AsRef<Path>) -> Result<u64, DiskError> {
        let names = names(path.as_ref())?;
        let full = self.path(&path);
        let mut seen = HashSet::new();
        let bytes = match names.split_last() {
            Some((name, parents)) => self.descend(parents).and_then(|dir| measure(&dir, name, &full, 0, &mut seen)),
            None => measure(&self.dir, OsStr::new("."), &full, 0, &mut seen),
        };
        unless_missing(bytes.map(Some)).map(Option::unwrap_or_default)
    }

    /// The names in a directory (`""` is the root), sorted; empty if it is missing. Names that are not UTF-8 are shown lossily.
    ///
    /// # Errors
    /// A link, no directory, or no permission.
    pub fn entries(&self, path: impl AsRef<Path>) -> Result<Vec<String>, DiskError> {
        let full = self.path(&path);
        let listed = names(path.as_ref()).and_then(|names| self.descend(&names)).and_then(|dir| list(&dir).map_err(fail("read", &full)));
        let mut entries: Vec<_> =
            unless_missing(listed.map(Some))?.unwrap_or_default().iter().map(|name| name.to_string_lossy().into_owned()).collect();
        entries.sort();
        Ok(entries)
    }

    /// What is at a path, without following it; `None` if it, or a directory on the way, is missing.
    ///
    /// # Errors
    /// A link on the way, or no permission.
    pub fn metadata(&self, path: impl AsRef<Path>) -> Result<Option<FileMeta>, DiskError> {
        let path = path.as_ref();
        unless_missing(self.parent(path).and_then(|(dir, name)| stat(&dir, name, &self.path(path))).map(|stat| Some(stat.into())))
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
            dir = open_at(&dir, name, OFlag::O_PATH | DIRECTORY, &at)?;
        }
        Ok(dir)
    }
}

/// The path in full, symlinks resolved as far as it exists.
///
/// # Errors
/// No permission, or a file where a directory should be.
pub fn resolve(path: &Path) -> Result<PathBuf, DiskError> {
    let full = std::path::absolute(path).map_err(fail("find", path))?;
    let (existing, rest) = full
        .ancestors()
        .find_map(|above| Some((fs::canonicalize(above).ok()?, full.strip_prefix(above).ok()?)))
        .ok_or_else(|| DiskError::Outside(full.clone()))?;
    Ok(if rest.as_os_str().is_empty() { existing } else { existing.join(rest) })
}

/// Whether this process may make files in a directory: permissions and read-only file systems are taken into account.
#[must_use]
pub fn may_write(dir: &Path) -> bool {
    access(dir, AccessFlags::W_OK | AccessFlags::X_OK).is_ok()
}

/// The contents of a file of the system, such as `/etc/hosts`, with the guarantees of [`Tree::read`]; its parent directories are trusted.
///
/// # Errors
/// As for [`Tree::read`].
pub fn read_outside(path: &Path) -> Result<Option<Vec<u8>>, DiskError> {
    unless_missing(beside(path).and_then(|(dir, name)| read(&dir, name, path)))
}

/// Gives a file of the system new contents, keeping its mode and owner (0644 and the caller's if it is new): atomically, or in place where it is a
/// mount (`/etc/hosts` in a container) or only its directory is read-only.
///
/// # Errors
/// It is a link or no regular file, or the file system refuses.
pub fn replace(path: &Path, contents: &[u8]) -> Result<(), DiskError> {
    let (dir, name) = beside(path)?;
    let old: Option<FileMeta> = unless_missing(stat(&dir, name, path).map(|stat| Some(stat.into())))?;
    let written = match old {
        None => put(&dir, name, contents, 0o644, None),
        Some(FileMeta { mode, uid, gid, kind: Kind::File }) => put(&dir, name, contents, mode, Some(Owner { uid, gid })),
        Some(FileMeta { kind: Kind::Symlink, .. }) => return Err(DiskError::Symlink(path.to_owned())),
        Some(_) => return Err(DiskError::NotAFile(path.to_owned())),
    };
    match written {
        Err(cause)
            if old.is_some() && matches!(cause.kind(), ErrorKind::ResourceBusy | ErrorKind::CrossesDevices | ErrorKind::ReadOnlyFilesystem) =>
        {
            overwrite(&dir, name, contents, path, u64::MAX)
        }
        written => written.map_err(fail("write", path)),
    }
}

fn fail(action: &'static str, path: &Path) -> impl Fn(io::Error) -> DiskError {
    let path = path.to_owned();
    move |cause| DiskError::Io { action, path: path.clone(), cause }
}

fn unless_missing<T>(result: Result<Option<T>, DiskError>) -> Result<Option<T>, DiskError> {
    result.or_else(|error| if error.is_missing() { Ok(None) } else { Err(error) })
}

fn names(path: &Path) -> Result<Vec<&OsStr>, DiskError> {
    let name = |component| match component {
        Component::Normal(name) => Some(Ok(name)),
        Component::CurDir => None,
        _ => Some(Err(DiskError::Outside(path.to_owned()))),
    };
    path.components().filter_map(name).collect()
}

fn beside(path: &Path) -> Result<(OwnedFd, &OsStr), DiskError> {
    let outside = || DiskError::Outside(path.to_owned());
    let (parent, name) = (path.parent().ok_or_else(outside)?, path.file_name().ok_or_else(outside)?);
    let dir = nix::fcntl::open(parent, OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty());
    Ok((dir.map_err(io::Error::from).map_err(fail("open", parent))?, name))
}

fn open_at(dir: &OwnedFd, name: &OsStr, flags: OFlag, at: &Path) -> Result<OwnedFd, DiskError> {
    openat(dir, name, flags, Mode::empty()).map_err(|errno| match stat(dir, name, at).map(|stat| FileMeta::from(stat).kind) {
        // The kernel answers ELOOP or ENOTDIR depending on flags and version.
        Ok(Kind::Symlink) => DiskError::Symlink(at.to_owned()),
        _ => fail("open", at)(errno.into()),
    })
}

fn stat(dir: &OwnedFd, name: &OsStr, at: &Path) -> Result<FileStat, DiskError> {
    fstatat(dir, name, AtFlags::AT_SYMLINK_NOFOLLOW).map_err(io::Error::from).map_err(fail("look at", at))
}

/// The same directory, opened for what `O_PATH` cannot do: list, sync, change mode and owner.
fn readable(dir: &OwnedFd) -> io::Result<File> {
    Ok(openat(dir, ".", OFlag::O_RDONLY | DIRECTORY, Mode::empty())?.into())
}

fn settle(file: &File, mode: u32, owner: Option<Owner>) -> io::Result<()> {
    let meta = file.metadata()?;
    if let Some(Owner { uid, gid }) = owner
        && (meta.uid(), meta.gid()) != (uid, gid)
    {
        fchown(file, Some(uid), Some(gid))?;
    }
    if meta.mode() & 0o7777 != mode {
        file.set_permissions(Permissions::from_mode(mode))?;
    }
    Ok(())
}

fn read(dir: &OwnedFd, name: &OsStr, at: &Path) -> Result<Option<Vec<u8>>, DiskError> {
    let file = File::from(open_at(dir, name, OFlag::O_RDONLY | FILE, at)?);
    if !file.metadata().map_err(fail("read", at))?.is_file() {
        return Err(DiskError::NotAFile(at.to_owned()));
    }
    let mut contents = Vec::new();
    // One byte more than allowed tells a file that grows meanwhile from one that fits.
    let length = file.take(LARGEST + 1).read_to_end(&mut contents).map_err(fail("read", at))?;
    if length as u64 > LARGEST { Err(DiskError::TooLarge(at.to_owned())) } else { Ok(Some(contents)) }
}

fn put(dir: &OwnedFd, name: &OsStr, contents: &[u8], mode: u32, owner: Option<Owner>) -> io::Result<()> {
    let process = std::process::id();
    let temporary = [b".", name.as_bytes(), format!(".mesh-tmp-{:016x}", RandomState::new().hash_one(process)).as_bytes()].concat();
    let temporary = OsStr::from_bytes(&temporary);
    let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | FILE;
    let mut file = File::from(openat(dir, temporary, flags, Mode::S_IRUSR | Mode::S_IWUSR)?);
    let written = settle(&file, mode, owner)
        .and_then(|()| file.write_all(contents))
        .and_then(|()| file.sync_all())
        .and_then(|()| Ok(renameat(dir, temporary, dir, name)?));
    if let Err(cause) = written {
        // The first error is the one worth telling.
        let _ = unlinkat(dir, temporary, UnlinkatFlags::NoRemoveDir);
        return Err(cause);
    }
    readable(dir)?.sync_all()
}

fn overwrite(dir: &OwnedFd, name: &OsStr, contents: &[u8], at: &Path, most_names: u64) -> Result<(), DiskError> {
    let mut file = File::from(open_at(dir, name, OFlag::O_WRONLY | FILE, at)?);
    let meta = file.metadata().map_err(fail("write", at))?;
    if !meta.is_file() || meta.nlink() > most_names {
        return Err(DiskError::NotAFile(at.to_owned()));
    }
    // Cut only after writing: at no moment is the file empty.
    file.write_all(contents).and_then(|()| file.set_len(contents.len() as u64)).and_then(|()| file.sync_all()).map_err(fail("write", at))
}

fn list(dir: &OwnedFd) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in Dir::openat(dir, ".", OFlag::O_RDONLY | DIRECTORY, Mode::empty())? {
        let name = entry?.file_name().to_bytes().to_vec();
        if name != b"." && name != b".." {
            names.push(OsString::from_vec(name));
        }
    }
    Ok(names)
}

fn remove(dir: &OwnedFd, name: &OsStr, at: &Path, depth: usize) -> Result<(), DiskError> {
    match unlinkat(dir, name, UnlinkatFlags::NoRemoveDir) {
        Ok(()) | Err(Errno::ENOENT) => return Ok(()),
        Err(Errno::EISDIR) if depth < DEEPEST => {}
        Err(Errno::EISDIR) => return Err(DiskError::TooDeep(at.to_owned())),
        Err(errno) => return Err(fail("remove", at)(errno.into())),
    }
    let inner = open_at(dir, name, OFlag::O_RDONLY | DIRECTORY, at)?;
    for entry in list(&inner).map_err(fail("read", at))? {
        remove(&inner, &entry, &at.join(&entry), depth + 1)?;
    }
    unlinkat(dir, name, UnlinkatFlags::RemoveDir).map_err(io::Error::from).map_err(fail("remove", at))
}

fn measure(dir: &OwnedFd, name: &OsStr, at: &Path, depth: usize, seen: &mut HashSet<(u64, u64)>) -> Result<u64, DiskError> {
    let Some(stat) = unless_missing(stat(dir, name, at).map(Some))? else { return Ok(0) };
    let directory = FileMeta::from(stat).kind == Kind::Directory;
    if !directory && stat.st_nlink > 1 && !seen.insert((stat.st_dev, stat.st_ino)) {
        return Ok(0);
    }
    let mut bytes = u64::try_from(stat.st_blocks).unwrap_or_default() * 512;
    if directory {
        if depth == DEEPEST {
            return Err(DiskError::TooDeep(at.to_owned()));
        }
        let Some(inner) = unless_missing(open_at(dir, name, OFlag::O_RDONLY | DIRECTORY, at).map(Some))? else { return Ok(0) };
        for entry in list(&inner).map_err(fail("read", at))? {
            bytes += measure(&inner, &entry, &at.join(&entry), depth + 1, seen)?;
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// A tree at `<temp>/mesh` beside an `<temp>/etc` that nothing may touch.
    fn fixture() -> (tempfile::TempDir, Tree, PathBuf) {
        let temp = tempfile::tempdir().unwrap();
        let outside = temp.path().join("etc");
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("shadow"), "secret").unwrap();
        let tree = Tree::create(&temp.path().join("a/mesh"), 0o755).unwrap();
        tree.make_dir("config", 0o750, None).unwrap();
        (temp, tree, outside)
    }

    #[test]
    fn writes_only_what_changed_and_leaves_nothing_behind() {
        let (_temp, tree, _) = fixture();
        assert!(tree.write_if_changed("config/e.yml", b"one", 0o640, None).unwrap());
        assert!(!tree.write_if_changed("config/e.yml", b"one", 0o640, None).unwrap());
        assert!(tree.write_if_changed("config/e.yml", b"one", 0o600, None).unwrap());
        assert!(tree.write_if_changed("config/e.yml", b"two", 0o600, None).unwrap());
        assert_eq!(tree.metadata("config/e.yml").unwrap().map(|meta| (meta.mode, meta.kind)), Some((0o600, Kind::File)));
        assert_eq!(tree.read("config/e.yml").unwrap().unwrap(), b"two");
        tree.make_dir("config/taken", 0o700, None).unwrap();
        tree.write("config/taken", b"", 0o600, None).unwrap_err();
        assert_eq!(tree.entries("config").unwrap(), ["e.yml", "taken"]);
        assert!(tree.write("none/e.yml", b"", 0o600, None).unwrap_err().is_missing());
        assert!(tree.size("").unwrap() > 0);
        assert_eq!((tree.read("none/x").unwrap(), tree.size("none/x").unwrap(), tree.entries("none").unwrap()), (None, 0, vec![]));
    }

    #[test]
    fn a_link_on_the_way_is_refused_by_everything() {
        let (_temp, tree, outside) = fixture();
        symlink(&outside, tree.path("config/certs")).unwrap();
        let refused = |result: Result<(), DiskError>| assert!(matches!(result, Err(DiskError::Symlink(at)) if at.ends_with("config/certs")));
        refused(tree.write("config/certs/shadow", b"x", 0o600, None));
        refused(tree.write_if_changed("config/certs/shadow", b"x", 0o600, None).map(drop));
        refused(tree.write_in_place("config/certs/shadow", b"x"));
        refused(tree.make_dir("config/certs/new", 0o700, None));
        refused(tree.make_dir("config/certs", 0o700, None));
        refused(tree.read("config/certs/shadow").map(drop));
        refused(tree.remove_tree("config/certs/shadow"));
        refused(tree.size("config/certs/shadow").map(drop));
        refused(tree.entries("config/certs").map(drop));
        refused(tree.metadata("config/certs/shadow").map(drop));
        tree.remove_tree("config/certs").unwrap();
        assert_eq!(fs::read(outside.join("shadow")).unwrap(), b"secret");
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
    }

    #[test]
    fn a_link_at_the_end_is_replaced_never_followed() {
        let (_temp, tree, outside) = fixture();
        let shadow = outside.join("shadow");
        let plant = || symlink(&shadow, tree.path("config/k")).unwrap();
        plant();
        assert!(matches!(tree.read("config/k"), Err(DiskError::Symlink(_))));
        assert!(matches!(tree.write_in_place("config/k", b"x"), Err(DiskError::Symlink(_))));
        assert!(tree.write_if_changed("config/k", b"secret", 0o600, None).unwrap());
        assert_eq!(tree.metadata("config/k").unwrap().unwrap().kind, Kind::File);
        tree.remove_tree("config/k").unwrap();
        fs::hard_link(&shadow, tree.path("config/k")).unwrap();
        assert!(matches!(tree.write_in_place("config/k", b"x"), Err(DiskError::NotAFile(_))));
        tree.remove_tree("config/k").unwrap();
        plant();
        symlink(&outside, tree.path("config/d")).unwrap();
        assert!(tree.size("config").unwrap() < 1 << 16);
        fs::write(tree.path("mesh.json"), "").unwrap();
        let root = tree.path("");
        assert!(tree.remove("mesh.json", |_| true).unwrap());
        assert!(!root.exists());
        assert_eq!(fs::read(&shadow).unwrap(), b"secret");
    }

    #[test]
    fn paths_that_leave_and_things_that_are_no_files_are_refused() {
        let (_temp, tree, _) = fixture();
        for path in ["../etc/shadow", "/etc/hosts", "", ".", "config/../../etc/shadow"] {
            assert!(matches!(tree.write(path, b"", 0o600, None), Err(DiskError::Outside(_))), "{path}");
        }
        nix::unistd::mkfifo(&tree.path("pipe"), Mode::S_IRWXU).unwrap();
        assert!(matches!(tree.read("pipe"), Err(DiskError::NotAFile(_))));
        assert!(matches!(tree.read("config"), Err(DiskError::NotAFile(_))));
        File::create(tree.path("big")).unwrap().set_len(LARGEST + 1).unwrap();
        assert!(matches!(tree.read("big"), Err(DiskError::TooLarge(_))));
        tree.write("file", b"", 0o600, None).unwrap();
        tree.make_dir("file", 0o700, None).unwrap_err();
        tree.make_dir("deep/er", 0o700, None).unwrap();
        assert_eq!(tree.metadata("deep").unwrap().unwrap().mode, 0o755);
        assert_eq!(tree.metadata("deep/er").unwrap().unwrap().mode, 0o700);
    }

    #[test]
    fn a_file_of_the_system_keeps_its_mode_and_a_link_is_refused() {
        let (_temp, tree, outside) = fixture();
        let hosts = outside.join("hosts");
        assert_eq!(read_outside(&hosts).unwrap(), None);
        replace(&hosts, b"127.0.0.1 localhost\n").unwrap();
        fs::set_permissions(&hosts, Permissions::from_mode(0o664)).unwrap();
        replace(&hosts, b"short").unwrap();
        assert_eq!((read_outside(&hosts).unwrap().unwrap(), fs::metadata(&hosts).unwrap().mode() & 0o777), (b"short".to_vec(), 0o664));
        let link = tree.path("hosts");
        symlink(&hosts, &link).unwrap();
        assert!(matches!(replace(&link, b""), Err(DiskError::Symlink(_))));
        tree.write("f", b"longer than before", 0o644, None).unwrap();
        tree.write_in_place("f", b"short").unwrap();
        assert_eq!(tree.read("f").unwrap().unwrap(), b"short");
    }

    #[test]
    fn an_owner_is_set_by_root_and_hints_fit_the_cause() {
        let (_temp, tree, _) = fixture();
        if geteuid().is_root() {
            let owner = Owner { uid: 1234, gid: 4321 };
            tree.write("f", b"", 0o640, Some(owner)).unwrap();
            tree.make_dir("config", 0o700, Some(owner)).unwrap();
            for path in ["f", "config"] {
                let meta = tree.metadata(path).unwrap().unwrap();
                assert_eq!((meta.uid, meta.gid), (1234, 4321));
            }
            assert!(!tree.write_if_changed("f", b"", 0o640, Some(owner)).unwrap());
        }
        for (errno, said) in [(Errno::ENOSPC, "space"), (Errno::EROFS, "read-only"), (Errno::EACCES, "sudo"), (Errno::EDQUOT, "space")] {
            assert!(fail("write", Path::new("/x"))(errno.into()).hint().unwrap().contains(said));
        }
    }
}
