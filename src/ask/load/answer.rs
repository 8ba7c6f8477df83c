//! What the answer to a request of many documents says about each of them. Pure: no I/O.

use serde::Deserialize;

use super::{BadLine, Batch};
use crate::ask::log_line::plain;

/// What became of a bulk request as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BulkVerdict {
    /// The server looked at each document.
    Taken(Taken),
    /// The server took nothing, for a reason that passes.
    Again(String),
    /// The request has more bytes than the server takes.
    TooLarge,
    /// The server takes nothing, for a reason that stays.
    Refused(String),
}

/// What became of the documents of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    pub created: u64,
    /// They were there already.
    pub present: u64,
    pub bad: Vec<BadLine>,
    /// Those that are to be sent again, by their places.
    pub again: Vec<usize>,
    /// Why the first of these was not taken.
    pub why_again: Option<String>,
    /// One of these has to wait for a shard that no node has, or none that serves it.
    pub lacks_shard: bool,
    /// Why the server does not take the rest, for a reason that stays.
    pub refused: Option<String>,
}

/// See <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk>.
#[derive(Deserialize)]
struct Answer {
    errors: bool,
    #[serde(default)]
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    create: ItemResult,
}

#[derive(Deserialize)]
struct ItemResult {
    status: u16,
    error: Option<ErrorCause>,
}

#[derive(Deserialize)]
struct Refusal {
    error: ErrorCause,
}

#[derive(Deserialize)]
struct ErrorCause {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    reason: Option<String>,
    caused_by: Option<Box<ErrorCause>>,
}

/// The part of an answer that [`judge`] reads, for `filter_path`.
pub const FILTER: &str =
    "errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason,error";

impl ErrorCause {
    /// The reason, and the one under it where it says more.
    fn words(&self) -> String {
        let own = plain(self.reason.as_deref().unwrap_or(&self.kind));
        let under = self.caused_by.as_deref().and_then(|cause| cause.reason.as_deref()).map(plain);
        match under {
            Some(under) if !own.contains(&under) => format!("{own}: {under}"),
            _ => own,
        }
    }
}

/// Whether a status is that of a server that cannot just now: it has too much to do, is being started, or lost its
/// security index for a moment.
fn passes(status: u16) -> bool {
    matches!(status, 401 | 408 | 429 | 500..)
}

/// Whether a refusal stays until something is mended. A full disk blocks indices with 429, until there is room; a
/// cluster without a master blocks with 503.
pub fn stays(status: u16, kind: &str) -> bool {
    kind == "cluster_block_exception" && status != 503
}

/// Whether what keeps a document out keeps all of them out: nothing is wrong with its line. An alias of several indices
/// lacks one that is written to, the index is closed, or its pipeline is gone.
fn is_of_all(kind: &str, reason: &str) -> bool {
    kind == "index_closed_exception"
        || reason.starts_with("no write index is defined for alias")
        || (reason.starts_with("pipeline with id [") && reason.contains("does not exist"))
}

/// Judges the answer to a request.
pub fn judge(batch: &Batch, status: u16, body: &[u8]) -> BulkVerdict {
    if status == 200 {
        let expected = |answer: &Answer| answer.items.len() == batch.len();
        return match serde_json::from_slice::<Answer>(body) {
            Ok(answer) if expected(&answer) => BulkVerdict::Taken(of_each(batch, answer)),
            _ => BulkVerdict::Again("the answer does not have the form that is documented".to_owned()),
        };
    }
    let refusal = serde_json::from_slice::<Refusal>(body).ok();
    let kind = refusal.as_ref().map_or("", |refusal| refusal.error.kind.as_str());
    let reason = refusal.as_ref().map_or("no reason given".to_owned(), |refusal| refusal.error.words());
    match status {
        413 => BulkVerdict::TooLarge,
        status if passes(status) && !stays(status, kind) => BulkVerdict::Again(format!("status {status}: {reason}")),
        _ => BulkVerdict::Refused(reason),
    }
}

fn of_each(batch: &Batch, answer: Answer) -> Taken {
    let (mut taken, mut of_all) = (Taken::default(), 0);
    if !answer.errors {
        taken.created = batch.len() as u64;
        return taken;
    }
    for (at, Item { create: ItemResult { status, error } }) in answer.items.into_iter().enumerate() {
        let kind = error.as_ref().map_or("", |error| error.kind.as_str());
        let words = || error.as_ref().map_or("no reason given".to_owned(), ErrorCause::words);
        match status {
            200..300 => taken.created += 1,
            409 => taken.present += 1,
            403 | 404 => taken.refused = taken.refused.or_else(|| Some(words())),
            status if stays(status, kind) => taken.refused = taken.refused.or_else(|| Some(words())),
            status if passes(status) => {
                taken.why_again = taken.why_again.or_else(|| Some(words()));
                taken.lacks_shard |= kind == "unavailable_shards_exception";
                taken.again.push(at);
            }
            status => {
                of_all += usize::from(status == 400 && is_of_all(kind, &words()));
                taken.bad.push(BadLine { number: batch.line(at), reason: words() });
            }
        }
    }
    // where the server chooses another index for each document, one of them alone may be closed
    if of_all > 0 && of_all == batch.len() {
        taken.refused = taken.bad.drain(..).next().map(|line| line.reason);
    }
    taken
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn batch(count: u64) -> Batch {
        let mut batch = Batch::default();
        (0..count).for_each(|at| batch.push(10 + at, "0123456789-_ABCDEFGH", b"{}"));
        batch
    }

    fn judged(count: u64, status: u16, body: &Value) -> BulkVerdict {
        judge(&batch(count), status, body.to_string().as_bytes())
    }

    fn item(status: u16, kind: &str) -> Value {
        json!({ "create": { "status": status, "error": { "type": kind, "reason": format!("because of {kind}") } } })
    }

    #[test]
    fn each_document_is_created_present_bad_or_sent_again() {
        let mapping = json!({ "type": "document_parsing_exception", "reason": "[1:6] failed to parse field [n] of type [long]",
                              "caused_by": { "type": "illegal_argument_exception", "reason": "For input string: \"x\"" } });
        let items = json!([
            { "create": { "status": 201 } },
            item(409, "version_conflict_engine_exception"),
            item(429, "es_rejected_execution_exception"),
            { "create": { "status": 400, "error": mapping } },
            item(503, "unavailable_shards_exception"),
            { "create": { "status": 201 } },
        ]);
        let BulkVerdict::Taken(taken) = judged(6, 200, &json!({ "errors": true, "items": items })) else { panic!() };
        assert_eq!((taken.created, taken.present, &taken.again[..]), (2, 1, &[2, 4][..]));
        assert_eq!(
            taken.bad[0].to_string(),
            "line 13: [1:6] failed to parse field [n] of type [long]: For input string: \"x\""
        );
        assert_eq!(
            (taken.why_again.as_deref(), taken.refused),
            (Some("because of es_rejected_execution_exception"), None)
        );
        assert!(taken.lacks_shard);
    }

    #[test]
    fn a_full_disk_is_not_a_full_queue() {
        for (status, kind) in
            [(429, "cluster_block_exception"), (403, "cluster_block_exception"), (404, "index_not_found_exception")]
        {
            let BulkVerdict::Taken(taken) = judged(1, 200, &json!({ "errors": true, "items": [item(status, kind)] }))
            else {
                panic!()
            };
            assert_eq!((taken.refused, taken.again.len()), (Some(format!("because of {kind}")), 0));
        }
        let of = |status, kind: &str| {
            judged(1, status, &json!({ "error": { "type": kind, "reason": "R" }, "status": status }))
        };
        assert_eq!(of(429, "cluster_block_exception"), BulkVerdict::Refused("R".to_owned()));
        assert_eq!(of(503, "cluster_block_exception"), BulkVerdict::Again("status 503: R".to_owned()));
    }

    #[test]
    fn what_keeps_all_documents_out_is_no_fault_of_a_line() {
        for (kind, reason) in [
            ("index_closed_exception", "closed"),
            ("illegal_argument_exception", "no write index is defined for alias [a]. The write index may be"),
            ("illegal_argument_exception", "pipeline with id [p] does not exist"),
        ] {
            let item = json!({ "create": { "status": 400, "error": { "type": kind, "reason": reason } } });
            let BulkVerdict::Taken(taken) = judged(1, 200, &json!({ "errors": true, "items": [item] })) else {
                panic!()
            };
            assert_eq!((taken.refused.as_deref(), taken.bad), (Some(reason), Vec::new()));
            assert!(!taken.lacks_shard);
        }
    }

    #[test]
    fn what_passes_is_sent_again_and_what_stays_is_not() {
        let of = |status, kind: &str| {
            judged(1, status, &json!({ "error": { "type": kind, "reason": "R" }, "status": status }))
        };
        for (status, kind) in
            [(429, "es_rejected_execution_exception"), (401, "security_exception"), (500, "x"), (502, "")]
        {
            assert_eq!(of(status, kind), BulkVerdict::Again(format!("status {status}: R")), "{status}");
        }
        assert_eq!(of(413, ""), BulkVerdict::TooLarge);
        assert_eq!(of(403, "security_exception"), BulkVerdict::Refused("R".to_owned()));
        assert_eq!(of(400, "illegal_argument_exception"), BulkVerdict::Refused("R".to_owned()));
        assert_eq!(judge(&batch(1), 502, b"<html>"), BulkVerdict::Again("status 502: no reason given".to_owned()));
        let short = json!({ "errors": false, "items": [] });
        assert!(matches!(judged(1, 200, &short), BulkVerdict::Again(_)), "one that is cut off proves nothing");
    }

    #[test]
    fn an_answer_without_errors_created_all() {
        let items = json!([{ "create": { "status": 201 } }, { "create": { "status": 201 } }]);
        let all = Taken { created: 2, ..Taken::default() };
        assert_eq!(judged(2, 200, &json!({ "errors": false, "items": items })), BulkVerdict::Taken(all));
    }

    proptest::proptest! {
        #[test]
        fn whatever_an_answer_holds(status: u16, body in "\\PC{0,40}|\\{\"errors\":true,\"items\":\\[\\{\"create\":\\{\"status\":[0-9]{1,6}\\}\\}\\]\\}") {
            judge(&batch(1), status, body.as_bytes());
        }
    }
}
