//! The repository of a server's snapshots. I/O: network; no decisions. See
//! <https://www.elastic.co/docs/api/doc/elasticsearch/group/endpoint-snapshot>.

use std::collections::{BTreeMap, BTreeSet};

use hyper::Method;
use serde_json::Value;

use super::{Elasticsearch, HttpsError, read::fields};
use crate::{
    mesh::snapshots::{REPOSITORY, RepositorySpec},
    world::https::Answer,
};

impl Elasticsearch {
    /// The mesh's repository, if the server has one.
    pub async fn repository(&self) -> Result<Option<RepositorySpec>, HttpsError> {
        let path = format!("/_snapshot/{REPOSITORY}");
        let answer = self.ask(Method::GET, &path, None).await?;
        if answer.status == 404 {
            return Ok(None);
        }
        Ok(repository(&answer.accepted(&format!("`GET {path}`"))?))
    }

    /// Registers the repository, which every node has to be able to write to, or to read from.
    pub async fn put_repository(&self, wanted: &RepositorySpec) -> Result<(), HttpsError> {
        self.send(Method::PUT, &format!("/_snapshot/{REPOSITORY}"), &wanted.body()).await.map(|_| ())
    }

    /// Requires that every node can write to the repository, and names those that were asked: all in the cluster that
    /// hold data or can be elected.
    pub async fn verify_repository(&self) -> Result<BTreeSet<String>, HttpsError> {
        let path = format!("/_snapshot/{REPOSITORY}/_verify");
        let answer = self.ask(Method::POST, &path, None).await?;
        let names = fields(&answer.body["nodes"]).filter_map(|(_, node)| node["name"].as_str().map(str::to_owned));
        let names = names.collect();
        accepted(answer, &format!("`POST {path}`")).map(|()| names)
    }

    /// Forgets the repository; its files stay.
    pub async fn remove_repository(&self) -> Result<(), HttpsError> {
        self.remove(&format!("/_snapshot/{REPOSITORY}")).await
    }
}

fn repository(body: &Value) -> Option<RepositorySpec> {
    let found = &body[REPOSITORY];
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let settings: BTreeMap<String, String> =
        fields(&found["settings"]).map(|(name, value)| (name.clone(), plain(value))).collect();
    Some(RepositorySpec { kind: found["type"].as_str()?.to_owned(), settings })
}

/// Requires that a request to a repository succeeded. Its root cause is often that a file could not be made, and only
/// the innermost one, which the file system gave, says why.
pub(super) fn accepted(answer: Answer, what: &str) -> Result<(), HttpsError> {
    let innermost = innermost(&answer.body["error"]);
    answer.accepted(what).map(drop).map_err(|error| match (error, innermost) {
        (HttpsError::Refused { what, status, kind, reason }, Some(cause)) if !reason.contains(&cause) => {
            HttpsError::Refused { what, status, kind, reason: format!("{reason}: {cause}") }
        }
        (error, _) => error,
    })
}

/// The cause that has none itself: its reason, with its type, since the reason of a missing file is only its path.
fn innermost(error: &Value) -> Option<String> {
    let mut cause = error["caused_by"].as_object()?;
    while let Some(inner) = cause.get("caused_by").and_then(Value::as_object) {
        cause = inner;
    }
    let text = |name: &str| cause.get(name).and_then(Value::as_str).map(str::trim);
    let reason = text("reason")?;
    Some(match text("type") {
        Some(kind) if reason.starts_with('/') => format!("{}: {reason}", kind.trim_end_matches("_exception")),
        _ => reason.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// As Elasticsearch 9.5.3 answered.
    #[test]
    fn the_file_system_says_why_nothing_can_be_written() {
        let missing = json!({
            "type": "repository_verification_exception",
            "reason": "[mesh] path  is not accessible on master node",
            "caused_by": { "type": "exception", "reason": "failed to create blob container",
                "caused_by": { "type": "no_such_file_exception", "reason": "/usr/share/elasticsearch/backup/tests-x" } },
        });
        assert_eq!(innermost(&missing).as_deref(), Some("no_such_file: /usr/share/elasticsearch/backup/tests-x"));
        let full = json!({ "caused_by": { "type": "i_o_exception", "reason": "No space left on device" } });
        assert_eq!(innermost(&full).as_deref(), Some("No space left on device"));
        assert_eq!(innermost(&json!({ "type": "x" })), None);
    }
}
