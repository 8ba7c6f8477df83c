//! Files that another program than gzip compressed, by their first bytes. Pure: no I/O.

/// The bytes of a file that are enough to know.
pub const ENOUGH: usize = 10;

/// How files begin that are compressed, each with the command that unpacks one and keeps it.
const PACKED: [(&[u8], &str); 3] =
    [(b"\x28\xb5\x2f\xfd", "zstd -d"), (b"\xfd7zXZ\0", "xz -dk"), (b"PK\x03\x04", "unzip")];

/// The command that unpacks a file that begins so; `None` where it is none of these.
pub fn unpacks(begin: &[u8]) -> Option<&'static str> {
    // between the two is a digit
    let is_bzip2 = begin.starts_with(b"BZh") && begin.get(4..).is_some_and(|rest| rest.starts_with(b"1AY&SY"));
    let known = PACKED.iter().find(|(packed, _)| begin.starts_with(packed)).map(|(_, command)| *command);
    known.or_else(|| is_bzip2.then_some("bzip2 -dk"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_known_by_bytes_that_no_text_begins_with() {
        for (begin, command) in [
            (&b"\x28\xb5\x2f\xfd\x04\x00"[..], "zstd -d"),
            (b"\xfd7zXZ\0\0\x04", "xz -dk"),
            (b"PK\x03\x04\x14\0", "unzip"),
            (b"BZh91AY&SY\xff", "bzip2 -dk"),
        ] {
            assert_eq!(unpacks(begin), Some(command));
        }
        for text in [&b""[..], b"{\"n\":1}\n", b"PK,name\n", b"BZh9,x\n1,2\n", b"\x1f\x8b\x08", b"\xff\xfea\0"] {
            assert_eq!(unpacks(text), None);
        }
    }
}
