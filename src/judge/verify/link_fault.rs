//! Why a link is down: every cause that is distinguished, with the command that fixes it. Pure.
//!
//! Elasticsearch answers most of them with fewer hits and status 200. The list follows
//! <https://www.elastic.co/docs/troubleshoot/elasticsearch/remote-clusters>.

use time::OffsetDateTime;

use crate::{
    facts::observed::ContainerState,
    mesh::id::{ClusterId, NodeId, ServiceId},
};

mod words;

/// One reason for a link to be down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkCause {
    /// `None`: there is no such container.
    NotRunning {
        of: ClusterId,
        /// The name of the container in Docker.
        container: String,
        state: Option<ContainerState>,
    },
    /// By the name of the container in Docker.
    NotInNetwork(String),
    /// The words say what the server does: `does not answer: connection refused`.
    ServerSilent {
        of: ServiceId,
        words: String,
    },
    /// The name of a container, which is its name in the mesh's network.
    NameUnknown(String),
    /// Why one node of a remote is not reached, of which another is.
    SeedUnreachable {
        of: NodeId,
        why: Box<LinkCause>,
    },
    /// The words say in what way, as a sentence without its subject.
    NodeNotJoined {
        of: NodeId,
        words: String,
    },
    /// It founded a cluster of its own, of this UUID.
    Stranger {
        of: NodeId,
        uuid: String,
    },
    /// The addresses with their ports.
    PublishAddress {
        of: NodeId,
        found: String,
        wanted: String,
    },
    OtherAddress {
        name: String,
        found: String,
        wanted: String,
    },
    PortClosed {
        of: ServiceId,
        words: String,
    },
    /// Something between the two sends connections back: it listens, or nothing on it could have answered so.
    PortRejected {
        of: ServiceId,
        words: String,
    },
    PortSilent(ServiceId),
    /// It, or its authority, begins later than now. Whether the clock is behind or was ahead before, nothing tells.
    CertificateNotYetValid(ServiceId),
    CertificateExpired(ServiceId),
    CertificateName(ServiceId),
    CertificateUntrusted {
        on: ClusterId,
        of: ServiceId,
        words: String,
    },
    RemoteMissing(ClusterId),
    WrongPort {
        remote: ClusterId,
        address: String,
    },
    RemoteAltered {
        remote: ClusterId,
        setting: String,
        found: Option<String>,
    },
    CredentialsMissing {
        on: ClusterId,
        of: ClusterId,
    },
    CredentialsMalformed {
        on: ClusterId,
        of: ClusterId,
    },
    CredentialsUnread {
        on: ClusterId,
        of: ClusterId,
    },
    KeyUnknown {
        of: ClusterId,
        id: String,
    },
    KeyType {
        of: ClusterId,
        kind: String,
    },
    KeyInvalidated(ClusterId),
    KeyExpired {
        of: ClusterId,
        on: OffsetDateTime,
    },
    KeyAccess {
        of: ClusterId,
        names: Vec<String>,
    },
    License {
        of: ClusterId,
        kind: String,
        active: bool,
    },
    NotConnected(String),
    NothingFound(String),
}

impl LinkCause {
    /// A stable name, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotRunning { .. } => "container-not-running",
            Self::NotInNetwork(_) => "container-not-in-network",
            Self::ServerSilent { .. } => "server-silent",
            Self::NameUnknown(_) => "name-unknown",
            Self::SeedUnreachable { .. } => "seed-unreachable",
            Self::NodeNotJoined { .. } => "node-not-joined",
            Self::Stranger { .. } => "node-of-another-cluster",
            Self::PublishAddress { .. } => "publish-address",
            Self::OtherAddress { .. } => "name-other-address",
            Self::PortClosed { .. } => "port-closed",
            Self::PortRejected { .. } => "port-rejected",
            Self::PortSilent(_) => "port-silent",
            Self::CertificateNotYetValid(_) => "certificate-not-yet-valid",
            Self::CertificateExpired(_) => "certificate-expired",
            Self::CertificateName(_) => "certificate-name",
            Self::CertificateUntrusted { .. } => "certificate-untrusted",
            Self::RemoteMissing(_) => "remote-missing",
            Self::WrongPort { .. } => "remote-wrong-port",
            Self::RemoteAltered { .. } => "remote-altered",
            Self::CredentialsMissing { .. } => "credentials-missing",
            Self::CredentialsMalformed { .. } => "credentials-malformed",
            Self::CredentialsUnread { .. } => "credentials-unread",
            Self::KeyUnknown { .. } => "key-unknown",
            Self::KeyType { .. } => "key-type",
            Self::KeyInvalidated(_) => "key-invalidated",
            Self::KeyExpired { .. } => "key-expired",
            Self::KeyAccess { .. } => "key-access",
            Self::License { .. } => "license",
            Self::NotConnected(_) => "not-connected",
            Self::NothingFound(_) => "nothing-found",
        }
    }

    /// What to type; it mends this cause and no more than it has to.
    pub fn remedy(&self) -> String {
        let number = |service: &ServiceId| service.cluster().number();
        match self {
            Self::NotRunning { container, state: Some(ContainerState::Paused), .. } => {
                format!("`docker unpause {container}`")
            }
            Self::NotRunning { of, state: None, .. } => format!("`mesh manage up {}`", of.number()),
            Self::NotRunning { of, .. } => format!("`mesh manage start {}`", of.number()),
            Self::ServerSilent { of, .. } => {
                format!("`mesh verify --fix`, or see why with `mesh logs {} --service elastic`", number(of))
            }
            Self::PortClosed { of: service, .. } => {
                format!("see why with `mesh logs {0} --service elastic`; `mesh manage restart {0}`", number(service))
            }
            Self::SeedUnreachable { why, .. } => why.remedy(),
            Self::NodeNotJoined { of, .. } => {
                let number = of.cluster.number();
                format!("`mesh verify --fix`, or see why with `mesh logs {number}/{}`", of.number.get())
            }
            Self::Stranger { .. } => "`mesh status` says how it joins the others again".to_owned(),
            Self::PublishAddress { of, .. } => {
                format!(
                    "`mesh verify --fix`; where that finds nothing to do, `mesh manage restart {}`",
                    of.cluster.number()
                )
            }
            Self::PortRejected { .. } => {
                "take away the rule that rejects it: `iptables -S DOCKER-USER`, `iptables -S FORWARD` and \
                                          `nft list ruleset` show the rules"
                    .to_owned()
            }
            Self::PortSilent(service) => format!(
                "`mesh doctor` says whether the kernel drops packets for want of neighbours; else see why with \
                 `mesh logs {0} --service elastic`, and `mesh manage restart {0}`",
                number(service)
            ),
            Self::CertificateNotYetValid(service) => format!(
                "set the clock where `date -u` is wrong; where it is right, `mesh verify --fix` issues the certificate \
                 anew, and `mesh certs rotate --ca {}` its authority, where that begins later, too",
                number(service)
            ),
            Self::License { of, .. } => format!(
                "`mesh create --license FILE` with an Enterprise license: {of} can start no second trial of one version"
            ),
            Self::NotConnected(_) | Self::NothingFound(_) => {
                "see what the clusters say with `mesh logs --service elastic`; `mesh verify --fix`".to_owned()
            }
            Self::NotInNetwork(_)
            | Self::NameUnknown(_)
            | Self::OtherAddress { .. }
            | Self::CertificateExpired(_)
            | Self::CertificateName(_)
            | Self::CertificateUntrusted { .. }
            | Self::RemoteMissing(_)
            | Self::WrongPort { .. }
            | Self::RemoteAltered { .. }
            | Self::CredentialsMissing { .. }
            | Self::CredentialsMalformed { .. }
            | Self::CredentialsUnread { .. }
            | Self::KeyUnknown { .. }
            | Self::KeyType { .. }
            | Self::KeyInvalidated(_)
            | Self::KeyExpired { .. }
            | Self::KeyAccess { .. } => "`mesh verify --fix`".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_certificate_of_the_future_has_both_ways_out() {
        let cause = LinkCause::CertificateNotYetValid(ClusterId::FIRST.first_node());
        insta::assert_snapshot!(format!("{cause}\n{}", cause.remedy()), @r"
        the certificate of cluster01-elastic is not valid yet: the clock of this machine is behind, or was ahead when it was made
        set the clock where `date -u` is wrong; where it is right, `mesh verify --fix` issues the certificate anew, and `mesh certs rotate --ca 1` its authority, where that begins later, too
        ");
    }

    /// Names of causes of links and of peers, out of the source.
    fn codes() -> impl Iterator<Item = &'static str> {
        let sources = [include_str!("link_fault.rs"), include_str!("peers.rs")];
        sources.into_iter().flat_map(str::lines).filter_map(|line| {
            let (cause, code) = line.trim().split_once(" => \"")?;
            cause.starts_with("Self::").then(|| code.strip_suffix("\",")).flatten()
        })
    }

    /// Names of causes, out of the first column of their table in docs/reference.md.
    fn documented() -> BTreeSet<&'static str> {
        let reference = include_str!("../../../docs/reference.md");
        let (_, section) = reference.split_once("\n## Causes of a link that is down\n").unwrap();
        let section = section.split("\n## ").next().unwrap();
        let cells = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once(" | "));
        cells.flat_map(|(cell, _)| cell.split(", ")).map(|code| code.trim_matches('`')).collect()
    }

    #[test]
    fn every_cause_is_documented_and_no_other() {
        let codes: BTreeSet<&str> = codes().collect();
        assert!(codes.len() > 40, "{codes:?}");
        assert_eq!(documented(), codes, "docs/reference.md should have these");
    }
}
