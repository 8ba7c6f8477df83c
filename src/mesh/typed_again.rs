//! How a command is given other flags, before and after what it asks for is recorded. Pure: no I/O.

use super::{Mesh, settings::MeshSpec};

impl Mesh {
    /// What to type for other flags of `mesh create`: a command of their own where everything else that was asked for
    /// is in `record`, which keeps it. Until then it is only in the command that was typed.
    pub fn with_flags(&self, record: Option<&Mesh>, flags: &str) -> String {
        if record.is_some_and(|record| self.has_settings_of(record)) {
            format!("`mesh create {flags}`")
        } else {
            with_flags_again(flags)
        }
    }

    /// Whether `mesh create` would ask for nothing else. A version is left out, since only `mesh upgrade` changes it.
    fn has_settings_of(&self, record: &Mesh) -> bool {
        let spec = MeshSpec { stack_version: self.spec.stack_version, ..record.spec.clone() };
        // one that is made afresh has another id
        self.id == record.id
            && self.spec == spec
            && (&self.overrides, &self.set) == (&record.overrides, &record.set)
            && self.cluster_set() == record.cluster_set()
            && (self.subnet, self.ports) == (record.subnet, record.ports)
    }
}

/// What to type for other flags of a command whose settings are not recorded.
pub fn with_flags_again(flags: &str) -> String {
    format!("type the same command again with `{flags}`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::settings::per_cluster::read_set;

    #[test]
    fn what_is_not_recorded_is_typed_again() {
        let mesh = Mesh::example(2).with_gateway("127.0.0.1:8443");
        let with_flags = |record: Option<&Mesh>| mesh.with_flags(record, "--registry HOST");
        let again = "type the same command again with `--registry HOST`";
        assert_eq!(with_flags(None), again);
        assert_eq!(with_flags(Some(&mesh)), "`mesh create --registry HOST`");
        let mut with_override = mesh.clone();
        with_override.overrides = vec![read_set("2.kibana=false").unwrap()];
        let afresh = Mesh { id: "fedcba9876543210".to_owned(), ..mesh.clone() };
        for other in [Mesh::example(2), Mesh::example(3).with_gateway("127.0.0.1:8443"), with_override, afresh] {
            assert_eq!(with_flags(Some(&other)), again);
        }
        let upgraded = mesh.upgrade_to("9.6.0".parse().unwrap(), None).unwrap();
        assert_eq!(upgraded.with_flags(Some(&mesh), "--registry HOST"), "`mesh create --registry HOST`");
    }
}
