//! The calls of a benchmark: its index, and searches whose answers are timed. I/O: network.

use hyper::Method;
use serde_json::Value;

use super::{Elasticsearch, HttpsError};
use crate::{
    ask::{
        bench::data::INDEX,
        request::{Body, JSON, NDJSON},
    },
    world::https::RawAnswer,
};

impl Elasticsearch {
    /// The mapping of the index that a benchmark makes; `None` where there is none.
    pub async fn bench_mapping(&self) -> Result<Option<Value>, HttpsError> {
        let answer = self.ask(Method::GET, &format!("/{INDEX}/_mapping"), None).await?;
        if answer.status == 404 {
            return Ok(None);
        }
        answer.accepted(&format!("`GET /{INDEX}/_mapping`")).map(Some)
    }

    pub async fn make_bench_index(&self, index: &Value) -> Result<(), HttpsError> {
        self.send(Method::PUT, &format!("/{INDEX}"), index).await.map(|_| ())
    }

    /// Writes the lines of a bulk request.
    pub async fn bulk_bench(&self, lines: Vec<u8>) -> Result<(), HttpsError> {
        let path = format!("/{INDEX}/_bulk?filter_path=errors,items.*.error");
        let what = format!("`POST /{INDEX}/_bulk`");
        let body = Body { content_type: NDJSON, bytes: lines };
        let answer = self.pass_on(Method::POST, &path, Some(body)).await?.read().accepted(&what)?;
        if answer["errors"] == false {
            return Ok(());
        }
        let reason = answer["items"][0]["index"]["error"]["reason"].as_str().unwrap_or("no reason given").to_owned();
        Err(HttpsError::Unexpected { what, reason })
    }

    /// Makes all documents visible to searches, in one segment, so that nothing is merged meanwhile.
    pub async fn settle_bench_index(&self) -> Result<(), HttpsError> {
        for path in ["_forcemerge?max_num_segments=1", "_refresh"] {
            let path = format!("/{INDEX}/{path}");
            let what = format!("`POST {path}`");
            self.pass_on(Method::POST, &path, None).await?.read().accepted(&what)?;
        }
        Ok(())
    }

    /// Sends a search; the answer is not read yet.
    pub async fn timed_search(&self, path: &str, body: &[u8]) -> Result<RawAnswer, HttpsError> {
        let body = Body { content_type: JSON, bytes: body.to_vec() };
        self.pass_on(Method::POST, path, Some(body)).await
    }
}
