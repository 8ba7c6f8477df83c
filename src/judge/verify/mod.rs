//! Is every link up, and if not, why? Evidence in, a judgement a link out. Pure.
//!
//! The checks stand in the order in which a connection meets them, so the first that fails is the cause.

pub mod canary;
mod link_fault;
mod report;
#[cfg(test)]
mod tests;

use std::net::Ipv4Addr;

use serde::Serialize;
use time::OffsetDateTime;

pub use self::{link_fault::Cause, report::Report};
pub use crate::facts::evidence::{CanaryFacts, Evidence, KeyRecord, PathFacts, Presented, Untried};
use crate::facts::observed::{ContainerState, LinkFacts, Observed};
use crate::mesh::{
    Mesh,
    id::{ClusterId, REMOTE, ServiceId},
    links::{Link, remote_of_setting},
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

/// What is said of a link as a whole.
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

/// Judges every link of the mesh that its clusters' versions allow.
pub fn judge(mesh: &Mesh, there: &Observed, evidence: &Evidence, now: OffsetDateTime) -> Vec<Judgement> {
    let links = mesh.clusters().flat_map(|from| mesh.searchable(from).map(move |to| Link { from, to }));
    links
        .map(|link| {
            let judge = Judge { mesh, there, evidence, now, link };
            Judgement { link, outcomes: Check::ALL.map(|check| (check, judge.ask(check))).to_vec() }
        })
        .collect()
}

/// One link before its judge.
struct Judge<'a> {
    mesh: &'a Mesh,
    there: &'a Observed,
    evidence: &'a Evidence,
    now: OffsetDateTime,
    link: Link,
}

/// Passed, unless there is a cause.
fn unless(cause: Option<Cause>) -> Outcome {
    cause.map_or(Outcome::Passed, Outcome::Failed)
}

impl Judge<'_> {
    fn ask(&self, check: Check) -> Outcome {
        match check {
            Check::Containers => unless(self.containers()),
            Check::Name | Check::Port | Check::Certificate => self.path(check),
            Check::Servers => unless(
                [self.link.from, self.link.to]
                    .into_iter()
                    .find(|cluster| self.there.server(*cluster).is_none())
                    .map(|cluster| Cause::ServerSilent { of: cluster.first_node(), words: self.silence(cluster) }),
            ),
            Check::Remote => self.remote(),
            Check::Credentials => self.credentials(),
            Check::Key => self.key(),
            Check::License => unless([self.link.from, self.link.to].into_iter().find_map(|of| self.license(of))),
            Check::Resolve => self.resolve(),
            Check::Document => match self.evidence.canaries.get(&self.link) {
                Some(CanaryFacts::Found) => Outcome::Passed,
                Some(CanaryFacts::Missing(words)) => Outcome::Failed(Cause::NothingFound(words.clone())),
                Some(CanaryFacts::Untried(why)) => Outcome::Untried(why.clone()),
                None => Outcome::untried("no document was put there, or nobody could search for it".to_owned()),
            },
        }
    }

    /// What a server does that does not answer.
    fn silence(&self, cluster: ClusterId) -> String {
        let reason = self.there.servers.get(&cluster).and_then(|answer| answer.reason(self.now));
        reason.unwrap_or_else(|| "could not be asked".to_owned())
    }

    fn containers(&self) -> Option<Cause> {
        [self.link.from, self.link.to].into_iter().find_map(|cluster| {
            let service = cluster.first_node();
            let name = self.mesh.container_name(service);
            let Some(container) = self.there.containers.get(&service) else {
                return Some(Cause::NotRunning { of: cluster, container: name, state: None });
            };
            if container.state != ContainerState::Running {
                return Some(Cause::NotRunning { of: cluster, container: name, state: Some(container.state) });
            }
            let attached = self.there.network.as_ref().is_some_and(|network| container.is_in(network));
            (!attached).then_some(Cause::NotInNetwork(name))
        })
    }

    /// The connection is tried once; each check is about one part of it.
    fn path(&self, check: Check) -> Outcome {
        let of = self.link.to.first_node();
        let name = self.mesh.container_name(of);
        let Some(path) = self.evidence.paths.get(&self.link) else {
            return Outcome::untried("the container could not be asked".to_owned());
        };
        let (failed, cause) = match path {
            PathFacts::Reached { address } => {
                let wanted = self.address(of).to_string();
                if *address == wanted {
                    return Outcome::Passed;
                }
                (Check::Name, Cause::OtherAddress { name, found: address.clone(), wanted })
            }
            PathFacts::NameUnknown => (Check::Name, Cause::NameUnknown(name)),
            PathFacts::Rejected(words) => (Check::Port, Cause::PortRejected { of, words: words.clone() }),
            PathFacts::Closed(words) if self.evidence.listening.contains(&self.link.to) => {
                (Check::Port, Cause::PortRejected { of, words: words.clone() })
            }
            PathFacts::Closed(words) => (Check::Port, Cause::PortClosed { of, words: words.clone() }),
            PathFacts::TimedOut => (Check::Port, Cause::PortSilent(of)),
            PathFacts::Distrusted(words) => (Check::Certificate, distrust(self.link.from, of, words)),
            PathFacts::Untried(why) => return Outcome::untried(why.clone()),
        };
        match check.cmp(&failed) {
            std::cmp::Ordering::Less => Outcome::Passed,
            std::cmp::Ordering::Equal => Outcome::Failed(cause),
            std::cmp::Ordering::Greater => Outcome::untried(format!("{} comes first", failed.name())),
        }
    }

    fn address(&self, of: ServiceId) -> Ipv4Addr {
        self.mesh.service(of).address
    }

    fn remote(&self) -> Outcome {
        let Some(server) = self.there.server(self.link.from) else {
            return Outcome::untried(format!("{} does not answer", self.link.from.first_node()));
        };
        let remote = self.link.to;
        let of_remote = |name: &str| remote_of_setting(name) == Some(remote);
        if !server.remotes.keys().any(|name| of_remote(name)) {
            return Outcome::Failed(Cause::RemoteMissing(remote));
        }
        let wanted = self.mesh.remote_settings(self.link.from);
        let altered = wanted
            .iter()
            .filter(|(name, _)| of_remote(name))
            .find(|(name, value)| server.remotes.get(*name) != Some(value));
        unless(altered.map(|(name, _)| {
            let found = server.remotes.get(name).cloned();
            match found {
                Some(address) if name.ends_with(".proxy_address") && !address.ends_with(&format!(":{REMOTE}")) => {
                    Cause::WrongPort { remote, address }
                }
                found => {
                    Cause::RemoteAltered { remote, setting: name.rsplit('.').next().unwrap_or(name).to_owned(), found }
                }
            }
        }))
    }

    fn credentials(&self) -> Outcome {
        let Link { from: on, to: of } = self.link;
        let cause = match self.evidence.presented.get(&self.link) {
            None => return Outcome::untried("the keystore or the remote could not be asked".to_owned()),
            Some(Presented::Absent) => Some(Cause::CredentialsMissing { on, of }),
            Some(Presented::Malformed) => Some(Cause::CredentialsMalformed { on, of }),
            Some(_) if self.evidence.by_key.get(&self.link) == Some(&false) => {
                Some(Cause::CredentialsUnread { on, of })
            }
            Some(_) => None,
        };
        unless(cause)
    }

    fn key(&self) -> Outcome {
        let of = self.link.to;
        match self.evidence.presented.get(&self.link) {
            Some(Presented::Known(key)) => unless(self.fault(key)),
            Some(Presented::Unknown { id }) => Outcome::Failed(Cause::KeyUnknown { of, id: id.clone() }),
            _ => Outcome::untried("there is no key to ask about".to_owned()),
        }
    }

    fn fault(&self, key: &KeyRecord) -> Option<Cause> {
        let of = self.link.to;
        if key.kind != "cross_cluster" {
            return Some(Cause::KeyType { of, kind: key.kind.clone() });
        }
        if key.invalidated {
            return Some(Cause::KeyInvalidated(of));
        }
        if let Some(on) = key.expires.filter(|expires| *expires <= self.now) {
            return Some(Cause::KeyExpired { of, on });
        }
        (key.names != self.mesh.shared_by(self.mesh.key_of(self.link)))
            .then(|| Cause::KeyAccess { of, names: key.names.clone() })
    }

    fn license(&self, of: ClusterId) -> Option<Cause> {
        let license = &self.there.server(of)?.license;
        (!license.allows_links()).then(|| Cause::License { of, kind: license.kind.clone(), active: license.active })
    }

    fn resolve(&self) -> Outcome {
        match self.there.server(self.link.from).map(|server| server.links.get(&self.link.to)) {
            Some(Some(LinkFacts::Connected)) => Outcome::Passed,
            Some(Some(LinkFacts::Down(words))) => Outcome::Failed(Cause::NotConnected(words.clone())),
            Some(None) => Outcome::Failed(Cause::NotConnected("it names no such remote".to_owned())),
            None => Outcome::untried(format!("{} does not answer", self.link.from.first_node())),
        }
    }
}

/// The reasons for distrust that OpenSSL, and so `curl`, tells apart.
fn distrust(on: ClusterId, of: ServiceId, words: &str) -> Cause {
    let lower = words.to_lowercase();
    if lower.contains("expired") {
        Cause::CertificateExpired(of)
    } else if lower.contains("subject name") || lower.contains("does not match") {
        Cause::CertificateName(of)
    } else {
        Cause::CertificateUntrusted { on, of, words: words.to_owned() }
    }
}
