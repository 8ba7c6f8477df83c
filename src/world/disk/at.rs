//! What is done to one name in a directory that is held open: never through a path, never through a link. Does I/O.

use std::{
    collections::HashSet,
    ffi::{OsStr, OsString},
    fs::{File, Permissions},
    io::{self, Read, Write},
    os::{
        fd::OwnedFd,
        unix::{
            ffi::{OsStrExt, OsStringExt},
            fs::{MetadataExt, PermissionsExt, fchown},
        },
    },
    path::Path,
};

use nix::{
    dir::Dir,
    errno::Errno,
    fcntl::{AtFlags, FallocateFlags, OFlag, fallocate, openat, renameat},
    sys::stat::{FileStat, Mode, SFlag, fstatat},
    unistd::{UnlinkatFlags, unlinkat},
};

use super::error::{DiskError, fail, unless_missing};
use crate::mesh::Owner;

/// The largest file that is read, in bytes. Nothing of ours comes near it, so a larger one was planted.
pub const LARGEST: u64 = 16 << 20;
/// How deep a tree is walked. Elasticsearch's data is some ten levels deep; the limit keeps a planted maze from eating
/// descriptors and stack.
pub(super) const DEEPEST: usize = 256;
pub(super) const DIRECTORY: OFlag = OFlag::O_DIRECTORY.union(OFlag::O_NOFOLLOW).union(OFlag::O_CLOEXEC);
const FILE: OFlag = OFlag::O_NOFOLLOW.union(OFlag::O_NONBLOCK).union(OFlag::O_NOCTTY).union(OFlag::O_CLOEXEC);

/// What stands between the name of a file and a number in the name that the file has until it is whole.
const TEMPORARY: &str = ".mesh-tmp-";

/// The name of the file that one with a temporary name was to become; `None` for other names.
pub fn unfinished(temporary: &str) -> Option<&str> {
    let (name, number) = temporary.strip_prefix('.')?.rsplit_once(TEMPORARY)?;
    (number.len() == 16 && number.bytes().all(|digit| digit.is_ascii_hexdigit())).then_some(name)
}

/// What a path is, the path itself and not what a link points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    File,
    Directory,
    Symlink,
    /// A pipe, socket or device.
    Other,
}

/// The facts of a path that we set ourselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileMeta {
    /// Permission bits, `0o7777` at most.
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    pub kind: Kind,
    /// When it was last written, in seconds since 1970.
    pub modified: i64,
}

impl From<FileStat> for FileMeta {
    fn from(stat: FileStat) -> Self {
        let kind = match SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT {
            SFlag::S_IFREG => Kind::File,
            SFlag::S_IFDIR => Kind::Directory,
            SFlag::S_IFLNK => Kind::Symlink,
            _ => Kind::Other,
        };
        Self { mode: stat.st_mode & 0o7777, uid: stat.st_uid, gid: stat.st_gid, kind, modified: stat.st_mtime }
    }
}

pub(super) fn open(dir: &OwnedFd, name: &OsStr, flags: OFlag, at: &Path) -> Result<OwnedFd, DiskError> {
    openat(dir, name, flags, Mode::empty()).map_err(|errno| {
        match stat(dir, name, at).map(|stat| FileMeta::from(stat).kind) {
            // The kernel answers ELOOP or ENOTDIR depending on flags and version.
            Ok(Kind::Symlink) => DiskError::Symlink(at.to_owned()),
            _ => fail("open", at)(errno.into()),
        }
    })
}

pub(super) fn stat(dir: &OwnedFd, name: &OsStr, at: &Path) -> Result<FileStat, DiskError> {
    fstatat(dir, name, AtFlags::AT_SYMLINK_NOFOLLOW).map_err(io::Error::from).map_err(fail("look at", at))
}

/// A directory opened once more, for what `O_PATH` cannot do: list, sync, change mode and owner.
pub(super) fn readable(dir: &OwnedFd) -> io::Result<File> {
    Ok(openat(dir, ".", OFlag::O_RDONLY | DIRECTORY, Mode::empty())?.into())
}

/// Sets mode and owner where they differ.
pub(super) fn settle(file: &File, mode: u32, owner: Option<Owner>) -> io::Result<()> {
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

pub(super) fn read(dir: &OwnedFd, name: &OsStr, at: &Path) -> Result<Option<Vec<u8>>, DiskError> {
    let file = File::from(open(dir, name, OFlag::O_RDONLY | FILE, at)?);
    if !file.metadata().map_err(fail("read", at))?.is_file() {
        return Err(DiskError::NotAFile(at.to_owned()));
    }
    let mut contents = Vec::new();
    // One byte more than allowed tells a file that grows meanwhile from one that fits.
    let length = file.take(LARGEST + 1).read_to_end(&mut contents).map_err(fail("read", at))?;
    if length as u64 > LARGEST {
        return Err(DiskError::TooLarge { path: at.to_owned(), largest: LARGEST });
    }
    Ok(Some(contents))
}

/// Writes a new file and gives it the name: atomic and durable.
pub(super) fn put(dir: &OwnedFd, name: &OsStr, contents: &[u8], mode: u32, owner: Option<Owner>) -> io::Result<()> {
    let temporary = prepare(dir, name, contents, mode, owner)?;
    take_name(dir, &temporary, name)?;
    sync(dir)
}

/// Writes a new file beside the one that has the name, and says what it is called until it takes it.
pub(super) fn prepare(
    dir: &OwnedFd,
    name: &OsStr,
    contents: &[u8],
    mode: u32,
    owner: Option<Owner>,
) -> io::Result<OsString> {
    let prefix = [b".", name.as_bytes(), TEMPORARY.as_bytes()].concat();
    remove_leftovers(dir, &prefix)?;
    let number = format!("{:016x}", rand::random::<u64>());
    let temporary = OsString::from_vec([&prefix[..], number.as_bytes()].concat());
    let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | FILE;
    let mut file = File::from(openat(dir, &*temporary, flags, Mode::S_IRUSR | Mode::S_IWUSR)?);
    let written = settle(&file, mode, owner).and_then(|()| file.write_all(contents)).and_then(|()| file.sync_all());
    if let Err(cause) = written {
        discard(dir, &temporary);
        return Err(cause);
    }
    Ok(temporary)
}

/// Gives a prepared file its name.
pub(super) fn take_name(dir: &OwnedFd, temporary: &OsStr, name: &OsStr) -> io::Result<()> {
    renameat(dir, temporary, dir, name).map_err(|errno| {
        discard(dir, temporary);
        errno.into()
    })
}

/// The error that led here is the one worth telling.
pub(super) fn discard(dir: &OwnedFd, temporary: &OsStr) {
    let _ = unlinkat(dir, temporary, UnlinkatFlags::NoRemoveDir);
}

/// Leftovers of killed runs: only one run writes at a time, so none of them is in use.
fn remove_leftovers(dir: &OwnedFd, prefix: &[u8]) -> io::Result<()> {
    for name in list(dir)?.into_iter().filter(|name| name.as_bytes().starts_with(prefix)) {
        match unlinkat(dir, name.as_os_str(), UnlinkatFlags::NoRemoveDir) {
            // a directory of that name is no leftover
            Ok(()) | Err(Errno::ENOENT | Errno::EISDIR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(())
}

/// Makes what was made or removed in a directory outlive a crash.
pub(super) fn sync(dir: &OwnedFd) -> io::Result<()> {
    readable(dir)?.sync_all()
}

/// Writes into the file that is there, which keeps its inode, mode and owner, in one call and with the room for it
/// taken before. A run that is ended between the write and the cut leaves empty lines at the end.
pub(super) fn overwrite(dir: &OwnedFd, name: &OsStr, contents: &[u8], at: &Path) -> Result<(), DiskError> {
    let mut file = File::from(open(dir, name, OFlag::O_WRONLY | FILE, at)?);
    let meta = file.metadata().map_err(fail("write", at))?;
    if !meta.is_file() {
        return Err(DiskError::NotAFile(at.to_owned()));
    }
    let old = file.metadata().map_err(fail("write", at))?.len();
    let padding = usize::try_from(old).unwrap_or_default().saturating_sub(contents.len());
    let padded = [contents, &vec![b'\n'; padding]].concat();
    reserve(&file, padded.len())
        .and_then(|()| file.write_all(&padded))
        .and_then(|()| file.set_len(contents.len() as u64))
        .and_then(|()| file.sync_all())
        .map_err(fail("write", at))
}

/// Takes the room for so many bytes without changing the file, so that a full disk is met before and not half-way.
fn reserve(file: &File, length: usize) -> io::Result<()> {
    let length = i64::try_from(length).map_err(io::Error::other)?;
    match fallocate(file, FallocateFlags::FALLOC_FL_KEEP_SIZE, 0, length.max(1)) {
        // not every file system can
        Ok(()) | Err(Errno::EOPNOTSUPP | Errno::ENOSYS) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

pub(super) fn list(dir: &OwnedFd) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in Dir::openat(dir, ".", OFlag::O_RDONLY | DIRECTORY, Mode::empty())? {
        let name = entry?.file_name().to_bytes().to_vec();
        if name != b"." && name != b".." {
            names.push(OsString::from_vec(name));
        }
    }
    Ok(names)
}

pub(super) fn remove(dir: &OwnedFd, name: &OsStr, at: &Path, depth: usize) -> Result<(), DiskError> {
    match unlinkat(dir, name, UnlinkatFlags::NoRemoveDir) {
        Ok(()) | Err(Errno::ENOENT) => return Ok(()),
        Err(Errno::EISDIR) if depth < DEEPEST => {}
        Err(Errno::EISDIR) => return Err(DiskError::TooDeep(at.to_owned())),
        Err(errno) => return Err(fail("remove", at)(errno.into())),
    }
    let inner = open(dir, name, OFlag::O_RDONLY | DIRECTORY, at)?;
    for entry in list(&inner).map_err(fail("read", at))? {
        remove(&inner, &entry, &at.join(&entry), depth + 1)?;
    }
    unlinkat(dir, name, UnlinkatFlags::RemoveDir).map_err(io::Error::from).map_err(fail("remove", at))
}

/// Bytes on disk; `seen` has the files that have several names.
pub(super) fn measure(
    dir: &OwnedFd,
    name: &OsStr,
    at: &Path,
    depth: usize,
    seen: &mut HashSet<(u64, u64)>,
) -> Result<u64, DiskError> {
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
        let Some(inner) = unless_missing(open(dir, name, OFlag::O_RDONLY | DIRECTORY, at).map(Some))? else {
            return Ok(0);
        };
        for entry in list(&inner).map_err(fail("read", at))? {
            bytes += measure(&inner, &entry, &at.join(&entry), depth + 1, seen)?;
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    #[test]
    fn a_temporary_name_tells_of_what_it_is_for() {
        let temp = tempfile::tempdir().unwrap();
        let dir = OwnedFd::from(File::open(temp.path()).unwrap());
        let temporary = prepare(&dir, OsStr::new("ca.crt"), b"", 0o600, None).unwrap().into_string().unwrap();
        assert_eq!(unfinished(&temporary), Some("ca.crt"));
        for other in ["ca.crt", ".ca.crt.mesh-tmp-", ".ca.crt.mesh-tmp-another", &temporary[1..]] {
            assert_eq!(unfinished(other), None, "{other}");
        }
    }

    #[test]
    fn a_file_is_overwritten_whole_and_a_link_is_not() {
        let temp = tempfile::tempdir().unwrap();
        let dir = OwnedFd::from(File::open(temp.path()).unwrap());
        let at = temp.path().join("f");
        fs::write(&at, "longer than before").unwrap();
        let inode = fs::metadata(&at).unwrap().ino();
        overwrite(&dir, OsStr::new("f"), b"short", &at).unwrap();
        assert_eq!((fs::read(&at).unwrap(), fs::metadata(&at).unwrap().ino()), (b"short".to_vec(), inode));
        symlink(&at, temp.path().join("link")).unwrap();
        assert!(matches!(overwrite(&dir, OsStr::new("link"), b"x", &at), Err(DiskError::Symlink(_))));
        assert!(overwrite(&dir, OsStr::new("none"), b"x", &at).unwrap_err().is_missing());
    }
}
