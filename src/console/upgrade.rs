//! What `mesh upgrade` says before it begins. I/O: the terminal.

use super::Console;
use crate::mesh::{Mesh, id::ServiceKind, layout, spec::StackVersion};

impl Console {
    /// That an upgrade was begun and not ended, where that is so.
    pub fn under_way(&self, mesh: &Mesh) {
        let to = mesh.spec.stack_version;
        let behind: Vec<String> = mesh.behind.iter().map(|(cluster, version)| format!("{cluster} {version}")).collect();
        if !behind.is_empty() {
            self.note(&format!(
                "an upgrade to {to} is under way, with {} to come; `mesh upgrade {to}` goes on with it",
                behind.join(", ")
            ));
        }
    }

    /// What is about to happen, and that there is no way back.
    pub fn upgrade(&self, mesh: &Mesh, from: StackVersion) {
        let to = mesh.spec.stack_version;
        let left = mesh.behind.len();
        if from == to {
            let rest = if left == 0 { "mending what differs".to_owned() } else { format!("{left} clusters to come") };
            self.note(&format!("going on with the upgrade to {to} in {}: {rest}", mesh.dir.display()));
            return;
        }
        let backup = layout::mounts(ServiceKind::Elastic).iter().find(|(name, _)| *name == "backup");
        self.note(&format!(
            "from {from} to {to}, {left} clusters one after the other, in {}; the data stays",
            mesh.dir.display()
        ));
        if let Some((name, container)) = backup {
            self.note(&format!(
                "there is no way back but a snapshot: clusterNN/elastic/{name} is `path.repo`, {container} in the container"
            ));
        }
    }
}
