//! The checks of one link, each asked of the evidence. Pure.

use time::OffsetDateTime;

use super::{
    CanaryFacts, Check, CheckOutcome, Evidence, KeyRecord, LinkCause, Presented,
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
    pub(super) fn ask(&self, check: Check) -> CheckOutcome {
        match check {
            Check::Containers => self.ends(|node| unless(LinkCause::of_node(self.mesh, self.there, node))),
            Check::Name | Check::Port | Check::Certificate => self.searching(|from| self.paths(from, check)),
            Check::Servers => self.ends(|node| self.server(node)),
            Check::Nodes => self.ends(|node| self.node(node)),
            Check::Remote => self.remote(),
            Check::Credentials => self.searching(|from| self.credentials(from)),
            Check::Key => self.searching(|from| self.key(from)),
            Check::License => unless(
                [self.link.from, self.link.to].into_iter().find_map(|end| LinkCause::of_license(self.there, end)),
            ),
            Check::Resolve => self.searching(|from| self.resolve(from)),
            Check::Document => match self.evidence.canaries.get(&self.link) {
                Some(CanaryFacts::Found) => CheckOutcome::Passed,
                Some(CanaryFacts::Missing(words)) => {
                    CheckOutcome::Failed(LinkCause::NothingFound(words.clone()).into())
                }
                Some(CanaryFacts::Untried(why)) => CheckOutcome::Untried(why.clone()),
                None => CheckOutcome::untried("no document was put there, or none could be searched for".to_owned()),
            },
        }
    }

    /// The outcome of a check of every node that searches.
    fn searching(&self, check: impl Fn(NodeId) -> CheckOutcome) -> CheckOutcome {
        agree(self.mesh.searching_nodes(self.link.from), check).unnamed(self.link.from)
    }

    /// The outcome of a check of every node at both ends, those that search first.
    fn ends(&self, check: impl Fn(NodeId) -> CheckOutcome) -> CheckOutcome {
        match agree(self.mesh.searching_nodes(self.link.from), &check) {
            // what keeps the other end from serving as a whole comes before one node of this one
            CheckOutcome::Failed(fault) if fault.node.is_some() => {
                match agree(self.mesh.searched_nodes(self.link.to), &check) {
                    CheckOutcome::Failed(other) if other.node.is_none() => CheckOutcome::Failed(other),
                    _ => CheckOutcome::Failed(fault),
                }
            }
            CheckOutcome::Passed => agree(self.mesh.searched_nodes(self.link.to), &check),
            outcome => outcome,
        }
    }

    pub(super) fn nodes(&self) -> Nodes<'_> {
        Nodes { mesh: self.mesh, there: self.there, now: self.now }
    }

    fn server(&self, node: NodeId) -> CheckOutcome {
        match self.nodes().standing(node) {
            Standing::Silent(words) => {
                let words = words.unwrap_or_else(|| "could not be asked".to_owned());
                CheckOutcome::Failed(LinkCause::ServerSilent { of: node.into(), words }.into())
            }
            Standing::NotRunning(_) => CheckOutcome::untried(format!("{} comes first", Check::Containers.name())),
            _ => CheckOutcome::Passed,
        }
    }

    /// Whether a node is one of its cluster, and publishes the address that others reach it by.
    fn node(&self, of: NodeId) -> CheckOutcome {
        let standing = self.nodes().standing(of);
        let cause = match &standing {
            Standing::Stranger(uuid) => Some(LinkCause::Stranger { of, uuid: (*uuid).to_owned() }),
            Standing::Joined => self.published_elsewhere(of),
            Standing::NotRunning(_) | Standing::Silent(_) => {
                return CheckOutcome::untried(format!("{} comes first", Check::Servers.name()));
            }
            standing => standing.apart().map(|words| LinkCause::NodeNotJoined { of, words }),
        };
        unless(cause)
    }

    fn published_elsewhere(&self, of: NodeId) -> Option<LinkCause> {
        let found = self.evidence.published.get(&of).filter(|_| of.cluster == self.link.to)?;
        let wanted = format!("{}:{REMOTE}", self.mesh.place(of.into())?.address);
        (*found != wanted).then(|| LinkCause::PublishAddress { of, found: found.clone(), wanted })
    }

    fn remote(&self) -> CheckOutcome {
        let Some(server) = self.there.server(self.link.from) else {
            return CheckOutcome::untried(format!("{} does not answer", self.link.from.first_node()));
        };
        let remote = self.link.to;
        let of_remote = |name: &str| Alias::of_setting(name) == Some(remote.into());
        if !server.remotes.keys().any(|name| of_remote(name)) {
            return CheckOutcome::Failed(LinkCause::RemoteMissing(remote).into());
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
                    LinkCause::WrongPort { remote, address }
                }
                found => LinkCause::RemoteAltered {
                    remote,
                    setting: name.rsplit('.').next().unwrap_or(name).to_owned(),
                    found,
                },
            }
        }))
    }

    fn credentials(&self, from: NodeId) -> CheckOutcome {
        let Link { from: on, to: of } = self.link;
        let cause = match self.evidence.presented.get(&(from, of)) {
            None => return CheckOutcome::untried("the keystore or the remote could not be asked".to_owned()),
            Some(Presented::Absent) => Some(LinkCause::CredentialsMissing { on, of }),
            Some(Presented::Malformed) => Some(LinkCause::CredentialsMalformed { on, of }),
            Some(_) if self.evidence.by_key.get(&(from, of)) == Some(&false) => {
                Some(LinkCause::CredentialsUnread { on, of })
            }
            Some(_) => None,
        };
        unless(cause)
    }

    fn key(&self, from: NodeId) -> CheckOutcome {
        let of = self.link.to;
        match self.evidence.presented.get(&(from, of)) {
            Some(Presented::Known(key)) => unless(self.key_cause(key)),
            Some(Presented::Unknown { id }) => {
                CheckOutcome::Failed(LinkCause::KeyUnknown { of, id: id.clone() }.into())
            }
            _ => CheckOutcome::untried("there is no key to ask about".to_owned()),
        }
    }

    fn key_cause(&self, key: &KeyRecord) -> Option<LinkCause> {
        let of = self.link.to;
        if key.kind != "cross_cluster" {
            return Some(LinkCause::KeyType { of, kind: key.kind.clone() });
        }
        if key.invalidated {
            return Some(LinkCause::KeyInvalidated(of));
        }
        if let Some(on) = key.expires.filter(|expires| *expires <= self.now) {
            return Some(LinkCause::KeyExpired { of, on });
        }
        (key.names != self.mesh.shared_by(self.mesh.key_of(self.link)))
            .then(|| LinkCause::KeyAccess { of, names: key.names.clone() })
    }

    fn resolve(&self, from: NodeId) -> CheckOutcome {
        match links::reported(self.nodes(), from, self.link.to) {
            Some(found) => unless(found.err().map(|words| LinkCause::NotConnected(words.to_owned()))),
            None => CheckOutcome::untried(format!("{from} does not answer")),
        }
    }
}
