//! A key that reads what the mesh shares, and nothing else, for an hour. I/O: network; no decisions.

use serde_json::{Value, json};

use super::{Elasticsearch, HttpsError};
use crate::mesh::{id::METADATA, secret::Secret};

/// How long a key lasts that is not revoked before.
pub const LASTS: &str = "1h";

/// A key of one cluster.
#[derive(Debug, Clone)]
pub struct ReaderKey {
    pub id: String,
    pub encoded: Secret,
}

impl Elasticsearch {
    /// Makes a key that has the privileges of `role` alone, whoever asks with it; see
    /// <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-security-create-api-key>.
    pub async fn put_reader_key(&self, mesh: &str, role: &Value) -> Result<ReaderKey, HttpsError> {
        let request = json!({
            "name": format!("serve-{mesh}"),
            "expiration": LASTS,
            "role_descriptors": { "reader": role },
            "metadata": { METADATA: mesh },
        });
        let body = self.send(hyper::Method::POST, "/_security/api_key", &request).await?;
        let text = |field: &str| body[field].as_str().map(str::to_owned);
        match (text("id"), text("encoded")) {
            (Some(id), Some(encoded)) => Ok(ReaderKey { id, encoded: Secret::new(encoded) }),
            _ => Err(HttpsError::Unexpected {
                what: "`POST /_security/api_key`".to_owned(),
                reason: "there is no key in it".to_owned(),
            }),
        }
    }
}
