//! Waiting: until something is ready, has died, or the time is over. Every wait has a deadline and says what it waits for.

#![expect(clippy::disallowed_methods, reason = "the one place that sleeps: between two questions")]

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use tokio::time::{Instant, sleep, timeout_at};

use crate::error::{Error, Exit};

/// Time between two questions. Short against a boot, long against an answer.
const INTERVAL: Duration = Duration::from_millis(400);

/// What one question found out.
#[derive(Debug)]
pub enum Probe<T> {
    Ready(T),
    /// Not yet, and the reason as the last answer gave it.
    Pending(String),
}

/// How long waits may go on, and whether the user has had enough.
#[derive(Debug)]
pub struct Patience {
    pub deadline: Instant,
    pub interrupted: AtomicBool,
}

impl Patience {
    pub fn new(time: Duration) -> Self {
        Self { deadline: Instant::now() + time, interrupted: AtomicBool::new(false) }
    }

    pub fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Ends the run, cleanly.
    pub fn interruption() -> Error {
        Error::new(Exit::Unfinished, "interrupted").hint("type the same command again: it goes on from here")
    }

    /// Asks until the answer is ready. An error from `probe` ends the wait at once.
    pub async fn until<T>(
        &self,
        what: &str,
        longest: Option<Duration>,
        mut probe: impl AsyncFnMut() -> Result<Probe<T>, Error>,
    ) -> Result<T, Error> {
        let deadline = longest.map_or(self.deadline, |time| self.deadline.min(Instant::now() + time));
        let mut reason = "it was never asked".to_owned();
        let asking = async {
            loop {
                if self.is_interrupted() {
                    return Err(Self::interruption());
                }
                match probe().await? {
                    Probe::Ready(value) => return Ok(value),
                    Probe::Pending(why) => reason = why,
                }
                sleep(INTERVAL).await;
            }
        };
        match timeout_at(deadline, asking).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Error::new(Exit::Unfinished, format!("{what} took too long"))
                .cause(reason)
                .hint("type the same command again to go on, with a longer `--timeout` if the machine is slow")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wait_that_runs_out_tells_the_last_reason() {
        let patience = Patience::new(Duration::from_millis(1));
        let outcome = patience
            .until::<()>("cluster01-elastic", None, async || Ok(Probe::Pending("health is red".to_owned())))
            .await;
        insta::assert_snapshot!(outcome.unwrap_err(), @r"
        cluster01-elastic took too long
          caused by: health is red

        hint: type the same command again to go on, with a longer `--timeout` if the machine is slow
        ");
    }

    #[tokio::test]
    async fn an_interrupted_wait_ends_at_once() {
        let patience = Patience::new(Duration::from_mins(1));
        patience.interrupted.store(true, Ordering::Relaxed);
        let outcome = patience.until::<()>("x", None, async || panic!("should not be asked")).await;
        assert_eq!(outcome.unwrap_err().message, "interrupted");
    }
}
