//! Snapshots of a server. I/O: network; no decisions. See
//! <https://www.elastic.co/docs/api/doc/elasticsearch/group/endpoint-snapshot>.

use std::collections::BTreeSet;

use hyper::Method;
use serde_json::Value;
use time::OffsetDateTime;

use super::{
    Elasticsearch, HttpsError,
    read::{items, time_of_millis},
    repository::accepted,
};
use crate::{
    ask::request::segment,
    facts::snapshots::{PolicyFacts, SnapshotFacts},
    mesh::{
        id::METADATA,
        snapshots::{POLICY, REPOSITORY, TAKEN_ON},
    },
};

/// How far a snapshot or a restore is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    pub shards: u64,
    pub shards_done: u64,
    pub bytes: u64,
    pub bytes_done: u64,
}

impl Elasticsearch {
    /// The mesh's policy. A server without this feature has no handler for the path, and answers 400.
    pub async fn snapshot_policy(&self) -> Result<PolicyFacts, HttpsError> {
        let path = format!("/_slm/policy/{POLICY}");
        let answer = self.ask(Method::GET, &path, None).await?;
        match answer.status {
            400 | 405 => Ok(PolicyFacts::Unsupported),
            404 => Ok(PolicyFacts::Missing),
            _ => Ok(policy(&answer.accepted(&format!("`GET {path}`"))?)),
        }
    }

    pub async fn put_snapshot_policy(&self, policy: &Value) -> Result<(), HttpsError> {
        self.send(Method::PUT, &format!("/_slm/policy/{POLICY}"), policy).await.map(|_| ())
    }

    pub async fn remove_snapshot_policy(&self) -> Result<(), HttpsError> {
        self.remove(&format!("/_slm/policy/{POLICY}")).await
    }

    pub(super) async fn remove(&self, path: &str) -> Result<(), HttpsError> {
        let answer = self.ask(Method::DELETE, path, None).await?;
        if answer.status == 404 {
            return Ok(());
        }
        accepted(answer, &format!("`DELETE {path}`"))
    }

    /// Every snapshot in the repository, the newest first.
    pub async fn snapshots(&self) -> Result<Vec<SnapshotFacts>, HttpsError> {
        let path = format!("/_snapshot/{REPOSITORY}/*?sort=start_time&order=desc");
        Ok(items(&self.get(&path).await?["snapshots"]).iter().map(snapshot).collect())
    }

    /// One snapshot; `None` where there is none of that name.
    pub async fn snapshot(&self, name: &str) -> Result<Option<SnapshotFacts>, HttpsError> {
        let path = format!("/_snapshot/{REPOSITORY}/{}", segment(name));
        let answer = self.ask(Method::GET, &path, None).await?;
        if answer.status == 404 {
            return Ok(None);
        }
        Ok(items(&answer.accepted(&format!("`GET {path}`"))?["snapshots"]).first().map(snapshot))
    }

    /// Begins a snapshot; it goes on without this program.
    pub async fn begin_snapshot(&self, name: &str, request: &Value) -> Result<(), HttpsError> {
        let path = format!("/_snapshot/{REPOSITORY}/{}?wait_for_completion=false", segment(name));
        self.send(Method::PUT, &path, request).await.map(|_| ())
    }

    pub async fn snapshot_progress(&self, name: &str) -> Result<Progress, HttpsError> {
        let path = format!("/_snapshot/{REPOSITORY}/{}/_status", segment(name));
        Ok(progress(&self.get(&path).await?["snapshots"][0]))
    }

    /// Deletes a snapshot; one that is gone already is fine.
    pub async fn remove_snapshot(&self, name: &str) -> Result<(), HttpsError> {
        self.remove(&format!("/_snapshot/{REPOSITORY}/{}", segment(name))).await
    }

    /// Every name of an index, a data stream or an alias, hidden ones too; and which of them are data streams'.
    pub async fn names(&self) -> Result<(BTreeSet<String>, BTreeSet<String>), HttpsError> {
        let body = self.get("/_resolve/index/*?expand_wildcards=all&filter_path=*.name").await?;
        let of = |kind: &str| items(&body[kind]).iter().filter_map(|entry| Some(entry["name"].as_str()?.to_owned()));
        let streams: BTreeSet<String> = of("data_streams").collect();
        Ok((of("indices").chain(of("aliases")).chain(streams.clone()).collect(), streams))
    }
}

/// The texts of a list.
pub(super) fn texts(value: &Value) -> BTreeSet<String> {
    items(value).iter().filter_map(|item| Some(item.as_str()?.to_owned())).collect()
}

fn policy(body: &Value) -> PolicyFacts {
    match &body[POLICY]["policy"] {
        Value::Null => PolicyFacts::Missing,
        policy => PolicyFacts::Is(policy.clone()),
    }
}

fn snapshot(body: &Value) -> SnapshotFacts {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let time = |field: &str| time_of_millis(&body[field]).filter(|time| *time > OffsetDateTime::UNIX_EPOCH);
    let feature = |entry: &Value| (text(&entry["feature_name"]), texts(&entry["indices"]));
    let state = text(&body["state"]);
    SnapshotFacts {
        name: text(&body["snapshot"]),
        mesh: body["metadata"][METADATA].as_str().map(str::to_owned),
        taken_on: body["metadata"][TAKEN_ON].as_str().and_then(|version| version.parse().ok()),
        indices: texts(&body["indices"]),
        data_streams: texts(&body["data_streams"]),
        features: items(&body["feature_states"]).iter().map(feature).collect(),
        shards: body["shards"]["total"].as_u64().unwrap_or_default(),
        failed_shards: body["shards"]["failed"].as_u64().unwrap_or_default(),
        started: time("start_time_in_millis"),
        ended: time("end_time_in_millis").filter(|_| state != "IN_PROGRESS"),
        state,
        version: text(&body["version"]),
        failure: body["failures"][0]["reason"].as_str().or(body["reason"].as_str()).map(str::to_owned),
    }
}

fn progress(body: &Value) -> Progress {
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let (shards, stats) = (&body["shards_stats"], &body["stats"]);
    Progress {
        shards: number(&shards["total"]),
        shards_done: number(&shards["done"]) + number(&shards["failed"]),
        bytes: number(&stats["incremental"]["size_in_bytes"]),
        // while it runs; a snapshot that has ended has all of it
        bytes_done: stats["processed"]["size_in_bytes"]
            .as_u64()
            .unwrap_or(number(&stats["incremental"]["size_in_bytes"])),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::facts::snapshots::Worth;

    /// As Elasticsearch 9.5.3 answered.
    #[test]
    fn a_snapshot_is_read_as_the_server_lists_it() {
        let found = snapshot(&json!({
            "snapshot": "e", "uuid": "8Sp20U2JTa--t_Tyv5Xo1w", "repository": "mesh", "version_id": 9_111_000,
            "version": "9.5.2-9.5.3", "data_streams": ["logs-x"], "include_global_state": false,
            "indices": [".ds-logs-x-2026.11.26-000001", "r-a", ".security-7", "a", ".hid"],
            "metadata": { "mesh.id": "x", "mesh.stack_version": "9.5.3" }, "state": "SUCCESS", "start_time_in_millis": 1_795_689_913_807_i64,
            "end_time_in_millis": 1_795_689_914_008_i64, "failures": [],
            "shards": { "total": 5, "failed": 0, "successful": 5 },
            "feature_states": [{ "feature_name": "security", "indices": [".security-7"] }],
        }));
        assert_eq!(found.names(), BTreeSet::from([".hid", "a", "logs-x", "r-a"]));
        assert_eq!((found.worth(), found.mesh.as_deref(), found.shards), (Worth::Good, Some("x"), 5));
        assert_eq!(found.taken_on, "9.5.3".parse().ok());
        assert_eq!(snapshot(&Value::Null).worth(), Worth::Failed, "unknown is not good");
    }

    /// As the documentation has it: no server of the images here has the feature.
    #[test]
    fn a_policy_is_what_was_put() {
        let body =
            json!({ "mesh": { "version": 1, "modified_date_millis": 1, "policy": { "schedule": "0 30 1 * * ?" } } });
        assert_eq!(policy(&body), PolicyFacts::Is(json!({ "schedule": "0 30 1 * * ?" })));
        assert_eq!(policy(&Value::Null), PolicyFacts::Missing);
    }
}
