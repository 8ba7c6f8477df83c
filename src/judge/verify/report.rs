//! What `mesh verify` found, in the form that programs read. Pure.
//!
//! This is the documented form of `mesh verify -o json`: fields may be added; [`VERSION`] goes up when one changes or
//! goes.

use serde::Serialize;

use super::{CheckOutcome, GatewayReport, Judgment, LinkState, PeerLinkReport};
use crate::mesh::id::ClusterId;

pub const VERSION: u32 = 2;

#[derive(Debug, Serialize)]
pub struct Report {
    pub version: u32,
    /// Whether every link is up, every server answers, and every route of the gateway leads to its service: a mesh of
    /// one has no links.
    pub up: bool,
    pub links: Vec<LinkReport>,
    /// The links to clusters of peers.
    pub peers: Vec<PeerLinkReport>,
    /// The mesh's own gateway; `None` for a mesh without one.
    pub gateway: Option<GatewayReport>,
}

#[derive(Debug, Serialize)]
pub struct LinkReport {
    pub from: ClusterId,
    pub to: ClusterId,
    pub up: bool,
    pub state: LinkState,
    /// Why the link is down or degraded; `None` for any other.
    pub cause: Option<CauseReport>,
    /// Why the link could not be tried; `None` for any other.
    pub untried: Option<UntriedReport>,
    pub checks: Vec<CheckReport>,
}

#[derive(Debug, Serialize)]
pub struct CauseReport {
    /// A stable name.
    pub code: &'static str,
    /// The node that does not agree with the others of its cluster; `None` where all of them do.
    pub node: Option<String>,
    pub message: String,
    /// What to type.
    pub remedy: String,
}

#[derive(Debug, Serialize)]
pub struct UntriedReport {
    pub message: String,
    /// What to type.
    pub remedy: String,
}

#[derive(Debug, Serialize)]
pub struct CheckReport {
    pub check: &'static str,
    /// `passed`, `failed` or `untried`.
    pub outcome: &'static str,
    /// Why it failed or was not tried.
    pub detail: Option<String>,
}

impl Report {
    pub fn new(judgments: &[Judgment], peers: Vec<PeerLinkReport>, answering: bool) -> Self {
        Self {
            version: VERSION,
            up: answering
                && judgments.iter().all(|judgment| judgment.state() == LinkState::Up)
                && peers.iter().all(|link| link.up),
            links: judgments.iter().map(link).collect(),
            peers,
            gateway: None,
        }
    }

    /// With what was found out about the mesh's own gateway.
    #[must_use]
    pub fn with_gateway(self, gateway: Option<GatewayReport>) -> Self {
        let up = self.up && gateway.as_ref().is_none_or(|gateway| gateway.up);
        Self { up, gateway, ..self }
    }
}

fn link(judgment: &Judgment) -> LinkReport {
    let checks = judgment.outcomes.iter().map(|(check, outcome)| {
        let (outcome, detail) = match outcome {
            CheckOutcome::Passed => ("passed", None),
            CheckOutcome::Failed(fault) => ("failed", Some(fault.to_string())),
            CheckOutcome::Untried(why) => ("untried", Some(why.reason.clone())),
        };
        CheckReport { check: check.name(), outcome, detail }
    });
    LinkReport {
        from: judgment.link.from,
        to: judgment.link.to,
        up: judgment.state() == LinkState::Up,
        state: judgment.state(),
        cause: judgment.fault().map(|fault| CauseReport {
            code: fault.cause.code(),
            node: fault.node.map(|node| node.to_string()),
            message: fault.to_string(),
            remedy: fault.cause.remedy(),
        }),
        untried: judgment.untried().map(|why| UntriedReport {
            message: why.reason.clone(),
            remedy: why.remedy.clone().unwrap_or_else(|| "`mesh verify -o json` shows every check".to_owned()),
        }),
        checks: checks.collect(),
    }
}
