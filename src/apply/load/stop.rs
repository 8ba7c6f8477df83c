//! Why a load ends early, and what is sent nevertheless. No I/O.

use crate::ask::load::{BadLine, Batch};

/// Why no more is loaded.
#[derive(Debug, PartialEq, Eq)]
pub enum Stop {
    Bad(BadLine),
    BadHeader(BadLine),
    /// The server takes no more, for a reason that stays.
    Refused(String),
    /// The server took nothing for as long as it may, and why not.
    GaveUp(String),
}

impl Stop {
    /// The reason that counts of two: the first, of bad lines that of the file, and what ends all sending rather than a
    /// bad line, before which documents may be missing then.
    pub fn of(first: Option<Self>, next: Self) -> Self {
        match (first, next) {
            (Some(Self::Bad(one)), Self::Bad(other)) => Self::Bad(one.min(other)),
            (Some(Self::Bad(_)) | None, next) => next,
            (Some(first), _) => first,
        }
    }

    /// Whether documents that wait to be sent still are: those before a bad line, whichever request has them.
    pub fn lets_send(&self, part: &Batch) -> bool {
        matches!(self, Self::Bad(bad) if part.line(0) < bad.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bad(number: u64) -> Stop {
        Stop::Bad(BadLine { number, reason: "x".to_owned() })
    }

    #[test]
    fn what_is_before_a_bad_line_is_sent_whichever_request_has_it() {
        let mut part = Batch::default();
        part.push(7, "0123456789-_ABCDEFGH", b"{}");
        part.push(9, "0123456789-_ABCDEFGI", b"{}");
        assert_eq!([8, 12, 7, 3].map(|line| bad(line).lets_send(&part)), [true, true, false, false]);
        for end in [Stop::Refused(String::new()), Stop::GaveUp(String::new())] {
            assert!(!end.lets_send(&part), "{end:?}");
        }
    }

    #[test]
    fn the_first_bad_line_counts_and_what_keeps_lines_before_it_out() {
        assert_eq!(Stop::of(Some(bad(9)), bad(4)), bad(4));
        assert_eq!(Stop::of(Some(bad(4)), bad(9)), bad(4));
        let full = || Stop::Refused("full".to_owned());
        assert_eq!(Stop::of(Some(bad(4)), full()), full());
        assert_eq!(Stop::of(Some(full()), bad(4)), full());
        assert_eq!(Stop::of(Some(full()), Stop::GaveUp("late".to_owned())), full());
    }
}
