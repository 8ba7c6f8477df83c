//! Is every link up, and if not, why? Evidence in, a judgment a link out. Pure.
//!
//! The checks stand in the order in which a connection meets them, so the first that fails is the cause.

mod agree;
pub mod canary;
mod distrust;
mod ends;
mod gateway;
mod judge;
mod link_fault;
mod path;
mod peers;
mod report;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_of_nodes;

use std::fmt;

use serde::Serialize;
use time::OffsetDateTime;

use self::judge::Judge;
pub use self::{
    gateway::GatewayReport,
    link_fault::LinkCause,
    peers::{Hopeless, PeerLinkReport, hopeless, judge_peers},
    report::Report,
};
use crate::{
    facts::{
        evidence::{CanaryFacts, Evidence, KeyRecord, PathFacts, Presented, Untried},
        observed::Observed,
    },
    judge::scope::Scope,
    mesh::{Mesh, id::NodeId, links::Link},
};

/// What is asked of a link, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    Containers,
    Name,
    Port,
    Certificate,
    Servers,
    Nodes,
    Remote,
    Credentials,
    Key,
    License,
    Resolve,
    Document,
}

impl Check {
    pub const ALL: [Check; 12] = [
        Self::Containers,
        Self::Name,
        Self::Port,
        Self::Certificate,
        Self::Servers,
        Self::Nodes,
        Self::Remote,
        Self::Credentials,
        Self::Key,
        Self::License,
        Self::Resolve,
        Self::Document,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Containers => "containers",
            Self::Name => "name",
            Self::Port => "port",
            Self::Certificate => "certificate",
            Self::Servers => "servers",
            Self::Nodes => "nodes",
            Self::Remote => "remote",
            Self::Credentials => "credentials",
            Self::Key => "key",
            Self::License => "license",
            Self::Resolve => "resolve",
            Self::Document => "document",
        }
    }
}

/// The answer to one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckOutcome {
    Passed,
    Failed(Fault),
    Untried(Untried),
}

/// What keeps a link from being up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub cause: LinkCause,
    /// The node that does not agree with the others of its cluster; `None` where all of them do.
    pub node: Option<NodeId>,
    /// Whether the words of the cause do not say which node it is.
    unnamed: bool,
}

impl From<LinkCause> for Fault {
    fn from(cause: LinkCause) -> Self {
        Self { cause, node: None, unnamed: false }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(node) = self.node.filter(|_| self.unnamed) {
            write!(f, "from {node}: ")?;
        }
        self.cause.fmt(f)
    }
}

impl CheckOutcome {
    fn untried(reason: impl Into<String>) -> Self {
        Self::Untried(Untried::from(reason.into()))
    }
}

/// The state of a link as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkState {
    Up,
    /// A search over it is answered, and not every node of the two clusters agrees.
    Degraded,
    Down,
    /// Nothing of it failed as a whole, and nothing proves it.
    Untried,
}

/// Everything that is known of one link.
#[derive(Debug, Clone)]
pub struct Judgment {
    pub link: Link,
    pub outcomes: Vec<(Check, CheckOutcome)>,
}

impl Judgment {
    fn faults(&self) -> impl Iterator<Item = &Fault> {
        self.failed().map(|(_, fault)| fault)
    }

    fn failed(&self) -> impl Iterator<Item = (Check, &Fault)> {
        self.outcomes.iter().filter_map(|(check, outcome)| match outcome {
            CheckOutcome::Failed(fault) => Some((*check, fault)),
            _ => None,
        })
    }

    /// The first check that fails, of a link that is down or degraded. One that a single node fails keeps no link down,
    /// unless nothing else explains a document that is not found.
    pub fn fault(&self) -> Option<&Fault> {
        let of_all = || self.failed().find(|(check, fault)| fault.node.is_none() && *check != Check::Document);
        match self.state() {
            LinkState::Down => of_all().map(|(_, fault)| fault).or_else(|| self.faults().next()),
            LinkState::Degraded => self.faults().next(),
            LinkState::Up | LinkState::Untried => None,
        }
    }

    pub fn state(&self) -> LinkState {
        let proved = self.outcomes.contains(&(Check::Document, CheckOutcome::Passed));
        if self.faults().any(|fault| fault.node.is_none()) {
            LinkState::Down
        } else if !proved {
            LinkState::Untried
        } else if self.faults().next().is_some() {
            LinkState::Degraded
        } else {
            LinkState::Up
        }
    }

    /// Why nothing proves it, of a link that is neither up nor known to be down.
    pub fn untried(&self) -> Option<&Untried> {
        let last = self.outcomes.last().filter(|_| self.state() == LinkState::Untried);
        last.and_then(|(_, outcome)| match outcome {
            CheckOutcome::Untried(why) => Some(why),
            _ => None,
        })
    }
}

/// Judges every link in a scope that its clusters' versions allow.
pub fn judge(mesh: &Mesh, scope: Scope, there: &Observed, evidence: &Evidence, now: OffsetDateTime) -> Vec<Judgment> {
    let links = mesh.clusters().flat_map(|from| mesh.searchable(from).map(move |to| Link { from, to }));
    links
        .filter(|link| scope.has_link(*link))
        .map(|link| {
            let judge = Judge { mesh, there, evidence, now, link };
            Judgment { link, outcomes: Check::ALL.map(|check| (check, judge.ask(check))).to_vec() }
        })
        .collect()
}
