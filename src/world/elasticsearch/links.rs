//! A cluster's remotes: how they are set, whether they are reached, and a document that proves it. I/O: network.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{Elasticsearch, HttpsError, moment, shared_names};
use crate::{
    mesh::{id::ClusterId, spec::StackVersion},
    plan::{
        observed::LinkFacts,
        verify::{CanaryFacts, KeyRecord},
    },
};

/// The first version whose resolve call takes a `timeout`.
const RESOLVE_TIMEOUT_SINCE: StackVersion = StackVersion { major: 8, minor: 18, patch: 0 };

/// The longest request line that Elasticsearch takes is 4 KiB; so many names of canaries fit in it. See
/// <https://www.elastic.co/docs/reference/elasticsearch/configuration-reference/networking-settings>.
const NAMES_A_SEARCH: usize = 50;

impl Elasticsearch {
    /// The settings below `cluster.remote` of remotes that are named as clusters are.
    pub async fn remotes(&self) -> Result<BTreeMap<String, String>, HttpsError> {
        let body = self.get("/_cluster/settings?flat_settings=true&filter_path=persistent").await?;
        let empty = Map::new();
        let is_cluster = |name: &str| {
            let mut parts = name.split('.');
            parts.next() == Some("cluster")
                && parts.next() == Some("remote")
                && parts.next().is_some_and(|alias| alias.parse::<ClusterId>().is_ok())
        };
        Ok(body["persistent"]
            .as_object()
            .unwrap_or(&empty)
            .iter()
            .filter(|(name, _)| is_cluster(name))
            .map(|(name, value)| (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
            .collect())
    }

    /// Sets settings in one call; `None` takes one away.
    pub async fn put_settings(&self, settings: &BTreeMap<String, Option<String>>) -> Result<(), HttpsError> {
        self.send(Method::PUT, "/_cluster/settings", &json!({ "persistent": settings })).await.map(|_| ())
    }

    /// Contacts every remote that is named as clusters are, and says which are connected. This is also the nudge: Elasticsearch does not reconnect by
    /// itself; see <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-indices-resolve-cluster>.
    pub async fn links(&self) -> Result<BTreeMap<ClusterId, LinkFacts>, HttpsError> {
        // without a limit it takes as long as the network lets a dead remote take
        let limit = if self.version >= RESOLVE_TIMEOUT_SINCE { "?timeout=5s" } else { "" };
        let body = self.get(&format!("/_resolve/cluster/cluster*:*{limit}")).await?;
        let empty = Map::new();
        Ok(body
            .as_object()
            .unwrap_or(&empty)
            .iter()
            .filter_map(|(alias, facts)| {
                let link = if facts["connected"] == true {
                    LinkFacts::Connected
                } else {
                    LinkFacts::Down(facts["error"].as_str().unwrap_or("not connected").to_owned())
                };
                Some((alias.parse().ok()?, link))
            })
            .collect())
    }

    /// For each remote, whether it is reached by API key: the model is not told in another way. See
    /// <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-cluster-remote-info>.
    pub async fn by_key(&self) -> Result<BTreeMap<ClusterId, bool>, HttpsError> {
        let body = self.get("/_remote/info").await?;
        let remotes = body.as_object().cloned().unwrap_or_default();
        let by_key = |facts: &Value| facts.get("cluster_credentials").is_some();
        Ok(remotes.iter().filter_map(|(alias, facts)| Some((alias.parse().ok()?, by_key(facts)))).collect())
    }

    /// What this server knows of an API key, whatever its type.
    pub async fn key(&self, id: &str) -> Result<Option<KeyRecord>, HttpsError> {
        let answer = self.ask(Method::GET, &format!("/_security/api_key?id={id}"), None).await?;
        if answer.status == 404 {
            return Ok(None);
        }
        let body = answer.accepted("`GET /_security/api_key`")?;
        let key = &body["api_keys"][0];
        let text = |field: &str| Some(key[field].as_str()?.to_owned());
        Ok(text("id").map(|id| KeyRecord {
            id,
            kind: text("type").unwrap_or_else(|| "rest".to_owned()),
            invalidated: key["invalidated"] == true,
            created: moment(&key["creation"]),
            expires: moment(&key["expiration"]),
            names: shared_names(key),
        }))
    }

    /// Makes an index without replicas and puts one document into it that searches find at once.
    pub async fn put_canary(&self, index: &str, cluster: ClusterId) -> Result<(), HttpsError> {
        let settings = json!({ "settings": { "number_of_shards": 1, "number_of_replicas": 0 } });
        self.send(Method::PUT, &format!("/{index}"), &settings).await?;
        let document = json!({ "cluster": cluster });
        self.send(Method::PUT, &format!("/{index}/_doc/1?refresh=true"), &document).await.map(|_| ())
    }

    /// The indices whose names begin so.
    pub async fn indices(&self, prefix: &str) -> Result<Vec<String>, HttpsError> {
        let body = self.get(&format!("/_resolve/index/{prefix}*")).await?;
        let found = body["indices"].as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(found.iter().filter_map(|index| Some(index["name"].as_str()?.to_owned())).collect())
    }

    /// One that is gone already is fine.
    pub async fn remove_index(&self, index: &str) -> Result<(), HttpsError> {
        let answer = self.ask(Method::DELETE, &format!("/{index}?ignore_unavailable=true"), None).await?;
        answer.accepted(&format!("`DELETE /{index}`")).map(|_| ())
    }

    /// Searches `index` on these remotes, and says of each whether its document was found.
    pub async fn find_canaries(
        &self,
        index: &str,
        remotes: &[ClusterId],
    ) -> Result<BTreeMap<ClusterId, CanaryFacts>, HttpsError> {
        let mut found = BTreeMap::new();
        for remotes in remotes.chunks(NAMES_A_SEARCH) {
            let names: Vec<String> = remotes.iter().map(|remote| format!("{remote}:{index}")).collect();
            let names = names.join(",");
            let body = self.get(&format!("/{names}/_search?size={}&ignore_unavailable=true", remotes.len())).await?;
            let hits = body["hits"]["hits"].as_array().map(Vec::as_slice).unwrap_or_default();
            for remote in remotes {
                // the document names its cluster, so that a remote that leads elsewhere is not taken for this one
                let is_its = |hit: &&Value| {
                    hit["_index"] == format!("{remote}:{index}") && hit["_source"]["cluster"] == remote.to_string()
                };
                let facts = match hits.iter().find(is_its) {
                    Some(_) => CanaryFacts::Found,
                    None => CanaryFacts::Missing(why_missing(&body["_clusters"]["details"][remote.to_string()])),
                };
                found.insert(*remote, facts);
            }
        }
        Ok(found)
    }
}

/// What Elasticsearch says of a remote that a search found nothing on.
fn why_missing(details: &Value) -> String {
    let status = details["status"].as_str().unwrap_or("not searched");
    match details["failures"][0]["reason"]["reason"].as_str() {
        Some(reason) => format!("{status}: {reason}"),
        None => status.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_a_document_is_missing_is_told_in_the_servers_words() {
        let details = json!({
            "status": "skipped",
            "failures": [{ "shard": -1, "reason": { "type": "security_exception", "reason": "unauthorized" } }],
        });
        assert_eq!(why_missing(&details), "skipped: unauthorized");
        assert_eq!(why_missing(&json!({ "status": "successful" })), "successful");
        assert_eq!(why_missing(&Value::Null), "not searched");
    }
}
