//! A client of a cluster of several nodes: it writes through the next node where one fails, while another cluster
//! searches what it wrote over a link.

use std::{
    fmt,
    sync::Arc,
    sync::atomic::{AtomicBool, Ordering},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use serde_json::json;

use crate::support::{
    curl::{Answer, curl},
    mesh::Mesh,
    wait_for,
};

/// The index that is written to.
pub const INDEX: &str = "mesh-failover";

/// One request that did not do what it was to.
#[derive(Debug, Clone)]
pub struct Failure {
    pub begun: Instant,
    pub ended: Instant,
    pub words: String,
}

impl Failure {
    /// Whether the connection to another node was closed: under the request, or just before it was sent on.
    pub fn meets_closed_connection(&self) -> bool {
        ["node_disconnected_exception", "node_not_connected_exception"].iter().any(|cause| self.words.contains(cause))
    }
}

/// What became of it all.
#[derive(Debug, Default)]
pub struct Report {
    /// Documents that a node confirmed.
    pub written: u64,
    /// Documents that no node took, however often they were tried.
    pub lost: u64,
    /// Attempts of writes that a node refused or did not answer.
    pub refused: Vec<Failure>,
    pub searches: u64,
    pub failed_searches: Vec<Failure>,
    /// The longest time from one confirmed write to the next, or to the end.
    pub longest_write: Duration,
    /// The longest time from one whole search to the next, or to the end.
    pub longest_search: Duration,
}

impl Report {
    /// Every failure outside of these moments.
    pub fn failures_beside(&self, moments: &[(Instant, Instant)]) -> Vec<&Failure> {
        let within =
            |failure: &&Failure| moments.iter().any(|(from, to)| failure.ended >= *from && failure.begun <= *to);
        self.refused.iter().chain(&self.failed_searches).filter(|failure| !within(failure)).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { written, refused, searches, failed_searches, longest_write, longest_search, .. } = self;
        write!(f, "{written} writes, {} attempts refused; ", refused.len())?;
        write!(f, "{searches} searches, {} failed; ", failed_searches.len())?;
        write!(f, "longest gap: {longest_write:?} of writes, {longest_search:?} of searches")
    }
}

/// The name of the elected master of cluster 2.
pub fn master(mesh: &Mesh) -> String {
    mesh.cluster(2).get("/_cat/master?format=json")[0]["node"].as_str().expect("should have a master").to_owned()
}

/// Writes and searches that go on until they are ended.
pub struct Failover {
    ended: Arc<AtomicBool>,
    workers: [JoinHandle<Report>; 2],
}

/// How requests are made: nothing here looks at the disk again.
#[derive(Clone)]
struct Client {
    authority: String,
    login: String,
}

impl Client {
    fn ask(&self, method: &str, url: &str, body: &str) -> Answer {
        let mut lines = vec![("request", method), ("url", url), ("cacert", &self.authority), ("user", &self.login)];
        lines.push(("max-time", "15"));
        if !body.is_empty() {
            lines.extend([("header", "content-type: application/json"), ("data", body)]);
        }
        curl(&lines)
    }
}

/// The nodes of a cluster, as URLs: the ports of each lie 1000 above those of the one before.
pub fn urls(number: u8, nodes: u8) -> Vec<String> {
    (0..u16::from(nodes)).map(|node| format!("https://127.0.0.1:{}", 9200 + u16::from(number) + 1000 * node)).collect()
}

impl Failover {
    /// Writes to cluster 2 through its nodes, searched by cluster 1.
    pub fn begin(mesh: &Mesh, nodes: u8, replicas: u8) -> Self {
        let settings = json!({ "settings": { "number_of_shards": 1, "number_of_replicas": replicas } });
        mesh.cluster(2).put(&format!("/{INDEX}"), &settings);
        let client = Client {
            authority: mesh.path("ca.crt").display().to_string(),
            login: format!("elastic:{}", mesh.credential("elastic")),
        };
        let ended = Arc::new(AtomicBool::new(false));
        let (writer, searcher) = (client.clone(), client);
        let (urls, from) = (urls(2, nodes), urls(1, 1).remove(0));
        let (until, also) = (Arc::clone(&ended), Arc::clone(&ended));
        let workers = [
            thread::spawn(move || write(&writer, &urls, &until)),
            thread::spawn(move || search(&searcher, &from, &also)),
        ];
        Self { ended, workers }
    }

    pub fn end(self) -> Report {
        self.ended.store(true, Ordering::Relaxed);
        let [writer, searcher] = self.workers.map(|worker| worker.join().expect("should have ended by itself"));
        let Report { searches, failed_searches, longest_search, .. } = searcher;
        Report { searches, failed_searches, longest_search, ..writer }
    }
}

fn write(client: &Client, urls: &[String], ended: &AtomicBool) -> Report {
    let (mut report, mut number, mut at) = (Report::default(), 0u64, 0);
    let mut confirmed = Instant::now();
    while !ended.load(Ordering::Relaxed) {
        number += 1;
        let first = Instant::now();
        loop {
            let begun = Instant::now();
            // the id makes a write that was taken, and not confirmed, the same document at the next node
            let path = format!("{}/{INDEX}/_doc/{number}", urls[at]);
            let answer = client.ask("PUT", &path, r#"{"from":"failover"}"#);
            if matches!(answer.status, 200 | 201) {
                report.written += 1;
                report.longest_write = report.longest_write.max(confirmed.elapsed());
                confirmed = Instant::now();
                break;
            }
            let words = format!("write to {}: {} {:.200}", urls[at], answer.exit, answer.text);
            report.refused.push(Failure { begun, ended: Instant::now(), words });
            at = (at + 1) % urls.len();
            if first.elapsed() > Duration::from_secs(90) {
                report.lost += 1;
                break;
            }
        }
    }
    Report { longest_write: report.longest_write.max(confirmed.elapsed()), ..report }
}

fn search(client: &Client, from: &str, ended: &AtomicBool) -> Report {
    let (mut report, mut whole) = (Report::default(), Instant::now());
    while !ended.load(Ordering::Relaxed) {
        let begun = Instant::now();
        let answer = client.ask("GET", &format!("{from}/cluster02:{INDEX}/_search?size=0"), "");
        report.searches += 1;
        if answer.status == 200 && answer.body()["_clusters"]["successful"] == 1 {
            report.longest_search = report.longest_search.max(whole.elapsed());
            whole = Instant::now();
            continue;
        }
        let words = format!("search: {} {:.400}", answer.exit, answer.text);
        report.failed_searches.push(Failure { begun, ended: Instant::now(), words });
    }
    // a gap may last until the end
    Report { longest_search: report.longest_search.max(whole.elapsed()), ..report }
}

/// How many documents the cluster has of what was written.
pub fn counted(mesh: &Mesh) -> u64 {
    mesh.cluster(2).send("POST", &format!("/{INDEX}/_refresh"), None);
    mesh.cluster(2).get(&format!("/{INDEX}/_count"))["count"].as_u64().expect("should be a number")
}

/// Waits until a cluster has so many nodes and all its shards are assigned.
pub fn await_green(mesh: &Mesh, number: u8, nodes: u64) {
    let path = format!("/_cluster/health?wait_for_nodes={nodes}&wait_for_status=green&timeout=1s");
    wait_for("green", Duration::from_mins(2), || {
        let answer = mesh.cluster(number).ask("GET", &path, None);
        let body = answer.body();
        (answer.status == 200 && body["number_of_nodes"] == nodes && body["status"] == "green").then_some(())
    });
}
