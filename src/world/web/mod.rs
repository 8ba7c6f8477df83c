//! The listener of the live page: connections, their limits, and TLS. I/O: network; no decisions.

mod error;
mod routes;
#[cfg(test)]
mod tests;
mod tls;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::Semaphore,
    time::{sleep, timeout},
};
use tower_service::Service as _;

pub use self::{
    error::WebError,
    routes::{Search, Site},
    tls::Identity,
};
use super::ports;

/// More connections wait until one ends.
const CONNECTIONS: usize = 64;
/// A client that has not sent the head of a request by then is not waited for, nor one that sends nothing more.
const HEAD: Duration = Duration::from_secs(10);
/// The largest head of a request, in bytes.
const LARGEST_HEAD: usize = 16 << 10;
/// After a connection could not be taken, as when too many files are open.
const PAUSE: Duration = Duration::from_millis(100);

/// A place where browsers are listened to.
pub struct Listening {
    listener: TcpListener,
    /// The address that it got: a port of 0 stands for any.
    pub at: SocketAddr,
    identity: Option<Identity>,
}

impl Listening {
    /// # Errors
    /// The address is not of this machine, or another program listens there.
    pub async fn begin(at: SocketAddr, identity: Option<Identity>) -> Result<Self, WebError> {
        let refused = |cause: std::io::Error| match cause.kind() {
            std::io::ErrorKind::AddrInUse => {
                let is_it = |bound: SocketAddr| bound.port() == at.port();
                let mut owners = ports::listeners(is_it).unwrap_or_default().into_iter();
                let owner = owners.find_map(|listener| listener.owner.filter(|_| listener.port == at.port()));
                WebError::Taken { at, owner }
            }
            _ => WebError::Refused { at, cause },
        };
        let listener = TcpListener::bind(at).await.map_err(refused)?;
        let at = listener.local_addr().map_err(refused)?;
        Ok(Self { listener, at, identity })
    }

    /// Answers whoever comes, without an end.
    pub async fn serve(self, site: Site) {
        let (router, room) = (routes::router(site), Arc::new(Semaphore::new(CONNECTIONS)));
        loop {
            let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
            let Ok((stream, _)) = self.listener.accept().await else {
                sleep(PAUSE).await;
                continue;
            };
            let _ = stream.set_nodelay(true);
            let (router, acceptor) = (router.clone(), self.identity.as_ref().map(Identity::acceptor));
            tokio::spawn(async move {
                match acceptor {
                    None => converse(stream, router).await,
                    Some(acceptor) => {
                        if let Ok(Ok(stream)) = timeout(HEAD, acceptor.accept(stream)).await {
                            converse(stream, router).await;
                        }
                    }
                }
                drop(place);
            });
        }
    }
}

/// One connection until its end.
async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, router: Router) {
    let service = service_fn(move |request: Request<Incoming>| router.clone().call(request.map(Body::new)));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!("a connection of the page ended: {error}");
    }
}
