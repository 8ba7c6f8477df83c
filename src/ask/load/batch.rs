//! Documents of one request. Pure: no I/O.

use super::ids::LENGTH;

/// The most that one request has.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub bytes: usize,
    pub documents: usize,
}

impl Default for Limits {
    /// Large enough that a request's own cost vanishes, and small against the tenth of a heap that Elasticsearch keeps
    /// for requests; see <https://www.elastic.co/docs/reference/elasticsearch/index-settings/pressure>.
    fn default() -> Self {
        Self { bytes: 5_000_000, documents: 5_000 }
    }
}

/// The documents of one request, in the form of `_bulk`; see
/// <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk>. The action is `create`: what is there
/// already is refused with 409 and stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    body: Vec<u8>,
    items: Vec<Item>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Item {
    /// The number of its line.
    line: u64,
    /// Where its action begins in the body.
    begin: usize,
}

const BEFORE: &[u8] = br#"{"create":{"_id":""#;
const AFTER: &[u8] = b"\"}}\n";

impl Batch {
    pub fn push(&mut self, line: u64, id: &str, document: &[u8]) {
        self.items.push(Item { line, begin: self.body.len() });
        for part in [BEFORE, id.as_bytes(), AFTER, document, b"\n"] {
            self.body.extend_from_slice(part);
        }
    }

    /// Whether a document of so many bytes can be added. One that has more than a request can be alone in one.
    pub fn has_room(&self, bytes: usize, limits: Limits) -> bool {
        let more = BEFORE.len() + LENGTH + AFTER.len() + bytes + 1;
        self.items.is_empty() || (self.body.len() + more <= limits.bytes && self.items.len() < limits.documents)
    }

    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The number of a document's line.
    pub fn line(&self, at: usize) -> u64 {
        self.items[at].line
    }

    /// The documents' ids.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.items.iter().map(|item| {
            let begin = item.begin + BEFORE.len();
            std::str::from_utf8(&self.body[begin..begin + LENGTH]).unwrap_or_default()
        })
    }

    /// Some of the documents, by their places.
    #[must_use]
    pub fn part(&self, places: impl IntoIterator<Item = usize>) -> Self {
        let mut part = Self::default();
        for at in places {
            let end = self.items.get(at + 1).map_or(self.body.len(), |next| next.begin);
            part.items.push(Item { line: self.items[at].line, begin: part.body.len() });
            part.body.extend_from_slice(&self.body[self.items[at].begin..end]);
        }
        part
    }

    /// The first and the second half; `None` for a single document.
    pub fn halves(&self) -> Option<[Self; 2]> {
        let middle = self.len() / 2;
        (middle > 0).then(|| [self.part(0..middle), self.part(middle..self.len())])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "0123456789-_ABCDEFGH";

    fn batch(lines: std::ops::Range<u64>) -> Batch {
        let mut batch = Batch::default();
        lines.for_each(|line| batch.push(line, ID, format!(r#"{{"n":{line}}}"#).as_bytes()));
        batch
    }

    #[test]
    fn a_part_is_a_request_of_its_own() {
        let all = batch(1..4);
        let part = all.part([0, 2]);
        insta::assert_snapshot!(String::from_utf8_lossy(part.body()), @r#"
        {"create":{"_id":"0123456789-_ABCDEFGH"}}
        {"n":1}
        {"create":{"_id":"0123456789-_ABCDEFGH"}}
        {"n":3}
        "#);
        assert_eq!((part.len(), part.line(0), part.line(1)), (2, 1, 3));
        assert_eq!(part.ids().collect::<Vec<_>>(), [ID, ID]);
        assert_eq!(all.part(0..3), all);
        let [first, second] = all.halves().unwrap();
        assert_eq!((first.len(), second.line(0), batch(1..2).halves()), (1, 2, None));
    }

    proptest! {
        #[test]
        fn a_request_is_within_its_limits(lengths in prop::collection::vec(0_usize..400, 1..60), bytes in 100_usize..1_000, documents in 1_usize..9) {
            let limits = Limits { bytes, documents };
            let (mut batch, mut sent) = (Batch::default(), 0);
            for length in lengths.iter().chain([&1]) {
                if !batch.has_room(*length, limits) {
                    prop_assert!(batch.len() <= documents && (batch.body().len() <= bytes || batch.len() == 1));
                    sent += batch.len();
                    batch = Batch::default();
                }
                batch.push(1, ID, &vec![b' '; *length]);
            }
            prop_assert_eq!(sent + batch.len(), lengths.len() + 1);
        }
    }
}
