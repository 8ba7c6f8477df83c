//! Loading documents: requests of many, two on their way at a time, and what was refused again. I/O: network, disk.
//!
//! No lock is held: ids make it harmless that two runs load the same, and nothing of the mesh changes.

mod sender;
mod stop;

use std::time::Duration;

use serde_json::Value;
use tokio::{sync::mpsc, task::spawn_blocking, time::Instant};

use self::{sender::Sender, stop::Stop};
use super::wait::Pauses;
use crate::{
    ask::load::{Batch, Event, IndexName, Loaded, stays},
    console::LoadLine,
    error::{Error, Exit},
    mesh::id::ClusterId,
    world::{
        elasticsearch::Elasticsearch,
        given::{Given, Reading, shown},
        https::HttpsError,
    },
};

/// Requests that are read and wait to be sent. With those on their way and the next one, five are held.
const WAITING: usize = 2;
/// How long the first question waits for a server that is being started.
const FIRST_ANSWER: Duration = Duration::from_secs(30);

/// Where documents go.
pub struct Target<'a> {
    pub cluster: ClusterId,
    pub server: &'a Elasticsearch,
    pub index: IndexName,
    /// Another name by which it is found.
    pub alias: Option<&'static str>,
    /// How long the server may take nothing.
    pub patience: Duration,
    /// Bad lines are left out, rather than the end.
    pub skip_bad: bool,
}

/// What became of an index that was to be made ready.
#[derive(Debug)]
pub enum Prepared {
    Ready,
    /// The server refuses the alias for this reason, which keeps nothing from being loaded.
    WithoutAlias(&'static str, String),
    /// No disk has room for the index, for this reason.
    NoRoom(String),
}

impl Target<'_> {
    /// Makes the index, unless there is one, an alias or a data stream of its name, and has it found by the alias, too.
    pub async fn prepare(&self, mappings: Option<&Value>) -> Result<Prepared, HttpsError> {
        let deadline = Instant::now() + FIRST_ANSWER.min(self.patience);
        let mut pauses = Pauses::default();
        loop {
            let prepared = async {
                // the block of a full disk is one of indices that lie on it, which a new one does not
                if !self.server.has_index(&self.index).await?
                    && !self.server.make_index(&self.index, mappings).await?
                    && let Some(reason) = self.server.lacks_room(&self.index).await
                {
                    return Ok(Prepared::NoRoom(reason));
                }
                let Some(alias) = self.alias else { return Ok(Prepared::Ready) };
                match self.server.add_alias(&self.index, alias).await {
                    // of an alias, or of data streams beside indices
                    Err(HttpsError::Refused { status: 400, reason, .. }) => Ok(Prepared::WithoutAlias(alias, reason)),
                    added => added.map(|()| Prepared::Ready),
                }
            };
            match prepared.await {
                Err(error) if is_transient(&error) && pauses.pause(deadline).await => {}
                prepared => return prepared,
            }
        }
    }

    /// Loads a file, as far as it can be: what became of it, and why that is not all.
    pub async fn load(&self, given: &Given, line: &LoadLine) -> (Loaded, Result<(), Error>) {
        let (to, events) = mpsc::channel(WAITING);
        let reading = Reading::default();
        let sender = Sender::new(self, shown(given.path()), reading.clone(), line, events);
        let (given, skip_bad) = (given.clone(), self.skip_bad);
        let read = spawn_blocking(move || given.read(skip_bad, &reading, &to));
        let (loaded, stop) = sender.send().await;
        let ended = match stop {
            // the reading may wait for more of a pipe, which is of no interest any more
            Some(stop) => Err(self.error(&loaded, stop)),
            None => read.await.expect("should not panic, nor be ended before the program").map_err(Error::from),
        };
        (loaded, ended)
    }

    /// Loads documents that are ready.
    pub async fn load_ready(&self, name: &str, batches: Vec<Batch>, line: &LoadLine) -> (Loaded, Result<(), Error>) {
        let (to, events) = mpsc::channel(batches.len().max(1));
        for batch in batches {
            to.try_send(Event::Batch(batch)).expect("should have room for all");
        }
        drop(to);
        let sender = Sender::new(self, name.to_owned(), Reading::default(), line, events);
        let (loaded, stop) = sender.send().await;
        let ended = stop.map_or(Ok(()), |stop| Err(self.error(&loaded, stop)));
        (loaded, ended)
    }

    /// The error for a server that takes no documents, for a reason that stays.
    pub fn refused(&self, reason: &str) -> Error {
        let error = Error::new(Exit::Unfinished, format!("{} takes no more documents", self.cluster)).cause(reason);
        error.hint(if ["watermark", "disk usage", "free bytes"].iter().any(|words| reason.contains(words)) {
            "free some space on the disk of that cluster, which `mesh status` shows; half a minute later, when the \
             server has seen it, type the same command again: it adds what is missing"
        } else {
            "when that is mended, type the same command again: it adds what is missing"
        })
    }

    fn error(&self, loaded: &Loaded, stop: Stop) -> Error {
        let cluster = self.cluster;
        match stop {
            Stop::Bad(line) => Error::new(Exit::Request, format!("{}, {line}", loaded.file)).hint(
                "mend it in its place and type the same command again: what is loaded is not loaded twice; `--skip-bad` \
                 leaves such lines out",
            ),
            Stop::BadHeader(line) => Error::new(Exit::Request, format!("{}, {line}", loaded.file))
                .hint("mend that; then type the same command again"),
            Stop::Refused(reason) => self.refused(&reason),
            Stop::GaveUp(reason) => {
                let time = self.patience.as_secs();
                Error::new(Exit::Unfinished, format!("{cluster} has taken no document for {time} s"))
                    .cause(reason)
                    .hint("type the same command again: it adds what is missing; `mesh status` and `mesh logs` show why")
            }
        }
    }
}

/// Whether a server that refused a request, or was late, may carry it out a moment later.
fn is_transient(error: &HttpsError) -> bool {
    match error {
        HttpsError::Refused { status, kind, .. } => {
            matches!(status, 401 | 408 | 429 | 500..) && !stays(*status, kind.as_deref().unwrap_or_default())
        }
        error => error.is_timeout(),
    }
}
