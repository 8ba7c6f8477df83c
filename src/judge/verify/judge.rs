//! The checks of one link, each asked of the evidence. Pure.

use time::OffsetDateTime;

use super::{CanaryFacts, Cause, Check, Evidence, KeyRecord, Outcome, PathFacts, Presented};
use crate::{
    facts::observed::{LinkFacts, Observed},
    mesh::{
        Mesh,
        id::{ClusterId, REMOTE, ServiceId},
        links::{Link, remote_of_setting},
    },
};

/// One link before its judge.
pub(super) struct Judge<'a> {
    pub mesh: &'a Mesh,
    pub there: &'a Observed,
    pub evidence: &'a Evidence,
    pub now: OffsetDateTime,
    pub link: Link,
}

/// Passed, unless there is a cause.
fn unless(cause: Option<Cause>) -> Outcome {
    cause.map_or(Outcome::Passed, Outcome::Failed)
}

impl Judge<'_> {
    pub(super) fn ask(&self, check: Check) -> Outcome {
        match check {
            Check::Containers => unless(self.ends().find_map(|end| Cause::of_container(self.mesh, self.there, end))),
            Check::Name | Check::Port | Check::Certificate => self.path(check),
            Check::Servers => unless(
                self.ends()
                    .find(|cluster| self.there.server(*cluster).is_none())
                    .map(|cluster| Cause::ServerSilent { of: cluster.first_node(), words: self.silence(cluster) }),
            ),
            Check::Remote => self.remote(),
            Check::Credentials => self.credentials(),
            Check::Key => self.key(),
            Check::License => unless(self.ends().find_map(|end| Cause::of_license(self.there, end))),
            Check::Resolve => self.resolve(),
            Check::Document => match self.evidence.canaries.get(&self.link) {
                Some(CanaryFacts::Found) => Outcome::Passed,
                Some(CanaryFacts::Missing(words)) => Outcome::Failed(Cause::NothingFound(words.clone())),
                Some(CanaryFacts::Untried(why)) => Outcome::Untried(why.clone()),
                None => Outcome::untried("no document was put there, or none could be searched for".to_owned()),
            },
        }
    }

    /// The clusters at both ends, the one that searches first.
    fn ends(&self) -> impl Iterator<Item = ClusterId> + use<> {
        [self.link.from, self.link.to].into_iter()
    }

    /// What a server does that does not answer.
    fn silence(&self, cluster: ClusterId) -> String {
        let reason = self.there.servers.get(&cluster).and_then(|answer| answer.reason(self.now));
        reason.unwrap_or_else(|| "could not be asked".to_owned())
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
                let Some(place) = self.mesh.place(of) else {
                    return Outcome::untried(format!("{of} is not a service of the mesh"));
                };
                let wanted = place.address.to_string();
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
