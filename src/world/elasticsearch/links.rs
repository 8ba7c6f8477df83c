//! A cluster's remotes: how they are set, whether they are reached, and a document that proves it. I/O: network.

use std::collections::BTreeMap;

use hyper::Method;
use serde_json::json;

use super::{Elasticsearch, HttpsError, read};
use crate::{
    facts::{
        evidence::{CanaryFacts, CanaryRefusal, KeyRecord},
        observed::LinkFacts,
    },
    judge::verify::canary,
    mesh::{id::ClusterId, peers::Alias, settings::StackVersion},
};

/// The first version whose resolve call takes a `timeout`.
const RESOLVE_TIMEOUT_SINCE: StackVersion = StackVersion { major: 8, minor: 18, patch: 0 };

/// An index without replicas is there in a fraction of a second, and on a server with much to do in some.
const ACTIVE_WITHIN: &str = "10s";

/// The longest request line that Elasticsearch takes is 4 KiB; so many names of canaries fit in it. See
/// <https://www.elastic.co/docs/reference/elasticsearch/configuration-reference/networking-settings>.
const NAMES_A_SEARCH: usize = 50;

impl Elasticsearch {
    /// The settings below `cluster.remote`.
    pub async fn remotes(&self) -> Result<BTreeMap<String, String>, HttpsError> {
        Ok(read::remotes(self.settings().await?))
    }

    /// The settings that were made in the cluster and stay, by their full names.
    pub async fn settings(&self) -> Result<BTreeMap<String, String>, HttpsError> {
        Ok(read::settings(&self.get("/_cluster/settings?flat_settings=true&filter_path=persistent").await?))
    }

    /// Sets settings in one call; `None` takes one away.
    pub async fn put_settings(&self, settings: &BTreeMap<String, Option<String>>) -> Result<(), HttpsError> {
        self.send(Method::PUT, "/_cluster/settings", &json!({ "persistent": settings })).await.map(|_| ())
    }

    /// Contacts these remotes, and says which are connected. This is also the nudge: Elasticsearch does not reconnect
    /// by itself; see <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-indices-resolve-cluster>.
    pub async fn links(&self, of: &[Alias]) -> Result<BTreeMap<Alias, LinkFacts>, HttpsError> {
        if of.is_empty() {
            return Ok(BTreeMap::new());
        }
        let names: Vec<String> = of.iter().map(|remote| format!("{remote}:*")).collect();
        match self.resolve(&names.join(",")).await {
            // one that is not set fails the whole request, and a pattern leaves it out
            Err(HttpsError::Refused { status: 404, .. }) => self.resolve("*:*").await,
            answer => answer,
        }
    }

    async fn resolve(&self, remotes: &str) -> Result<BTreeMap<Alias, LinkFacts>, HttpsError> {
        // without a limit it takes as long as the network lets a dead remote take
        let limit = if self.version >= RESOLVE_TIMEOUT_SINCE { "?timeout=5s" } else { "" };
        Ok(read::links(&self.get(&format!("/_resolve/cluster/{remotes}{limit}")).await?))
    }

    /// For each remote, whether it is reached by API key: there is no other sign of the model. See
    /// <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-cluster-remote-info>.
    pub async fn by_key(&self) -> Result<BTreeMap<Alias, bool>, HttpsError> {
        Ok(read::by_key(&self.get("/_remote/info").await?))
    }

    /// What this server knows of an API key, whatever its type.
    pub async fn key(&self, id: &str) -> Result<Option<KeyRecord>, HttpsError> {
        let answer = self.ask(Method::GET, &format!("/_security/api_key?id={id}"), None).await?;
        if answer.status == 404 {
            return Ok(None);
        }
        Ok(read::key(&answer.accepted("`GET /_security/api_key`")?))
    }

    /// Makes a canary's index and puts its document into it, which searches find at once; `Err` says what the server
    /// has against it.
    pub async fn put_canary(&self, index: &str, cluster: ClusterId) -> Result<(), CanaryRefusal> {
        let made = self.send(Method::PUT, &format!("/{index}?timeout={ACTIVE_WITHIN}"), &canary::index()).await;
        if made.map_err(refusal)?["shards_acknowledged"] == false {
            let explained = self.explain(index, 0).await.map_err(refusal)?;
            return Err(if explained.stays {
                CanaryRefusal::Unassigned(explained.reason)
            } else {
                CanaryRefusal::Busy(format!("its index was not ready within {ACTIVE_WITHIN}"))
            });
        }
        // a template may ask for a routing, and none minds one
        let path = format!("/{index}/_doc/1?routing=1&refresh=true&timeout={ACTIVE_WITHIN}");
        self.send(Method::PUT, &path, &canary::document(cluster)).await.map_err(refusal).map(|_| ())
    }

    /// The indices of a pattern, hidden ones too.
    pub async fn indices(&self, pattern: &str) -> Result<Vec<String>, HttpsError> {
        Ok(read::indices(&self.get(&format!("/_resolve/index/{pattern}?expand_wildcards=all")).await?))
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
            found.extend(remotes.iter().map(|remote| (*remote, read::canary(&body, index, *remote))));
        }
        Ok(found)
    }
}

/// What an answer to a canary says, by Elasticsearch's names of errors.
fn refusal(error: HttpsError) -> CanaryRefusal {
    match error {
        HttpsError::Refused { status, kind, reason, .. } => match (status, kind.as_deref()) {
            (_, Some("cluster_block_exception")) => CanaryRefusal::Blocked(reason),
            (_, Some("validation_exception")) => CanaryRefusal::ShardLimit(reason),
            (408 | 429 | 503, _) => CanaryRefusal::Busy(reason),
            _ => CanaryRefusal::Refused(reason),
        },
        error => CanaryRefusal::Busy(error.cause()),
    }
}
