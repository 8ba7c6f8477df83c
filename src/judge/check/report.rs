//! What checks found as lines, for people and for programs. Pure.

use serde::Serialize;
use serde_json::Value;

use super::{Checked, Passage, Severity, Verdict, passages};
use crate::mesh::Mesh;

/// The version of the form of a [`Report`].
const VERSION: u32 = 1;

/// What `mesh doctor` prints.
#[derive(Debug, Serialize)]
pub struct Report {
    pub version: u32,
    /// For which clusters the machine was looked at.
    pub clusters: Value,
    pub checks: Vec<Line>,
    /// What firewalls have to let through between this machine and others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub firewall: Vec<Passage>,
}

/// One result of one check.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    pub check: &'static str,
    pub result: LineResult,
    pub message: String,
    pub remedy: Option<String>,
}

/// The result that one line gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LineResult {
    Ok,
    Warning,
    Problem,
    Unchecked,
}

impl Report {
    pub fn new(mesh: &Mesh, checks: Vec<Checked>) -> Self {
        Self {
            version: VERSION,
            clusters: mesh.cluster_set().to_mesh_json(),
            checks: checks.into_iter().flat_map(lines).collect(),
            firewall: passages(mesh),
        }
    }

    /// Whether nothing stands against the mesh; warnings do not.
    pub fn is_ready(&self) -> bool {
        self.checks.iter().all(|line| line.result != LineResult::Problem)
    }
}

fn lines(Checked { check, verdict }: Checked) -> Vec<Line> {
    let line = |result, message, remedy| Line { check, result, message, remedy };
    match verdict {
        Verdict::Good(message) => vec![line(LineResult::Ok, message, None)],
        Verdict::Unknown(why) => vec![line(LineResult::Unchecked, format!("not checked: {why}"), None)],
        Verdict::Found(findings) => findings
            .into_iter()
            .map(|finding| {
                let result = match finding.severity {
                    Severity::Warning => LineResult::Warning,
                    Severity::Estimate | Severity::Problem => LineResult::Problem,
                };
                line(result, finding.message, Some(finding.hint))
            })
            .collect(),
    }
}
