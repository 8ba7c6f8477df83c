//! The loop that sends requests until each document is judged. I/O: network.

use std::{
    cell::{Cell, RefCell},
    sync::atomic::Ordering,
    time::Duration,
};

use futures::future::join;
use tokio::{
    sync::{Mutex, Notify, mpsc::Receiver},
    time::Instant,
};

use super::{Target, stop::Stop};
use crate::{
    apply::wait::Pauses,
    ask::load::{BadLine, Batch, BulkVerdict, Event, Loaded, Taken, judge},
    console::LoadLine,
    world::given::Reading,
};

/// How long one request may take.
const ONE_REQUEST: Duration = Duration::from_secs(90);
/// The least time that a request is given, however near the deadline is: longer than a server waits by itself.
const LEAST: Duration = Duration::from_secs(15);

/// A load at work.
pub struct Sender<'a> {
    target: &'a Target<'a>,
    reading: Reading,
    line: &'a LoadLine,
    events: Mutex<Receiver<Event>>,
    loaded: RefCell<Loaded>,
    /// When the server took something last.
    moved: Cell<Instant>,
    /// Most documents were there already, as after an interruption: which are is asked before they are sent.
    resumes: Cell<bool>,
    stop: RefCell<Option<Stop>>,
    stopping: Notify,
}

impl<'a> Sender<'a> {
    pub fn new(
        target: &'a Target<'a>,
        name: String,
        reading: Reading,
        line: &'a LoadLine,
        events: Receiver<Event>,
    ) -> Self {
        Self {
            target,
            reading,
            line,
            events: Mutex::new(events),
            loaded: RefCell::new(Loaded::new(name, target.cluster, target.index.clone())),
            moved: Cell::new(Instant::now()),
            resumes: Cell::new(false),
            stop: RefCell::default(),
            stopping: Notify::new(),
        }
    }

    /// Sends what comes, two requests at a time: what became of it, and why that is not all.
    pub async fn send(self) -> (Loaded, Option<Stop>) {
        join(self.send_in_turn(), self.send_in_turn()).await;
        let mut loaded = self.loaded.into_inner();
        loaded.seconds = self.line.elapsed().as_secs_f64();
        if loaded.created > 0 {
            // they are found a second later without it, too
            let _ = self.target.server.refresh(&self.target.index).await;
        }
        (loaded, self.stop.into_inner())
    }

    /// Sends one request after the other until nothing more comes.
    async fn send_in_turn(&self) {
        loop {
            let stopping = self.stopping.notified();
            if self.is_stopped() {
                return;
            }
            let event = async { self.events.lock().await.recv().await };
            let event = tokio::select! {
                biased;
                () = stopping => return,
                event = event => event,
            };
            match event {
                None => return,
                Some(Event::Bad(line)) => self.add_bad(line),
                Some(Event::BadHeader(line)) => self.stop_for(Stop::BadHeader(line)),
                Some(Event::Batch(batch)) => self.send_whole(batch).await,
            }
        }
    }

    /// Sends the documents of a request until the server has judged each. After a bad line, what is before it is sent
    /// all the same.
    async fn send_whole(&self, batch: Batch) {
        let begun = Instant::now();
        self.loaded.borrow_mut().sent += batch.len() as u64;
        let missing = if self.resumes.get() { self.missing(batch).await } else { batch };
        let (mut pauses, mut parts) = (Pauses::default(), vec![missing]);
        while let Some(part) = parts.pop() {
            if part.is_empty() || !self.lets_send(&part) {
                continue;
            }
            let left = self.deadline(begun).saturating_duration_since(Instant::now());
            let time = ONE_REQUEST.min(left.max(LEAST));
            let verdict = match self.target.server.bulk(&self.target.index, &part, time).await {
                Ok(answer) => judge(&part, answer.status, &answer.bytes),
                Err(error) => BulkVerdict::Again(error.cause()),
            };
            match verdict {
                BulkVerdict::Taken(Taken { again, why_again, lacks_shard, refused, created, present, bad }) => {
                    if created + present > 0 {
                        self.moved.set(Instant::now());
                        pauses = Pauses::default();
                    }
                    self.count(created, present);
                    self.resumes.set(present * 2 > part.len() as u64);
                    for line in bad {
                        self.add_bad(line);
                    }
                    let no_room =
                        if lacks_shard { self.target.server.lacks_room(&self.target.index).await } else { None };
                    if let Some(reason) = refused.or(no_room) {
                        self.stop_for(Stop::Refused(reason));
                    }
                    if !again.is_empty() {
                        let part = part.part(again);
                        self.pause(&mut pauses, &part, begun, why_again.unwrap_or_default()).await;
                        parts.push(part);
                    }
                }
                BulkVerdict::Again(reason) => {
                    self.pause(&mut pauses, &part, begun, reason).await;
                    parts.push(part);
                }
                BulkVerdict::TooLarge => self.divide(&part, &mut parts),
                BulkVerdict::Refused(reason) => self.stop_for(Stop::Refused(reason)),
            }
            self.show();
        }
    }

    /// The documents of a request that are not there yet.
    async fn missing(&self, batch: Batch) -> Batch {
        // an error comes again when they are sent
        let found = self.target.server.present(&self.target.index, &batch).await.unwrap_or_default();
        let missing: Vec<usize> = (0..batch.len()).filter(|at| found.get(*at) != Some(&true)).collect();
        let present = batch.len() - missing.len();
        self.resumes.set(present * 2 > batch.len());
        if present == 0 {
            return batch;
        }
        self.moved.set(Instant::now());
        self.count(0, present as u64);
        self.show();
        batch.part(missing)
    }

    /// Has the halves of a request sent in its place, and no other as large as it.
    fn divide(&self, part: &Batch, parts: &mut Vec<Batch>) {
        let bytes = part.body().len();
        if let Some([first, second]) = part.halves() {
            self.reading.largest.fetch_min(bytes / 2, Ordering::Relaxed);
            parts.extend([second, first]);
        } else {
            let reason = format!("the server takes no request of {bytes} bytes");
            self.add_bad(BadLine { number: part.line(0), reason });
        }
    }

    /// Waits before `part` of a request that was begun then is sent again, unless its time is over.
    async fn pause(&self, pauses: &mut Pauses, part: &Batch, begun: Instant, reason: String) {
        if !self.lets_send(part) {
            return;
        }
        self.line.waiting(&reason);
        tokio::select! {
            biased;
            // nothing more may be sent now
            () = self.stopping.notified() => {}
            again = pauses.pause(self.deadline(begun)) => {
                if !again {
                    self.stop_for(Stop::GaveUp(reason));
                }
            }
        }
    }

    /// Until when the server may take nothing of a request that was begun then.
    fn deadline(&self, begun: Instant) -> Instant {
        deadline(self.moved.get(), begun, self.target.patience)
    }

    fn count(&self, created: u64, present: u64) {
        let mut loaded = self.loaded.borrow_mut();
        loaded.created += created;
        loaded.present += present;
    }

    fn add_bad(&self, line: BadLine) {
        self.loaded.borrow_mut().add_bad(line.clone());
        if !self.target.skip_bad {
            self.stop_for(Stop::Bad(line));
        }
    }

    fn stop_for(&self, stop: Stop) {
        let first = self.stop.take();
        *self.stop.borrow_mut() = Some(Stop::of(first, stop));
        self.stopping.notify_waiters();
    }

    fn is_stopped(&self) -> bool {
        self.stop.borrow().is_some()
    }

    /// Whether documents that wait to be sent still are.
    fn lets_send(&self, part: &Batch) -> bool {
        self.stop.borrow().as_ref().is_none_or(|stop| stop.lets_send(part))
    }

    fn show(&self) {
        self.line.now(self.loaded.borrow().there(), self.reading.bytes.load(Ordering::Relaxed));
    }
}

/// Until when a server may take nothing. The time in which it had nothing to take is that of the file: a pipe may be
/// silent for as long as it likes.
fn deadline(moved: Instant, begun: Instant, patience: Duration) -> Instant {
    moved.max(begun) + patience
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_has_all_its_time_after_a_file_that_was_waited_for() {
        let (moved, patience) = (Instant::now(), Duration::from_mins(2));
        let begun = moved + Duration::from_mins(10);
        assert_eq!(deadline(moved, begun, patience), begun + patience, "it was given nothing for ten minutes");
        assert_eq!(deadline(begun, moved, patience), begun + patience, "it took something meanwhile");
    }
}
