//! Certificates and authorities: when each ends, and whether it can be used. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use time::OffsetDateTime;

use super::{State, VERSION, days_between};
use crate::{
    facts::{
        guests::{GuestKeys, trusts},
        observed::{ClusterFiles, Observed},
    },
    mesh::{
        Mesh,
        certs::{self, Authority},
        id::{ClusterId, ServiceId},
        peers::PartnerName,
        secret::Secret,
    },
};

/// Why a certificate is unusable that was found without its key.
pub(super) const NO_KEY: &str = "its private key is missing";

#[derive(Debug, Serialize)]
pub struct Certificates {
    pub version: u32,
    pub certificates: Vec<CertificateRow>,
}

/// One certificate of a cluster, or of the mesh's own gateway.
#[derive(Debug, Serialize)]
pub struct CertificateRow {
    /// `None` for the gateway's, which is of no cluster.
    pub cluster: Option<ClusterId>,
    #[serde(rename = "for")]
    pub of: Purpose,
    /// The service that shows it, such as `cluster02-elastic-2` or `mesh-gateway`; `None` for an authority.
    pub service: Option<String>,
    /// The name of an authority; else every name and address that the certificate is valid for.
    pub names: Vec<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires: Option<OffsetDateTime>,
    pub days_left: Option<i64>,
    /// How many authorities a service's bundle holds; `None` for an authority.
    pub trusts: Option<usize>,
    /// The guests of an authority's cluster, and whether the invitation in force of each has it: `None` where nothing
    /// tells. Empty for services.
    pub guests: BTreeMap<PartnerName, Option<bool>>,
    pub state: State,
    /// Why it is unusable.
    pub reason: Option<String>,
}

/// What a certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    Authority,
    /// Trusted, and going to take over.
    NextAuthority,
    /// Trusted until nothing shows a certificate of it.
    OldAuthority,
    Elastic,
    Kibana,
    GatewayAuthority,
    Gateway,
    /// The gateway's, which the user gave.
    GatewayGiven,
}

impl Purpose {
    pub fn word(self) -> &'static str {
        match self {
            Self::Authority => "authority",
            Self::NextAuthority => "next authority",
            Self::OldAuthority => "old authority",
            Self::Elastic => "elastic",
            Self::Kibana => "kibana",
            Self::GatewayAuthority => "authority of the gateway",
            Self::Gateway => "gateway",
            Self::GatewayGiven => "gateway, as given",
        }
    }
}

impl CertificateRow {
    /// What it is for, within its cluster: `elastic-2`, `old authority`.
    pub fn word(&self) -> &str {
        let service = self.service.as_deref().filter(|_| self.cluster.is_some());
        let within = service.and_then(|service| service.split_once('-'));
        within.map_or(self.of.word(), |(_, word)| word)
    }
}

impl Certificates {
    pub fn new(mesh: &Mesh, there: &Observed, clusters: &BTreeSet<ClusterId>, now: OffsetDateTime) -> Self {
        let none = ClusterFiles::default();
        let of = |cluster: &ClusterId| rows(mesh, *cluster, there.files.get(cluster).unwrap_or(&none), now);
        Self { version: VERSION, certificates: clusters.iter().flat_map(of).collect() }
    }

    /// These, with the guests that trust the authorities.
    #[must_use]
    pub fn with_guests(mut self, mesh: &Mesh, there: &Observed, keys: &GuestKeys) -> Self {
        for row in &mut self.certificates {
            let Some(cluster) = row.cluster else { continue };
            let Some(files) = there.files.get(&cluster) else { continue };
            let authority = match row.of {
                Purpose::Authority => &files.authority,
                Purpose::NextAuthority => &files.next_authority,
                Purpose::OldAuthority => &files.old_authority,
                _ => continue,
            };
            let has = |guest| authority.as_ref().and_then(|pem| trusts(mesh, keys, guest, cluster, pem));
            row.guests = mesh.guests_of(cluster).map(|guest| (guest.clone(), has(guest))).collect();
        }
        self
    }

    pub fn all_usable(&self) -> bool {
        self.certificates.iter().all(|row| row.state.is_usable())
    }
}

fn rows(mesh: &Mesh, cluster: ClusterId, files: &ClusterFiles, now: OffsetDateTime) -> Vec<CertificateRow> {
    let authority = |of, pem: Option<&String>, key: Option<&Secret>| authority_row(Some(cluster), of, (pem, key), now);
    let mut rows = vec![authority(Purpose::Authority, files.authority.as_ref(), files.authority_key.as_ref())];
    if let Some(next) = &files.next_authority {
        rows.push(authority(Purpose::NextAuthority, Some(next), files.next_authority_key.as_ref()));
    }
    if let Some(old) = &files.old_authority {
        rows.push(authority(Purpose::OldAuthority, Some(old), None));
    }
    for id in mesh.services_in(cluster) {
        let service = files.services.get(&id);
        let pem = service.and_then(|service| service.certificate.as_ref());
        let key = service.and_then(|service| service.certificate_key.as_ref());
        // one of the old authority is good for as long as that is trusted
        let signed = |authority: &String| certs::verify(pem.map_or("", String::as_str), key, authority, now);
        let checked = [&files.authority, &files.old_authority].into_iter().flatten().map(signed);
        let unusable = checked.reduce(Result::or).map_or_else(
            || Some("its authority is missing".to_owned()),
            |checked| checked.err().map(|error| error.to_string()),
        );
        let (of, bundle) = match id {
            ServiceId::Node(node) => {
                (Purpose::Elastic, files.nodes.get(&node.number).and_then(|node| node.bundle.as_ref()))
            }
            ServiceId::Kibana(_) => (Purpose::Kibana, service.and_then(|service| service.authority.as_ref())),
        };
        let trusts = bundle.map(|bundle| bundle.matches("-----BEGIN CERTIFICATE-----").count());
        rows.push(CertificateRow {
            service: Some(id.to_string()),
            ..row(Some(cluster), of, pem, trusts, unusable, now)
        });
    }
    rows
}

/// An authority, which signs with its key, and is good for nothing else.
pub(super) fn authority_row(
    cluster: Option<ClusterId>,
    of: Purpose,
    (pem, key): (Option<&String>, Option<&Secret>),
    now: OffsetDateTime,
) -> CertificateRow {
    let unusable = match (pem, key) {
        (Some(pem), Some(key)) => {
            let usable = Authority::open(pem, key).and_then(|_| certs::belongs_together(pem, key, now));
            usable.err().map(|error| error.to_string())
        }
        (None, _) => Some(certs::CertificateError::Absent.to_string()),
        (Some(_), None) => (of != Purpose::OldAuthority).then(|| NO_KEY.to_owned()),
    };
    row(cluster, of, pem, None, unusable, now)
}

pub(super) fn row(
    cluster: Option<ClusterId>,
    of: Purpose,
    pem: Option<&String>,
    trusts: Option<usize>,
    unusable: Option<String>,
    now: OffsetDateTime,
) -> CertificateRow {
    let facts = pem.and_then(|pem| certs::examine(pem).ok());
    let names = facts.as_ref().map(|facts| {
        let all = facts.dns.iter().cloned().chain(facts.ip.iter().map(ToString::to_string));
        let all: Vec<String> = all.collect();
        if all.is_empty() { vec![facts.common_name.clone()] } else { all }
    });
    let expires = facts.map(|facts| facts.not_after);
    let days_left = expires.map(|expires| days_between(now, expires));
    let (state, reason) = match (unusable, expires.zip(days_left)) {
        (_, Some((expires, _))) if expires <= now => (State::Expired, None),
        (Some(reason), _) => (State::Unusable, Some(reason)),
        (None, Some((expires, days_left))) => (State::until(days_left, expires, now), None),
        (None, None) => (State::Unusable, None),
    };
    let names = names.unwrap_or_default();
    let guests = BTreeMap::new();
    CertificateRow { cluster, of, service: None, names, expires, days_left, trusts, guests, state, reason }
}

#[cfg(test)]
mod tests {
    use time::{Duration, macros::datetime};

    use super::*;
    use crate::{
        facts::observed::{NodeFiles, ServiceFiles},
        mesh::{example::cluster, id::NodeNumber},
    };

    const NOW: OffsetDateTime = datetime!(2026-01-31 12:00 UTC);

    #[test]
    fn every_node_has_a_row_with_its_name() {
        let mesh = Mesh::example(2).with_nodes(2, 3);
        let rows = rows(&mesh, cluster(2), &ClusterFiles::default(), NOW);
        let words: Vec<&str> = rows.iter().map(CertificateRow::word).collect();
        assert_eq!(words, ["authority", "elastic", "elastic-2", "elastic-3", "kibana"]);
    }

    #[test]
    fn a_certificate_of_the_old_authority_is_good_while_that_is_trusted() {
        let mesh = Mesh::example(1).without_kibana();
        let (old, new) = (Authority::issue("cluster01", NOW), Authority::issue("cluster01", NOW));
        let identity = old.sign(&mesh.certificate_names(cluster(1).first_node()).unwrap(), NOW);
        let service = ServiceFiles {
            certificate: Some(identity.certificate),
            certificate_key: Some(identity.key),
            ..ServiceFiles::default()
        };
        let bundle = Some([old.certificate(), new.certificate()].concat());
        let mut files = ClusterFiles {
            authority: Some(new.certificate().to_owned()),
            authority_key: Some(new.key().clone()),
            old_authority: Some(old.certificate().to_owned()),
            services: [(cluster(1).first_node(), service)].into(),
            nodes: [(NodeNumber::FIRST, NodeFiles { bundle, ..NodeFiles::default() })].into(),
            ..ClusterFiles::default()
        };
        let rows = |files: &ClusterFiles, now| {
            let rows = rows(&mesh, cluster(1), files, now);
            let line = |row: &CertificateRow| {
                let reason = row.reason.as_deref().map_or("", |reason| reason.split(" CA ").next().unwrap());
                format!("{}: {} {:?} {reason}", row.word(), row.state.word(), row.trusts).trim_end().to_owned()
            };
            rows.iter().map(line).collect::<Vec<_>>().join("\n")
        };
        insta::assert_snapshot!(rows(&files, NOW), @r"
        authority: good None
        old authority: good None
        elastic: good Some(2)
        ");
        files.old_authority = None;
        insta::assert_snapshot!(rows(&files, NOW), @r"
        authority: good None
        elastic: unusable Some(2) the certificate of cluster01-elastic was not signed by mesh cluster01
        ");
        files.authority_key = None;
        insta::assert_snapshot!(rows(&files, NOW + Duration::days(3640)), @r"
        authority: unusable None its private key is missing
        elastic: expired Some(2)
        ");
    }
}
