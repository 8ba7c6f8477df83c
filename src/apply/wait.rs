//! Waiting: until something is ready, has died, or the time is over. Every wait has a deadline and says what it waits
//! for. I/O: the clock.

#![expect(clippy::disallowed_methods, reason = "sleeps between two questions, each wait with a deadline")]

use std::{cell::Cell, time::Duration};

use rand::RngExt as _;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use crate::error::{Error, Exit};

/// Time between two questions. Short against a boot, long against an answer.
const INTERVAL: Duration = Duration::from_millis(400);

/// The last question may take so long, whatever the time.
const LAST_ANSWER: Duration = Duration::from_secs(5);

/// The pauses between tries of a request that was refused for a reason that passes: each twice as long as the one
/// before, with chance in it, so that several clients do not come back together.
#[derive(Debug)]
pub struct Pauses {
    next: Duration,
}

impl Default for Pauses {
    fn default() -> Self {
        Self { next: Self::FIRST }
    }
}

impl Pauses {
    const FIRST: Duration = Duration::from_millis(250);
    const LONGEST: Duration = Duration::from_secs(30);

    /// Waits, but not beyond the deadline; says whether there is time for another try.
    pub async fn pause(&mut self, deadline: Instant) -> bool {
        let now = Instant::now();
        if now >= deadline {
            return false;
        }
        sleep_until(deadline.min(now + self.length(rand::rng().random_range(0.5..1.0)))).await;
        true
    }

    fn length(&mut self, chance: f64) -> Duration {
        let length = self.next.mul_f64(chance);
        self.next = Self::LONGEST.min(self.next * 2);
        length
    }
}

/// What one question found out.
#[derive(Debug)]
pub enum Probe<T> {
    Ready(T),
    /// Not yet, and the reason as the last answer gave it.
    Pending(String),
}

/// How long waits may go on, and whether there is still a reason to wait.
#[derive(Debug)]
pub struct Patience {
    time: Duration,
    deadline: Cell<Instant>,
    interrupted: Cell<bool>,
    /// A step of the stage at hand has failed for good: the others need not be waited for.
    abandoned: Cell<bool>,
}

impl Patience {
    pub fn new(time: Duration) -> Self {
        let deadline = Cell::new(Instant::now() + time);
        Self { time, deadline, interrupted: Cell::new(false), abandoned: Cell::new(false) }
    }

    /// Gives the waits to come their whole time again: what took long was not a mesh.
    pub fn restart(&self) {
        self.deadline.set(Instant::now() + self.time);
    }

    /// Asks the run to end after the step at hand; says whether that was asked before.
    pub fn interrupt(&self) -> bool {
        self.interrupted.replace(true)
    }

    pub fn is_interrupted(&self) -> bool {
        self.interrupted.get()
    }

    /// Whether nothing new is to be begun.
    pub fn is_over(&self) -> bool {
        self.is_interrupted() || self.abandoned.get()
    }

    pub fn abandon(&self, abandoned: bool) {
        self.abandoned.set(abandoned);
    }

    /// Ends the run, cleanly.
    pub fn interruption() -> Error {
        let error =
            Error::new(Exit::Unfinished, "interrupted").hint("type the same command again: it goes on from here");
        Error { interrupted: true, ..error }
    }

    /// Does work that can be left in the middle, such as a pull.
    pub async fn unless_interrupted<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let interruption = async {
            while !self.is_interrupted() {
                sleep(INTERVAL).await;
            }
        };
        tokio::select! {
            outcome = work => outcome,
            () = interruption => Err(Self::interruption()),
        }
    }

    /// Asks until the answer is ready. An error from `probe` ends the wait at once. When its time is over it asks once
    /// more: a run that was suspended meanwhile finds what has come about without it.
    pub async fn until<T>(
        &self,
        what: &str,
        longest: Option<Duration>,
        mut probe: impl AsyncFnMut() -> Result<Probe<T>, Error>,
    ) -> Result<T, Error> {
        let deadline = longest.map_or(self.deadline.get(), |time| self.deadline.get().min(Instant::now() + time));
        let mut reason = "no answer came in time".to_owned();
        loop {
            if self.is_over() {
                return Err(Self::interruption());
            }
            let begun = Instant::now();
            match timeout_at(deadline.max(begun + LAST_ANSWER), probe()).await {
                Ok(Ok(Probe::Ready(value))) => return Ok(value),
                Ok(Ok(Probe::Pending(why))) => reason = why,
                Ok(Err(error)) => return Err(error),
                Err(_) => {}
            }
            if begun >= deadline {
                break;
            }
            sleep_until(deadline.min(Instant::now() + INTERVAL)).await;
        }
        Err(Error::new(Exit::Unfinished, format!("gave up waiting for {what}")).cause(reason).hint(
            "type the same command again to go on; if the machine is slow, with a longer `--timeout` where it has one",
        ))
    }

    /// Asks until the answer is ready, for as long as the reasons why it is not keep changing: work that moves takes as
    /// long as it takes. What has not moved for `stalled` does not end well.
    pub async fn while_moving<T>(
        &self,
        what: &str,
        stalled: Duration,
        mut probe: impl AsyncFnMut() -> Result<Probe<T>, Error>,
    ) -> Result<T, Error> {
        let (mut reason, mut moved) = ("no answer came".to_owned(), Instant::now());
        loop {
            if self.is_over() {
                return Err(Self::interruption());
            }
            match timeout_at(moved + stalled.max(LAST_ANSWER), probe()).await {
                Ok(Ok(Probe::Ready(value))) => {
                    self.restart();
                    return Ok(value);
                }
                Ok(Ok(Probe::Pending(why))) if why != reason => (reason, moved) = (why, Instant::now()),
                Ok(Ok(Probe::Pending(_))) | Err(_) => {}
                Ok(Err(error)) => return Err(error),
            }
            if moved.elapsed() >= stalled {
                let time = stalled.as_secs();
                return Err(Error::new(Exit::Unfinished, format!("{what} has not moved for {time} s"))
                    .cause(reason)
                    .hint("see `mesh status` and `mesh logs`; then type the same command again to go on"));
            }
            sleep(INTERVAL).await;
        }
    }
}

/// Waits for the planned start of something that is timed; at once where that has passed.
pub async fn until_planned(at: std::time::Instant) {
    sleep_until(Instant::from_std(at)).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wait_that_runs_out_tells_the_last_reason() {
        let patience = Patience::new(Duration::from_millis(1));
        let outcome = patience
            .until::<()>("cluster01-elastic to answer", None, async || Ok(Probe::Pending("health is red".to_owned())))
            .await;
        insta::assert_snapshot!(outcome.unwrap_err(), @r"
        gave up waiting for cluster01-elastic to answer
          caused by: health is red

        hint: type the same command again to go on; if the machine is slow, with a longer `--timeout` where it has one
        ");
    }

    #[tokio::test]
    async fn work_that_moves_is_waited_for_and_no_other() {
        let (patience, asked) = (Patience::new(Duration::from_millis(1)), Cell::new(0));
        let moving = patience.while_moving("the restore", Duration::from_secs(1), async || {
            asked.set(asked.get() + 1);
            Ok(if asked.get() == 4 { Probe::Ready(()) } else { Probe::Pending(format!("{} of 4 shards", asked.get())) })
        });
        assert!(moving.await.is_ok(), "four answers take longer than one may");
        let standing = patience.while_moving::<()>("the restore", Duration::from_secs(1), async || {
            Ok(Probe::Pending("1 of 4 shards".to_owned()))
        });
        insta::assert_snapshot!(standing.await.unwrap_err(), @r"
        the restore has not moved for 1 s
          caused by: 1 of 4 shards

        hint: see `mesh status` and `mesh logs`; then type the same command again to go on
        ");
    }

    #[tokio::test]
    async fn pauses_grow_and_end_at_the_deadline() {
        let mut pauses = Pauses::default();
        let lengths: Vec<u128> = (0..9).map(|_| pauses.length(0.5).as_millis()).collect();
        assert_eq!(lengths, [125, 250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
        let deadline = Instant::now() + Duration::from_millis(20);
        assert!(pauses.pause(deadline).await && Instant::now() >= deadline, "there is a try at the deadline");
        assert!(!pauses.pause(deadline).await);
    }

    #[tokio::test]
    async fn a_wait_that_cannot_succeed_ends_at_once() {
        let (patience, asked) = (Patience::new(Duration::from_mins(1)), Cell::new(0));
        let fails = async || {
            asked.set(asked.get() + 1);
            Err::<Probe<()>, _>(Error::new(Exit::Unfinished, "it was killed"))
        };
        assert_eq!(patience.until("x", None, fails).await.unwrap_err().message, "it was killed");
        let moving = patience.while_moving("x", Duration::from_mins(1), fails).await;
        assert_eq!(moving.unwrap_err().message, "it was killed");
        assert_eq!(asked.get(), 2, "each is asked once");
    }

    #[tokio::test]
    async fn an_interrupted_wait_ends_at_once() {
        let patience = Patience::new(Duration::from_mins(1));
        patience.interrupt();
        let outcome = patience.until::<()>("x", None, async || panic!("should not be asked")).await;
        assert_eq!(outcome.unwrap_err().message, "interrupted");
    }

    #[tokio::test]
    async fn a_run_that_wakes_after_its_deadline_asks_once_more() {
        let patience = Patience::new(Duration::ZERO);
        let asked = Cell::new(0);
        let outcome = patience
            .until("x", None, async || {
                asked.set(asked.get() + 1);
                // nothing else runs meanwhile, as in a process that is stopped
                std::thread::sleep(Duration::from_millis(20));
                Ok(if asked.get() == 1 { Probe::Ready(()) } else { Probe::Pending(String::new()) })
            })
            .await;
        assert!(outcome.is_ok() && asked.get() == 1);
        let patience = Patience::new(Duration::from_millis(10));
        let outcome = patience
            .until("x", None, async || {
                asked.set(asked.get() + 1);
                std::thread::sleep(Duration::from_millis(20));
                Ok(if asked.get() == 3 { Probe::Ready(()) } else { Probe::Pending(String::new()) })
            })
            .await;
        assert!(outcome.is_ok(), "the second question is asked when the time is over");
    }
}
