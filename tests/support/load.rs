//! Writes to every cluster and searches from every cluster over its remotes, without a pause, while something else goes
//! on.

use std::{
    collections::BTreeMap,
    sync::Arc,
    sync::atomic::{AtomicBool, Ordering},
    thread::{self, JoinHandle},
};

use crate::support::{
    curl::{Answer, curl},
    mesh::Mesh,
};

/// What became of it all.
#[derive(Debug, Default)]
pub struct Report {
    /// By the number of the cluster.
    taken: BTreeMap<u8, u64>,
    pub writes: u64,
    pub failed_writes: u64,
    pub searches: u64,
    /// Searches that failed, or lacked a cluster, and failed again when they were tried once more.
    pub failed_searches: u64,
    /// Those that came right at the second try.
    pub retried: u64,
    /// The answers of those that failed.
    words: Vec<String>,
}

impl Report {
    pub fn writes_on(&self, number: u8) -> u64 {
        self.taken.get(&number).copied().unwrap_or_default()
    }
}

/// A load that goes on until it is ended.
pub struct Load {
    ended: Arc<AtomicBool>,
    workers: Vec<JoinHandle<Report>>,
}

/// A cluster as the load asks it: nothing here looks at the disk again.
#[derive(Clone)]
struct Target {
    number: u8,
    base: String,
    authority: String,
    login: String,
}

impl Target {
    fn ask(&self, method: &str, path: &str, body: &str) -> Answer {
        let url = format!("{}{path}", self.base);
        let mut lines = vec![("request", method), ("url", &url), ("cacert", &self.authority), ("user", &self.login)];
        if !body.is_empty() {
            lines.extend([("header", "content-type: application/json"), ("data", body)]);
        }
        curl(&lines)
    }

    /// One document; whether it was taken.
    fn write(&self, report: &mut Report) {
        let answer = self.ask("POST", "/mesh-load/_doc", r#"{"from":"load"}"#);
        if answer.status == 201 {
            report.writes += 1;
            *report.taken.entry(self.number).or_default() += 1;
        } else {
            report.failed_writes += 1;
            report.words.push(format!("write on {}: {answer:?}", self.number));
        }
    }

    /// One search over the clusters 1 to `count`, by their names.
    fn search(&self, count: u8, report: &mut Report) {
        let remotes: Vec<String> =
            (1..=count).filter(|n| *n != self.number).map(|n| format!("cluster{n:02}:mesh-cluster{n:02}")).collect();
        let path = format!("/{}/_search", remotes.join(","));
        report.searches += 1;
        let mut whole = || {
            let answer = self.ask("GET", &path, "");
            let body = answer.body();
            let is_whole = answer.status == 200
                && body["hits"]["total"]["value"] == u64::from(count - 1)
                && body["_clusters"]["successful"] == u64::from(count - 1);
            if !is_whole {
                report.words.push(format!(
                    "search from {}: {}",
                    self.number,
                    answer.text.chars().take(300).collect::<String>()
                ));
            }
            is_whole
        };
        if !whole() {
            if whole() {
                report.retried += 1;
            } else {
                report.failed_searches += 1;
            }
        }
    }
}

impl Load {
    /// On the clusters 1 to `count`, which have to stay, each with the document of
    /// [`crate::support::links::write_document`].
    pub fn begin(mesh: &Mesh, count: u8) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let workers = (1..=count)
            .map(|number| {
                let cluster = mesh.cluster(number);
                let target = Target {
                    number,
                    base: cluster.url(""),
                    // all authorities: one of them may be replaced meanwhile
                    authority: mesh.path("ca.crt").display().to_string(),
                    login: format!("elastic:{}", mesh.credential("elastic")),
                };
                cluster.put("/mesh-load", &serde_json::json!({ "settings": { "number_of_replicas": 0 } }));
                let ended = Arc::clone(&ended);
                thread::spawn(move || {
                    let mut report = Report::default();
                    while !ended.load(Ordering::Relaxed) {
                        target.write(&mut report);
                        target.search(count, &mut report);
                    }
                    target.ask("POST", "/mesh-load/_refresh", "");
                    report
                })
            })
            .collect();
        Self { ended, workers }
    }

    pub fn end(self) -> Report {
        self.ended.store(true, Ordering::Relaxed);
        let mut all = Report::default();
        for worker in self.workers {
            let report = worker.join().expect("should have ended by itself");
            all.taken.extend(report.taken);
            all.writes += report.writes;
            all.failed_writes += report.failed_writes;
            all.searches += report.searches;
            all.failed_searches += report.failed_searches;
            all.retried += report.retried;
            all.words.extend(report.words);
        }
        all
    }
}
