//! The mesh's own gateway: what it answers, and which of its paths lead to a service. I/O: network, disk; changes
//! nothing.
//!
//! It is asked for nothing that is secret, so whatever certificate it shows is looked at and not refused.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use futures::future::join_all;
use hyper::Method;
use time::OffsetDateTime;

use super::{
    World,
    https::{Bounds, Https, HttpsError},
    words::words,
};
use crate::{
    facts::{
        gateway::{GatewayAnswer, GatewayRoute, GivenIdentity, UnusableIdentity},
        observed::{Answer, Observed},
    },
    mesh::{Mesh, certs, digest::digest_of, secret::Secret},
};

/// nginx answers from memory; a Kibana takes longer.
const HEALTH: Bounds = Bounds { time: Duration::from_secs(5), length: 1 << 10 };
const ROUTE: Bounds = Bounds { time: Duration::from_secs(15), length: 1 << 20 };

impl World {
    /// What the gateway of the mesh says of itself.
    pub async fn ask_gateway(&self, mesh: &Mesh) -> Result<GatewayAnswer, HttpsError> {
        let https = Https::of_gateway(mesh)?;
        let answer = https.ask_raw(None, Method::GET, "/_mesh/health", None, HEALTH).await?;
        let digest = String::from_utf8_lossy(&answer.bytes).trim().to_owned();
        Ok(GatewayAnswer { digest, certificate: digest_of(&[answer.certificate()]) })
    }

    /// What it says, where its container runs.
    pub(super) async fn gateway_answer(&self, mesh: &Mesh, there: &Observed) -> Option<Answer<GatewayAnswer>> {
        if !there.gateway.runs() || mesh.gateway.is_none() {
            return None;
        }
        match self.ask_gateway(mesh).await {
            Ok(answer) => Some(Answer::Ready(answer)),
            Err(error) => Some(match Answer::from(error) {
                Answer::Unreachable { words, .. } => {
                    let started = self.docker.started(&mesh.gateway_name()).await.ok().flatten();
                    Answer::Unreachable { words, started }
                }
                answer => answer,
            }),
        }
    }

    /// Tries each path of the gateway; with the reason for each that leads to no service. Elasticsearch asks for a
    /// password, which is not sent: that is its answer, and no other's.
    pub async fn gateway_routes(&self, mesh: &Mesh) -> BTreeMap<GatewayRoute, Option<String>> {
        let elastic = mesh.clusters().map(GatewayRoute::Elastic);
        let kibana = mesh.clusters().filter(|cluster| mesh.has(cluster.kibana())).map(GatewayRoute::Kibana);
        let tried = elastic.chain(kibana).map(async |route| {
            let (path, good) = match route {
                GatewayRoute::Elastic(cluster) => (format!("/{cluster}/elastic/"), 401),
                GatewayRoute::Kibana(cluster) => (format!("/{cluster}/api/status"), 200),
            };
            let https = match Https::of_gateway(mesh) {
                Ok(https) => https,
                Err(error) => return (route, Some(error.cause())),
            };
            let reason = match https.ask_raw(None, Method::GET, &path, None, ROUTE).await {
                Ok(answer) if answer.status == good => None,
                Ok(answer) => {
                    let status = answer.status;
                    let words = answer.json()["error"]["reason"].as_str().map(str::to_owned);
                    Some(words.unwrap_or_else(|| format!("{path} answers with status {status}")))
                }
                Err(error) => Some(error.cause()),
            };
            (route, reason)
        });
        join_all(tried.collect::<Vec<_>>()).await.into_iter().collect()
    }
}

/// The certificate and the key that the user has for the gateway; `None` where none are asked for.
pub fn given(mesh: &Mesh, now: OffsetDateTime) -> Option<Result<GivenIdentity, UnusableIdentity>> {
    let (certificate, key) = (mesh.spec.gateway_cert.0.as_ref()?, mesh.spec.gateway_key.0.as_ref()?);
    mesh.gateway.as_ref()?;
    Some(read(certificate, key, now))
}

fn read(certificate: &Path, key: &Path, now: OffsetDateTime) -> Result<GivenIdentity, UnusableIdentity> {
    let unusable = |reason: String| UnusableIdentity {
        reason: format!("the certificate of the gateway cannot be used: {reason}"),
        remedy: "both are PEM, the key is PKCS#8; name others, `mesh create` with `--gateway-cert FILE --gateway-key \
                 FILE`, or let mesh issue one: `--no-gateway-cert --no-gateway-key`"
            .to_owned(),
    };
    let text = |path: &Path| {
        fs::read_to_string(path).map_err(|error| unusable(format!("{}: {}", path.display(), words(&error))))
    };
    let identity = GivenIdentity { certificate: text(certificate)?, key: Secret::new(text(key)?) };
    certs::belongs_together(&identity.certificate, &identity.key, now).map_err(|error| unusable(error.to_string()))?;
    Ok(identity)
}
