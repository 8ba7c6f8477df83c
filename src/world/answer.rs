//! What a request that failed says of the service that was asked. No I/O, no decisions.

use super::https::HttpsError;
use crate::facts::observed::Answer;

impl<T> From<HttpsError> for Answer<T> {
    fn from(error: HttpsError) -> Self {
        let words = error.cause();
        match error {
            _ if error.is_distrust() => Self::Untrusted(words),
            _ if error.is_timeout() => Self::TimedOut,
            HttpsError::NoAnswer { .. } => Self::Unreachable { words, started: None },
            HttpsError::Refused { status: 401, reason, .. } => Self::Unauthenticated(reason),
            HttpsError::Refused { status: 404, .. } => Self::NotReady("its license is not known yet".to_owned()),
            HttpsError::Refused { status, reason, .. } => Self::NotReady(format!("status {status}: {reason}")),
            _ => Self::NotReady(words),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_recognized_by_its_status() {
        let refused = |status| {
            let (what, reason) = ("`GET /_license`".to_owned(), "the reason".to_owned());
            Answer::<()>::from(HttpsError::Refused { what, status, kind: None, reason })
        };
        assert_eq!(refused(401), Answer::Unauthenticated("the reason".to_owned()));
        assert_eq!(refused(404), Answer::NotReady("its license is not known yet".to_owned()));
        assert_eq!(refused(503), Answer::NotReady("status 503: the reason".to_owned()));
    }
}
