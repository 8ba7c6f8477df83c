//! Kibana's status. I/O: network; no decisions.

use hyper::Method;

use super::https::{Https, HttpsError};
use crate::mesh::{Mesh, id::ClusterId, service::digest_of};

/// A Kibana that is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ready {
    /// The fingerprint of the certificate it shows.
    pub certificate: String,
}

/// One cluster's Kibana.
#[derive(Debug, Clone)]
pub struct Kibana {
    https: Https,
    path: String,
}

impl Kibana {
    pub fn new(mesh: &Mesh, cluster: ClusterId, authorities: &str) -> Result<Self, HttpsError> {
        let https = Https::of(mesh, cluster.kibana(), authorities)?;
        Ok(Self { https, path: format!("/{cluster}/api/status") })
    }

    /// What Kibana says of itself; `Err` with its status when it is not ready: it answers 503 until it reached
    /// Elasticsearch. See <https://www.elastic.co/docs/api/doc/kibana/operation/operation-get-status>.
    pub async fn status(&self) -> Result<Result<Ready, u16>, HttpsError> {
        let answer = self.https.ask(None, Method::GET, &self.path, None).await?;
        let ready = Ready { certificate: digest_of(&[&answer.certificate]) };
        Ok(if answer.succeeded() { Ok(ready) } else { Err(answer.status) })
    }
}
