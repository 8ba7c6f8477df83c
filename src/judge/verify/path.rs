//! How far connections get from a node to the nodes of a remote, from what was tried. Pure.

use super::{
    Check, CheckOutcome, LinkCause, PathFacts,
    agree::{agree, unless},
    distrust::Distrust,
    judge::Judge,
};
use crate::mesh::id::{ClusterId, NodeId, ServiceId};

impl Judge<'_> {
    /// The paths from a node to every node that it may reach the remote by. One that is reached is enough for the link;
    /// of those that are away, the containers say more.
    pub(super) fn paths(&self, from: NodeId, check: Check) -> CheckOutcome {
        let reached = |to: &NodeId| matches!(self.evidence.paths.get(&(from, *to)), Some(PathFacts::Reached { .. }));
        let to = || self.mesh.searched_nodes(self.link.to);
        let others = to().any(|node| reached(&node));
        let path = |to: NodeId| match self.path((from, to), check) {
            CheckOutcome::Failed(fault) if others && !reached(&to) => {
                CheckOutcome::Failed(LinkCause::SeedUnreachable { of: to, why: Box::new(fault.cause) }.into())
            }
            outcome => outcome,
        };
        agree(to().filter(|node| self.there.runs((*node).into()) || !others), path)
    }

    /// The connection is tried once; each check is about one part of it.
    fn path(&self, (from, to): (NodeId, NodeId), check: Check) -> CheckOutcome {
        let of = ServiceId::from(to);
        let name = self.mesh.container_name(of);
        let Some(path) = self.evidence.paths.get(&(from, to)) else {
            return CheckOutcome::untried("the container could not be asked".to_owned());
        };
        let (failed, cause) = match path {
            PathFacts::Reached { address } => {
                let Some(place) = self.mesh.place(of) else {
                    return CheckOutcome::untried(format!("{of} is not a service of the mesh"));
                };
                let wanted = place.address.to_string();
                let other =
                    (*address != wanted).then(|| LinkCause::OtherAddress { name, found: address.clone(), wanted });
                match other {
                    Some(cause) => (Check::Name, cause),
                    None => return unless(None),
                }
            }
            PathFacts::NameUnknown => (Check::Name, LinkCause::NameUnknown(name)),
            PathFacts::Rejected(words) => (Check::Port, LinkCause::PortRejected { of, words: words.clone() }),
            PathFacts::Closed(words) if self.evidence.listening.contains(&to) => {
                (Check::Port, LinkCause::PortRejected { of, words: words.clone() })
            }
            PathFacts::Closed(words) => (Check::Port, LinkCause::PortClosed { of, words: words.clone() }),
            PathFacts::TimedOut => (Check::Port, LinkCause::PortSilent(of)),
            PathFacts::Distrusted(words) => (Check::Certificate, distrust(self.link.from, of, words)),
            PathFacts::Untried(why) => return CheckOutcome::untried(why.clone()),
        };
        match check.cmp(&failed) {
            std::cmp::Ordering::Less => CheckOutcome::Passed,
            std::cmp::Ordering::Equal => CheckOutcome::Failed(cause.into()),
            std::cmp::Ordering::Greater => CheckOutcome::untried(format!("{} comes first", failed.name())),
        }
    }
}

fn distrust(on: ClusterId, of: ServiceId, words: &str) -> LinkCause {
    match Distrust::of(words) {
        Distrust::NotYetValid => LinkCause::CertificateNotYetValid(of),
        Distrust::Expired => LinkCause::CertificateExpired(of),
        Distrust::OtherName => LinkCause::CertificateName(of),
        Distrust::Untrusted => LinkCause::CertificateUntrusted { on, of, words: words.to_owned() },
    }
}
