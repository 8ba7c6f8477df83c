//! The checks of one link, each asked of the evidence. Pure.

use time::OffsetDateTime;

use super::{
    CanaryFacts, Cause, Check, Evidence, KeyRecord, Outcome, Presented,
    agree::{agree, unless},
};
use crate::{
    facts::observed::Observed,
    judge::{
        links,
        nodes::{Nodes, Standing},
    },
    mesh::{
        Mesh,
        id::{NodeId, REMOTE},
        links::Link,
        peers::Alias,
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

impl Judge<'_> {
    pub(super) fn ask(&self, check: Check) -> Outcome {
        match check {
            Check::Containers => self.ends(|node| unless(Cause::of_node(self.mesh, self.there, node))),
            Check::Name | Check::Port | Check::Certificate => self.searching(|from| self.paths(from, check)),
            Check::Servers => self.ends(|node| self.server(node)),
            Check::Nodes => self.ends(|node| self.node(node)),
            Check::Remote => self.remote(),
            Check::Credentials => self.searching(|from| self.credentials(from)),
            Check::Key => self.searching(|from| self.key(from)),
            Check::License => {
                unless([self.link.from, self.link.to].into_iter().find_map(|end| Cause::of_license(self.there, end)))
            }
            Check::Resolve => self.searching(|from| self.resolve(from)),
            Check::Document => match self.evidence.canaries.get(&self.link) {
                Some(CanaryFacts::Found) => Outcome::Passed,
                Some(CanaryFacts::Missing(words)) => Outcome::Failed(Cause::NothingFound(words.clone()).into()),
                Some(CanaryFacts::Untried(why)) => Outcome::Untried(why.clone()),
                None => Outcome::untried("no document was put there, or none could be searched for".to_owned()),
            },
        }
    }

    /// The outcome of a check of every node that searches.
    fn searching(&self, check: impl Fn(NodeId) -> Outcome) -> Outcome {
        agree(self.mesh.searching_nodes(self.link.from), check).unnamed(self.link.from)
    }

    /// The outcome of a check of every node at both ends, those that search first.
    fn ends(&self, check: impl Fn(NodeId) -> Outcome) -> Outcome {
        match agree(self.mesh.searching_nodes(self.link.from), &check) {
            // what keeps the other end from serving as a whole comes before one node of this one
            Outcome::Failed(fault) if fault.node.is_some() => {
                match agree(self.mesh.searched_nodes(self.link.to), &check) {
                    Outcome::Failed(other) if other.node.is_none() => Outcome::Failed(other),
                    _ => Outcome::Failed(fault),
                }
            }
            Outcome::Passed => agree(self.mesh.searched_nodes(self.link.to), &check),
            outcome => outcome,
        }
    }

    pub(super) fn nodes(&self) -> Nodes<'_> {
        Nodes { mesh: self.mesh, there: self.there, now: self.now }
    }

    fn server(&self, node: NodeId) -> Outcome {
        match self.nodes().standing(node) {
            Standing::Silent(words) => {
                let words = words.unwrap_or_else(|| "could not be asked".to_owned());
                Outcome::Failed(Cause::ServerSilent { of: node.into(), words }.into())
            }
            Standing::NotRunning(_) => Outcome::untried(format!("{} comes first", Check::Containers.name())),
            _ => Outcome::Passed,
        }
    }

    /// Whether a node is one of its cluster, and publishes the address that others reach it by.
    fn node(&self, of: NodeId) -> Outcome {
        let standing = self.nodes().standing(of);
        let cause = match &standing {
            Standing::Stranger(uuid) => Some(Cause::Stranger { of, uuid: (*uuid).to_owned() }),
            Standing::Joined => self.published_elsewhere(of),
            Standing::NotRunning(_) | Standing::Silent(_) => {
                return Outcome::untried(format!("{} comes first", Check::Servers.name()));
            }
            standing => standing.apart().map(|words| Cause::NodeNotJoined { of, words }),
        };
        unless(cause)
    }

    fn published_elsewhere(&self, of: NodeId) -> Option<Cause> {
        let found = self.evidence.published.get(&of).filter(|_| of.cluster == self.link.to)?;
        let wanted = format!("{}:{REMOTE}", self.mesh.place(of.into())?.address);
        (*found != wanted).then(|| Cause::PublishAddress { of, found: found.clone(), wanted })
    }

    fn remote(&self) -> Outcome {
        let Some(server) = self.there.server(self.link.from) else {
            return Outcome::untried(format!("{} does not answer", self.link.from.first_node()));
        };
        let remote = self.link.to;
        let of_remote = |name: &str| Alias::of_setting(name) == Some(remote.into());
        if !server.remotes.keys().any(|name| of_remote(name)) {
            return Outcome::Failed(Cause::RemoteMissing(remote).into());
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

    fn credentials(&self, from: NodeId) -> Outcome {
        let Link { from: on, to: of } = self.link;
        let cause = match self.evidence.presented.get(&(from, of)) {
            None => return Outcome::untried("the keystore or the remote could not be asked".to_owned()),
            Some(Presented::Absent) => Some(Cause::CredentialsMissing { on, of }),
            Some(Presented::Malformed) => Some(Cause::CredentialsMalformed { on, of }),
            Some(_) if self.evidence.by_key.get(&(from, of)) == Some(&false) => {
                Some(Cause::CredentialsUnread { on, of })
            }
            Some(_) => None,
        };
        unless(cause)
    }

    fn key(&self, from: NodeId) -> Outcome {
        let of = self.link.to;
        match self.evidence.presented.get(&(from, of)) {
            Some(Presented::Known(key)) => unless(self.fault(key)),
            Some(Presented::Unknown { id }) => Outcome::Failed(Cause::KeyUnknown { of, id: id.clone() }.into()),
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

    fn resolve(&self, from: NodeId) -> Outcome {
        match links::reported(self.nodes(), from, self.link.to) {
            Some(found) => unless(found.err().map(|words| Cause::NotConnected(words.to_owned()))),
            None => Outcome::untried(format!("{from} does not answer")),
        }
    }
}
