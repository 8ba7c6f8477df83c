//! The table of `mesh ls`. I/O: the terminal.

use super::{Cell, Column, Console, Mark, Table};
use crate::judge::meshes::{MeshEntry, MeshState, Meshes};

/// The columns of `mesh ls`.
const COLUMNS: [Column<MeshEntry>; 5] = [
    Column::left("NAME", |mesh| Cell::known(mesh.name.as_ref())),
    Column::right("CLUSTERS", |mesh| Cell::plain(mesh.clusters)),
    Column::left("STATE", state),
    Column::right("AGE", |mesh| Cell::plain(mesh.age_seconds.map_or_else(|| "?".to_owned(), age))),
    Column::left("DIRECTORY", directory),
];

impl Console {
    /// A row a mesh.
    pub fn meshes(&self, Meshes { meshes, .. }: &Meshes) {
        if meshes.is_empty() {
            return self.note("there is no mesh on this Docker engine; `mesh create 2` makes one");
        }
        self.table(&Table::of(&COLUMNS, meshes));
    }
}

/// The directory of a mesh; without its record, the mesh can still be removed.
fn directory(mesh: &MeshEntry) -> Cell {
    let dir = mesh.directory.display();
    if mesh.recorded { Cell::plain(dir) } else { Cell::new(format!("{dir} (gone)"), Mark::Bad) }
}

fn state(mesh: &MeshEntry) -> Cell {
    match mesh.state {
        MeshState::Running => Cell::new("running", Mark::Good),
        MeshState::Partial => {
            Cell::new(format!("{} of {} running", mesh.containers_running, mesh.containers), Mark::Poor)
        }
        MeshState::Stopped => Cell::plain("stopped"),
        MeshState::Empty => Cell::new("no containers", Mark::Poor),
    }
}

/// An age in its largest unit: `12s`, `5m`, `3h`, `9d`.
fn age(seconds: i64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "m")];
    let unit = units.into_iter().find(|(unit, _)| seconds >= *unit);
    unit.map_or_else(|| format!("{seconds}s"), |(unit, letter)| format!("{}{letter}", seconds / unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_has_one_unit() {
        assert_eq!([0, 59, 60, 7_199, 86_399, 864_000].map(age), ["0s", "59s", "1m", "1h", "23h", "10d"]);
    }
}
