//! Searches from the page, one at a time, by a key that reads and does nothing else.

use std::{
    cmp::Reverse,
    path::PathBuf,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{sync::mpsc, time::timeout};

use crate::{
    ask::search::{Found, Indices, body, notes},
    error::Error,
    mesh::{Mesh, digest::digest_of, id::ClusterId},
    page::SearchRequest,
    session::Recorded,
    world::{
        elasticsearch::{Elasticsearch, ReaderKey},
        https::HttpsError,
        web::Search,
    },
};

/// The longest that a search may take.
const LONGEST: Duration = Duration::from_secs(10);
/// A server that does not answer by then leaves the search to another.
const PROMPTLY: Duration = Duration::from_secs(3);
/// A key is replaced before it expires.
const KEPT: Duration = Duration::from_mins(50);

/// A key that this run made, and what it is for.
struct Held {
    cluster: ClusterId,
    /// A digest of the mesh's id and of what the key reads.
    reads: String,
    key: ReaderKey,
    made: Instant,
}

/// Who searches.
pub struct Searcher {
    dir: PathBuf,
    held: Option<Held>,
}

/// Why there is no answer: a status, and words.
type Refusal = (u16, String);

impl Searcher {
    pub fn new(dir: PathBuf) -> Self {
        Self { dir, held: None }
    }

    /// Answers one search after the other, without an end. What is found is the users' data, and stays as it is.
    pub async fn answer_all(&mut self, mut asked: mpsc::Receiver<Search>) {
        while let Some(Search { request, answer }) = asked.recv().await {
            let outcome = timeout(LONGEST, self.answer(&request)).await;
            let outcome = outcome.unwrap_or_else(|_| Err((504, format!("no answer within {} s", LONGEST.as_secs()))));
            let outcome = match outcome {
                Ok(found) => (200, found),
                Err((status, words)) => (status, json!({ "version": 1, "error": words })),
            };
            // a browser that left needs none
            let _ = answer.send(outcome);
        }
    }

    async fn answer(&mut self, request: &SearchRequest) -> Result<Value, Refusal> {
        let recorded = Recorded::open(&self.dir).map_err(in_words)?;
        let mesh = &recorded.mesh;
        let indices = request.indices(mesh).map_err(|words| (400, words))?;
        // those that search most others come first
        let mut in_turn: Vec<ClusterId> = mesh.clusters().collect();
        in_turn.sort_by_key(|cluster| (Reverse(mesh.aliases(*cluster).len()), self.holds(*cluster).is_none()));
        for from in in_turn {
            let server = match timeout(PROMPTLY, self.reader(&recorded, from)).await {
                Ok(Ok(server)) => server,
                Ok(Err((503, _))) | Err(_) => continue,
                Ok(Err(refusal)) => return Err(refusal),
            };
            let (expression, begun) = (indices.expression(mesh, from, None), Instant::now());
            return match server.search(&expression, &body(request.query(), request.size())).await {
                Ok(answer) => Ok(document(mesh, &indices, from, &answer, begun.elapsed())),
                Err(HttpsError::Refused { status: 400, reason, .. }) => Err((400, reason)),
                Err(error) => {
                    // it may have been revoked
                    self.held = None;
                    Err((502, format!("{from}: {}", error.cause())))
                }
            };
        }
        Err((503, "no cluster of the mesh answers".to_owned()))
    }

    fn holds(&self, cluster: ClusterId) -> Option<&Held> {
        self.held.as_ref().filter(|held| held.cluster == cluster)
    }

    /// A cluster, asked by a key that may read what the mesh shares: it is made for the first search, and is not kept
    /// where `elastic`'s password is.
    async fn reader(&mut self, recorded: &Recorded, cluster: ClusterId) -> Result<Elasticsearch, Refusal> {
        let server = recorded.server(cluster).map_err(in_words)?;
        let role = recorded.mesh.reading(cluster);
        let reads = digest_of(&[recorded.mesh.id.as_bytes(), role.to_string().as_bytes()]);
        if let Some(held) = self.holds(cluster).filter(|held| held.reads == reads && held.made.elapsed() < KEPT) {
            return Ok(server.asked_by_key(&held.key.encoded));
        }
        let key = server.put_reader_key(&recorded.mesh.id, &role).await.map_err(|error| match error {
            HttpsError::NoAnswer { .. } => (503, error.cause()),
            error => (502, format!("{cluster}: {}", error.cause())),
        })?;
        let reader = server.clone().asked_by_key(&key.encoded);
        let before = self.held.replace(Held { cluster, reads, key, made: Instant::now() });
        if let Some(before) = before.filter(|before| before.cluster == cluster) {
            let _ = server.revoke_keys(&[before.key.id]).await;
        }
        Ok(reader)
    }

    /// Revokes the key; one that cannot be reached any more expires by itself.
    pub async fn end(&mut self) {
        let Some(Held { cluster, key, .. }) = self.held.take() else { return };
        let Ok(server) = Recorded::open(&self.dir).and_then(|recorded| recorded.server(cluster)) else { return };
        let _ = timeout(PROMPTLY, server.revoke_keys(&[key.id])).await;
    }
}

/// What `mesh search -o json` prints, with the time it took and the notes that stand below it on a terminal.
fn document(mesh: &Mesh, indices: &Indices, from: ClusterId, answer: &Value, took: Duration) -> Value {
    let mut document = serde_json::to_value(Found::read(mesh, from, None, answer)).unwrap_or_default();
    document["took_ms"] = json!(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
    document["notes"] = json!(notes(mesh, indices, from, None));
    document
}

fn in_words(error: Error) -> Refusal {
    (503, std::iter::once(error.message).chain(error.causes).collect::<Vec<_>>().join(": "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::settings::Topology;

    #[test]
    fn an_answer_says_what_was_not_searched() {
        let notes = |mesh: &Mesh| {
            let indices = "mesh-*".parse().unwrap();
            document(mesh, &indices, ClusterId::FIRST, &json!({}), Duration::from_millis(18))["notes"].clone()
        };
        let mut mesh = Mesh::example(2);
        assert_eq!(notes(&mesh), json!([]));
        mesh.spec.topology = Topology::None;
        assert_eq!(
            notes(&mesh),
            json!(["cluster01 has no remotes, so it searched only itself; `mesh config` shows the topology"])
        );
    }
}
