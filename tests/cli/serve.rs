//! The live page where no engine answers: who is let in, what is limited, and TLS.

use std::{
    fs::{self, Permissions},
    io::{BufRead as _, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Stdio},
    sync::Arc,
    time::Duration,
};

use rcgen::{CertificateParams, KeyPair};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, pki_types::ServerName};

use crate::{mesh, run};

/// A page of a mesh that cannot be seen.
struct Page {
    child: Child,
    at: SocketAddr,
    token: String,
}

impl Page {
    fn begin(dir: &Path, more: &[&str]) -> Self {
        let file = dir.join("token");
        let mut command = mesh(&["serve", "--listen", "127.0.0.1:0", "--token-file", file.to_str().unwrap()]);
        let mut child = command.args(more).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let at = line.trim().trim_end_matches('/').rsplit('/').next().unwrap().parse();
        let token = fs::read_to_string(file).unwrap().trim().to_owned();
        assert!(!line.contains(&token), "{line}");
        Self { child, at: at.unwrap(), token }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.at).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        stream
    }

    /// The head of a request with the token.
    fn head(&self, path: &str) -> String {
        format!("GET {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n", self.at, self.token)
    }

    fn ask(&self, request: &str) -> String {
        answer(&mut self.connect(), request)
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What comes until the connection ends.
fn answer(stream: &mut (impl Read + Write), request: &str) -> String {
    let mut text = Vec::new();
    // a server that refuses what is still being sent ends the connection
    let _ = stream.write_all(request.as_bytes());
    let _ = stream.read_to_end(&mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// The beginning of what comes.
fn first_bytes(stream: &mut TcpStream) -> String {
    let mut bytes = [0; 512];
    let count = stream.read(&mut bytes).unwrap_or_default();
    String::from_utf8_lossy(&bytes[..count]).into_owned()
}

#[test]
fn a_page_begins_without_a_mesh_and_says_what_it_cannot_see() {
    let temp = tempfile::tempdir().unwrap();
    let page = Page::begin(temp.path(), &[]);
    let health = page.ask(&format!("GET /healthz HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", page.at));
    assert!(health.starts_with("HTTP/1.1 503") && health.contains("there is no mesh to look at yet"), "{health}");
    for header in
        ["content-security-policy: default-src 'none'", "x-content-type-options: nosniff", "cache-control: no-store"]
    {
        assert!(health.contains(header), "{header}: {health}");
    }
    let status = page.ask(&format!("{}Connection: close\r\n\r\n", page.head("/api/status")));
    assert!(status.starts_with("HTTP/1.1 503"), "{status}");
    let stranger = page.ask(&format!("GET /api/status HTTP/1.1\r\nHost: {}\r\n\r\n", page.at));
    assert!(stranger.starts_with("HTTP/1.1 401") && stranger.contains("connection: close"), "{stranger}");
    let two = page.ask(&format!("GET /healthz HTTP/1.1\r\nHost: {}\r\nHost: evil.example\r\n\r\n", page.at));
    assert!(two.starts_with("HTTP/1.1 4"), "{two}");
    let mut events = page.connect();
    events.write_all(format!("{}\r\n", page.head("/events")).as_bytes()).unwrap();
    let mut text = String::new();
    while !text.contains("trouble") {
        let more = first_bytes(&mut events);
        assert!(!more.is_empty(), "{text}");
        text += &more;
    }
    assert!(text.contains("event: look"), "{text}");
}

#[test]
fn heads_streams_and_connections_are_limited() {
    let temp = tempfile::tempdir().unwrap();
    let page = Page::begin(temp.path(), &[]);
    let long = page.ask(&format!("{}X-Long: {}\r\n\r\n", page.head("/healthz"), "a".repeat(20 << 10)));
    assert!(long.starts_with("HTTP/1.1 431"), "{long}");
    let stream = || {
        let mut stream = page.connect();
        stream.write_all(format!("{}\r\n", page.head("/events")).as_bytes()).unwrap();
        let begun = first_bytes(&mut stream);
        (stream, begun)
    };
    let streams: Vec<_> = (0..16).map(|_| stream()).collect();
    assert!(streams.iter().all(|(_, begun)| begun.starts_with("HTTP/1.1 200")));
    assert!(stream().1.starts_with("HTTP/1.1 503"), "one browser too many");
    let idle: Vec<TcpStream> = (0..48).map(|_| page.connect()).collect();
    let mut late = page.connect();
    late.write_all(format!("{}\r\n", page.head("/healthz")).as_bytes()).unwrap();
    assert!(first_bytes(&mut late).starts_with("HTTP/1.1 503"), "who has shown no token made room");
    let ended = idle.iter().filter(|stream| {
        stream.set_nonblocking(true).unwrap();
        matches!((&mut &**stream).read(&mut [0]), Ok(0))
    });
    assert!(ended.count() >= 1, "64 connections are enough");
}

#[test]
fn other_machines_are_answered_by_tls_alone() {
    let temp = tempfile::tempdir().unwrap();
    let (certificate, key) = (temp.path().join("page.crt"), temp.path().join("page.key"));
    let pair = KeyPair::generate().unwrap();
    let names = vec!["127.0.0.1".to_owned(), "mesh.example.com".to_owned()];
    let signed = CertificateParams::new(names).unwrap().self_signed(&pair).unwrap();
    fs::write(&certificate, signed.pem()).unwrap();
    fs::write(&key, pair.serialize_pem()).unwrap();
    let flags = ["--tls-certificate", certificate.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
    fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
    let refused = run(&[&["serve", "--token-file", "/nonexistent/token"], &flags[..]].concat());
    assert!(refused.starts_with("exit 2") && refused.contains("others may read it"), "{refused}");
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();

    let page = Page::begin(temp.path(), &[&flags[..], &["--san", "mesh.example.com"]].concat());
    let mut trusted = RootCertStore::empty();
    trusted.add(signed.der().clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(trusted)
        .with_no_client_auth();
    let config = Arc::new(config);
    let ask = |request: &str| {
        let name = ServerName::try_from("mesh.example.com").unwrap();
        let mut stream = StreamOwned::new(ClientConnection::new(Arc::clone(&config), name).unwrap(), page.connect());
        answer(&mut stream, request)
    };
    let health = ask("GET /healthz HTTP/1.1\r\nHost: mesh.example.com\r\nConnection: close\r\n\r\n");
    assert!(health.starts_with("HTTP/1.1 503"), "{health}");
    let token = &page.token;
    let opened = ask(&format!("GET /?token={token} HTTP/1.1\r\nHost: mesh.example.com\r\nConnection: close\r\n\r\n"));
    assert!(
        opened.starts_with("HTTP/1.1 303") && opened.contains("HttpOnly; SameSite=Strict; Path=/; Secure"),
        "{opened}"
    );
    let plain = page.ask("GET /healthz HTTP/1.1\r\nHost: mesh.example.com\r\n\r\n");
    assert!(!plain.contains("HTTP/1.1"), "{plain}");
}

#[test]
fn what_would_give_the_token_away_is_refused() {
    insta::assert_snapshot!(run(&["serve"]), @r"
    exit 2
    error: the token would be printed where others may read it: stdout is not a terminal

    hint: `mesh serve --token-file FILE` keeps it in a file that only you can read
    ");
    insta::assert_snapshot!(run(&["serve", "--listen", "192.0.2.11:9500"]), @r"
    exit 2
    error: 192.0.2.11 is not only this machine's, and the token would pass unencrypted

    hint: add `--tls-certificate FILE --tls-key FILE`; or listen on loopback, and type `ssh -L 9500:127.0.0.1:9500 HOST` on the other machine
    ");
}
