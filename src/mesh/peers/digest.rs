//! A digest that two people can compare by telephone. Pure: no I/O.

use crate::mesh::digest::digest_of;

/// 64 bits of SHA-256 over a text, as four groups of four hexadecimal digits: `3f2a-91bc-77d0-1e45`.
pub fn short_digest(text: &str) -> String {
    let digest = digest_of(&[text.as_bytes()]);
    digest.as_bytes()[..16].chunks(4).map(String::from_utf8_lossy).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_find_the_same_digest_for_ever() {
        assert_eq!(short_digest("an invitation"), short_digest("an invitation"));
        insta::assert_snapshot!(short_digest("an invitation"), @"21e5-8e98-d0bc-ff38");
        assert_ne!(short_digest("a"), short_digest("b"));
    }
}
