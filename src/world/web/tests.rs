//! The page on recorded feeds, in a real Chromium: how fast it is, how it looks, and that data stays text.

#![allow(clippy::print_stdout, reason = "`--nocapture` shows what was measured")]

#[path = "../../../tests/support/browser.rs"]
#[allow(dead_code, reason = "the tests of a real mesh use the rest")]
mod browser;

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::{
    runtime::Builder,
    sync::{mpsc, watch},
};

use self::browser::Browser;
use super::{Listening, Search, Site};
use crate::{
    judge::status::{State, Status},
    mesh::Mesh,
    page::{
        Chronicle, Feed, Gate, History, Latencies, Matrix, Token,
        example::{after_a_look, attempt, cut, latencies, stop, varied, well},
    },
};

const TOKEN: &str = "0123456789abcdefghijklmnopqrstuvwxyz";
const SOON: Duration = Duration::from_secs(20);
/// How often something is timed; the best counts.
const OFTEN: usize = 5;
/// Data that would do something if it were read as HTML.
const HOSTILE: &str = "<img src=x onerror='window.hacked=1'>";

/// A page of a mesh that is only recorded.
struct Recorded {
    feed: watch::Sender<Arc<Feed>>,
    address: String,
    chronicle: Chronicle,
    history: Arc<Mutex<History>>,
}

impl Recorded {
    /// An hour of a mesh that is well.
    fn hour(mesh: &Mesh, status: &mut Status, busy: &[(u8, u8)]) -> Self {
        let (feed, follower) = watch::channel(Arc::new(Feed::new("recorded".to_owned())));
        let (searches, asked) = mpsc::channel(1);
        let history = Arc::new(Mutex::new(History::default()));
        let (sender, bound) = std::sync::mpsc::channel();
        let kept = Arc::clone(&history);
        thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listening = Listening::begin("127.0.0.1:0".parse::<SocketAddr>().unwrap(), None).await.unwrap();
                let gate = Gate::new(listening.at, &[], false, Token::new(TOKEN).unwrap());
                sender.send(gate.address_with_token()).unwrap();
                let site = Site { gate: Arc::new(gate), feed: follower, history: kept, searches };
                tokio::join!(listening.serve(site), answer(asked))
            })
        });
        let address = bound.recv().unwrap();
        let mut recorded = Self { feed, address, chronicle: Chronicle::default(), history };
        let matrix = Matrix::new(mesh, status);
        let begun = OffsetDateTime::now_utc() - time::Duration::hours(1);
        for turn in 0..300 {
            for (at, of) in status.clusters.iter_mut().enumerate() {
                // a heap fills slowly, and is emptied at once
                of.heap_percent =
                    Some(22 + varied(at, 20) + (varied(at + 9, 40) + turn * (2 + varied(at, 5)) / 9) % 40);
            }
            let at = begun + time::Duration::seconds(i64::try_from(turn).unwrap() * 12);
            let latencies = latencies(mesh, usize::try_from(turn).unwrap(), busy);
            recorded.history.lock().unwrap().add(at, status, &matrix, &latencies);
        }
        recorded.look(mesh, status, &latencies(mesh, 301, busy));
        recorded
    }

    fn look(&mut self, mesh: &Mesh, status: &Status, latencies: &Latencies) {
        let now = OffsetDateTime::now_utc();
        self.history.lock().unwrap().add(now, status, &Matrix::new(mesh, status), latencies);
        let last = self.feed.borrow().clone();
        self.feed.send_replace(Arc::new(after_a_look(&last, (mesh, status, latencies), now, &mut self.chronicle)));
    }
}

/// What a search finds.
async fn answer(mut asked: mpsc::Receiver<Search>) {
    while let Some(Search { answer, .. }) = asked.recv().await {
        let part = |number: u64| {
            let hits = 9 + varied(usize::try_from(number).unwrap(), 190);
            json!({ "cluster": format!("cluster{number:02}"), "hits": hits, "shards": 1, "status": "successful" })
        };
        let parts: Vec<Value> = (1..=8).map(part).collect();
        let total: u64 = parts.iter().filter_map(|part| part["hits"].as_u64()).sum();
        let source = |n: u64| json!({ "status": 500, "service": "shop", "path": "/cart", "duration_ms": 37 + n * 75, "site": "berlin" });
        let hit = |n: u64| json!({ "cluster": format!("cluster{n:02}"), "index": "mesh-sample", "id": format!("c6za1xAXHs{n}"), "source": source(n) });
        let mut hits: Vec<Value> = (1..=3).map(hit).collect();
        hits[1]["source"]["message"] = json!(HOSTILE);
        let found = json!({ "version": 1, "from": "cluster01", "total": total, "took_ms": 18, "clusters": parts, "hits": hits });
        let _ = answer.send((200, found));
    }
}

/// Has the pictures of the documents drawn anew where `UPDATE_DOCS` says so; elsewhere only that nothing sticks out.
fn pictured(browser: &mut Browser, name: &str, height: u32) {
    for scheme in ["light", "dark"] {
        browser.look(1280, height, scheme);
        browser.until("document.documentElement.scrollWidth <= innerWidth", SOON);
        browser.value("document.activeElement.blur(); scrollTo(0, 0)");
        // a canvas is drawn by the next frame
        browser.value("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
        let picture = browser.picture();
        if std::env::var_os("UPDATE_DOCS").is_some() {
            let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
            fs::write(dir.join(format!("page-{name}-{scheme}.png")), picture).unwrap();
        }
    }
}

/// The longest that a document of one look took to be shown, in milliseconds.
fn longest(browser: &mut Browser) -> f64 {
    let all = "Math.max(...performance.getEntriesByType('measure').map((entry) => entry.duration))";
    let longest = browser.value(all).as_f64().unwrap();
    browser.value("performance.clearMeasures()");
    longest
}

#[test]
#[ignore = "needs Chromium: run by scripts/test"]
fn eight_clusters_that_are_well_and_that_are_not() {
    let (mesh, mut status) = well(8);
    let mut recorded = Recorded::hour(&mesh, &mut status, &[]);
    let mut browser = Browser::new();
    browser.look(1280, 1000, "light");
    // the page's own time, on a machine that may be busy with other things
    let mut opened = || {
        browser.open(&recorded.address);
        browser.until("document.querySelectorAll('#matrix button.up').length === 56", SOON);
        browser.value("performance.getEntriesByType('navigation')[0].domInteractive").as_f64().unwrap()
    };
    let ready = (0..OFTEN).map(|_| opened()).fold(f64::MAX, f64::min);
    println!("interactive after {ready:.0} ms");
    assert!(ready < 300.0, "interactive after {ready} ms");
    assert_eq!(browser.value("document.title"), "mesh");
    pictured(&mut browser, "healthy", 1330);

    stop(&mut status, 3, State::Stopped, "is stopped; `mesh manage start 3` starts it");
    cut(&mut status, 4, 7, "the API key of cluster07 has expired");
    status.pending_changes.push("container cluster03-elastic".to_owned());
    status.clusters[5].red_indices.push(crate::facts::health::RedIndex {
        index: format!("mesh-{HOSTILE}"),
        reason: HOSTILE.to_owned(),
        stays: true,
    });
    recorded.look(&mesh, &status, &latencies(&mesh, 400, &[(6, 0)]));
    browser.until("document.title === '(3) mesh'", SOON);
    assert_eq!(browser.value("document.querySelectorAll('#matrix button.down').length"), 15);
    let problems = browser.value("document.getElementById('problems').textContent").to_string();
    assert!(problems.contains("<img src=x onerror='window.hacked=1'>"), "{problems}");
    browser.value("document.querySelector('#matrix button[data-from=\"3\"][data-to=\"6\"]').click()");
    browser.until("document.querySelector('#link-body rect.down')", SOON);
    browser.value("document.getElementById('query').value = 'status:500'");
    browser.value("document.querySelector('#ask button').click()");
    browser.until("document.querySelectorAll('.hits li').length === 3", SOON);
    status.clusters[5].red_indices.clear();
    recorded.look(&mesh, &status, &latencies(&mesh, 401, &[(6, 0)]));
    browser.until("document.title === '(2) mesh'", SOON);
    pictured(&mut browser, "broken", 1700);

    let none = recorded.feed.borrow().clone();
    let trouble =
        crate::page::Trouble { message: HOSTILE.to_owned(), remedy: None, no_mesh: false, metrics: String::new() };
    let blind = none.without(trouble, &recorded.chronicle, &attempt(OffsetDateTime::now_utc()));
    recorded.feed.send_replace(Arc::new(blind));
    browser.until("document.body.classList.contains('late') && document.title === '(3) mesh'", SOON);
    assert_eq!(browser.value("document.images.length"), 0);
    assert_eq!(browser.value("typeof window.hacked"), "undefined");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
#[ignore = "needs Chromium: run by scripts/test"]
fn ninety_nine_clusters_on_a_canvas() {
    let (mesh, mut status) = well(99);
    let busy = [(52, 0), (0, 34)];
    let mut recorded = Recorded::hour(&mesh, &mut status, &busy);
    let mut browser = Browser::new();
    browser.look(1280, 1000, "light");
    browser.open(&recorded.address);
    browser
        .until("document.querySelectorAll('#rows tr').length === 99 && document.querySelector('canvas.matrix')", SOON);
    stop(&mut status, 17, State::Stopped, "is stopped; `mesh manage start 17` starts it");
    for other in (1..=99).filter(|other| ![17, 62].contains(other)) {
        cut(&mut status, other, 62, "the API key of cluster62 has expired");
    }
    for other in (1..=99).filter(|other| ![17, 73].contains(other)) {
        cut(&mut status, 73, other, "it is not set as a remote");
    }
    cut(&mut status, 31, 45, "connection refused");
    let mut updated = |turn: usize| {
        status.clusters[0].documents = Some(turn as u64);
        browser.value("performance.clearMeasures()");
        recorded.look(&mesh, &status, &latencies(&mesh, turn, &busy));
        browser.until(&format!("document.querySelector('#of-cluster01 .number').textContent === '{turn}'"), SOON);
        let frames = "new Promise((done) => requestAnimationFrame((at) => requestAnimationFrame(() => done(performance.now() - at))))";
        let frame = browser.value(frames).as_f64().unwrap();
        longest(&mut browser).max(frame)
    };
    let took = (400..400 + OFTEN).map(&mut updated).fold(f64::MAX, f64::min);
    println!("an update of 99 clusters: {took:.0} ms");
    assert!(took < 100.0, "an update of 99 clusters took {took} ms");
    browser.until("document.title === '(4) mesh'", SOON);

    // keys lead to one of 9,702 links
    browser.value("document.querySelector('canvas.matrix').focus()");
    for (key, times) in [("ArrowDown", 30), ("ArrowRight", 43)] {
        for _ in 0..times {
            browser.press(key);
        }
    }
    browser.until("document.getElementById('under').textContent.startsWith('cluster31 → cluster45 is down')", SOON);
    browser.press("Enter");
    browser.until("document.querySelector('#link-body .why').textContent === 'Connection refused'", SOON);
    browser.value("document.querySelector('#as-text summary').click()");
    browser.until("document.querySelectorAll('#as-text > ul > li').length === 99", SOON);
    browser.value("document.querySelector('#as-text summary').click()");
    pictured(&mut browser, "ninety-nine", 1400);
    assert_eq!(browser.complaints(), Vec::<String>::new());
}
