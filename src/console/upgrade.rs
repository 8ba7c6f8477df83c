//! What `mesh upgrade` says before it begins. I/O: the terminal.

use std::collections::BTreeSet;

use super::Console;
use crate::{
    judge::snapshots::WayBack,
    mesh::{Mesh, counted::counted, id::ClusterId, settings::StackVersion},
};

impl Console {
    /// That an upgrade was begun and not ended, where that is so.
    pub fn in_progress(&self, mesh: &Mesh) {
        let Some((to, command)) = mesh.upgrade_in_progress() else { return };
        let pending: Vec<String> =
            mesh.pending_upgrade().map(|(cluster, version)| format!("{cluster} ({version})")).collect();
        self.note(&format!(
            "an upgrade to {to} is in progress; {} pending; `{command}` continues it",
            pending.join(", ")
        ));
    }

    /// That newer defaults are available, or in progress.
    pub fn new_defaults(&self, mesh: &Mesh) {
        let pending: Vec<String> = mesh.pending_defaults().map(|cluster| cluster.to_string()).collect();
        self.note(&if pending.is_empty() {
            "newer defaults are available; `mesh create --new-defaults` takes them, one cluster after the other"
                .to_owned()
        } else {
            format!(
                "newer defaults are in progress; {} pending; `mesh create --new-defaults` continues",
                pending.join(" ")
            )
        });
    }

    /// What changes of single clusters, a line each.
    pub fn changes_of_settings(&self, changes: &[String]) {
        for change in changes {
            self.note(change);
        }
    }

    /// The cluster that is next, and what it comes to.
    pub fn turn(&self, before: &Mesh, after: &Mesh, cluster: ClusterId) {
        let (from, to) = (before.version(cluster), after.version(cluster));
        if from != to {
            self.note(&format!("{cluster}: {from} → {to}"));
        }
        let (from, to) = (before.revision(cluster), after.revision(cluster));
        if from != to {
            self.note(&format!("{cluster}: defaults {from} → {to}"));
        }
        for change in before.changes_of_clusters(after) {
            self.note(&change);
        }
    }

    /// What is about to happen, and that there is no way back.
    pub fn upgrade(&self, mesh: &Mesh, begins: bool, snapshot: Option<&str>) {
        let Some((to, _)) = mesh.upgrade_in_progress() else { return };
        let left = counted(mesh.pending_upgrade().count(), "cluster");
        let dir = mesh.dir.display();
        if !begins {
            self.note(&format!("continuing the upgrade to {to} in {dir}; {left} pending"));
            return;
        }
        let order = if mesh.pending_upgrade().count() > 1 { " one after the other" } else { "" };
        let from: BTreeSet<StackVersion> = mesh.pending_upgrade().map(|(_, version)| version).collect();
        let from = versions(&from);
        self.note(&format!("from {from} to {to}, {left}{order}, in {dir}; the data stays"));
        self.note(&snapshot.map_or_else(
            || nothing_taken(mesh),
            |name| format!("there is no way back but snapshots, so {name} is taken first"),
        ));
    }

    /// How to go back to the versions before an upgrade.
    pub fn way_back(&self, WayBack { commands, lost }: &WayBack) {
        self.note(&format!("the way back: {}", commands.join(", ")));
        if let Some(lost) = lost {
            self.note(&format!("no snapshot from before the upgrade has the data of {}", lost.named()));
        }
    }
}

/// That an upgrade begins without a snapshot, and the command that takes one.
fn nothing_taken(mesh: &Mesh) -> String {
    let off = mesh.pending_upgrade().map(|(cluster, _)| cluster).filter(|of| mesh.snapshots(*of).is_off());
    let flags = mesh.flags_for_snapshots(off, "fs");
    let once =
        if flags.is_empty() { String::new() } else { format!(", once `mesh create {flags}` has turned them on") };
    format!("there is no way back but snapshots, and none is taken: `mesh snapshots create` takes one{once}")
}

/// Versions in a sentence: `8.19.21 and 9.5.3`.
pub(super) fn versions(versions: &BTreeSet<StackVersion>) -> String {
    versions.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
}
