//! The table of `mesh invites ls`, and which guests lose something. I/O: the terminal.

use time::{OffsetDateTime, UtcOffset, format_description::BorrowedFormatItem, macros::format_description};

use super::{Cell, Column, Console, Mark, Table, err};
use crate::{
    judge::guests::{GuestList, GuestRow, GuestState},
    mesh::{
        Mesh,
        peers::{Guest, Invitation},
    },
    plan::{Plan, guests::lost_with, renew::Renewal},
};

const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");

const COLUMNS: [Column<GuestRow>; 7] = [
    Column::left("GUEST", |row| Cell::plain(&row.guest)),
    Column::left("CLUSTERS", |row| {
        Cell::known(Some(row.clusters.iter().map(|of| of.number().to_string()).collect::<Vec<_>>().join(" ")))
    }),
    Column::left("SHARES", |row| Cell::known(Some(row.shares.iter().cloned().collect::<Vec<_>>().join(" ")))),
    Column::left("EXPIRES", |row| Cell::known(row.expires.map(day))),
    Column::right("DAYS", |row| Cell::known(row.days_left)),
    Column::right("OLD KEYS", |row| Cell::plain(row.old_keys)),
    Column::left("STATE", |row| {
        let mark = match row.state {
            GuestState::Good => Mark::Good,
            GuestState::Soon => Mark::Poor,
            GuestState::Expired | GuestState::Incomplete | GuestState::Unknown => Mark::Bad,
        };
        Cell::new(row.state.word(), mark)
    }),
];

impl Console {
    /// Whose invitations hold which authorities.
    pub fn authorities_of_guests(&self, mesh: &Mesh) {
        for (name, guest) in &mesh.guests {
            self.note(&format!("{name} trusts the authorities of {}, by its invitation", guest.on.named()));
        }
    }

    /// A row a guest, and below them which clusters cannot be asked.
    pub fn guests(&self, guests: &GuestList) {
        if guests.guests.is_empty() {
            self.note("no guests: `mesh invites create NAME --into FILE` invites one");
        } else {
            self.table(&Table::of(&COLUMNS, &guests.guests));
        }
        for (cluster, reason) in &guests.unreadable {
            self.note(&format!("{cluster} {reason}"));
        }
    }

    /// What both sides compare, so that no one else's file is joined by. To stderr: the invitation may be on stdout.
    pub fn invited(&self, invitation: &Invitation) {
        self.note(&format!(
            "digest {}: compare it by telephone with what whoever joins is shown\nit expires on {}",
            invitation.digest(),
            day(invitation.expires)
        ));
    }

    /// Whom the next authorities wait for, and what to type.
    pub fn waiting_guests(&self, mesh: &Mesh, renewal: &Renewal) {
        let on = |guest: &Guest| renewal.authorities.iter().any(|of| guest.on.contains(*of));
        let waiting = mesh.guests.iter().filter(|(_, guest)| on(guest) && !renewal.peers_joined);
        let names: Vec<String> = waiting.map(|(name, _)| name.to_string()).collect();
        let Some(first) = names.first() else { return };
        self.note(&format!(
            "{} knows the old authorities only, so they stay in force: make new invitations (`mesh invites create {first} --into \
             FILE`), have them joined there, then type `mesh certs rotate --ca --peers-joined`",
            names.join(", ")
        ));
    }

    /// The guests that can no longer search what a plan deletes.
    pub fn lost_guests(&self, recorded: Option<&Mesh>, plan: &Plan) {
        for (guest, clusters) in recorded.map(|mesh| lost_with(plan, mesh)).unwrap_or_default() {
            let clusters: Vec<String> = clusters.iter().map(ToString::to_string).collect();
            err(&format!("the guest {guest} can no longer search {}", clusters.join(" ")));
        }
    }

    /// Whether what is printed to stdout reaches another program, and neither a screen nor a file.
    pub fn pipes_result(&self) -> bool {
        self.stdout.is_pipe()
    }
}

fn day(time: OffsetDateTime) -> String {
    time.to_offset(UtcOffset::UTC).format(&DAY).expect("should be a time with a year of four digits")
}
