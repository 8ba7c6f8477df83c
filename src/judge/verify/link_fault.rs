//! Why a link is down: every cause that is distinguished, with the command that fixes it. Pure.
//!
//! Elasticsearch answers most of them with fewer hits and status 200. The list follows
//! <https://www.elastic.co/docs/troubleshoot/elasticsearch/remote-clusters>.

use std::fmt;

use time::{OffsetDateTime, format_description::FormatItem, macros::format_description};

use crate::{
    facts::observed::ContainerState,
    mesh::id::{ClusterId, NodeId, REMOTE, ServiceId},
};

const MINUTE: &[FormatItem<'_>] = format_description!("[year]-[month]-[day] [hour]:[minute] UTC");

/// One reason for a link to be down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
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
        why: Box<Cause>,
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

impl Cause {
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
            Self::License { of, .. } => format!(
                "`mesh create --license FILE` with an Enterprise license: {of} can start no second trial of one version"
            ),
            Self::NotConnected(_) | Self::NothingFound(_) => {
                "see what the clusters say with `mesh logs --service elastic`; `mesh verify --fix`".to_owned()
            }
            _ => "`mesh verify --fix`".to_owned(),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRunning { container, state, .. } => match state {
                None => write!(f, "there is no container {container}"),
                Some(ContainerState::Paused) => write!(f, "container {container} is paused"),
                Some(ContainerState::Restarting) => write!(f, "container {container} keeps ending and starting again"),
                Some(_) => write!(f, "container {container} is stopped"),
            },
            Self::NotInNetwork(container) => write!(f, "container {container} is not attached to the mesh's network"),
            Self::ServerSilent { of, words } => write!(f, "{of} {words}"),
            Self::NameUnknown(name) => write!(f, "the name {name} is not known in the mesh's network"),
            Self::SeedUnreachable { of, why } => write!(f, "the seed {of} cannot be reached: {why}"),
            Self::NodeNotJoined { of, words } => write!(f, "{of} {words}"),
            Self::Stranger { of, uuid } => {
                write!(
                    f,
                    "{of} belongs to a cluster of its own ({uuid}), and not to that of the other nodes of {}",
                    of.cluster
                )
            }
            Self::PublishAddress { of, found, wanted } => {
                write!(
                    f,
                    "{of} publishes the address {found} instead of {wanted}: other clusters do not reach it there"
                )
            }
            Self::OtherAddress { name, found, wanted } => {
                write!(f, "{name} resolves to {found} instead of {wanted}")
            }
            Self::PortClosed { of, words } => write!(f, "port {REMOTE} of {of} refuses connections: {words}"),
            Self::PortRejected { of, words } => {
                write!(f, "a firewall on this machine rejects connections to port {REMOTE} of {of}: {words}")
            }
            Self::PortSilent(service) => write!(f, "port {REMOTE} of {service} does not answer"),
            Self::CertificateExpired(service) => write!(f, "the certificate of {service} has expired"),
            Self::CertificateName(service) => write!(f, "the certificate of {service} is not for that name"),
            Self::CertificateUntrusted { on, of, words } => {
                write!(f, "{on} does not trust the certificate of {of}: {words}")
            }
            Self::RemoteMissing(remote) => write!(f, "{remote} is not set as a remote"),
            Self::WrongPort { remote, address } => {
                write!(f, "the remote {remote} is set to {address}; clusters come in by port {REMOTE}")
            }
            Self::RemoteAltered { remote, setting, found } => {
                write!(f, "the remote {remote} was changed: {setting} is {}", found.as_deref().unwrap_or("not set"))
            }
            Self::CredentialsMissing { on, of } => write!(f, "the keystore of {on} holds no API key of {of}"),
            Self::CredentialsMalformed { on, of } => {
                write!(f, "what the keystore of {on} holds for {of} is no API key")
            }
            Self::CredentialsUnread { on, of } => {
                write!(
                    f,
                    "{on} has not read the API key of {of} that its keystore holds, and tries trust by certificate"
                )
            }
            Self::KeyUnknown { of, id } => write!(f, "{of} knows no API key {id}"),
            Self::KeyType { of, kind } => {
                write!(f, "the API key of {of} is of type {kind}, and has to be of type cross_cluster")
            }
            Self::KeyInvalidated(of) => write!(f, "the API key of {of} was invalidated"),
            Self::KeyExpired { of, on } => {
                let on = on.format(MINUTE).unwrap_or_else(|_| on.to_string());
                write!(f, "the API key of {of} expired on {on}")
            }
            Self::KeyAccess { of, names } => {
                write!(f, "the API key of {of} lets others search {} and not what the mesh shares", names.join(" "))
            }
            Self::License { of, kind, active: false } => write!(f, "the {kind} license of {of} has expired"),
            Self::License { of, kind, .. } => {
                write!(f, "the license of {of} is {kind}, and links need trial or enterprise on both sides")
            }
            Self::NotConnected(words) => write!(f, "Elasticsearch does not connect: {words}"),
            Self::NothingFound(words) => write!(f, "a search does not find the document that was put there: {words}"),
        }
    }
}
