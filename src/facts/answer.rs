//! The answer of a service that is asked: what it says of itself, or why it does not. Pure.

use time::{Duration, OffsetDateTime};

/// The answer of a service whose container runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer<T> {
    /// It is ready, and says this of itself.
    Ready(T),
    /// It does not take the password of `elastic`.
    Unauthenticated(String),
    /// It answers, and does not serve yet, in its own words.
    NotReady(String),
    /// It shows a certificate that is not valid, or of another authority than its own.
    Untrusted(String),
    /// It was reached, and our own request ran out of time.
    TimedOut,
    Unreachable {
        /// In the words of the program that tried.
        words: String,
        /// When its container was started, where that is known.
        started: Option<OffsetDateTime>,
    },
}

/// The longest boot: a server that does not answer for so long after its start has another reason.
const BOOT: Duration = Duration::minutes(3);

impl<T> Answer<T> {
    /// What it says of itself, if it is ready.
    pub fn ready(&self) -> Option<&T> {
        match self {
            Self::Ready(facts) => Some(facts),
            _ => None,
        }
    }

    /// What a service does that is not ready, as a sentence without its subject: `cluster01-elastic` does this.
    pub fn reason(&self, now: OffsetDateTime) -> Option<String> {
        Some(match self {
            Self::Ready(_) => return None,
            Self::Unreachable { started: Some(started), .. } if now - *started < BOOT => {
                format!("does not answer yet (started {} s ago)", (now - *started).whole_seconds().max(0))
            }
            Self::Unreachable { words, .. } => format!("does not answer: {words}"),
            Self::TimedOut => "answers too slowly: the request timed out".to_owned(),
            Self::Untrusted(words) => format!("shows a certificate that is not trusted: {words}"),
            Self::Unauthenticated(words) => format!("does not take the password of elastic: {words}"),
            Self::NotReady(words) => format!("is not ready: {words}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_server_that_boots_differs_from_one_that_does_not_answer() {
        let now = datetime!(2026-01-31 12:00 UTC);
        let refused = |started| Answer::<()>::Unreachable { words: "connection refused".to_owned(), started };
        assert_eq!(
            refused(Some(now - Duration::seconds(4))).reason(now).unwrap(),
            "does not answer yet (started 4 s ago)"
        );
        assert_eq!(
            refused(Some(now + Duration::seconds(4))).reason(now).unwrap(),
            "does not answer yet (started 0 s ago)"
        );
        for started in [None, Some(now - Duration::minutes(3))] {
            assert_eq!(refused(started).reason(now).unwrap(), "does not answer: connection refused");
        }
    }
}
