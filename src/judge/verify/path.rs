//! How far connections get from a node to the nodes of a remote, from what was tried. Pure.

use super::{
    Cause, Check, Outcome, PathFacts,
    agree::{agree, unless},
    distrust::Distrust,
    judge::Judge,
};
use crate::mesh::id::{ClusterId, NodeId, ServiceId};

impl Judge<'_> {
    /// The paths from a node to every node that it may reach the remote by. One that is reached is enough for the link;
    /// of those that are away, the containers say more.
    pub(super) fn paths(&self, from: NodeId, check: Check) -> Outcome {
        let reached = |to: &NodeId| matches!(self.evidence.paths.get(&(from, *to)), Some(PathFacts::Reached { .. }));
        let to = || self.mesh.searched_nodes(self.link.to);
        let others = to().any(|node| reached(&node));
        let path = |to: NodeId| match self.path((from, to), check) {
            Outcome::Failed(fault) if others && !reached(&to) => {
                Outcome::Failed(Cause::SeedUnreachable { of: to, why: Box::new(fault.cause) }.into())
            }
            outcome => outcome,
        };
        agree(to().filter(|node| self.there.runs((*node).into()) || !others), path)
    }

    /// The connection is tried once; each check is about one part of it.
    fn path(&self, (from, to): (NodeId, NodeId), check: Check) -> Outcome {
        let of = ServiceId::from(to);
        let name = self.mesh.container_name(of);
        let Some(path) = self.evidence.paths.get(&(from, to)) else {
            return Outcome::untried("the container could not be asked".to_owned());
        };
        let (failed, cause) = match path {
            PathFacts::Reached { address } => {
                let Some(place) = self.mesh.place(of) else {
                    return Outcome::untried(format!("{of} is not a service of the mesh"));
                };
                let wanted = place.address.to_string();
                let other = (*address != wanted).then(|| Cause::OtherAddress { name, found: address.clone(), wanted });
                match other {
                    Some(cause) => (Check::Name, cause),
                    None => return unless(None),
                }
            }
            PathFacts::NameUnknown => (Check::Name, Cause::NameUnknown(name)),
            PathFacts::Rejected(words) => (Check::Port, Cause::PortRejected { of, words: words.clone() }),
            PathFacts::Closed(words) if self.evidence.listening.contains(&to) => {
                (Check::Port, Cause::PortRejected { of, words: words.clone() })
            }
            PathFacts::Closed(words) => (Check::Port, Cause::PortClosed { of, words: words.clone() }),
            PathFacts::TimedOut => (Check::Port, Cause::PortSilent(of)),
            PathFacts::Distrusted(words) => (Check::Certificate, distrust(self.link.from, of, words)),
            PathFacts::Untried(why) => return Outcome::untried(why.clone()),
        };
        match check.cmp(&failed) {
            std::cmp::Ordering::Less => Outcome::Passed,
            std::cmp::Ordering::Equal => Outcome::Failed(cause.into()),
            std::cmp::Ordering::Greater => Outcome::untried(format!("{} comes first", failed.name())),
        }
    }
}

fn distrust(on: ClusterId, of: ServiceId, words: &str) -> Cause {
    match Distrust::of(words) {
        Distrust::NotYetValid => Cause::CertificateNotYetValid(of),
        Distrust::Expired => Cause::CertificateExpired(of),
        Distrust::OtherName => Cause::CertificateName(of),
        Distrust::Untrusted => Cause::CertificateUntrusted { on, of, words: words.to_owned() },
    }
}
