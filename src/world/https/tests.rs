//! Failed handshakes with a real TLS server.

use std::{
    io::Write as _,
    net::TcpListener,
    sync::Arc,
    thread::{self, JoinHandle},
};

use rustls::{
    ServerConfig, ServerConnection,
    pki_types::{PrivateKeyDer, pem::PemObject as _},
};
use time::OffsetDateTime;

use super::*;
use crate::{
    facts::observed::Answer as Fact,
    mesh::certs::{Authority, Names},
};

/// A port where one connection is accepted, for `serve` to deal with.
fn server(serve: impl FnOnce(std::net::TcpStream) + Send + 'static) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (address, thread::spawn(move || serve(listener.accept().unwrap().0)))
}

/// A TLS server whose certificate `authority` signs; it ends the connection after the handshake.
fn tls_server(authority: &Authority, names: &Names, now: OffsetDateTime) -> (SocketAddr, JoinHandle<()>) {
    let identity = authority.sign(names, now);
    let certificate = CertificateDer::from_pem_slice(identity.certificate.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(identity.key.expose().as_bytes()).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    server(move |mut stream| {
        let mut tls = ServerConnection::new(Arc::new(config)).unwrap();
        // the client's alert ends a handshake that it refuses
        let _refused = tls.complete_io(&mut stream);
    })
}

/// The error of a request to a server, by a client that trusts `authority`.
async fn error_at((address, server): (SocketAddr, JoinHandle<()>), authority: &Authority) -> HttpsError {
    let https = Https::at(address, authority.certificate()).unwrap();
    let error = https.ask(None, Method::GET, "/", None).await.unwrap_err();
    server.join().unwrap();
    error
}

#[tokio::test]
async fn an_untrusted_certificate_is_recognized_by_its_type() {
    let now = OffsetDateTime::now_utc();
    let (ours, other) = (Authority::issue("cluster01", now), Authority::issue("cluster02", now));
    let names = Names::example();
    let mut elsewhere = names.clone();
    elsewhere.ip.clear();
    let long_ago = now - time::Duration::days(20 * 365);
    let untrusted = [
        tls_server(&other, &names, now),
        tls_server(&ours, &elsewhere, now),
        tls_server(&Authority::issue("cluster01", long_ago), &names, long_ago),
    ];
    for server in untrusted {
        let error = error_at(server, &ours).await;
        assert!(error.is_distrust(), "{error:?}");
        let words = error.cause();
        assert!(words.starts_with("invalid peer certificate: "), "{words}");
        assert_eq!(Fact::<()>::from(error), Fact::Untrusted(words));
    }
}

#[tokio::test]
async fn other_failed_connections_are_no_distrust() {
    let now = OffsetDateTime::now_utc();
    let ours = Authority::issue("cluster01", now);
    let plain = server(|mut stream| stream.write_all(b"invalid peer certificate: UnknownIssuer").unwrap());
    let closed = server(drop);
    for server in [tls_server(&ours, &Names::example(), now), plain, closed] {
        let error = error_at(server, &ours).await;
        assert!(matches!(error, HttpsError::NoAnswer { .. }) && !error.is_distrust(), "{error:?}");
    }
    // what a server says in an answer is no fault of its certificate
    let reason = "invalid peer certificate: UnknownIssuer".to_owned();
    let refused = HttpsError::Refused { what: "`GET /`".to_owned(), status: 500, kind: None, reason };
    assert!(!refused.is_distrust());
}

#[test]
fn a_refusal_without_a_reason_has_its_type() {
    let reason = |body: &str| {
        Answer { status: 503, body: serde_json::from_str(body).unwrap(), certificate: Vec::new() }.reason()
    };
    let unled = r#"{"error": {"root_cause": [{"type": "master_not_discovered_exception", "reason": null}],
                   "type": "master_not_discovered_exception", "reason": null}, "status": 503}"#;
    assert_eq!(reason(unled), "master_not_discovered_exception");
    assert_eq!(reason(r#"{"error": {"type": "a", "reason": "b"}}"#), "b");
    assert_eq!(reason("{}"), "no reason given");
}
