//! Clients that read nothing, with and without the token: others are answered nevertheless.

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt as _,
    sync::{Arc, Mutex},
    time::Duration,
};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use time::OffsetDateTime;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpSocket,
    sync::{mpsc, watch},
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::{CONNECTIONS, Identity, Listening, Search, Site};
use crate::{
    mesh::certs::{Authority, Names},
    page::{Chronicle, Feed, Gate, History, Token, Trouble, example::attempt},
};

const TOKEN: &str = "0123456789abcdefghijklmnopqrstuvwxyz";
/// Within the time for the head of a request, so that no answer is due to that limit.
const SOON: Duration = Duration::from_secs(8);
/// More answers than the buffers of a connection hold.
const PIPELINED: usize = 300;

trait Both: AsyncRead + AsyncWrite + Unpin {}
impl<S: AsyncRead + AsyncWrite + Unpin> Both for S {}

/// A page that is served.
struct Served {
    at: SocketAddr,
    feed: watch::Sender<Arc<Feed>>,
    tls: Option<TlsConnector>,
    _searches: mpsc::Receiver<Search>,
}

/// A certificate of this machine, and a client that trusts it.
fn tls() -> (Identity, TlsConnector) {
    let (temp, now) = (tempfile::tempdir().unwrap(), OffsetDateTime::now_utc());
    let authority = Authority::issue("page", now);
    let signed = authority.sign(&Names::example(), now);
    let [certificate, key] = ["page.crt", "page.key"].map(|name| temp.path().join(name));
    fs::write(&certificate, &signed.certificate).unwrap();
    fs::write(&key, signed.key.expose()).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.certificate().as_bytes()).unwrap()).unwrap();
    let client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    (Identity::read(&certificate, &key).unwrap(), Arc::new(client).into())
}

impl Served {
    async fn begin(tls: Option<(Identity, TlsConnector)>, deadline: Option<Duration>) -> Self {
        let (identity, tls) = tls.unzip();
        let mut listening = Listening::begin("127.0.0.1:0".parse().unwrap(), identity).await.unwrap();
        listening.write_deadline = deadline.unwrap_or(listening.write_deadline);
        let at = listening.at;
        let (feed, follower) = watch::channel(Arc::new(Feed::new("recorded".to_owned())));
        let (searches, asked) = mpsc::channel(1);
        let gate = Gate::new(at, &[], tls.is_some(), Token::new(TOKEN).unwrap());
        let history = Arc::new(Mutex::new(History::default()));
        tokio::spawn(listening.serve(Site { gate: Arc::new(gate), feed: follower, history, searches }));
        Self { at, feed, tls, _searches: asked }
    }

    /// A client that sends the head of a request some times, and has read nothing yet.
    async fn request(&self, path: &str, token: Option<&str>, times: usize) -> Box<dyn Both> {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let stream = socket.connect(self.at).await.unwrap();
        let mut stream: Box<dyn Both> = match &self.tls {
            None => Box::new(stream),
            Some(tls) => {
                let name = ServerName::IpAddress(self.at.ip().into());
                Box::new(timeout(SOON, tls.connect(name, stream)).await.expect("should be in time").unwrap())
            }
        };
        let token = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        let head = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n{token}\r\n", self.at);
        // one that is broken off while it sends is one that reads nothing, too
        let _ = timeout(SOON, stream.write_all(head.repeat(times).as_bytes())).await.expect("should be sent");
        let _ = timeout(SOON, stream.flush()).await.expect("should be sent");
        stream
    }

    /// What every browser that follows the page is sent.
    fn change(&self, message: &str) {
        let trouble = Trouble { message: message.to_owned(), remedy: None, no_mesh: false, metrics: String::new() };
        let last = self.feed.borrow().clone();
        let next = last.without(trouble, &Chronicle::default(), &attempt(OffsetDateTime::now_utc()));
        self.feed.send_replace(Arc::new(next));
    }

    async fn require_healthz(&self) {
        let mut stream = self.request("/healthz", None, 1).await;
        until(&mut stream, "there is no mesh to look at yet").await;
    }
}

/// Reads until a text has come.
async fn until(stream: &mut Box<dyn Both>, text: &str) {
    let mut read = Vec::new();
    let reading = async {
        while !String::from_utf8_lossy(&read).contains(text) {
            assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0, "it ended without `{text}`");
        }
    };
    timeout(SOON, reading).await.unwrap_or_else(|_| panic!("`{text}` should have come"));
}

#[tokio::test]
async fn clients_without_the_token_keep_no_one_out() {
    let page = Served::begin(None, None).await;
    let mut follower = page.request("/events", Some(TOKEN), 1).await;
    until(&mut follower, ": mesh").await;
    let mut strangers = Vec::new();
    for of in 0..CONNECTIONS {
        strangers.push(match of % 3 {
            0 => page.request("/page.css", None, PIPELINED).await,
            1 => page.request("/healthz", None, 1).await,
            _ => page.request("/", None, 0).await,
        });
    }
    page.require_healthz().await;
    page.change("the follower is still there");
    until(&mut follower, "the follower is still there").await;
}

#[tokio::test]
async fn clients_that_read_nothing_lose_their_places() {
    for tls in [None, Some(tls())] {
        let page = Served::begin(tls, Some(Duration::from_secs(1))).await;
        let mut follower = page.request("/events", Some(TOKEN), 1).await;
        until(&mut follower, ": mesh").await;
        let mut stalled = Vec::new();
        while stalled.len() + 1 < CONNECTIONS {
            let mut client = page.request("/api/history", Some(TOKEN), 1).await;
            until(&mut client, "200 OK").await;
            let head = format!("GET /page.css HTTP/1.1\r\nHost: {}\r\n\r\n", page.at);
            timeout(SOON, client.write_all(head.repeat(PIPELINED).as_bytes())).await.expect("should be sent").unwrap();
            stalled.push(client);
        }
        page.require_healthz().await;
        // it reads, and was sent nothing for longer than the others were waited for
        page.change("the follower is still there");
        until(&mut follower, "the follower is still there").await;
    }
}
