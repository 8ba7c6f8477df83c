//! Is this machine ready for the mesh? Facts in, findings out. Pure.

mod capacity;
mod network;
mod surroundings;

pub use self::{
    capacity::max_map_count,
    surroundings::{attached, directory, writable},
};

use super::{
    host::{HostFacts, Listener},
    observed::Observed,
};
use crate::mesh::Mesh;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Warning,
    /// The mesh would not work. `--force` overrides it.
    Estimate,
    /// The mesh cannot be made.
    Problem,
}

/// Something a check has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub severity: Severity,
    pub message: String,
    pub hint: String,
}

impl Finding {
    fn new(severity: Severity, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { severity, message: message.into(), hint: hint.into() }
    }

    fn problem(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Severity::Problem, message, hint)
    }
}

/// Everything that speaks against making `mesh` on this machine, or deserves a warning.
pub fn machine(mesh: &Mesh, there: &Observed, host: &HostFacts, listeners: &[Listener]) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(surroundings::foreign(mesh, there));
    findings.extend(surroundings::lost_credentials(mesh, there));
    findings.extend(network::address(mesh, there, host));
    findings.extend(network::ports(mesh, there, listeners));
    findings.extend(capacity::memory(mesh, there, host));
    findings.extend(capacity::disk(mesh, there, host));
    findings.extend(surroundings::hosts(mesh, there));
    findings
}

/// What the tests of all checks have in common.
#[cfg(test)]
mod example {
    use super::*;

    pub fn roomy() -> HostFacts {
        HostFacts {
            hostname: "vm".to_owned(),
            memory_total: 64 * capacity::GIBIBYTE,
            memory_available: 60 * capacity::GIBIBYTE,
            cores: 4,
            max_map_count: capacity::MAX_MAP_COUNT,
            is_root: true,
            uid: 0,
            gid: 0,
            disk: "/mnt".into(),
            disk_free: 90 * capacity::GIBIBYTE,
            disk_total: 100 * capacity::GIBIBYTE,
            networks: std::collections::BTreeSet::new(),
            interfaces: std::collections::BTreeSet::new(),
        }
    }

    pub fn messages(findings: &[Finding]) -> String {
        let lines: Vec<String> =
            findings.iter().map(|finding| format!("{:?}: {}", finding.severity, finding.message)).collect();
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_roomy_machine_has_nothing_against_it() {
        assert_eq!(machine(&Mesh::example(4), &Observed::default(), &example::roomy(), &[]), []);
    }
}
