//! What `mesh join` and `mesh peers ls` print. I/O: the terminal.

use std::{collections::BTreeMap, path::Path, time::Duration};

use super::{Cell, Column, Console, Mark, Table, date::day, duration, plain};
use crate::{
    judge::peers::{PeerList, PeerRow, PeerState},
    mesh::{Mesh, counted::counted, peers::PartnerName},
};

const COLUMNS: [Column<PeerRow>; 8] = [
    Column::left("PEER", |row| Cell::plain(&row.peer)),
    Column::left("REMOTE", |row| Cell::plain(&row.alias)),
    Column::left("ADDRESS", |row| Cell::plain(&row.address)),
    Column::left("SHARES", |row| Cell::known(Some(row.shares.join(" ")).filter(|shares| !shares.is_empty()))),
    Column::left("EXPIRES", |row| Cell::known(row.expires.map(day))),
    Column::right("DAYS", |row| Cell::known(row.days_left)),
    Column::left("REACHED BY", |row| {
        let numbers: Vec<String> = row.reached_by.iter().map(|cluster| cluster.number().to_string()).collect();
        Cell::known(Some(numbers.join(" ")).filter(|numbers| !numbers.is_empty()))
    }),
    Column::left("STATE", |row| {
        let mark = match row.state {
            PeerState::Reached => Mark::Good,
            PeerState::Leaving => Mark::Poor,
            PeerState::Down | PeerState::Expired | PeerState::Lost => Mark::Bad,
        };
        Cell::new(row.state.word(), mark)
    }),
];

impl Console {
    /// A row a remote, and below them why some are not reached.
    pub fn peers(&self, list: &PeerList) {
        if list.remotes.is_empty() {
            return self.line("no mesh was joined: `mesh join FILE` takes an invitation");
        }
        self.peers_table(&list.remotes);
        self.peers_down(&list.remotes);
    }

    /// The table of peers below another, if there are any.
    pub fn peers_below(&self, rows: &[PeerRow]) {
        if !rows.is_empty() {
            self.line("");
            self.peers_table(rows);
        }
    }

    fn peers_table(&self, rows: &[PeerRow]) {
        self.table(&Table::of(&COLUMNS, rows));
    }

    /// Why clusters of peers are not reached, each with the clusters that share the reason, and whose keys are lost.
    pub fn peers_down(&self, rows: &[PeerRow]) {
        for row in rows {
            let mut reasons: BTreeMap<&str, Vec<String>> = BTreeMap::new();
            for (cluster, why) in &row.down {
                reasons.entry(why).or_default().push(cluster.to_string());
            }
            for (why, clusters) in reasons {
                self.note(&format!("{} → {}: {}", clusters.join(" "), row.alias, plain::line(why)));
            }
            // it may be reached all the same, for as long as keystores have them
            if row.state == PeerState::Lost {
                self.note(&format!("the keys of {} on disk are lost or damaged: {}", row.alias, row.renewal));
            }
        }
    }

    /// What is about to be joined, and what it means to trust it.
    pub fn invitation(&self, mesh: &Mesh, name: &PartnerName, digest: Option<&str>) {
        let Some(peer) = mesh.peers.get(name) else { return };
        let aliases: Vec<String> = peer.remotes.keys().map(ToString::to_string).collect();
        self.note(&format!("{name} has {}: {}", counted(aliases.len() as u64, "cluster"), aliases.join(" ")));
        if let Some(digest) = digest {
            self.note(&format!("digest {digest}: the other side printed the same when it made the invitation"));
        }
        self.note(
            "Elasticsearch has one list of trusted authorities for all remotes: whoever has the key of an authority of \
             this peer, and a place on the way, can pose as any remote",
        );
    }

    /// How a peer is searched from now on.
    pub fn joined(&self, mesh: &Mesh, name: &PartnerName, file: Option<&Path>, took: Duration) {
        let Some(peer) = mesh.peers.get(name) else { return };
        let first = mesh.clusters().find(|cluster| peer.is_searched_by(*cluster));
        self.done(&format!("joined {name}: every link proved ({})", duration(took)));
        if self.is_quiet() {
            return;
        }
        if let Some(file) = file {
            self.note(&format!("{} holds keys, and is needed no more: delete it", file.display()));
        }
        self.line("\ntry next:");
        let pattern = first.map(|first| (first.number(), mesh.everywhere(first, mesh.searched())));
        let search = pattern.map(|(first, pattern)| format!("mesh es {first} GET '{pattern}/_search?size=1&pretty'"));
        let found = format!("mesh search '{}'", mesh.searched());
        for command in search.as_deref().into_iter().chain(["mesh peers ls", &found]) {
            self.line(&format!("  {}", self.same_mesh.in_command(command)));
        }
    }
}
