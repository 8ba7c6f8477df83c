//! File systems that are mounted below a directory, as the kernel lists them. I/O: `/proc/self/mountinfo`; changes
//! nothing.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs,
    os::unix::ffi::OsStringExt as _,
    path::{Path, PathBuf},
};

use super::host::HostError;

const LIST: &str = "/proc/self/mountinfo";

/// Their places, as paths below the directory.
///
/// # Errors
/// The list cannot be read.
pub fn below(dir: &Path) -> Result<BTreeSet<String>, HostError> {
    let list = fs::read(LIST).map_err(|cause| HostError::Read { path: LIST.into(), cause })?;
    let places = list.split(|byte| *byte == b'\n').filter_map(place);
    Ok(places.filter_map(|place| inside(dir, &place)).collect())
}

fn inside(dir: &Path, place: &Path) -> Option<String> {
    let path = place.strip_prefix(dir).ok()?.display().to_string();
    (!path.is_empty()).then_some(path)
}

/// The fifth field of a line, in which blanks are written as octal numbers; see `proc_pid_mountinfo(5)`.
fn place(line: &[u8]) -> Option<PathBuf> {
    let mut bytes = line.split(|byte| *byte == b' ').nth(4)?.iter().copied();
    let mut place = Vec::new();
    while let Some(byte) = bytes.next() {
        place.push(match byte {
            b'\\' => bytes.by_ref().take(3).fold(0u8, |code, digit| code.wrapping_mul(8).wrapping_add(digit & 7)),
            other => other,
        });
    }
    Some(OsString::from_vec(place).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_with_their_blanks() {
        let line = b"36 35 98:0 /mnt1 /srv/my\\040mesh/cluster01/elastic/data rw,noatime master:1 - ext3 /dev/root rw";
        let found = place(line).unwrap();
        assert_eq!(found, Path::new("/srv/my mesh/cluster01/elastic/data"));
        assert_eq!(inside(Path::new("/srv/my mesh"), &found).as_deref(), Some("cluster01/elastic/data"));
        assert_eq!(inside(Path::new("/srv/my"), &found), None);
        assert_eq!(inside(&found, &found), None, "a disk of the mesh's own is not inside it");
        assert!(below(Path::new("/")).unwrap().contains("proc"));
    }
}
