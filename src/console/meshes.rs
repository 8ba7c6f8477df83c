//! How the meshes of an engine are shown. I/O: the terminal.

use super::{Console, Mark, Table};
use crate::plan::meshes::{MeshEntry, MeshState, Meshes};

impl Console {
    /// A row a mesh; one whose record is gone can still be removed.
    pub fn meshes(&self, Meshes { meshes, .. }: &Meshes) {
        if meshes.is_empty() {
            self.note("there is no mesh on this Docker engine; `mesh create 2` makes one");
            return;
        }
        let mut table = Table::new(&["NAME", "CLUSTERS", "STATE", "AGE", "DIRECTORY"]).right(&[1, 3]);
        for mesh in meshes {
            let name = mesh
                .name
                .as_ref()
                .map_or_else(|| ("-".to_owned(), Mark::Faint), |name| (name.to_string(), Mark::Plain));
            let dir = mesh.directory.display().to_string();
            let dir = if mesh.recorded { (dir, Mark::Plain) } else { (format!("{dir} (gone)"), Mark::Bad) };
            let age = mesh.age_seconds.map_or_else(|| "?".to_owned(), age);
            table.row([name, (mesh.clusters.to_string(), Mark::Plain), state(mesh), (age, Mark::Plain), dir]);
        }
        self.table(&table);
    }
}

fn state(mesh: &MeshEntry) -> (String, Mark) {
    match mesh.state {
        MeshState::Running => ("running".to_owned(), Mark::Good),
        MeshState::Partial => (format!("{} of {} running", mesh.containers_running, mesh.containers), Mark::Poor),
        MeshState::Stopped => ("stopped".to_owned(), Mark::Plain),
        MeshState::Empty => ("no containers".to_owned(), Mark::Poor),
    }
}

/// In its largest unit: `12s`, `5m`, `3h`, `9d`.
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
