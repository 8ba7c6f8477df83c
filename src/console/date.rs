//! Dates, as people read them: in UTC. Pure: no I/O.

use time::{OffsetDateTime, UtcOffset, format_description::BorrowedFormatItem, macros::format_description};

const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");

/// The day of a time: `2026-11-26`.
pub fn day(time: OffsetDateTime) -> String {
    time.to_offset(UtcOffset::UTC).format(&DAY).expect("should be a time with a year of four digits")
}
