//! The machine's clock. I/O: asks the kernel for the time, and systemd whether it is right.

use std::process::Command;

use time::OffsetDateTime;

use crate::facts::host::ClockFacts;

/// The time, and whether it is synchronized. `timedatectl` tells what the kernel thinks of that, whoever keeps the
/// clock; without systemd, it is unknown.
pub fn facts() -> ClockFacts {
    // the bus may be there and silent
    let asked = Command::new("timeout").args(["3", "timedatectl", "show", "-p", "NTPSynchronized", "--value"]).output();
    let output = asked.ok().filter(|output| output.status.success()).map(|output| output.stdout);
    let synchronized = match output.as_deref().map(<[u8]>::trim_ascii) {
        Some(b"yes") => Some(true),
        Some(b"no") => Some(false),
        _ => None,
    };
    ClockFacts { now: OffsetDateTime::now_utc(), synchronized }
}
