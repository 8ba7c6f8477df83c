//! Is every link up, and if not, why? Evidence in, a judgement a link out. Pure.
//!
//! The checks stand in the order in which a connection meets them, so the first that fails is the cause.

pub mod canary;
mod ends;
mod judge;
mod link_fault;
mod report;
#[cfg(test)]
mod tests;

use serde::Serialize;
use time::OffsetDateTime;

use self::judge::Judge;
pub use self::{link_fault::Cause, report::Report};
pub use crate::facts::evidence::{CanaryFacts, Evidence, KeyRecord, PathFacts, Presented, Untried};
use crate::{
    facts::observed::Observed,
    judge::scope::Scope,
    mesh::{Mesh, links::Link},
};

/// What is asked of a link, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    Containers,
    Name,
    Port,
    Certificate,
    Servers,
    Remote,
    Credentials,
    Key,
    License,
    Resolve,
    Document,
}

impl Check {
    pub const ALL: [Check; 11] = [
        Self::Containers,
        Self::Name,
        Self::Port,
        Self::Certificate,
        Self::Servers,
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
pub enum Outcome {
    Passed,
    Failed(Cause),
    Untried(Untried),
}

impl Outcome {
    fn untried(reason: impl Into<String>) -> Self {
        Self::Untried(Untried::from(reason.into()))
    }
}

/// The state of a link as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkState {
    Up,
    Down,
    /// Nothing of it failed, and nothing proves it.
    Untried,
}

/// Everything that is known of one link.
#[derive(Debug, Clone)]
pub struct Judgement {
    pub link: Link,
    pub outcomes: Vec<(Check, Outcome)>,
}

impl Judgement {
    /// The first check that fails. A link is up when none does and the document was found.
    pub fn cause(&self) -> Option<&Cause> {
        self.outcomes.iter().find_map(|(_, outcome)| match outcome {
            Outcome::Failed(cause) => Some(cause),
            _ => None,
        })
    }

    pub fn state(&self) -> LinkState {
        if self.cause().is_some() {
            LinkState::Down
        } else if self.outcomes.contains(&(Check::Document, Outcome::Passed)) {
            LinkState::Up
        } else {
            LinkState::Untried
        }
    }

    /// Why nothing proves it, of a link that is neither up nor known to be down.
    pub fn untried(&self) -> Option<&Untried> {
        let last = self.outcomes.last().filter(|_| self.state() == LinkState::Untried);
        last.and_then(|(_, outcome)| match outcome {
            Outcome::Untried(why) => Some(why),
            _ => None,
        })
    }
}

/// Judges every link in a scope that its clusters' versions allow.
pub fn judge(mesh: &Mesh, scope: Scope, there: &Observed, evidence: &Evidence, now: OffsetDateTime) -> Vec<Judgement> {
    let links = mesh.clusters().flat_map(|from| mesh.searchable(from).map(move |to| Link { from, to }));
    links
        .filter(|link| scope.has_link(*link))
        .map(|link| {
            let judge = Judge { mesh, there, evidence, now, link };
            Judgement { link, outcomes: Check::ALL.map(|check| (check, judge.ask(check))).to_vec() }
        })
        .collect()
}
