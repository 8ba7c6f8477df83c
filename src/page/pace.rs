//! How often the mesh is looked at: by what a look costs. Pure.

use std::time::Duration;

/// The share of the time in which servers may be busy with being asked: one part in so many.
const SHARE: u32 = 20;
/// No look follows sooner.
const SOONEST: Duration = Duration::from_secs(5);
/// However much a look costs, the next is no later.
const LATEST: Duration = Duration::from_mins(10);
/// The most that counts of a look which waits for what does not answer: waiting costs the servers nothing.
const A_CLUSTER: Duration = Duration::from_millis(100);

/// The time between two looks.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// The least that the user wants.
    pub every: Option<Duration>,
}

impl Pace {
    /// The time until the next look, after one that took so long. `whole` says that everything answered: otherwise some
    /// of the time was spent on waiting.
    pub fn after(self, took: Duration, clusters: usize, whole: bool) -> Duration {
        let most = A_CLUSTER * u32::try_from(clusters.max(1)).unwrap_or(u32::MAX);
        let cost = if whole { took } else { took.min(most) };
        (cost * SHARE).clamp(SOONEST, LATEST).max(self.every.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_takes_a_twentieth_of_the_time_and_waiting_is_no_cost() {
        let (pace, seconds) = (Pace { every: None }, Duration::from_secs_f64);
        assert_eq!(pace.after(seconds(0.1), 2, true), SOONEST);
        assert_eq!(pace.after(seconds(0.5), 8, true), seconds(10.0));
        assert_eq!(pace.after(seconds(12.0), 99, true), seconds(240.0));
        assert_eq!(pace.after(seconds(5.5), 8, false), seconds(16.0), "a server that hangs");
        assert_eq!(pace.after(seconds(90.0), 99, true), LATEST);
        assert_eq!(Pace { every: Some(seconds(60.0)) }.after(seconds(0.5), 8, true), seconds(60.0));
    }
}
