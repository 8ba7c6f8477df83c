//! When searches are planned to begin. Pure: no I/O.
//!
//! In an open loop a search is timed from its planned start: a server that stalls delays the searches behind it, and
//! would look fast if their waiting did not count. In a closed loop the next one waits for the last.

use std::time::Duration;

use super::Load;

/// Searches that are still to be sent after so many times the length are given up: the rate was not reached.
const PATIENCE: u32 = 2;

/// The searches of one measurement.
#[derive(Debug)]
pub struct Schedule {
    load: Load,
    length: Duration,
    sent: u64,
}

impl Schedule {
    pub fn new(load: Load, length: Duration) -> Self {
        Self { load, length, sent: 0 }
    }

    /// The number of the next search, and its planned start since the beginning; `None` where there is no more, `now`
    /// after the beginning.
    pub fn next(&mut self, now: Duration) -> Option<(u64, Duration)> {
        let number = self.sent;
        let at = match self.load.rate {
            None => now,
            Some(_) if now >= self.length * PATIENCE => return None,
            Some(rate) => Duration::from_nanos(number * 1_000_000_000 / u64::from(rate.max(1))),
        };
        if at >= self.length {
            return None;
        }
        self.sent += 1;
        Some((number, at))
    }

    /// The planned searches that were never sent.
    pub fn unsent(&self) -> u64 {
        let planned = self.load.rate.map_or(0, |rate| (self.length.as_millis() * u128::from(rate)).div_ceil(1000));
        u64::try_from(planned).unwrap_or(u64::MAX).saturating_sub(self.sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn an_open_loop_keeps_its_rate_however_late_answers_come() {
        let mut schedule = Schedule::new(Load { clients: 1, rate: Some(4) }, Duration::from_secs(1));
        assert_eq!(schedule.next(millis(0)), Some((0, millis(0))));
        assert_eq!(schedule.next(millis(700)), Some((1, millis(250))), "it is late, and counts from its plan");
        assert_eq!(schedule.next(millis(1500)), Some((2, millis(500))));
        assert_eq!((schedule.next(millis(2000)), schedule.unsent()), (None, 1), "the rate was not reached");
        let mut schedule = Schedule::new(Load { clients: 1, rate: Some(2) }, Duration::from_secs(1));
        let all: Vec<_> = std::iter::from_fn(|| schedule.next(millis(0))).collect();
        assert_eq!((all.len(), schedule.unsent()), (2, 0));
    }

    #[test]
    fn a_closed_loop_sends_when_an_answer_is_there() {
        let mut schedule = Schedule::new(Load { clients: 1, rate: None }, Duration::from_secs(1));
        assert_eq!(schedule.next(millis(0)), Some((0, millis(0))));
        assert_eq!(schedule.next(millis(999)), Some((1, millis(999))));
        assert_eq!((schedule.next(millis(1000)), schedule.unsent()), (None, 0));
    }
}
