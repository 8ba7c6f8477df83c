//! Kibana's status. I/O: network; no decisions.

use reqwest::Method;

use super::https::{Https, HttpsError};
use crate::mesh::{Mesh, id::ClusterId};

/// One cluster's Kibana.
#[derive(Debug, Clone)]
pub struct Kibana {
    https: Https,
    path: String,
}

impl Kibana {
    pub fn new(mesh: &Mesh, cluster: ClusterId, authority: &str) -> Result<Self, HttpsError> {
        let https = Https::new(mesh.client_address(), cluster.kibana().https_port(), authority)?;
        Ok(Self { https, path: format!("/{cluster}/api/status") })
    }

    /// `Ok(None)` when Kibana is ready; otherwise what it says. It answers 503 until it reached Elasticsearch; see
    /// <https://www.elastic.co/docs/api/doc/kibana/operation/operation-get-status>.
    pub async fn status(&self) -> Result<Option<String>, HttpsError> {
        let answer = self.https.ask(None, Method::GET, &self.path, None).await?;
        Ok((!answer.succeeded()).then(|| format!("status {}", answer.status)))
    }
}
