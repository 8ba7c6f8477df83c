//! The tables of `mesh keys ls` and `mesh certs ls`, and warnings of what expires. I/O: the terminal.

use super::{Cell, Column, Console, Mark, Table, date::day};
use crate::judge::expiry::{CertificateRow, Certificates, GIVES_ANOTHER, KeyRow, Keys, Purpose, State, soon::EndsSoon};

/// The columns of `mesh keys ls`.
const KEYS: [Column<KeyRow>; 9] = [
    Column::left("CLUSTER", |row| Cell::plain(row.cluster)),
    Column::left("KEY", |row| Cell::known(row.id.as_ref())),
    Column::left("TYPE", |row| Cell::known(row.kind.as_ref())),
    Column::left("SHARES", |row| Cell::known(Some(row.shared.join(" ")))),
    Column::left("CREATED", |row| Cell::known(row.created.map(day))),
    Column::left("EXPIRES", |row| Cell::known(row.expires.map(day))),
    Column::right("DAYS", |row| Cell::known(row.days_left)),
    Column::left("HELD BY", holders),
    Column::left("STATE", |row| state(row.state)),
];
/// The columns of `mesh certs ls`.
const CERTIFICATES: [Column<CertificateRow>; 7] = [
    Column::left("CLUSTER", |row| Cell::known(row.cluster)),
    Column::left("CERTIFICATE", |row| Cell::plain(row.word())),
    Column::left("EXPIRES", |row| Cell::known(row.expires.map(day))),
    Column::right("DAYS", |row| Cell::known(row.days_left)),
    Column::right("TRUSTS", |row| Cell::known(row.trusts)),
    Column::left("STATE", |row| state(row.state)),
    Column::left("NAMES", |row| Cell::known(Some(row.names.join(" ")))),
];

impl Console {
    /// A row a key.
    pub fn keys(&self, keys: &Keys) {
        self.table(&Table::of(&KEYS, &keys.keys));
    }

    /// A row a certificate, and below them why some are unusable, and which is not `mesh`'s to renew.
    pub fn certificates(&self, certificates: &Certificates) {
        self.table(&Table::of(&CERTIFICATES, &certificates.certificates));
        for row in &certificates.certificates {
            if let Some(reason) = &row.reason {
                let cluster = row.cluster.map(|cluster| format!("{cluster}, ")).unwrap_or_default();
                self.note(&format!("{cluster}{}: {reason}", row.word()));
            }
            if row.of == Purpose::GatewayGiven {
                self.given_certificate();
            }
        }
    }

    /// The gateway's certificate that the user gave, which no renewal is about.
    pub fn given_certificate(&self) {
        self.note(&format!(
            "the certificate of the gateway was given, and is not renewed here: `{GIVES_ANOTHER}` gives it another"
        ));
    }

    /// What ends soon, each with what to type: to stderr, since it is no data.
    pub fn endings(&self, endings: &[EndsSoon]) {
        for ending in endings {
            self.warning(&ending.in_words(), &format!("`{}`", ending.remedy));
        }
    }
}

fn holders(row: &KeyRow) -> Cell {
    if let Some(guest) = &row.guest {
        return Cell::plain(guest);
    }
    let numbers: Vec<String> = row.held_by.iter().map(|cluster| cluster.number().to_string()).collect();
    Cell::known(Some(numbers.join(" ")))
}

fn state(state: State) -> Cell {
    let mark = match state {
        State::Good => Mark::Good,
        State::Soon => Mark::Poor,
        State::Expired | State::Invalidated | State::Unusable | State::Unknown => Mark::Bad,
    };
    Cell::new(state.word(), mark)
}
