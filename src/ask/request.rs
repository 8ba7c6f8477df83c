//! A request to Elasticsearch as people type it: path and body made whole. Pure: no I/O.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::{exit::Exit, explain::Explain};

/// A body, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    pub content_type: &'static str,
    pub bytes: Vec<u8>,
}

/// A path that would not be sent as it was typed, or would name something else on the way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    #[error("the path `{0}` has a control character")]
    Control(String),
    #[error("the path `{0}` has a `\\`")]
    Backslash(String),
    /// The path, and the segment.
    #[error("the path `{0}` has the segment `{1}`, which stands for another path")]
    Dots(String, &'static str),
    #[error("the path is {0} bytes long, and {LONGEST} can be sent")]
    TooLong(usize),
}

impl Explain for PathError {
    fn exit(&self) -> Exit {
        Exit::Request
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Control(_) => "a tab is written `%09`, the end of a line `%0a`".to_owned(),
            Self::Backslash(path) => {
                format!("`/` parts a path; where the character is meant: `{}`", encoded_slashes(path))
            }
            Self::Dots(path, segment) => {
                let encode = |part: &str| if part == *segment { segment.replace('.', "%2e") } else { part.to_owned() };
                let (path, query) = split(path);
                let path = path.split('/').map(encode).collect::<Vec<_>>().join("/");
                format!("where a name is meant: `{path}{query}`")
            }
            Self::TooLong(_) => "send what is long in the body".to_owned(),
        })
    }
}

fn encoded_slashes(path: &str) -> String {
    path.replace('\\', "%5C")
}

pub const JSON: &str = "application/json";
/// JSON values one a line, each line ended; see <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk>.
pub const NDJSON: &str = "application/x-ndjson";

/// The longest path with its query, in bytes. The `http` crate refuses more; Elasticsearch takes 4 KiB unless it is set
/// otherwise.
const LONGEST: usize = 65_534;

/// What neither a path nor a query can hold as it is; see <https://www.rfc-editor.org/rfc/rfc3986#appendix-A>. `%` is
/// judged by what follows it.
const ILLEGAL: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');
/// What would end a segment of a path, besides.
const SEGMENT: &AsciiSet = &ILLEGAL.add(b'/').add(b'?').add(b'%');

/// The path as it is sent: with a slash in front, `%XX` as typed, and what is illegal in it encoded.
///
/// # Errors
/// It has `.` or `..` as a segment, `\`, or a control character. HTTP clients take these for other paths, without a
/// word.
pub fn path(typed: &str) -> Result<String, PathError> {
    if typed.contains(char::is_control) {
        return Err(PathError::Control(typed.escape_debug().to_string()));
    }
    let (before, query) = split(typed);
    if before.contains('\\') {
        return Err(PathError::Backslash(typed.to_owned()));
    }
    if let Some(dots) = [".", ".."].into_iter().find(|dots| before.split('/').any(|segment| segment == *dots)) {
        return Err(PathError::Dots(typed.to_owned(), dots));
    }
    let path = format!("/{}{}", encoded(before.strip_prefix('/').unwrap_or(before)), encoded(query));
    if path.len() > LONGEST { Err(PathError::TooLong(path.len())) } else { Ok(path) }
}

/// One segment of a path, whatever the text: names of indices, ids.
pub fn segment(text: &str) -> String {
    match text {
        "." | ".." => text.replace('.', "%2e"),
        text => utf8_percent_encode(text, SEGMENT).to_string(),
    }
}

/// Path, and query with its `?`.
fn split(typed: &str) -> (&str, &str) {
    typed.split_at(typed.find('?').unwrap_or(typed.len()))
}

fn encoded(text: &str) -> String {
    let is_encoded = |rest: &str| rest.as_bytes().get(..2).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));
    let mut parts = text.split('%');
    let first = parts.next().unwrap_or_default();
    parts.fold(utf8_percent_encode(first, ILLEGAL).to_string(), |encoded, part| {
        let percent = if is_encoded(part) { "%" } else { "%25" };
        encoded + percent + &utf8_percent_encode(part, ILLEGAL).to_string()
    })
}

impl Body {
    /// The body of a request to `path`: lines of JSON for the bulk requests, JSON otherwise.
    pub fn of(path: &str, mut bytes: Vec<u8>) -> Self {
        let (path, _) = split(path);
        if !path.split('/').any(|part| matches!(part, "_bulk" | "_msearch")) {
            return Self { content_type: JSON, bytes };
        }
        if !bytes.ends_with(b"\n") {
            bytes.push(b'\n');
        }
        Self { content_type: NDJSON, bytes }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_path_is_sent_as_it_is_typed() {
        for (typed, sent) in [
            ("_cat/indices?v", "/_cat/indices?v"),
            ("/a/_search?q=x#y", "/a/_search?q=x%23y"),
            ("@example.org/", "/@example.org/"),
            ("", "/"),
            ("//a//b", "//a//b"),
            ("?pretty", "/?pretty"),
            ("a/_doc/%2e%2e", "/a/_doc/%2e%2e"),
            ("a/_doc/%2E.", "/a/_doc/%2E."),
            ("a/_doc/...", "/a/_doc/..."),
            ("a/_doc/%2Fb%zz%", "/a/_doc/%2Fb%25zz%25"),
            ("<a-{now/d}>/_search", "/%3Ca-%7Bnow/d%7D%3E/_search"),
            ("a/_doc/ü 1", "/a/_doc/%C3%BC%201"),
            ("_search?q=path:..\\:x/../y", "/_search?q=path:..%5C:x/../y"),
        ] {
            assert_eq!(path(typed).as_deref(), Ok(sent));
        }
    }

    #[test]
    fn a_path_that_would_name_another_is_refused_with_what_to_type() {
        let error = |typed: &str| {
            let error = path(typed).unwrap_err();
            format!("{error}\n  {}\n", error.hint().unwrap())
        };
        let errors: String =
            ["mesh-z/_doc/..", "../_all?x=..", "./a", "a\\..\\b", "a/\t./b", "a\n?x"].into_iter().map(error).collect();
        insta::assert_snapshot!(errors, @r"
        the path `mesh-z/_doc/..` has the segment `..`, which stands for another path
          where a name is meant: `mesh-z/_doc/%2e%2e`
        the path `../_all?x=..` has the segment `..`, which stands for another path
          where a name is meant: `%2e%2e/_all?x=..`
        the path `./a` has the segment `.`, which stands for another path
          where a name is meant: `%2e/a`
        the path `a\..\b` has a `\`
          `/` parts a path; where the character is meant: `a%5C..%5Cb`
        the path `a/\t./b` has a control character
          a tab is written `%09`, the end of a line `%0a`
        the path `a\n?x` has a control character
          a tab is written `%09`, the end of a line `%0a`
        ");
        assert_eq!(path(&"a".repeat(65_534)), Err(PathError::TooLong(65_535)));
    }

    #[test]
    fn a_segment_stays_one() {
        assert_eq!(segment("mesh-*,cluster*:mesh-*"), "mesh-*,cluster*:mesh-*");
        assert_eq!(segment("a/../b?c%2f"), "a%2F..%2Fb%3Fc%252f");
        assert_eq!([segment("."), segment("..")], ["%2e", "%2e%2e"]);
    }

    proptest! {
        #[test]
        fn what_is_sent_is_legal_and_is_sent_again_as_it_is(typed in "[\\PC%./?#\\\\]{0,30}") {
            if let Ok(sent) = path(&typed) {
                prop_assert!(sent.parse::<hyper::http::uri::PathAndQuery>().is_ok());
                prop_assert_eq!(path(&sent), Ok(sent));
            }
        }
    }

    #[test]
    fn bulk_requests_get_lines_and_others_their_bytes() {
        for lines in ["/_bulk", "/a/_bulk?refresh=true", "/_msearch/template"] {
            assert_eq!(Body::of(lines, b"{}".to_vec()), Body { content_type: NDJSON, bytes: b"{}\n".to_vec() });
            assert_eq!(Body::of(lines, b"{}\n".to_vec()).bytes, b"{}\n");
        }
        for json in ["/_search", "/a/_doc/1?x=/_bulk", "/my_bulk/_doc"] {
            assert_eq!(Body::of(json, b"\xff".to_vec()), Body { content_type: JSON, bytes: b"\xff".to_vec() });
        }
    }
}
