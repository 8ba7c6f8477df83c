//! What is answered at which path. I/O: network; what is answered was decided before.

use std::{
    collections::VecDeque,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::{Query, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{
        IntoResponse as _, Response,
        sse::{Event, KeepAlive, Sse},
    },
    routing::{get, post},
};
use futures::stream;
use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::{
    sync::{Semaphore, TryAcquireError, mpsc, oneshot, watch},
    time::timeout,
};

use super::places::Admitted;
use crate::page::{
    ASSETS, Feed, Gate, Head, History, INDEX, Intruder, LOCKED, Received, SECURITY, SearchRequest, Span,
};

/// More browsers than these are asked to come later.
const STREAMS: usize = 16;
/// The largest body of a request, in bytes.
const LARGEST_BODY: usize = 16 << 10;
/// The longest that a body is waited for.
const BODY: Duration = Duration::from_secs(10);
/// A comment keeps proxies from taking a quiet stream for a dead one.
const QUIET: Duration = Duration::from_secs(15);
/// How long a browser waits before it connects again.
const RETRY: Duration = Duration::from_secs(2);
const JSON: &str = "application/json";

/// A search that a browser asked for, and where its answer goes: a status and a document.
pub struct Search {
    pub request: SearchRequest,
    pub answer: oneshot::Sender<(u16, Value)>,
}

/// What is served.
#[derive(Clone)]
pub struct Site {
    pub gate: Arc<Gate>,
    pub feed: watch::Receiver<Arc<Feed>>,
    pub history: Arc<Mutex<History>>,
    pub searches: mpsc::Sender<Search>,
}

#[derive(Clone)]
struct Shared {
    site: Site,
    streams: Arc<Semaphore>,
}

pub fn router(site: Site) -> Router {
    let shared = Shared { site, streams: Arc::new(Semaphore::new(STREAMS)) };
    let mut router = Router::new()
        .route("/", get(page))
        .route("/healthz", get(healthz))
        .route("/metrics", get(async |State(shared): State<Shared>| metrics(&shared.feed().metrics())))
        .route("/events", get(events))
        .route("/api/status", get(async |State(shared): State<Shared>| document(&shared.feed().status())))
        .route("/api/links", get(async |State(shared): State<Shared>| document(&shared.feed().links())))
        .route("/api/problems", get(async |State(shared): State<Shared>| document(&shared.feed().problems())))
        .route("/api/history", get(history))
        .route("/api/search", post(search));
    for asset in &ASSETS {
        router = router.route(asset.path, get(async || ([(header::CONTENT_TYPE, asset.kind)], asset.text)));
    }
    router
        .fallback(async || refusal(404, "there is no such page"))
        .layer(middleware::from_fn_with_state(shared.clone(), guard))
        .with_state(shared)
}

impl Shared {
    fn feed(&self) -> Arc<Feed> {
        self.site.feed.borrow().clone()
    }
}

/// Lets in who may ask, and gives every answer the headers that keep it where it is.
async fn guard(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let (gate, headers) = (&shared.site.gate, request.headers());
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    // two of them would let one be checked and another be believed
    let host = (headers.get_all(header::HOST).iter().count() == 1).then(|| text(header::HOST)).flatten();
    let head = Head {
        posts: !matches!(*request.method(), Method::GET | Method::HEAD),
        host,
        cookies: text(header::COOKIE),
        authorization: text(header::AUTHORIZATION),
        origin: text(header::ORIGIN),
        fetch_site: text(HeaderName::from_static("sec-fetch-site")),
        content_type: text(header::CONTENT_TYPE),
    };
    let path = request.uri().path();
    let presents_token = path == "/" && request.uri().query().is_some_and(|query| query.starts_with("token="));
    let is_open = path == "/healthz" || presents_token || ASSETS.iter().any(|asset| asset.path == path);
    let outcome = if is_open { gate.knows_host(host) } else { gate.admit(&head) };
    if outcome.is_ok()
        && !is_open
        && let Some(admitted) = request.extensions().get::<Admitted>()
    {
        admitted.set();
    }
    let mut response = match outcome {
        Ok(()) => next.run(request).await,
        Err(intruder) => turned_away(intruder, path == "/"),
    };
    for (name, value) in SECURITY {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

/// What one who may not come in is shown; the connection ends with it.
fn turned_away(intruder: Intruder, in_browser: bool) -> Response {
    let mut response = if in_browser && intruder == Intruder::Unknown {
        (StatusCode::UNAUTHORIZED, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], LOCKED).into_response()
    } else {
        refusal(intruder.status(), intruder.words())
    };
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

fn refusal(status: u16, words: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(json!({ "version": 1, "error": words }))).into_response()
}

/// The metrics of the last look, never of a look for whoever asks.
fn metrics(text: &str) -> Response {
    if text.is_empty() {
        return refusal(503, "the mesh has not been seen yet");
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text.to_owned()).into_response()
}

fn document(text: &str) -> Response {
    if text == "null" {
        return refusal(503, "the mesh has not been seen yet");
    }
    ([(header::CONTENT_TYPE, JSON)], text.to_owned()).into_response()
}

#[derive(Deserialize)]
struct WithToken {
    token: Option<String>,
}

/// The page; whoever comes with the token is given the cookie, and an address without it.
async fn page(State(shared): State<Shared>, Query(query): Query<WithToken>) -> Response {
    match query.token {
        None => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], INDEX).into_response(),
        Some(token) if shared.site.gate.accepts(&token) => {
            let cookie = shared.site.gate.cookie();
            (StatusCode::SEE_OTHER, [(header::SET_COOKIE, cookie.as_str()), (header::LOCATION, "/")]).into_response()
        }
        Some(_) => turned_away(Intruder::Unknown, true),
    }
}

async fn healthz(State(shared): State<Shared>) -> Response {
    let (feed, now) = (shared.feed(), OffsetDateTime::now_utc());
    let status = if feed.is_fresh(now) { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, feed.in_words(now) + "\n").into_response()
}

#[derive(Deserialize)]
struct Wanted {
    minutes: Option<u16>,
    from: Option<String>,
    to: Option<String>,
}

async fn history(State(shared): State<Shared>, Query(wanted): Query<Wanted>) -> Response {
    let span = Span { now: OffsetDateTime::now_utc(), minutes: wanted.minutes.unwrap_or(60) };
    let history = shared.site.history.lock().unwrap_or_else(PoisonError::into_inner);
    match (wanted.from, wanted.to) {
        (None, None) => Json(history.clusters(span)).into_response(),
        (Some(from), Some(to)) => match history.link(&from, &to, span) {
            Some(link) => Json(link).into_response(),
            None => refusal(404, "there is no such link"),
        },
        _ => refusal(400, "expected `from` and `to`, or neither"),
    }
}

async fn search(State(shared): State<Shared>, body: Body) -> Response {
    let bytes = match timeout(BODY, to_bytes(body, LARGEST_BODY)).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(_)) => return refusal(413, "expected a body of 16 KiB at most"),
        Err(_) => return refusal(408, "the body of the request did not come"),
    };
    let request = match SearchRequest::read(&bytes) {
        Ok(request) => request,
        Err(words) => return refusal(400, &words),
    };
    let (answer, answered) = oneshot::channel();
    if shared.site.searches.try_send(Search { request, answer }).is_err() {
        return refusal(429, "another search is under way");
    }
    match answered.await {
        Ok((status, document)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, Json(document)).into_response()
        }
        Err(_) => refusal(503, "the search was given up"),
    }
}

/// Everything at first, and from then on what changes. A browser that lost the connection begins again.
async fn events(State(shared): State<Shared>, _: HeaderMap) -> Response {
    let place = match Arc::clone(&shared.streams).try_acquire_owned() {
        Ok(place) => place,
        Err(TryAcquireError::NoPermits | TryAcquireError::Closed) => {
            return refusal(503, "too many browsers show this page");
        }
    };
    let first = VecDeque::from([Event::default().retry(RETRY).comment("mesh")]);
    let state = (shared.site.feed.clone(), Received::default(), first, place);
    let events = stream::unfold(state, async |(mut feed, mut received, mut queue, place)| {
        loop {
            if let Some(event) = queue.pop_front() {
                return Some((Ok::<_, Infallible>(event), (feed, received, queue, place)));
            }
            let news = feed.borrow_and_update().events(&mut received);
            if news.is_empty() {
                feed.changed().await.ok()?;
            }
            queue
                .extend(news.into_iter().map(|event| {
                    Event::default().event(event.name).id(event.id.to_string()).data(event.data.as_ref())
                }));
        }
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(QUIET)).into_response()
}
