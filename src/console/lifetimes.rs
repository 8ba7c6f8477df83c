//! How `mesh keys ls` and `mesh certs ls` show what ends one day. I/O: the terminal.

use time::{OffsetDateTime, UtcOffset, format_description::BorrowedFormatItem, macros::format_description};

use super::{Console, Mark, Table};
use crate::judge::expiry::{Certificates, Keys, State, soon::EndsSoon};

const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");

impl Console {
    /// A row a cluster.
    pub fn keys(&self, keys: &Keys) {
        let header = ["CLUSTER", "KEY", "TYPE", "SHARES", "CREATED", "EXPIRES", "DAYS", "HELD BY", "STATE"];
        let mut table = Table::new(&header).right(&[6]);
        for row in &keys.keys {
            let held = row.held_by.iter().map(|cluster| cluster.number().to_string()).collect::<Vec<_>>().join(" ");
            table.row([
                (row.cluster.to_string(), Mark::Plain),
                known(row.id.clone()),
                known(row.kind.clone()),
                known(Some(row.shared.join(" "))),
                known(row.created.map(day)),
                known(row.expires.map(day)),
                known(row.days_left.map(|days| days.to_string())),
                known(Some(held)),
                state(row.state),
            ]);
        }
        self.table(&table);
    }

    /// A row a certificate, and below why one cannot be used.
    pub fn certificates(&self, certificates: &Certificates) {
        let header = ["CLUSTER", "CERTIFICATE", "EXPIRES", "DAYS", "TRUSTS", "STATE", "NAMES"];
        let mut table = Table::new(&header).right(&[3, 4]);
        for row in &certificates.certificates {
            table.row([
                (row.cluster.to_string(), Mark::Plain),
                (row.of.word().to_owned(), Mark::Plain),
                known(row.expires.map(day)),
                known(row.days_left.map(|days| days.to_string())),
                known(row.trusts.map(|count| count.to_string())),
                state(row.state),
                known(Some(row.names.join(" "))),
            ]);
        }
        self.table(&table);
        for row in &certificates.certificates {
            if let Some(reason) = &row.reason {
                self.note(&format!("{}, {}: {reason}", row.cluster, row.of.word()));
            }
        }
    }

    /// What ends soon, each with what to type: to stderr, since it is no data.
    pub fn endings(&self, endings: &[EndsSoon]) {
        for ending in endings {
            let clusters = ending.clusters.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
            let (what, days) = (ending.what, ending.days_left);
            let when = match days {
                ..0 => "has ended".to_owned(),
                0 => "ends today".to_owned(),
                1 => "ends in 1 day".to_owned(),
                _ => format!("ends in {days} days"),
            };
            self.warning(&format!("{what} of {clusters} {when}"), &format!("`{}`", ending.remedy));
        }
    }
}

fn day(time: OffsetDateTime) -> String {
    time.to_offset(UtcOffset::UTC).format(&DAY).expect("should be a time with a year of four digits")
}

fn known(text: Option<String>) -> (String, Mark) {
    text.filter(|text| !text.is_empty()).map_or(("-".to_owned(), Mark::Faint), |text| (text, Mark::Plain))
}

fn state(state: State) -> (String, Mark) {
    let mark = match state {
        State::Good => Mark::Good,
        State::Soon => Mark::Poor,
        State::Expired | State::Invalidated | State::Unusable | State::Unknown => Mark::Bad,
    };
    (state.word().to_owned(), mark)
}
