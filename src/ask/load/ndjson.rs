//! Whether a line is a document. Pure: no I/O.

use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::ask::log_line::plain;

/// Why the first line of a file that was written for `_bulk` is not a document: every second one is none.
pub const ACTION: &str = "it is an action of a bulk request, and not a document; `awk 'NR % 2 == 0' FILE > OTHER` \
                          writes the documents alone";
/// Why the first line of a table that is not called `.csv` is not a document.
const TABLE: &str = "it is not a JSON object; if it is the header of a table, `--source NAME.csv`, or `NAME.tsv`, has \
                     the file read as one";
/// More bytes than an action has.
const LONGEST_ACTION: usize = 4096;

/// What an action says beside the fields that begin with `_`.
const META: [&str; 10] = [
    "routing",
    "pipeline",
    "require_alias",
    "require_data_stream",
    "list_executed_pipelines",
    "dynamic_templates",
    "version",
    "version_type",
    "if_seq_no",
    "if_primary_term",
];

/// Whether a line is an action of a bulk request, such as `{"index":{"_id":"1"}}`; see
/// <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk>.
fn is_action(text: &str) -> bool {
    if text.len() > LONGEST_ACTION {
        return false;
    }
    let Ok(object) = serde_json::from_str::<Map<String, Value>>(text) else { return false };
    let is_meta = |key: &String| key.starts_with('_') || META.contains(&key.as_str());
    let mut fields = object.iter();
    let action = fields.next().filter(|(key, _)| ["index", "create"].contains(&key.as_str()));
    let meta = action.and_then(|(_, meta)| meta.as_object());
    fields.next().is_none() && meta.is_some_and(|meta| meta.keys().all(is_meta))
}

/// Requires that the first line of a file is not that of one with another form.
pub fn check_first(text: &str) -> Result<(), String> {
    if is_action(text) {
        return Err(ACTION.to_owned());
    }
    if is_header(text) { Err(TABLE.to_owned()) } else { Ok(()) }
}

/// Whether a line may be the header of a table: several names.
fn is_header(text: &str) -> bool {
    !text.starts_with(['{', '[']) && text.contains([',', '\t'])
}

/// Requires that a line is a JSON object.
pub fn check(text: &str) -> Result<(), String> {
    if !text.starts_with('{') {
        return Err(match text.as_bytes()[0] {
            b'[' => "it is not a JSON object; `jq -c '.[]'` writes one a line for each of a list".to_owned(),
            _ => "it is not a JSON object".to_owned(),
        });
    }
    let valid = serde_json::from_str::<IgnoredAny>(text);
    valid.map(drop).map_err(|error| {
        // a line is always the first one of its text
        let reason = plain(&error.to_string()).replace(" at line 1 column", " at column");
        let is_pretty = text.trim_end() == "{";
        format!(
            "it is not valid JSON: {reason}{}",
            if is_pretty { "; `jq -c .` writes an object in one line" } else { "" }
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_line() {
        assert_eq!(check(r#"{"a": [1, {"b": null}]}"#), Ok(()));
        let wrong = ["{", "[{}]", "7", "\"a\"", "{} {}", "{\"a\":01}", "{'a':1}", "{\"a\":\"\u{1}\"}"];
        let reasons: Vec<String> = wrong.iter().map(|line| check(line).unwrap_err()).collect();
        insta::assert_snapshot!(reasons.join("\n"), @r"
        it is not valid JSON: EOF while parsing an object at column 1; `jq -c .` writes an object in one line
        it is not a JSON object; `jq -c '.[]'` writes one a line for each of a list
        it is not a JSON object
        it is not a JSON object
        it is not valid JSON: trailing characters at column 4
        it is not valid JSON: invalid number at column 7
        it is not valid JSON: key must be a string at column 2
        it is not valid JSON: control character (\u0000-\u001F) found while parsing a string at column 6
        ");
    }

    #[test]
    fn a_header_has_several_names() {
        assert!(["n,kind", "\"n\"\t\"kind\""].into_iter().all(is_header));
        assert!(!["{\"a\":1,\"b\":2}", "[1,2]", "n", ""].into_iter().any(is_header));
        assert_eq!(check_first("n,kind"), Err(TABLE.to_owned()));
    }

    #[test]
    fn an_action_of_a_bulk_request_has_nothing_but_where_to() {
        let actions = [r#"{"index":{"_id":"1"}}"#, r#"{"create":{}}"#, r#"{"index": {"_index": "a", "routing": "b"}}"#];
        for action in actions {
            assert!(is_action(action), "{action}");
        }
        let documents =
            [r#"{"index":"a"}"#, r#"{"index":{"name":"a"}}"#, r#"{"index":{},"n":1}"#, r#"{"n":{}}"#, "{}", "{", ""];
        for document in documents {
            assert!(!is_action(document), "{document}");
        }
    }
}
