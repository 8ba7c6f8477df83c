//! Ids of documents: the same line of the same source has the same one in every run, so that a second run doubles
//! nothing. Pure: no I/O.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::digest::{Context, SHA256};

/// The length of an id, as long as those that Elasticsearch makes.
pub const LENGTH: usize = 20;
/// The bytes of the digest that an id has.
const BYTES: usize = 15;

/// The ids of one source.
#[derive(Clone)]
pub struct Ids(Context);

impl Ids {
    pub fn of(source: &str) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(&(source.len() as u64).to_be_bytes());
        context.update(source.as_bytes());
        Self(context)
    }

    /// The id of a line: 120 bits of the SHA-256 of the source's name, the line's number and its bytes. Whatever is
    /// changed here doubles every document that is loaded again.
    pub fn id(&self, number: u64, line: &[u8]) -> String {
        let mut context = self.0.clone();
        context.update(&number.to_be_bytes());
        context.update(line);
        BASE64_URL_SAFE_NO_PAD.encode(&context.finish().as_ref()[..BYTES])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_stay_for_ever() {
        let ids = Ids::of("/data/visits.ndjson");
        assert_eq!(ids.id(7, br#"{"n": 1}"#), "_Ojriw2mB8Fnt8x8Lxy_");
        assert_eq!(ids.id(7, br#"{"n": 1}"#).len(), LENGTH);
    }

    #[test]
    fn another_source_number_or_line_has_another_id() {
        let id = |source: &str, number, line: &str| Ids::of(source).id(number, line.as_bytes());
        let all = [id("a", 1, "x"), id("b", 1, "x"), id("a", 2, "x"), id("a", 1, "y"), id("a\0", 1, "x")];
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }
}
