//! Where everything is in a bundle, to the byte: any other byte is damage. Pure: no I/O.

use ring::digest::{Context, SHA256};
use tar::{EntryType, Header};

use super::Manifest;
use crate::mesh::passphrase::hex;

/// The first member.
pub const MANIFEST: &str = "mesh-bundle.json";
/// The second: `tar -xf FILE mesh` takes it out.
pub const BINARY: &str = "mesh";
/// The last: `sha256sum --check` reads it.
pub const SUMS: &str = "SHA256SUMS";
/// The unit of a tar, in bytes.
pub const BLOCK: usize = 512;
/// What a tar ends with.
pub const END: [u8; 2 * BLOCK] = [0; 2 * BLOCK];

/// Whether a member may have this path: a header takes it, it is one word of a line, and it leads nowhere else.
pub fn is_path(path: &str) -> bool {
    let is_word = !path.is_empty() && path.bytes().all(|byte| byte.is_ascii_graphic());
    is_word && path.len() <= 100 && !path.starts_with('/') && !path.contains("..")
}

/// The header of a member.
///
/// # Panics
/// The path is none by [`is_path`].
pub fn header(path: &str, bytes: u64) -> [u8; BLOCK] {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_path(path).expect("should be one of the short paths of a bundle");
    header.set_mode(if path == BINARY { 0o755 } else { 0o644 });
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(bytes);
    header.set_cksum();
    *header.as_bytes()
}

/// How many zeros follow so many bytes.
pub fn padding(bytes: u64) -> usize {
    let beyond = usize::try_from(bytes % BLOCK as u64).unwrap_or_default();
    (BLOCK - beyond) % BLOCK
}

/// A SHA-256 in lower-case hexadecimal.
pub fn sha256(context: Context) -> String {
    hex(context.finish().as_ref())
}

pub fn sha256_of(bytes: &[u8]) -> String {
    let mut context = Context::new(&SHA256);
    context.update(bytes);
    sha256(context)
}

/// The text of the sums, with that of the manifest first.
pub fn sums(manifest: &Manifest, its_sum: &str) -> String {
    let line = |sum: &str, path: &str| format!("{sum}  {path}\n");
    let members = manifest.members().map(|member| line(&member.sha256, &member.path));
    std::iter::once(line(its_sum, MANIFEST)).chain(members).collect()
}

/// What follows the members that the manifest lists, to the end.
pub fn tail(manifest: &Manifest, its_sum: &str) -> Vec<u8> {
    let sums = sums(manifest, its_sum);
    let length = sums.len() as u64;
    [&header(SUMS, length)[..], sums.as_bytes(), &vec![0; padding(length)], &END].concat()
}

/// The bytes of a member with its header and the zeros behind it; `None` where no file has so many.
pub fn taken(bytes: u64) -> Option<u64> {
    bytes.checked_add((BLOCK + padding(bytes)) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_no_header_takes_is_none() {
        let long = "a".repeat(101);
        for path in [MANIFEST, BINARY, SUMS, "images/1.tar.gz", "a/", "a//b", "./a", ".", &long[1..]] {
            assert!(is_path(path), "{path:?}");
            header(path, 1);
        }
        for path in ["", "a\0b", "\0", "a\nb", "a b", "\u{1b}[2J", "\u{e4}", "/a", "../a", "a/..", &long[..]] {
            assert!(!is_path(path), "{path:?}");
        }
    }

    #[test]
    fn headers_are_those_of_a_tar() {
        let block = header(BINARY, 9 << 30);
        let read = Header::from_byte_slice(&block);
        assert_eq!((read.entry_size().unwrap(), read.mode().unwrap()), (9 << 30, 0o755));
        assert_eq!(read.path().unwrap().to_str(), Some("mesh"));
        assert_eq!((padding(0), padding(1), padding(512), padding(513)), (0, 511, 0, 511));
        assert_eq!((taken(1), taken(u64::MAX)), (Some(1024), None));
        assert_eq!(sha256_of(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
