//! TLS connections that tell which certificate the server showed. I/O: network.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use hyper::{
    Uri,
    rt::{Read, ReadBufCursor, Write},
};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use rustls::ClientConfig;
use tokio::time::timeout;
use tower_service::Service;

/// The longest that setting up a connection inside one machine may take, TLS included.
const LONGEST: Duration = Duration::from_secs(5);

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Tcp = <HttpConnector as Service<Uri>>::Response;

/// Sets connections up. Every answer that comes over one has [`Shown`] among its extensions.
#[derive(Debug, Clone)]
pub struct Connector(HttpsConnector<HttpConnector>);

/// The certificate that the server showed when the connection began, as DER.
#[derive(Debug, Clone)]
pub struct Shown(pub Vec<u8>);

/// One connection.
#[derive(Debug)]
pub struct Tls(MaybeHttpsStream<Tcp>);

impl Connector {
    pub fn new(config: ClientConfig) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        // `https` is for the layer above
        tcp.enforce_http(false);
        let mut connector = HttpsConnector::from((tcp, Arc::new(config)));
        connector.enforce_https();
        Self(connector)
    }
}

impl Service<Uri> for Connector {
    type Response = Tls;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Tls, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.0.call(uri);
        Box::pin(async {
            let timed_out = |_| io::Error::new(io::ErrorKind::TimedOut, "operation timed out");
            Ok(Tls(timeout(LONGEST, connecting).await.map_err(timed_out)??))
        })
    }
}

impl Connection for Tls {
    fn connected(&self) -> Connected {
        let MaybeHttpsStream::Https(tls) = &self.0 else { return self.0.connected() };
        let shown = tls.inner().get_ref().1.peer_certificates().and_then(<[_]>::first);
        self.0.connected().extra(Shown(shown.map(|certificate| certificate.to_vec()).unwrap_or_default()))
    }
}

impl Read for Tls {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl Write for Tls {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(context, slices)
    }
}
