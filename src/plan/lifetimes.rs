//! What ends one day, and when: API keys and certificates, in the form that programs read. Pure.
//!
//! These are the documented forms of `mesh keys ls -o json` and `mesh certs ls -o json`: fields may be added; [`VERSION`] goes
//! up when one changes or goes.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use time::OffsetDateTime;

use super::{
    observed::{ClusterFiles, Observed},
    status::SOON,
    verify::KeyRecord,
};
use crate::mesh::{
    Mesh,
    certs::{self, Authority},
    id::{ClusterId, ServiceKind},
    keystore,
};

pub const VERSION: u32 = 1;

/// How something that ends is, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Good,
    /// It ends within 30 days.
    Soon,
    Expired,
    /// Of a key: somebody ended it.
    Invalidated,
    /// Of a certificate: it cannot be used, and not because it has ended.
    Unusable,
    /// Of a key: its server does not answer, or does not know it.
    Unknown,
}

impl State {
    /// Of something that ends then and is good until then.
    fn until(days_left: i64, expires: OffsetDateTime, now: OffsetDateTime) -> Self {
        match days_left {
            _ if expires <= now => Self::Expired,
            ..SOON => Self::Soon,
            _ => Self::Good,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Soon => "expires soon",
            Self::Expired => "expired",
            Self::Invalidated => "invalidated",
            Self::Unusable => "unusable",
            Self::Unknown => "unknown",
        }
    }

    fn is_usable(self) -> bool {
        matches!(self, Self::Good | Self::Soon)
    }
}

/// Whole days; below 0 when it has ended.
pub fn days_between(now: OffsetDateTime, end: OffsetDateTime) -> i64 {
    (end - now).whole_seconds().div_euclid(86_400)
}

#[derive(Debug, Serialize)]
pub struct Keys {
    pub version: u32,
    pub keys: Vec<KeyRow>,
}

/// The API key by which others reach a cluster.
#[derive(Debug, Serialize)]
pub struct KeyRow {
    pub cluster: ClusterId,
    /// `null` when none is saved.
    pub id: Option<String>,
    /// `cross_cluster`; `null` when its server tells nothing of it.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Patterns of the indices that it lets others search.
    pub shared: Vec<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub created: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires: Option<OffsetDateTime>,
    pub days_left: Option<i64>,
    /// The clusters whose keystore holds it.
    pub held_by: Vec<ClusterId>,
    pub state: State,
}

impl Keys {
    /// `records` is what the servers say of the keys that are saved.
    pub fn new(
        mesh: &Mesh,
        there: &Observed,
        records: &BTreeMap<ClusterId, KeyRecord>,
        clusters: &BTreeSet<ClusterId>,
        now: OffsetDateTime,
    ) -> Self {
        let row = |cluster: ClusterId| {
            let saved = there.files.get(&cluster).and_then(|files| files.key.as_ref());
            let record = saved.and_then(|saved| records.get(&cluster).filter(|record| record.id == saved.id));
            let expires = record.map_or(saved.map(|saved| saved.expires), |record| record.expires);
            let days_left = expires.map(|expires| days_between(now, expires));
            let entry = keystore::credentials_of(cluster);
            let holds = |on: &ClusterId| {
                let held = there.files.get(on).and_then(|files| files.keystore.as_ref()?.get(&entry));
                held.is_some() && held == saved.map(|saved| &saved.digest)
            };
            let state = match (record, expires.zip(days_left)) {
                (None, _) => State::Unknown,
                (Some(record), _) if record.invalidated => State::Invalidated,
                (_, Some((expires, days_left))) => State::until(days_left, expires, now),
                (_, None) => State::Good,
            };
            KeyRow {
                cluster,
                id: saved.map(|saved| saved.id.clone()),
                kind: record.map(|record| record.kind.clone()),
                shared: record.map(|record| record.names.clone()).unwrap_or_default(),
                created: record.and_then(|record| record.created),
                expires,
                days_left,
                held_by: mesh.remotes(cluster).filter(holds).collect(),
                state,
            }
        };
        Self { version: VERSION, keys: clusters.iter().copied().map(row).collect() }
    }

    pub fn all_usable(&self) -> bool {
        self.keys.iter().all(|row| row.state.is_usable())
    }
}

#[derive(Debug, Serialize)]
pub struct Certificates {
    pub version: u32,
    pub certificates: Vec<CertificateRow>,
}

/// One certificate of a cluster.
#[derive(Debug, Serialize)]
pub struct CertificateRow {
    pub cluster: ClusterId,
    #[serde(rename = "for")]
    pub of: Purpose,
    /// Of an authority, what it is called; else every name and address it is valid for.
    pub names: Vec<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires: Option<OffsetDateTime>,
    pub days_left: Option<i64>,
    /// Of a service, how many authorities its bundle holds.
    pub trusts: Option<usize>,
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
}

impl Purpose {
    pub fn word(self) -> &'static str {
        match self {
            Self::Authority => "authority",
            Self::NextAuthority => "next authority",
            Self::OldAuthority => "old authority",
            Self::Elastic => "elastic",
            Self::Kibana => "kibana",
        }
    }
}

impl Certificates {
    pub fn new(mesh: &Mesh, there: &Observed, clusters: &BTreeSet<ClusterId>, now: OffsetDateTime) -> Self {
        let none = ClusterFiles::default();
        let of = |cluster: &ClusterId| rows(mesh, *cluster, there.files.get(cluster).unwrap_or(&none), now);
        Self { version: VERSION, certificates: clusters.iter().flat_map(of).collect() }
    }

    pub fn all_usable(&self) -> bool {
        self.certificates.iter().all(|row| row.state.is_usable())
    }
}

fn rows(mesh: &Mesh, cluster: ClusterId, files: &ClusterFiles, now: OffsetDateTime) -> Vec<CertificateRow> {
    let authority = |of, pem: Option<&String>, key: Option<&crate::mesh::secret::Secret>| {
        let checked = match (pem, key) {
            (Some(pem), Some(key)) => Authority::open(pem, key).map(|_| ()),
            (None, _) => Err(certs::CertificateError::Absent),
            (Some(_), None) if of == Purpose::OldAuthority => Ok(()),
            (Some(_), None) => Err(certs::CertificateError::KeyUnreadable),
        };
        row(cluster, of, pem, None, checked.err().map(|error| error.to_string()), now)
    };
    let mut rows = vec![authority(Purpose::Authority, files.authority.as_ref(), files.authority_key.as_ref())];
    if let Some(next) = &files.next_authority {
        rows.push(authority(Purpose::NextAuthority, Some(next), files.next_authority_key.as_ref()));
    }
    if let Some(old) = &files.old_authority {
        rows.push(authority(Purpose::OldAuthority, Some(old), None));
    }
    for kind in ServiceKind::ALL.into_iter().filter(|kind| mesh.has(cluster.service(*kind))) {
        let service = files.services.get(&kind);
        let pem = service.and_then(|service| service.certificate.as_ref());
        let key = service.and_then(|service| service.certificate_key.as_ref());
        // one of the old authority is good for as long as that is trusted
        let signed = |authority: &String| certs::verify(pem.map_or("", String::as_str), key, authority, now);
        let checked = [&files.authority, &files.old_authority].into_iter().flatten().map(signed);
        let unusable = checked.reduce(|first, second| first.or(second)).map_or_else(
            || Some("its authority is missing".to_owned()),
            |checked| checked.err().map(|error| error.to_string()),
        );
        let (of, bundle) = match kind {
            ServiceKind::Elastic => (Purpose::Elastic, files.bundle.as_ref()),
            ServiceKind::Kibana => (Purpose::Kibana, service.and_then(|service| service.authority.as_ref())),
        };
        let trusts = bundle.map(|bundle| bundle.matches("-----BEGIN CERTIFICATE-----").count());
        rows.push(row(cluster, of, pem, trusts, unusable, now));
    }
    rows
}

fn row(
    cluster: ClusterId,
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
    CertificateRow { cluster, of, names: names.unwrap_or_default(), expires, days_left, trusts, state, reason }
}

#[cfg(test)]
mod tests {
    use time::{Duration, macros::datetime};

    use super::*;
    use crate::plan::observed::{KeyFile, ServiceFiles};

    const NOW: OffsetDateTime = datetime!(2026-01-31 12:00 UTC);

    fn cluster(number: u8) -> ClusterId {
        ClusterId::new(number).unwrap()
    }

    fn record(expires: OffsetDateTime) -> KeyRecord {
        KeyRecord {
            id: "id".to_owned(),
            kind: "cross_cluster".to_owned(),
            invalidated: false,
            created: Some(NOW),
            expires: Some(expires),
            names: vec!["mesh*".to_owned()],
        }
    }

    #[test]
    fn a_key_is_what_its_server_says_it_is() {
        let (mesh, first, second) = (Mesh::example(2), cluster(1), cluster(2));
        let key = KeyFile { id: "id".to_owned(), expires: NOW + Duration::days(99), digest: "digest".to_owned() };
        let holder = ClusterFiles {
            keystore: Some([(keystore::credentials_of(first), "digest".to_owned())].into()),
            ..ClusterFiles::default()
        };
        let owner = ClusterFiles { key: Some(key), ..ClusterFiles::default() };
        let there = Observed { files: [(first, owner), (second, holder)].into(), ..Observed::default() };
        let row = |record: Option<KeyRecord>| {
            let records = record.map(|record| (first, record)).into_iter().collect();
            Keys::new(&mesh, &there, &records, &[first].into(), NOW).keys.remove(0)
        };
        let of = |days| row(Some(record(NOW + Duration::days(days)))).state;
        assert_eq!([of(30), of(29), of(0), of(-1)], [State::Good, State::Soon, State::Expired, State::Expired]);
        let invalidated = KeyRecord { invalidated: true, ..record(NOW + Duration::days(50)) };
        assert_eq!(row(Some(invalidated)).state, State::Invalidated);
        let another = KeyRecord { id: "another".to_owned(), ..record(NOW + Duration::days(50)) };
        assert_eq!((row(Some(another)).state, row(None).state), (State::Unknown, State::Unknown));
        assert_eq!((row(None).days_left, row(None).held_by), (Some(99), vec![second]));
    }

    #[test]
    fn a_certificate_of_the_old_authority_is_good_while_that_is_trusted() {
        let mut mesh = Mesh::example(1);
        mesh.spec.kibana = false;
        let (old, new) = (Authority::issue("cluster01", NOW), Authority::issue("cluster01", NOW));
        let identity = old.sign(&mesh.certificate_names(cluster(1).elastic()), NOW);
        let service = ServiceFiles {
            certificate: Some(identity.certificate),
            certificate_key: Some(identity.key),
            ..ServiceFiles::default()
        };
        let mut files = ClusterFiles {
            authority: Some(new.certificate().to_owned()),
            authority_key: Some(new.key().clone()),
            old_authority: Some(old.certificate().to_owned()),
            services: [(ServiceKind::Elastic, service)].into(),
            bundle: Some([old.certificate(), new.certificate()].concat()),
            ..ClusterFiles::default()
        };
        let told = |files: &ClusterFiles, now| {
            let rows = rows(&mesh, cluster(1), files, now);
            let line = |row: &CertificateRow| {
                let reason = row.reason.as_deref().map_or("", |reason| reason.split(" CA ").next().unwrap());
                format!("{}: {} {:?} {reason}", row.of.word(), row.state.word(), row.trusts)
            };
            rows.iter().map(line).collect::<Vec<_>>().join("\n")
        };
        insta::assert_snapshot!(told(&files, NOW), @r"
        authority: good None 
        old authority: good None 
        elastic: good Some(2)
        ");
        files.old_authority = None;
        insta::assert_snapshot!(told(&files, NOW), @r"
        authority: good None 
        elastic: unusable Some(2) the certificate of cluster01-elastic was not signed by mesh cluster01
        ");
        files.authority_key = None;
        insta::assert_snapshot!(told(&files, NOW + Duration::days(3640)), @r"
        authority: unusable None the private key cannot be read, it should be PKCS#8 in PEM form
        elastic: expired Some(2)
        ");
    }
}
