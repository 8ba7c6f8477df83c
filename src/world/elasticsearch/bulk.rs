//! Loading documents: indices that are made for them, and requests of many. I/O: network; no decisions.

use std::{sync::atomic::Ordering, time::Duration};

use hyper::Method;
use serde_json::{Value, json};

use super::{Elasticsearch, HttpsError, read::items};
use crate::{
    ask::{
        load::{Batch, FILTER, IndexName},
        request::{Body, NDJSON},
    },
    world::https::{Bounds, RawAnswer},
};

/// Has a server that cannot change its cluster say why, before the program ends to wait for its answer.
const SOON: &str = "master_timeout=5s&timeout=5s";

impl Elasticsearch {
    /// Whether there is an index, an alias or a data stream of this name; see
    /// <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-indices-exists>.
    pub async fn has_index(&self, index: &IndexName) -> Result<bool, HttpsError> {
        let answer = self.ask(Method::HEAD, &format!("/{index}"), None).await?;
        if answer.status == 404 { Ok(false) } else { answer.accepted(&format!("`HEAD /{index}`")).map(|_| true) }
    }

    /// Makes an index of one shard, with a copy where there is a second node to hold it; says whether a node has the
    /// shard by now. One that came about meanwhile is as good; see
    /// <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-indices-create>.
    pub async fn make_index(&self, index: &IndexName, mappings: Option<&Value>) -> Result<bool, HttpsError> {
        let settings = json!({ "index.number_of_shards": 1, "index.auto_expand_replicas": "0-1" });
        let body = match mappings {
            Some(mappings) => json!({ "settings": settings, "mappings": mappings }),
            None => json!({ "settings": settings }),
        };
        match self.send(Method::PUT, &format!("/{index}?{SOON}"), &body).await {
            Err(HttpsError::Refused { kind: Some(kind), .. }) if kind == "resource_already_exists_exception" => {
                Ok(true)
            }
            made => made.map(|answer| answer["shards_acknowledged"] != false),
        }
    }

    /// Gives an index another name, unless it has it; see
    /// <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-indices-update-aliases>.
    pub async fn add_alias(&self, index: &IndexName, alias: &str) -> Result<(), HttpsError> {
        let add = json!({ "actions": [{ "add": { "index": index.to_string(), "alias": alias } }] });
        self.send(Method::POST, &format!("/_aliases?{SOON}"), &add).await.map(|_| ())
    }

    /// Sends many documents; any status is an answer. Where none came, another node is asked first the next time. A
    /// server whose shard is away says so after ten seconds, and not after the minute that it would wait by itself.
    pub async fn bulk(&self, index: &IndexName, batch: &Batch, time: Duration) -> Result<RawAnswer, HttpsError> {
        let body = Body { content_type: NDJSON, bytes: batch.body().to_vec() };
        let path = format!("/{index}/_bulk?timeout=10s&filter_path={FILTER}");
        let answer = self.ask_raw(Method::POST, &path, Some(body), Bounds { time, length: 64 << 20 }).await;
        if answer.is_err() {
            self.answered.fetch_add(1, Ordering::Relaxed);
        }
        answer
    }

    /// Which documents of a request are there, also those that no search finds yet: a `_mget` is three times as fast as
    /// sending all of it. Empty where the server does not say it of each, as for an alias of several indices; see
    /// <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-mget>.
    pub async fn present(&self, index: &IndexName, batch: &Batch) -> Result<Vec<bool>, HttpsError> {
        let path = format!("/{index}/_mget?_source=false&filter_path=docs.found");
        let body = self.send(Method::POST, &path, &json!({ "ids": batch.ids().collect::<Vec<_>>() })).await?;
        let found: Vec<bool> = items(&body["docs"]).iter().map(|document| document["found"] == true).collect();
        Ok(if found.len() == batch.len() { found } else { Vec::new() })
    }

    /// Lets searches find what was written.
    pub async fn refresh(&self, index: &IndexName) -> Result<(), HttpsError> {
        let path = format!("/{index}/_refresh");
        self.ask(Method::POST, &path, None).await?.accepted(&format!("`POST {path}`")).map(|_| ())
    }
}
