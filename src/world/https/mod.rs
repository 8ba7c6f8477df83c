//! An HTTPS client that trusts one cluster's authorities and nothing else. I/O: network.

mod any;
mod error;
mod kept;
#[cfg(test)]
mod tests;

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Method, Request, StatusCode, Uri,
    body::Bytes,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue},
};
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use serde_json::Value;
use tokio::time::timeout;

use self::any::AnyCertificate;
pub use self::{
    error::{HttpsError, Silence},
    kept::Connections,
};
use super::{
    open_files::TooManyOpenFiles,
    tls::{Connector, Shown},
};
use crate::{
    ask::request::{Body, JSON},
    mesh::{Mesh, id::ServiceId, secret::Secret},
};

/// A published port of a service, as this machine's own client reaches it.
#[derive(Debug, Clone)]
pub struct Https {
    client: Client<Connector, Full<Bytes>>,
    address: SocketAddr,
    /// The authorities that it trusts, as PEM.
    authorities: Arc<str>,
    /// A header that every request has, besides its own.
    header: Option<(HeaderName, HeaderValue)>,
}

/// An answer that came, whatever its status says.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    /// `null` where the answer is not JSON.
    pub body: Value,
    /// The certificate that the server showed, as DER.
    pub certificate: Vec<u8>,
}

/// An answer as it came.
#[derive(Debug, Clone)]
pub struct RawAnswer {
    pub status: u16,
    pub bytes: Vec<u8>,
    /// The certificate that the server showed, as DER.
    certificate: Vec<u8>,
}

/// How much of an answer is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// The time until the answer is whole.
    pub time: Duration,
    /// The longest body, in bytes: an endless one must not exhaust the memory.
    pub length: usize,
}

/// Names the user that a request is carried out as.
const RUN_AS: HeaderName = HeaderName::from_static("es-security-runas-user");

/// Who asks.
#[derive(Debug, Clone)]
pub struct Login<'a> {
    pub user: &'a str,
    pub password: &'a Secret,
    /// The API key that is presented in place of user and password.
    pub key: Option<&'a Secret>,
    /// The token of a service account that is presented in place of either.
    pub token: Option<&'a Secret>,
    /// The user that the request is carried out as, if that is another; see
    /// <https://www.elastic.co/docs/deploy-manage/users-roles/cluster-or-deployment-auth/submitting-requests-on-behalf-of-other-users>.
    pub run_as: Option<&'a str>,
}

impl Login<'_> {
    /// What the header `Authorization` says; not shown where requests are.
    fn authorization(&self) -> HeaderValue {
        let value = match (self.token, self.key) {
            (Some(token), _) => format!("Bearer {}", token.expose()),
            (None, Some(key)) => format!("ApiKey {}", key.expose()),
            (None, None) => {
                format!("Basic {}", BASE64_STANDARD.encode(format!("{}:{}", self.user, self.password.expose())))
            }
        };
        let mut value = HeaderValue::try_from(value).expect("should be letters");
        value.set_sensitive(true);
        value
    }
}

impl Https {
    /// Connecting to dead remotes takes Elasticsearch up to ten seconds each, at once. What is asked here is answered
    /// in a few hundred KiB by the largest mesh.
    const BOUNDS: Bounds = Bounds { time: Duration::from_secs(30), length: 64 << 20 };

    /// A client for a service of a mesh, by its port on this machine. Proxy variables are ignored: they are about the
    /// way out, not to loopback.
    pub fn of(mesh: &Mesh, service: ServiceId, authorities: &str) -> Result<Self, HttpsError> {
        let place = mesh.place(service).ok_or(HttpsError::NoService(service))?;
        Self::at(SocketAddr::new(mesh.client_address(), place.https_port()), authorities)
    }

    /// A client for the mesh's own gateway, which is sent no secret: it takes whatever certificate is shown, and every
    /// answer has it.
    pub fn of_gateway(mesh: &Mesh) -> Result<Self, HttpsError> {
        let address = mesh.gateway_address().ok_or(HttpsError::NoGateway)?;
        let config = ClientConfig::builder().dangerous().with_custom_certificate_verifier(Arc::new(AnyCertificate));
        let config = config.with_no_client_auth();
        let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(Connector::new(config));
        Ok(Self { client, address, authorities: "".into(), header: None })
    }

    /// A client for whatever listens at an address.
    fn at(address: SocketAddr, authorities: &str) -> Result<Self, HttpsError> {
        let unusable = |error: &dyn ToString| HttpsError::Authority(error.to_string());
        let mut trusted = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(authorities.as_bytes()) {
            let certificate = certificate.map_err(|error| unusable(&error))?;
            trusted.add(certificate).map_err(|error| unusable(&error))?;
        }
        let config = ClientConfig::builder().with_root_certificates(trusted).with_no_client_auth();
        let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(Connector::new(config));
        Ok(Self { client, address, authorities: authorities.into(), header: None })
    }

    /// This client with a header that every request of its has.
    #[must_use]
    pub fn with_header(self, header: (HeaderName, HeaderValue)) -> Self {
        Self { header: Some(header), ..self }
    }

    /// Sends one request; any status is an answer.
    pub async fn ask(
        &self,
        login: Option<&Login<'_>>,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, HttpsError> {
        let body = body.map(|body| Body { content_type: JSON, bytes: body.to_string().into_bytes() });
        Ok(self.ask_raw(login, method, path, body, Self::BOUNDS).await?.read())
    }

    /// Sends one request with these bytes, and gives back those that come; any status is an answer. The path is sent as
    /// it is: a URL library would take `..` in it, and `%2e%2e`, too, for a way to another.
    pub async fn ask_raw(
        &self,
        login: Option<&Login<'_>>,
        method: Method,
        path: &str,
        body: Option<Body>,
        bounds: Bounds,
    ) -> Result<RawAnswer, HttpsError> {
        let begun = Instant::now();
        let log = |outcome: &str| {
            tracing::debug!("{method} https://{}{path}: {outcome} after {:.0?}", self.address, begun.elapsed());
        };
        let uri = Uri::builder().scheme("https").authority(self.address.to_string()).path_and_query(path).build()?;
        let mut request = Request::builder().method(&method).uri(uri);
        if let Some(login) = login {
            request = request.header(AUTHORIZATION, login.authorization());
            if let Some(user) = login.run_as {
                request = request.header(RUN_AS, user);
            }
        }
        if let Some((name, value)) = &self.header {
            request = request.header(name, value);
        }
        if let Some(body) = &body {
            request = request.header(CONTENT_TYPE, body.content_type);
        }
        let request = request.body(Full::from(body.map(|body| body.bytes).unwrap_or_default()))?;
        let asking = async {
            let (head, mut body) = self.client.request(request).await?.into_parts();
            let certificate = head.extensions.get::<Shown>().map(|Shown(certificate)| certificate.clone());
            let mut bytes = Vec::new();
            while let Some(frame) = body.frame().await {
                let piece = frame?.into_data().unwrap_or_default();
                if bytes.len() + piece.len() > bounds.length {
                    return Ok(None);
                }
                bytes.extend_from_slice(&piece);
            }
            let certificate = certificate.unwrap_or_default();
            Ok(Some(RawAnswer { status: head.status.as_u16(), bytes, certificate }))
        };
        match timeout(bounds.time, asking).await.unwrap_or(Err(Silence::TimedOut)) {
            Ok(Some(answer)) => {
                log(&answer.status.to_string());
                Ok(answer)
            }
            Ok(None) => {
                log("an answer without end");
                Err(HttpsError::TooLong { address: self.address, longest: bounds.length })
            }
            Err(cause) => {
                log("no answer");
                Err(match TooManyOpenFiles::under(&cause) {
                    Some(error) => HttpsError::OpenFiles(error),
                    None => HttpsError::NoAnswer { address: self.address, cause },
                })
            }
        }
    }
}

impl RawAnswer {
    /// The certificate that the server showed, as DER.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// The body read as JSON; `null` where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }

    /// The answer with its body read as JSON.
    pub fn read(self) -> Answer {
        Answer { status: self.status, body: self.json(), certificate: self.certificate }
    }
}

impl Answer {
    pub fn succeeded(&self) -> bool {
        StatusCode::from_u16(self.status).is_ok_and(|status| status.is_success())
    }

    /// The body of a request that succeeded; otherwise the server's reason for refusing it.
    pub fn accepted(self, what: &str) -> Result<Value, HttpsError> {
        if self.succeeded() {
            return Ok(self.body);
        }
        let kind = self.body["error"]["type"].as_str().map(str::to_owned);
        Err(HttpsError::Refused { what: what.to_owned(), status: self.status, kind, reason: self.reason() })
    }

    /// Elasticsearch's own words for a refusal; the root cause's, since "all shards failed" tells nothing. Without an
    /// elected master, Elasticsearch 9.5.3 gives a type alone.
    pub fn reason(&self) -> String {
        let error = &self.body["error"];
        let reason = error["root_cause"][0]["reason"]
            .as_str()
            .or(error["reason"].as_str())
            .or(error.as_str())
            .or(self.body["error_message"].as_str())
            .or(error["type"].as_str());
        reason.unwrap_or("no reason given").to_owned()
    }
}
