//! Searches, and requests that are passed on as the user typed them. I/O: network; no decisions.

use std::{collections::BTreeSet, sync::atomic::Ordering, time::Duration as Time};

use hyper::Method;
use serde_json::Value;

use super::{Elasticsearch, HttpsError, elsewhere::lacks_cluster, read::fields};
use crate::{
    ask::request::{Body, segment},
    world::https::{Bounds, RawAnswer},
};

impl Elasticsearch {
    /// What Elasticsearch answers to a request of the user's, which may take as long as they care to wait: at most 256
    /// MiB, since it is kept until it is whole.
    pub async fn pass_on(&self, method: Method, path: &str, body: Option<Body>) -> Result<RawAnswer, HttpsError> {
        self.ask_raw(method, path, body, Bounds { time: Time::from_hours(24), length: 256 << 20 }).await
    }

    /// As [`Elasticsearch::ask_as`], with these bytes, and as long as the bounds say.
    pub(super) async fn ask_raw(
        &self,
        method: Method,
        path: &str,
        body: Option<Body>,
        bounds: Bounds,
    ) -> Result<RawAnswer, HttpsError> {
        let login = self.login();
        let first = self.answered.load(Ordering::Relaxed);
        let mut last = None;
        for turn in 0..self.nodes.len() {
            let at = (first + turn) % self.nodes.len();
            match self.nodes[at].ask_raw(Some(&login), method.clone(), path, body.clone(), bounds).await {
                Err(error) if error.never_arrived() => last = last.or(Some(Err(error))),
                Ok(answer) if answer.status == 503 && lacks_cluster(&method, 503, &answer.json()) => {
                    last = Some(Ok(answer));
                }
                answer => return answer,
            }
        }
        last.expect("should have asked a node: there is one")
    }

    /// The aliases of an index, or of all that a pattern names; see
    /// <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-indices-get-alias>.
    pub async fn aliases_of(&self, index: &str) -> Result<BTreeSet<String>, HttpsError> {
        let body = self.get(&format!("/{}/_alias?filter_path=*.aliases", segment(index))).await?;
        let aliases = fields(&body).flat_map(|(_, index)| fields(&index["aliases"]));
        Ok(aliases.map(|(alias, _)| alias.clone()).collect())
    }

    /// Several searches at once, as the lines of an NDJSON.
    pub async fn search_many(&self, lines: &[Value]) -> Result<Value, HttpsError> {
        self.search_lines("/_msearch", lines).await
    }

    pub(super) async fn search_lines(&self, path: &str, lines: &[Value]) -> Result<Value, HttpsError> {
        let text = lines.iter().map(Value::to_string).collect::<Vec<_>>().join("\n") + "\n";
        let body = Body { content_type: "application/x-ndjson", bytes: text.into_bytes() };
        self.pass_on(Method::POST, path, Some(body)).await?.read().accepted("`POST /_msearch`")
    }

    /// Searches the indices of an expression. One that is missing here may be elsewhere, so it is no error; see
    /// <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-search>.
    pub async fn search(&self, expression: &str, body: &Value) -> Result<Value, HttpsError> {
        let path = format!("/{}/_search?ignore_unavailable=true", segment(expression));
        self.send(Method::POST, &path, body).await
    }

    /// Whether the server answers at once whatever is small, as one does whose searches take long.
    pub async fn is_up(&self) -> bool {
        let bounds = Bounds { time: Time::from_secs(5), length: 1 << 20 };
        let answer = self.ask_raw(Method::GET, "/_license", None, bounds).await;
        answer.is_ok_and(|answer| answer.status < 500)
    }
}
