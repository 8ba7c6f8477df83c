//! The listener of the live page: connections, their limits, and TLS. I/O: network; no decisions.

mod error;
mod places;
mod routes;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_of_limits;
mod tls;
mod write_deadline;

use std::{net::SocketAddr, time::Duration};

use axum::{Router, body::Body};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    time::{sleep, timeout},
};
use tower_service::Service as _;

pub use self::{
    error::WebError,
    routes::{Search, Site},
    tls::Identity,
};
use self::{
    places::{Admitted, Places},
    write_deadline::WithWriteDeadline,
};
use super::ports;

/// One more connection ends the oldest without the token; where all have presented it, it waits.
const CONNECTIONS: usize = 64;
/// A client that has not sent the head of a request by then is not waited for, nor one that sends nothing more.
const HEAD: Duration = Duration::from_secs(10);
/// A client that takes nothing of its answer for this long is not waited for.
const WRITE: Duration = Duration::from_secs(30);
/// The largest head of a request, in bytes.
const LARGEST_HEAD: usize = 16 << 10;
/// After a connection could not be taken, as when too many files are open, or all places are taken.
const PAUSE: Duration = Duration::from_millis(100);

/// A place where browsers are listened to.
pub struct Listening {
    listener: TcpListener,
    /// The address that it got: a port of 0 stands for any.
    pub at: SocketAddr,
    identity: Option<Identity>,
    write_deadline: Duration,
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
        Ok(Self { listener, at, identity, write_deadline: WRITE })
    }

    /// Answers whoever comes, without an end.
    pub async fn serve(mut self, site: Site) {
        let (router, mut places) = (routes::router(site), Places::default());
        loop {
            let Ok((stream, _)) = self.listener.accept().await else {
                sleep(PAUSE).await;
                continue;
            };
            places.make_room(CONNECTIONS).await;
            let _ = stream.set_nodelay(true);
            let stream = WithWriteDeadline::new(stream, self.write_deadline);
            let (router, acceptor) = (router.clone(), self.identity.as_mut().map(Identity::acceptor));
            let admitted = Admitted::default();
            let of_task = admitted.clone();
            let task = tokio::spawn(async move {
                match acceptor {
                    None => converse(stream, router, of_task).await,
                    Some(acceptor) => {
                        if let Ok(Ok(stream)) = timeout(HEAD, acceptor.accept(stream)).await {
                            converse(stream, router, of_task).await;
                        }
                    }
                }
            });
            places.add(admitted, task.abort_handle());
        }
    }
}

/// One connection until its end.
async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, router: Router, admitted: Admitted) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(admitted.clone());
        router.clone().call(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!("a connection of the page ended: {error}");
    }
}
