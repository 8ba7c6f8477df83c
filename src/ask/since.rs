//! From when on: `90s`, `10m`, `2h`, or a time. Pure: no I/O; what "now" is comes in as an argument.

use std::{str::FromStr, time::Duration};

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A moment, as it was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    Ago(Duration),
    At(OffsetDateTime),
}

/// Neither a length of time nor a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a length of time such as `90s`, `10m` or `2h` is needed, or a time such as `2026-01-31T12:00:00Z`")]
pub struct SinceError;

impl FromStr for Since {
    type Err = SinceError;

    fn from_str(text: &str) -> Result<Self, SinceError> {
        if let Ok(moment) = OffsetDateTime::parse(text, &Rfc3339) {
            return Ok(Self::At(moment));
        }
        humantime::parse_duration(text).map(Self::Ago).map_err(|_| SinceError)
    }
}

impl Since {
    /// The moment itself; the beginning of time where it would lie before that.
    pub fn moment(self, now: OffsetDateTime) -> OffsetDateTime {
        match self {
            Self::At(moment) => moment,
            Self::Ago(long) => time::Duration::try_from(long)
                .ok()
                .and_then(|long| now.checked_sub(long))
                .unwrap_or(OffsetDateTime::UNIX_EPOCH),
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn lengths_and_times_are_moments_and_nothing_else_is() {
        let now = datetime!(2026-01-31 12:00 UTC);
        let moment = |text: &str| text.parse::<Since>().map(|since| since.moment(now));
        assert_eq!(moment("90s"), Ok(datetime!(2026-01-31 11:58:30 UTC)));
        assert_eq!(moment("2h"), Ok(datetime!(2026-01-31 10:00 UTC)));
        assert_eq!(moment("1h 30m"), Ok(datetime!(2026-01-31 10:30 UTC)));
        assert_eq!(moment("2026-01-31T01:02:03+01:00"), Ok(datetime!(2026-01-31 00:02:03 UTC)));
        assert_eq!(moment("500000y"), Ok(OffsetDateTime::UNIX_EPOCH));
        for wrong in ["", "soon", "10", "-5m", "2026-01-31", "12:00", "2026-01-31T12:00:00"] {
            assert_eq!(moment(wrong), Err(SinceError), "{wrong}");
        }
    }
}
