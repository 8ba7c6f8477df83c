//! Are the clusters of peers reached, and if not, why? Pure.

use serde::Serialize;
use time::OffsetDateTime;

use super::{Evidence, PathFacts, distrust::Distrust, report::CauseReport};
use crate::{
    facts::observed::{NodeFiles, Observed},
    judge::{links::down_to_peer, scope::Scope},
    mesh::{
        Mesh,
        id::ClusterId,
        keystore,
        peers::{Alias, Endpoint, PartnerName, Peer},
    },
};

/// A link to a cluster of a peer.
#[derive(Debug, Serialize)]
pub struct PeerLinkReport {
    pub from: ClusterId,
    pub to: Alias,
    pub peer: PartnerName,
    pub up: bool,
    /// Why the link is down; `None` for one that is up.
    pub cause: Option<CauseReport>,
}

/// Why a peer's cluster is not reached.
#[derive(Debug, Clone, PartialEq, Eq)]
enum PeerCause {
    /// The searching server, in words without its name.
    Silent(String),
    AccessLost,
    RemoteMissing,
    CredentialsMissing,
    KeyExpired(OffsetDateTime),
    NameUnknown,
    NoRoute(String),
    Refused(String),
    /// Nothing comes back.
    MachineSilent,
    /// Certificates are valid from another time on than the clock here shows.
    Clocks(String),
    CertificateExpired,
    CertificateName,
    /// By an authority that was not handed over.
    CertificateForeign(String),
    License(String),
    KeyRefused(String),
    NotConnected(String),
}

/// Judges every link in a scope to a cluster of a peer.
pub fn judge_peers(
    mesh: &Mesh,
    scope: Scope,
    there: &Observed,
    evidence: &Evidence,
    now: OffsetDateTime,
) -> Vec<PeerLinkReport> {
    let of = |from: ClusterId| {
        mesh.peer_remotes(from).map(move |(peer, to, at)| {
            let cause = cause(mesh, there, evidence, (from, peer, to), now);
            let damaged = there.damaged_peers.get(peer);
            let report = cause.map(|cause| CauseReport {
                code: cause.code(),
                node: None,
                message: cause.message(at),
                // A peer is joined again only once its damaged file is out of the way.
                remedy: damaged
                    .filter(|_| cause == PeerCause::AccessLost)
                    .map_or_else(|| cause.remedy((peer, &mesh.peers[peer]), from), |file| file.remedy.clone()),
            });
            PeerLinkReport { from, to: to.clone(), peer: peer.clone(), up: report.is_none(), cause: report }
        })
    };
    scope.clusters(mesh).flat_map(of).collect()
}

/// Why waiting for a link to a peer's cluster is of no use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hopeless {
    pub code: &'static str,
    pub message: String,
    /// Whether one look is enough. Elasticsearch answers for some seconds from what it had before, so its refusals
    /// have to be found again.
    pub is_certain: bool,
}

/// Why a link is down for good, by how far a connection gets and what Elasticsearch says; `None` where it may come up.
pub fn hopeless(path: Option<&PathFacts>, words: &str, at: &Endpoint) -> Option<Hopeless> {
    let cause = reason(path, words.to_owned());
    let is_certain = matches!(cause, PeerCause::NameUnknown | PeerCause::NoRoute(_) | PeerCause::Refused(_));
    let lasts = matches!(
        cause,
        PeerCause::CertificateExpired
            | PeerCause::CertificateName
            | PeerCause::CertificateForeign(_)
            | PeerCause::License(_)
            | PeerCause::KeyRefused(_)
    );
    (is_certain || lasts).then(|| Hopeless { code: cause.code(), message: cause.message(at), is_certain })
}

/// The first reason, in the order in which a connection meets them.
fn cause(
    mesh: &Mesh,
    there: &Observed,
    evidence: &Evidence,
    (from, peer, to): (ClusterId, &PartnerName, &Alias),
    now: OffsetDateTime,
) -> Option<PeerCause> {
    let words = down_to_peer(mesh, there, from, to)?;
    let Some(server) = there.server(from) else { return Some(PeerCause::Silent("does not answer".to_owned())) };
    let Some(access) = there.peers.get(peer).and_then(|remotes| remotes.get(to)) else {
        return Some(PeerCause::AccessLost);
    };
    if !server.remotes.contains_key(&format!("cluster.remote.{to}.mode")) {
        return Some(PeerCause::RemoteMissing);
    }
    let entry = keystore::credentials_of(to);
    let held =
        |node: &NodeFiles| node.keystore.as_ref().and_then(|entries| entries.get(&entry)) == Some(&access.digest);
    if !there.files.get(&from).is_some_and(|files| files.nodes.values().all(held)) {
        return Some(PeerCause::CredentialsMissing);
    }
    if let Some(on) = access.expires.filter(|expires| *expires <= now) {
        return Some(PeerCause::KeyExpired(on));
    }
    let path = mesh.searching_nodes(from).find_map(|node| evidence.peer_paths.get(&(node, to.clone())));
    Some(reason(path, words))
}

/// How far a connection gets, and from there on what Elasticsearch says.
fn reason(path: Option<&PathFacts>, words: String) -> PeerCause {
    match path {
        Some(PathFacts::NameUnknown) => PeerCause::NameUnknown,
        Some(PathFacts::Rejected(words)) => PeerCause::NoRoute(words.clone()),
        Some(PathFacts::Closed(words)) => PeerCause::Refused(words.clone()),
        Some(PathFacts::TimedOut) => PeerCause::MachineSilent,
        Some(PathFacts::Distrusted(words)) => distrust(words),
        Some(PathFacts::Reached { .. } | PathFacts::Untried(_)) | None => refusal(words),
    }
}

fn distrust(words: &str) -> PeerCause {
    match Distrust::of(words) {
        Distrust::NotYetValid => PeerCause::Clocks(words.to_owned()),
        Distrust::Expired => PeerCause::CertificateExpired,
        Distrust::OtherName => PeerCause::CertificateName,
        Distrust::Untrusted => PeerCause::CertificateForeign(words.to_owned()),
    }
}

/// What the other side has against a connection that it took, by the words of Elasticsearch.
fn refusal(words: String) -> PeerCause {
    let lower = words.to_lowercase();
    if lower.contains("license") {
        PeerCause::License(words)
    } else if ["api key", "security_exception", "to authenticate", "unauthorized"]
        .iter()
        .any(|sign| lower.contains(sign))
    {
        PeerCause::KeyRefused(words)
    } else {
        PeerCause::NotConnected(words)
    }
}

impl PeerCause {
    /// A stable name, for programs.
    fn code(&self) -> &'static str {
        match self {
            Self::Silent(_) => "server-silent",
            Self::AccessLost => "peer-access-lost",
            Self::RemoteMissing => "remote-missing",
            Self::CredentialsMissing => "credentials-missing",
            Self::KeyExpired(_) => "peer-key-expired",
            Self::NameUnknown => "peer-name-unknown",
            Self::NoRoute(_) => "peer-no-route",
            Self::Refused(_) => "peer-refused",
            Self::MachineSilent => "peer-silent",
            Self::Clocks(_) => "peer-clocks",
            Self::CertificateExpired => "peer-certificate-expired",
            Self::CertificateName => "peer-certificate-name",
            Self::CertificateForeign(_) => "peer-certificate-foreign",
            Self::License(_) => "peer-license",
            Self::KeyRefused(_) => "peer-key-refused",
            Self::NotConnected(_) => "not-connected",
        }
    }

    fn message(&self, Endpoint { address, server_name, .. }: &Endpoint) -> String {
        let name = server_name.as_deref().unwrap_or("the host of its address");
        match self {
            Self::Silent(words) => words.clone(),
            Self::AccessLost => "its keys and authorities on disk are lost or damaged".to_owned(),
            Self::RemoteMissing => "it is not set as a remote".to_owned(),
            Self::CredentialsMissing => "the keystore does not hold its key".to_owned(),
            Self::KeyExpired(on) => format!("its key expired on {on}"),
            Self::NameUnknown => format!("the name in {address} is not known here"),
            Self::NoRoute(words) => format!("there is no way to {address}: {words}"),
            Self::Refused(words) => format!("{address} refuses connections: {words}"),
            Self::MachineSilent => {
                format!("{address} does not answer: its machine is silent, or a firewall on the way drops packets")
            }
            Self::Clocks(words) => format!("the clocks of the two machines are apart: {words}"),
            Self::CertificateExpired => format!("the certificate of {address} has expired"),
            Self::CertificateName => format!("the certificate of {address} is not for {name}"),
            Self::CertificateForeign(words) => {
                format!("the certificate of {address} is of another authority than it was joined with: {words}")
            }
            Self::License(words) => format!("a license does not allow it: {words}"),
            Self::KeyRefused(words) => format!("it does not take the key, which was revoked or has expired: {words}"),
            Self::NotConnected(words) => format!("Elasticsearch does not connect: {words}"),
        }
    }

    /// What to type, here or there.
    fn remedy(&self, (name, peer): (&PartnerName, &Peer), from: ClusterId) -> String {
        match self {
            Self::Silent(_) => format!("`mesh manage start {}`", from.number()),
            Self::RemoteMissing | Self::CredentialsMissing => "`mesh create`".to_owned(),
            Self::CertificateForeign(_) if peer.is_foreign() => {
                format!("ask the owner of {name} for its authorities, and {}", peer.rejoin(name))
            }
            Self::AccessLost | Self::KeyExpired(_) | Self::CertificateForeign(_) | Self::KeyRefused(_) => {
                peer.renewal(name)
            }
            Self::CertificateName if peer.is_foreign() => {
                format!(
                    "ask the owner of {name} what its certificate is for, and join it again with that after \
                     `--server-name`; something else may answer at that address"
                )
            }
            Self::CertificateName => {
                format!("ask {name} for a new invitation; something else may answer at that address")
            }
            Self::NameUnknown => "write down an address in place of the name, and join again".to_owned(),
            Self::NoRoute(_) | Self::Refused(_) | Self::MachineSilent if peer.is_foreign() => {
                format!("ask the owner of {name} whether it runs, and what the firewalls on the way let through")
            }
            Self::NoRoute(_) | Self::Refused(_) | Self::MachineSilent => {
                format!(
                    "on the machine of {name}, mesh status and mesh doctor say more: what runs, and which ports have to be open"
                )
            }
            Self::Clocks(_) => "compare `date -u` on both machines, and have both keep time by NTP".to_owned(),
            Self::CertificateExpired if peer.is_foreign() => format!("ask the owner of {name} to renew it"),
            Self::CertificateExpired => format!("on the machine of {name}, mesh create renews it"),
            Self::License(_) if peer.is_foreign() => format!(
                "a license that allows links on the side that is named: `mesh create --license FILE` here, or ask the \
                 owner of {name}"
            ),
            Self::License(_) => {
                "a license that allows links on the side that is named: mesh create --license FILE there".to_owned()
            }
            Self::NotConnected(_) => {
                format!("see what Elasticsearch says with `mesh logs {} --service elastic`", from.number())
            }
        }
    }
}

#[cfg(test)]
mod tests;
