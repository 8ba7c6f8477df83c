//! The table of `mesh invites ls`, and which guests lose something. I/O: the terminal.

use std::collections::{BTreeMap, BTreeSet};

use time::{OffsetDateTime, UtcOffset, format_description::BorrowedFormatItem, macros::format_description};

use super::{Cell, Column, Console, Mark, Table, date::day, err};
use crate::{
    facts::guests::TakenBack,
    judge::{
        expiry::Certificates,
        guests::{GuestList, GuestRow, GuestState, takes_over},
    },
    mesh::{
        Mesh,
        cluster_set::ClusterSet,
        counted::counted,
        id::ClusterId,
        peers::{Guest, Invitation, PartnerName},
    },
    plan::{
        Plan,
        guests::{lost_with, shut_out},
        renew::Renewal,
    },
};

const MINUTE: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day] [hour]:[minute] UTC");

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
    /// Which authorities the invitations of guests have, a line for each guest and kind.
    pub fn authorities_of_guests(&self, certificates: &Certificates) {
        let mut lines: BTreeMap<(&PartnerName, Option<bool>, &str), BTreeSet<ClusterId>> = BTreeMap::new();
        for row in &certificates.certificates {
            for (guest, trusts) in &row.guests {
                lines.entry((guest, *trusts, row.of.word())).or_default().extend(row.cluster);
            }
        }
        for ((guest, trusts, what), of) in lines {
            let of = ClusterSet::new(of).map(|of| of.named()).unwrap_or_default();
            self.note(&match trusts {
                Some(true) => format!("{guest} trusts the {what} of {of}, by its invitation"),
                Some(false) => format!("{guest} does not trust the {what} of {of}: its invitation is older"),
                None => format!(
                    "whether {guest} trusts the {what} of {of} is unknown: no key of it that can be read says so"
                ),
            });
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

    /// What became of the keys of an invitation that was not handed over.
    pub fn taken_back(&self, guest: &PartnerName, TakenBack { revoked, left }: &TakenBack) {
        if *revoked > 0 {
            self.note(&format!("revoked again, since no one has this invitation: {}", counted(*revoked, "API key")));
        }
        if let Some(left) = left {
            self.warning(
                &format!("API keys of this invitation, which no one has, may be left on {}", left.named()),
                &format!("make a new one and have it joined before you type `mesh invites revoke {guest} --old`"),
            );
        }
    }

    /// The invitation whose keys stay: the user knows whether it was handed over.
    pub fn kept_invitation(&self, made: OffsetDateTime) {
        let made = made.to_offset(UtcOffset::UTC).format(&MINUTE).expect("should be a time with a year of four digits");
        self.note(&format!("the keys of the last invitation stay, which was made on {made}"));
    }

    /// The guests of clusters whose authority was replaced, and what to type.
    pub fn left_guests(&self, mesh: &Mesh, replaced: &BTreeSet<ClusterId>) {
        let left: BTreeSet<&PartnerName> = replaced.iter().flat_map(|of| mesh.guests_of(*of)).collect();
        for guest in left {
            self.note(&format!(
                "{guest} trusts an authority that is gone: make a new invitation (`mesh invites create {guest} --into FILE`), \
                 and have it joined there"
            ));
        }
    }

    /// Whom the next authorities wait for, and what to type.
    pub fn waiting_guests(&self, mesh: &Mesh, renewal: &Renewal, replaced: &BTreeSet<ClusterId>) {
        let waits = |of: &ClusterId| !replaced.contains(of);
        let on = |guest: &Guest| renewal.authorities.iter().any(|of| guest.on.contains(*of) && waits(of));
        let waiting = mesh.guests.iter().filter(|(_, guest)| on(guest) && !renewal.peers_joined);
        let names: Vec<String> = waiting.map(|(name, _)| name.to_string()).collect();
        let Some(first) = names.first() else { return };
        let then = takes_over(mesh, renewal.authorities.iter().copied().filter(waits));
        self.note(&format!(
            "{} knows the old authorities only, so they stay in force: make new invitations (`mesh invites create {first} --into \
             FILE`), have them joined there, then type `{then}`",
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

    /// The guests that do not reach clusters by their invitations any more, once the mesh is as `wanted`.
    pub fn guests_shut_out(&self, recorded: Option<&Mesh>, wanted: &Mesh) {
        for (guest, ways) in recorded.map(|mesh| shut_out(mesh, wanted)).unwrap_or_default() {
            if let Some(closed) = ClusterSet::new(ways.closed) {
                self.warning(
                    &format!("the guest {guest} loses its way to {}: it is not advertised any more", closed.named()),
                    &format!("`mesh invites revoke {guest}` revokes its keys, if it is to search no longer"),
                );
            }
            if let Some(moved) = ClusterSet::new(ways.moved) {
                self.warning(
                    &format!(
                        "the guest {guest} loses its way to {}: it is advertised by another address",
                        moved.named()
                    ),
                    &format!(
                        "make a new invitation with `mesh invites create {guest} --into FILE`, and have it joined there"
                    ),
                );
            }
        }
    }
}
