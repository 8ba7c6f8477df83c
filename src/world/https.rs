//! An HTTPS client that trusts one cluster's authorities and nothing else. I/O: network.

use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use reqwest::{Certificate, Client, Method, StatusCode, header::CONTENT_TYPE, tls::TlsInfo};
use serde_json::Value;

use crate::{
    ask::request::{Body, JSON},
    mesh::secret::Secret,
};

/// A published port of a service, as this machine's own client reaches it.
#[derive(Debug, Clone)]
pub struct Https {
    client: Client,
    base: String,
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

/// Why there is no answer, or not the one that was hoped for.
#[derive(Debug, thiserror::Error)]
pub enum HttpsError {
    #[error("the authority's certificate cannot be used")]
    Authority(#[source] reqwest::Error),
    #[error("{base} does not answer")]
    NoAnswer {
        base: String,
        #[source]
        cause: reqwest::Error,
    },
    #[error("{what} was refused with status {status}: {reason}")]
    Refused { what: String, status: u16, reason: String },
    #[error("the answer to {what} has not the form that is documented: {reason}")]
    Unexpected { what: String, reason: String },
}

impl HttpsError {
    /// Whether something answered with a certificate that the authority did not sign.
    pub fn is_distrust(&self) -> bool {
        matches!(self, Self::NoAnswer { .. }) && self.cause().contains("invalid peer certificate")
    }

    /// The innermost cause, which is the one that tells: "connection refused" rather than "error sending request".
    pub fn cause(&self) -> String {
        let mut error: &dyn std::error::Error = self;
        while let Some(source) = error.source() {
            error = source;
        }
        error.to_string()
    }
}

/// Who asks.
#[derive(Debug, Clone)]
pub struct Login<'a> {
    pub user: &'a str,
    pub password: &'a Secret,
}

impl Https {
    /// Longest wait for one answer: connecting to dead remotes takes Elasticsearch up to ten seconds each, at once.
    const TIMEOUT: Duration = Duration::from_secs(30);

    /// A client for a port of this machine. Proxy variables are ignored: they are about the way out, not to loopback.
    pub fn new(address: IpAddr, port: u16, authorities: &str) -> Result<Self, HttpsError> {
        let certificates = Certificate::from_pem_bundle(authorities.as_bytes()).map_err(HttpsError::Authority)?;
        let client = Client::builder()
            .tls_certs_only(certificates)
            .no_proxy()
            .https_only(true)
            .tls_info(true)
            .connect_timeout(Duration::from_secs(5))
            .build()
            .map_err(HttpsError::Authority)?;
        Ok(Self { client, base: format!("https://{}", SocketAddr::new(address, port)) })
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
        Ok(self.ask_raw(login, method, path, body, Self::TIMEOUT).await?.read())
    }

    /// Sends one request with these bytes, and gives back those that come; any status is an answer.
    pub async fn ask_raw(
        &self,
        login: Option<&Login<'_>>,
        method: Method,
        path: &str,
        body: Option<Body>,
        timeout: Duration,
    ) -> Result<RawAnswer, HttpsError> {
        let begun = Instant::now();
        let told = |outcome: &str| {
            tracing::debug!("{method} {}{path}: {outcome} after {:.0?}", self.base, begun.elapsed());
        };
        let no_answer = |cause: reqwest::Error| {
            told("no answer");
            HttpsError::NoAnswer { base: self.base.clone(), cause }
        };
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.base)).timeout(timeout);
        if let Some(login) = login {
            request = request.basic_auth(login.user, Some(login.password.expose()));
        }
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, body.content_type).body(body.bytes);
        }
        let response = request.send().await.map_err(no_answer)?;
        let status = response.status();
        let shown = response.extensions().get::<TlsInfo>().and_then(|tls| tls.peer_certificate().map(<[u8]>::to_vec));
        let bytes = response.bytes().await.map_err(no_answer)?;
        told(status.as_str());
        Ok(RawAnswer { status: status.as_u16(), bytes: bytes.into(), certificate: shown.unwrap_or_default() })
    }
}

impl RawAnswer {
    /// The same, read as JSON.
    pub fn read(self) -> Answer {
        Answer {
            status: self.status,
            body: serde_json::from_slice(&self.bytes).unwrap_or(Value::Null),
            certificate: self.certificate,
        }
    }
}

impl Answer {
    pub fn succeeded(&self) -> bool {
        StatusCode::from_u16(self.status).is_ok_and(|status| status.is_success())
    }

    /// The body of a request that succeeded; otherwise what the server said against it.
    pub fn accepted(self, what: &str) -> Result<Value, HttpsError> {
        if self.succeeded() {
            return Ok(self.body);
        }
        Err(HttpsError::Refused { what: what.to_owned(), status: self.status, reason: self.reason() })
    }

    /// Elasticsearch's own words for a refusal; the root cause's, since "all shards failed" tells nothing.
    pub fn reason(&self) -> String {
        let error = &self.body["error"];
        let reason = error["root_cause"][0]["reason"]
            .as_str()
            .or(error["reason"].as_str())
            .or(error.as_str())
            .or(self.body["error_message"].as_str());
        reason.unwrap_or("no reason given").to_owned()
    }
}
