//! How long a search takes to each remote and back. I/O: network; no decisions.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Elasticsearch, HttpsError, read::items};
use crate::mesh::peers::Alias;

/// An index that no cluster has, so that a search is all way and no work: the remote is asked all the same.
const NOWHERE: &str = "mesh-none-*";

impl Elasticsearch {
    /// What a search of each remote takes as this server sees it, in milliseconds, for those that answer. One after the
    /// other, so that none waits for another; see
    /// <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-msearch>.
    pub async fn latencies(&self, of: &[Alias]) -> Result<BTreeMap<Alias, u16>, HttpsError> {
        if of.is_empty() {
            return Ok(BTreeMap::new());
        }
        let lines = of.iter().flat_map(|remote| {
            [json!({ "index": format!("{remote}:{NOWHERE}") }), json!({ "size": 0, "track_total_hits": false })]
        });
        let lines: Vec<Value> = lines.collect();
        let path =
            "/_msearch?max_concurrent_searches=1&filter_path=responses.took,responses.status,responses._clusters";
        Ok(took(of, &self.search_lines(path, &lines).await?))
    }
}

/// The time of each search that reached its remote.
fn took(of: &[Alias], body: &Value) -> BTreeMap<Alias, u16> {
    let one = |(remote, answer): (&Alias, &Value)| {
        let reached = answer["status"] == 200 && answer["_clusters"]["successful"] == 1;
        let took = answer["took"].as_u64().filter(|_| reached)?;
        Some((remote.clone(), u16::try_from(took).unwrap_or(u16::MAX)))
    };
    of.iter().zip(items(&body["responses"])).filter_map(one).collect()
}
