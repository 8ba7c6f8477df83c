//! Kibana's status. I/O: network; no decisions.

use hyper::Method;

use super::https::{Https, HttpsError};
use crate::{
    facts::observed::{Answer, KibanaFacts},
    mesh::{Mesh, digest::digest_of, id::ClusterId},
};

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

    /// What Kibana says of itself: it answers 503 until it reached Elasticsearch. See
    /// <https://www.elastic.co/docs/api/doc/kibana/operation/operation-get-status>.
    pub async fn status(&self) -> Result<Answer<KibanaFacts>, HttpsError> {
        let answer = self.https.ask(None, Method::GET, &self.path, None).await?;
        Ok(if answer.succeeded() {
            Answer::Ready(KibanaFacts { certificate: digest_of(&[&answer.certificate]) })
        } else {
            Answer::NotReady(format!("status {}", answer.status))
        })
    }
}
