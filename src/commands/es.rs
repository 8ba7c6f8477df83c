//! `mesh es`: one request to a cluster's Elasticsearch.

use std::path::{Path, PathBuf};

use hyper::Method;

use super::unanswered::Unanswered;
use crate::{
    ask::{
        log_line::plain,
        request::{self, Body},
    },
    cli::{EsArgs, EsMethod},
    console::Console,
    error::{Error, Exit},
    session::Recorded,
    world::disk,
};

pub async fn es(args: &EsArgs, dir: PathBuf, console: &Console) -> Result<Exit, Error> {
    let recorded = Recorded::open(&dir)?;
    let server = recorded.server(args.cluster)?;
    let path = request::path(&args.path)?;
    let body = match &args.body {
        Some(body) => Some(Body::of(&path, read(body).await?)),
        None => None,
    };
    let method = match args.method {
        EsMethod::Get => Method::GET,
        EsMethod::Put => Method::PUT,
        EsMethod::Post => Method::POST,
        EsMethod::Delete => Method::DELETE,
        EsMethod::Head => Method::HEAD,
    };
    let answer = server
        .pass_on(method.clone(), &path, body)
        .await
        .map_err(|error| Unanswered { cluster: args.cluster, error })?;
    console.answer(&answer.bytes);
    if answer.status < 400 {
        return Ok(Exit::Done);
    }
    let (status, cluster) = (answer.status, args.cluster);
    let message = format!("{cluster} refused `{method} {path}` with status {status}");
    // HEAD has no body to give a reason in
    let reason = if answer.bytes.is_empty() { String::new() } else { format!(": {}", plain(&answer.read().reason())) };
    Err(Error::new(Exit::Unhealthy, message + &reason))
}

/// Elasticsearch takes no larger body, whatever `http.max_content_length` says; see
/// <https://www.elastic.co/docs/reference/elasticsearch/configuration-reference/networking-settings>.
const LARGEST: u64 = (2 << 30) - 1;

/// A body: itself, or where it is.
async fn read(body: &str) -> Result<Vec<u8>, Error> {
    let from = match body.strip_prefix('@') {
        Some(file) => Path::new(file),
        None if body == "-" => Path::new(body),
        None => return Ok(body.as_bytes().to_vec()),
    };
    disk::read_given(from, LARGEST)
        .await
        .map_err(|error| Error::new(Exit::Request, error.to_string()).hint("name a file as `@FILE`; `-` is stdin"))
}
