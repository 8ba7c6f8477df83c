//! Restores of snapshots to a server. I/O: network; no decisions. See
//! <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-snapshot-restore>.

use std::{collections::BTreeSet, time::Duration};

use hyper::Method;
use serde_json::{Value, json};

use super::{
    Elasticsearch, HttpsError,
    read::{fields, items},
    snapshots::texts,
};
use crate::{
    ask::request::{Body, JSON, segment},
    mesh::snapshots::REPOSITORY,
    world::https::Bounds,
};

/// The states of features may be large and their repository slow, and nothing can be asked meanwhile: the passwords may
/// be others by then.
const STATES: Bounds = Bounds { time: Duration::from_mins(10), length: 1 << 20 };

/// A shard that comes from a snapshot, or has come from one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryFacts {
    pub index: String,
    pub snapshot: String,
    pub done: bool,
    pub bytes: u64,
    pub bytes_done: u64,
}

/// What a restore takes out of a snapshot.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    pub names: &'a [String],
    /// What stands for each name, with `$1` for the name itself.
    pub rename: Option<&'a str>,
}

impl Elasticsearch {
    /// Begins a restore, without aliases of indices that are renamed: those belong to the ones that are there.
    pub async fn begin_restore(&self, snapshot: &str, wanted: Wanted<'_>) -> Result<(), HttpsError> {
        let path = format!("/_snapshot/{REPOSITORY}/{}/_restore?wait_for_completion=false", segment(snapshot));
        let mut request = json!({
            "indices": wanted.names,
            "include_global_state": false,
            "include_aliases": wanted.rename.is_none(),
            "feature_states": ["none"],
        });
        if let Some(replacement) = wanted.rename {
            request["rename_pattern"] = json!("^(.+)$");
            request["rename_replacement"] = json!(replacement);
        }
        self.send(Method::POST, &path, &request).await.map(|_| ())
    }

    /// Restores the states of features, in the place of those that are there, and waits for them.
    pub async fn restore_features(&self, snapshot: &str, features: &[String]) -> Result<(), HttpsError> {
        let path = format!("/_snapshot/{REPOSITORY}/{}/_restore?wait_for_completion=true", segment(snapshot));
        let request = json!({ "indices": "-*", "include_global_state": false, "feature_states": features });
        let asked = Body { content_type: JSON, bytes: request.to_string().into_bytes() };
        let answer = self.ask_raw(Method::POST, &path, Some(asked), STATES).await?;
        let body = answer.read().accepted(&format!("`POST {path}`"))?;
        match body["snapshot"]["shards"]["failed"].as_u64() {
            Some(0) => Ok(()),
            failed => Err(HttpsError::Unexpected {
                what: format!("`POST {path}`"),
                reason: format!("{} shards were not restored", failed.unwrap_or_default()),
            }),
        }
    }

    /// Shards that come from the mesh's repository, or have come from there since the server started.
    pub async fn recoveries(&self) -> Result<Vec<RecoveryFacts>, HttpsError> {
        let fields = "*.shards.type,*.shards.stage,*.shards.primary,*.shards.source.repository,\
                      *.shards.source.snapshot,*.shards.index.size.total_in_bytes,\
                      *.shards.index.size.recovered_in_bytes";
        Ok(recoveries(&self.get(&format!("/_recovery?filter_path={fields}")).await?))
    }

    /// The indices of every restore from a snapshot that has not ended, under the names that they get: those that are
    /// there already and those that wait for their turn, too.
    pub async fn restoring(&self, snapshot: &str) -> Result<BTreeSet<String>, HttpsError> {
        let fields = "restore.snapshots.snapshot,restore.snapshots.repository,restore.snapshots.indices";
        Ok(restoring(&self.get(&format!("/_cluster/state/customs?filter_path={fields}")).await?, snapshot))
    }
}

fn restoring(body: &Value, snapshot: &str) -> BTreeSet<String> {
    let begun = items(&body["restore"]["snapshots"]).iter();
    let from_it = begun.filter(|restore| restore["repository"] == REPOSITORY && restore["snapshot"] == snapshot);
    from_it.flat_map(|restore| texts(&restore["indices"])).collect()
}

fn recoveries(body: &Value) -> Vec<RecoveryFacts> {
    let shards = fields(body).flat_map(|(index, of)| items(&of["shards"]).iter().map(move |shard| (index, shard)));
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let from_here =
        shards.filter(|(_, shard)| shard["type"] == "SNAPSHOT" && shard["source"]["repository"] == REPOSITORY);
    from_here
        .map(|(index, shard)| RecoveryFacts {
            index: index.clone(),
            snapshot: shard["source"]["snapshot"].as_str().unwrap_or_default().to_owned(),
            done: shard["stage"] == "DONE",
            bytes: number(&shard["index"]["size"]["total_in_bytes"]),
            bytes_done: number(&shard["index"]["size"]["recovered_in_bytes"]),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_indices_of_a_restore_are_under_way_until_its_end() {
        let restore = |repository: &str, snapshot: &str, indices: &[&str]| json!({ "repository": repository, "snapshot": snapshot, "indices": indices });
        let begun = [restore("mesh", "d", &["a", "b"]), restore("mesh", "e", &["c"]), restore("x", "d", &["y"])];
        let body = json!({ "restore": { "snapshots": begun } });
        assert_eq!(restoring(&body, "d"), BTreeSet::from(["a", "b"].map(str::to_owned)));
        assert_eq!(restoring(&json!({}), "d"), BTreeSet::new());
    }

    #[test]
    fn only_shards_from_the_repository_are_restored_ones() {
        let shard = |kind: &str, stage: &str| {
            json!({ "type": kind, "stage": stage, "primary": true, "source": { "repository": "mesh", "snapshot": "d" },
                    "index": { "size": { "total_in_bytes": 4182, "recovered_in_bytes": 17 } } })
        };
        let found = recoveries(&json!({
            "r-a": { "shards": [shard("SNAPSHOT", "INDEX")] },
            "b": { "shards": [shard("EXISTING_STORE", "DONE")] },
        }));
        let expected = RecoveryFacts {
            index: "r-a".to_owned(),
            snapshot: "d".to_owned(),
            done: false,
            bytes: 4182,
            bytes_done: 17,
        };
        assert_eq!(found, [expected]);
    }
}
