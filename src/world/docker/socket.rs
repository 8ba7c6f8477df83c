//! HTTP over the engine's socket, with an end to every answer that is kept in memory. I/O: a local socket.

use std::{
    error::Error,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bollard::{BollardRequest, errors::Error as Cause};
use hyper::{
    Response, Uri,
    body::Incoming,
    client::conn::http1,
    header::{HOST, HeaderValue},
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::UnixStream,
};

/// The longest answer, in bytes: some ten thousand containers in a list.
pub(super) const LONGEST: u64 = 64 << 20;

/// More came than [`LONGEST`].
#[derive(Debug, thiserror::Error)]
#[error("the answer is longer than {} MiB", LONGEST >> 20)]
struct TooLong;

/// Whether a call failed because its answer did not end.
pub(super) fn is_too_long(cause: &Cause) -> bool {
    let is_too_long = |error: &(dyn Error + 'static)| {
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        inner.is_some_and(<dyn Error + Send + Sync>::is::<TooLong>)
    };
    std::iter::successors(cause.source(), |error| (*error).source()).any(is_too_long)
}

/// Sends one request over a connection of its own, as bollard does.
pub(super) async fn send(socket: String, request: BollardRequest) -> Result<Response<Incoming>, Cause> {
    let left = if is_stream(request.uri().path()) { u64::MAX } else { LONGEST };
    let stream = Bounded { stream: UnixStream::connect(&socket).await?, left };
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // it ends with the answer, and its errors come to whoever reads that
    tokio::spawn(connection.with_upgrades());
    let (mut parts, body) = request.into_parts();
    // bollard's URI names the socket, where HTTP/1.1 has the path only
    parts.uri = parts.uri.path_and_query().cloned().map_or_else(Uri::default, Uri::from);
    parts.headers.insert(HOST, HeaderValue::from_static("docker"));
    Ok(sender.send_request(BollardRequest::from_parts(parts, body)).await?)
}

/// Whether an answer is read piece by piece, and goes on for as long as something happens: logs, events, pulls, and
/// whole images.
fn is_stream(path: &str) -> bool {
    let is_of_image = path.contains("/images/") && ["/get", "/load", "/push"].iter().any(|end| path.ends_with(end));
    is_of_image || ["/logs", "/events", "/images/create"].iter().any(|end| path.ends_with(end))
}

/// A connection from which only so many bytes can be read.
struct Bounded {
    stream: UnixStream,
    left: u64,
}

impl AsyncRead for Bounded {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        let came = (buf.filled().len() - before) as u64;
        let Some(left) = self.left.checked_sub(came) else { return Poll::Ready(Err(io::Error::other(TooLong))) };
        self.left = left;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Bounded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
