//! The sentence of each cause. Pure.

use std::fmt;

use time::{format_description::FormatItem, macros::format_description};

use super::LinkCause;
use crate::{facts::observed::ContainerState, mesh::id::REMOTE};

const MINUTE: &[FormatItem<'_>] = format_description!("[year]-[month]-[day] [hour]:[minute] UTC");

impl fmt::Display for LinkCause {
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
            Self::CertificateNotYetValid(service) => {
                write!(
                    f,
                    "the certificate of {service} is not valid yet: the clock of this machine is behind, or was ahead \
                     when it was made"
                )
            }
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
