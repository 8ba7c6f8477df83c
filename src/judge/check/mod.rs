//! Is this machine ready for the mesh? Facts in, findings out. Pure.

mod advertise;
mod away;
mod bootstrap;
mod capacity;
mod clock;
mod data_roles;
mod doctor;
mod engine;
mod gateway;
mod hosts;
mod image_disk;
mod least_memory;
mod leaving_nodes;
mod less_memory;
mod limits;
mod neighbours;
mod network;
mod overcommit;
mod own_data;
mod peers;
mod ports;
mod processor;
mod removal;
mod report;
mod secure_settings;
mod strangers;
mod surroundings;
mod upgrade;
mod users;

pub use self::{
    advertise::{Passage, passages},
    away::away,
    doctor::{Sight, doctor},
    hosts::{HOSTS_UNUSABLE, hosts},
    image_disk::image_disk,
    limits::{Setting, kept, lacking, max_map_count},
    neighbours::LIMIT as NEIGHBOURS,
    network::half_made,
    own_data::{lost_credentials, trial_only},
    removal::{attached, mounted_inside},
    report::{LineResult, Report},
    secure_settings::secure_settings,
    strangers::strangers,
    surroundings::{directory, mounts, other_engine, recorded},
    upgrade::upgrade,
    users::{taken, users},
};

use crate::{
    exit::Exit,
    explain::Explain,
    facts::{
        host::{HostFacts, Listener},
        observed::Observed,
    },
    judge::scope::Scope,
    mesh::Mesh,
};

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
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Finding {
    pub severity: Severity,
    pub message: String,
    pub hint: String,
}

impl Finding {
    fn new(severity: Severity, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { severity, message: message.into(), hint: hint.into() }
    }

    pub fn warning(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Severity::Warning, message, hint)
    }

    pub fn problem(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Severity::Problem, message, hint)
    }

    /// An error as a problem: its reason belongs to the message.
    pub fn of(error: &impl Explain) -> Self {
        let message = std::iter::once(error.message()).chain(error.reason()).collect::<Vec<_>>().join(": ");
        let hint = || "when the cause is gone, type the same command again".to_owned();
        Self::problem(message, error.hint().unwrap_or_else(hint))
    }
}

impl Explain for Finding {
    fn exit(&self) -> Exit {
        Exit::Machine
    }

    fn hint(&self) -> Option<String> {
        Some(self.hint.clone())
    }
}

/// One check, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// What was looked at, in a word or two.
    pub check: &'static str,
    pub verdict: Verdict,
}

/// The verdict of one check on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing speaks against the mesh: what there is instead, in words.
    Good(String),
    /// One finding or more.
    Found(Vec<Finding>),
    /// It could not be looked at, and why.
    Unknown(String),
}

impl Checked {
    /// `good` is the message if there are no findings.
    fn new(check: &'static str, good: impl Into<String>, findings: impl IntoIterator<Item = Finding>) -> Self {
        let findings: Vec<Finding> = findings.into_iter().collect();
        let verdict = if findings.is_empty() { Verdict::Good(good.into()) } else { Verdict::Found(findings) };
        Self { check, verdict }
    }

    fn unknown(check: &'static str, why: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Unknown(why.into()) }
    }

    pub fn findings(self) -> Vec<Finding> {
        match self.verdict {
            Verdict::Found(findings) => findings,
            Verdict::Good(_) | Verdict::Unknown(_) => Vec::new(),
        }
    }
}

/// Everything that speaks against making `mesh` on this machine, or deserves a warning. [`doctor`] runs these checks
/// and others; a registry and the keeper of the clock may take seconds to answer, and a run that makes a mesh asks
/// neither.
pub fn machine(mesh: &Mesh, there: &Observed, host: &HostFacts, listeners: &[Listener]) -> Vec<Finding> {
    let networks = if engine::shares_network(there, host) {
        vec![
            network::address(mesh, there, host),
            advertise::advertise(mesh, there, host),
            ports::ports(mesh, there, listeners),
            gateway::gateway(mesh, there, host, listeners),
        ]
    } else {
        vec![engine::same_network(there, host)]
    };
    [
        surroundings::unmanaged(mesh, there),
        own_data::lost_credentials(mesh, there),
        own_data::versions(mesh, there),
        strangers(mesh, Scope::Mesh, there),
        peers::peers(mesh, there),
        users::users(mesh, there),
        leaving_nodes::leaving_nodes(mesh, there),
        data_roles::data_roles(mesh, there),
        bootstrap::bootstrap(mesh, there, &host.limits),
        processor::processor(mesh, there, host.processor.as_ref()),
        capacity::memory(mesh, there, host),
        overcommit::overcommit(mesh, there, host),
        capacity::disk(mesh, there, host),
        image_disk::image_disk(mesh, there, host),
        neighbours::neighbours(mesh, there, host.limits.neighbours),
        hosts::hosts(mesh, there),
    ]
    .into_iter()
    .chain(networks)
    .flat_map(Checked::findings)
    .collect()
}

/// What the tests of all checks have in common.
#[cfg(test)]
mod example {
    use super::*;
    use crate::facts::host::{EngineFacts, Limits, Overcommit, Starter};

    pub fn roomy() -> HostFacts {
        HostFacts {
            hostname: "vm".to_owned(),
            memory_total: 64 * capacity::GIBIBYTE,
            memory_available: 60 * capacity::GIBIBYTE,
            swap: capacity::GIBIBYTE,
            memory_limit: None,
            cores: 4,
            processor: Some(processor::V2.iter().copied().map(str::to_owned).collect()),
            limits: ample(),
            is_root: true,
            uid: 0,
            gid: 0,
            disk: "/mnt".into(),
            disk_free: 90 * capacity::GIBIBYTE,
            disk_total: 100 * capacity::GIBIBYTE,
            images_disk: Some(("/var/lib/docker".into(), 40 * capacity::GIBIBYTE)),
            networks: std::collections::BTreeSet::new(),
            interfaces: [[127, 0, 0, 1].into()].into(),
            leased: std::collections::BTreeSet::new(),
            left_bridges: std::collections::BTreeMap::new(),
            routes: std::collections::BTreeSet::new(),
        }
    }

    /// Limits that nothing runs into.
    pub fn ample() -> Limits {
        let starter = Starter { name: "dockerd".to_owned(), open_files: 1 << 20, locked_memory: u64::MAX };
        Limits {
            max_map_count: Some(limits::MAX_MAP_COUNT),
            neighbours: Some(neighbours::RAISED),
            inotify_instances: Some(1024),
            inotify_watches: Some(1 << 19),
            files: Some(1 << 40),
            files_open: Some(1 << 10),
            overcommit: Some(Overcommit { mode: 0, limit: 32 * capacity::GIBIBYTE, reserved: capacity::GIBIBYTE }),
            starter: Some(starter),
            given_files: None,
        }
    }

    pub fn engine() -> EngineFacts {
        EngineFacts {
            version: "28.2.2".to_owned(),
            api: "1.50".to_owned(),
            cgroup_version: Some("2".to_owned()),
            limits_memory: true,
            limits_swap: true,
            control_group: Some("/docker".to_owned()),
            open_files: None,
            images: Some("/var/lib/docker".into()),
        }
    }

    /// Checks as one text, with their remedies.
    pub fn rendered(checks: impl IntoIterator<Item = Checked>) -> String {
        let line = |Checked { check, verdict }| match verdict {
            Verdict::Good(good) => format!("good: {check}: {good}"),
            Verdict::Unknown(why) => format!("unknown: {check}: {why}"),
            Verdict::Found(findings) => {
                let line =
                    |finding: &Finding| format!("{:?}: {}\n  {}", finding.severity, finding.message, finding.hint);
                findings.iter().map(line).collect::<Vec<_>>().join("\n")
            }
        };
        checks.into_iter().map(line).collect::<Vec<_>>().join("\n")
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
