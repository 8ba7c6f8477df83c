//! The table of `mesh snapshots ls`. I/O: the terminal.

use time::{UtcOffset, format_description::BorrowedFormatItem, macros::format_description};

use super::{Cell, Column, Console, Mark, Table};
use crate::{
    facts::{observed::Observed, snapshots::Worth},
    judge::snapshots::{SnapshotList, SnapshotRow, age},
    mesh::counted::counted,
    plan::{Plan, snapshots::lost_with},
};

const TIME: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");

const COLUMNS: [Column<SnapshotRow>; 8] = [
    Column::left("CLUSTER", |row| Cell::plain(row.cluster)),
    Column::left("SNAPSHOT", |row| Cell::plain(&row.name)),
    Column::left("STATE", state),
    Column::left("STARTED (UTC)", |row| {
        Cell::known(row.started.and_then(|time| time.to_offset(UtcOffset::UTC).format(&TIME).ok()))
    }),
    Column::right("AGE", |row| Cell::known(row.age.map(age))),
    Column::left("HOLDS", |row| Cell::plain(counted(row.names.len() as u64, "name"))),
    Column::left("FEATURES", |row| Cell::known(Some(row.features.join(" ")).filter(|features| !features.is_empty()))),
    Column::left("VERSION", |row| Cell::plain(&row.stack_version)),
];

impl Console {
    /// That snapshots lie in what a plan deletes, and how to keep them.
    pub fn lost_snapshots(&self, there: &Observed, plan: &Plan) {
        let inside = lost_with(plan, &there.snapshots_inside);
        if !inside.is_empty() {
            let names: Vec<String> = inside.iter().map(ToString::to_string).collect();
            self.note(&format!(
                "the snapshots of {} are in what is deleted; `--keep-snapshots DIR` moves them out first",
                names.join(" ")
            ));
        }
    }

    /// A row a snapshot, and below them which repositories cannot be read.
    pub fn snapshots(&self, snapshots: &SnapshotList) {
        self.table(&Table::of(&COLUMNS, &snapshots.snapshots));
        for (cluster, reason) in &snapshots.unreadable {
            self.note(&format!("{cluster}: {reason}"));
        }
    }
}

fn state(row: &SnapshotRow) -> Cell {
    let mark = match row.state {
        Worth::Good => Mark::Good,
        Worth::Empty | Worth::InProgress => Mark::Poor,
        Worth::Partial | Worth::Failed => Mark::Bad,
    };
    Cell::new(row.state.word(), mark)
}
