//! The table of `mesh views ls`. I/O: the terminal.

use super::{Cell, Column, Console, Mark, Table};
use crate::judge::views::{ViewList, ViewRow, ViewState};

const COLUMNS: [Column<ViewRow>; 4] = [
    Column::left("CLUSTER", |row| Cell::plain(row.cluster)),
    Column::left("VIEW", |row| Cell::plain(&row.name)),
    Column::left("PATTERN", |row| Cell::plain(&row.pattern)),
    Column::left("STATE", |row| {
        let mark = match row.state {
            ViewState::Good => Mark::Good,
            ViewState::OutOfSync => Mark::Bad,
            ViewState::Unmanaged => Mark::Faint,
        };
        Cell::new(row.state.word(), mark)
    }),
];

impl Console {
    /// A row a view of a Kibana, and below them which Kibanas cannot be asked.
    pub fn view_list(&self, views: &ViewList) {
        if views.views.is_empty() && views.unreachable.is_empty() {
            self.note("no data views: `mesh create --data-set` makes two in every Kibana, `mesh views create` others");
        } else {
            self.table(&Table::of(&COLUMNS, &views.views));
        }
        for (cluster, reason) in &views.unreachable {
            self.note(&format!("{} cannot be asked: {reason}", cluster.kibana()));
        }
        if !views.is_complete() {
            self.note("`mesh create` makes what is missing");
        }
    }
}
