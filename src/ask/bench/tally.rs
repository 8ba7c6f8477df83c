//! Times of many searches, as a histogram: memory does not grow with them. Pure: no I/O.

use std::time::Duration;

use hdrhistogram::Histogram;

/// The longest time that is distinguished from longer ones, in microseconds: ten minutes.
const LONGEST: u64 = 600_000_000;
/// Times are exact to this many digits.
const DIGITS: u8 = 3;

/// How long searches took.
#[derive(Debug, Clone)]
pub struct Tally(Histogram<u64>);

impl Default for Tally {
    fn default() -> Self {
        Self(Histogram::new_with_bounds(1, LONGEST, DIGITS).expect("should be bounds of a histogram"))
    }
}

impl Tally {
    pub fn record(&mut self, took: Duration) {
        self.0.saturating_record(u64::try_from(took.as_micros()).unwrap_or(LONGEST).max(1));
    }

    pub fn merge(&mut self, other: &Self) {
        self.0.add(&other.0).expect("should be of the same bounds");
    }

    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The time that this share of searches took at most, from 0 to 1; `None` where there are none.
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        (!self.0.is_empty()).then(|| Duration::from_micros(self.0.value_at_quantile(share)))
    }

    /// Whether the medians of this and another tally differ by less than a tenth.
    pub fn agrees_with(&self, other: &Self) -> bool {
        let medians = self.quantile(0.5).zip(other.quantile(0.5));
        medians.is_some_and(|(one, other)| one.abs_diff(other).as_secs_f64() < 0.1 * other.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(millis: impl IntoIterator<Item = u64>) -> Tally {
        let mut tally = Tally::default();
        millis.into_iter().for_each(|took| tally.record(Duration::from_millis(took)));
        tally
    }

    #[test]
    fn percentiles_are_those_of_what_was_recorded() {
        let mut tally = of(1..=50);
        tally.merge(&of(51..=100));
        let within = |share: f64, millis: f64| {
            let found = tally.quantile(share).unwrap().as_secs_f64() * 1000.0;
            assert!((found - millis).abs() < 0.002 * millis, "{share}: {found}");
        };
        within(0.5, 50.0);
        within(0.99, 99.0);
        within(1.0, 100.0);
        assert_eq!((tally.count(), of([]).quantile(0.5)), (100, None));
        assert_eq!(of([9_999_999]).quantile(1.0).map(|took| took.as_secs() / 10), Some(60), "the longest is kept");
    }

    #[test]
    fn windows_agree_when_their_medians_do() {
        assert!(of([100, 100, 900]).agrees_with(&of([105])));
        assert!(!of([100]).agrees_with(&of([120])));
        assert!(!of([]).agrees_with(&of([])));
    }
}
