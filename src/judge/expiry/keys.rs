//! API keys: when each ends, and who holds it. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use time::OffsetDateTime;

use super::{State, VERSION, days_between};
use crate::{
    facts::{
        evidence::KeyRecord,
        guests::{GuestKeyFacts, GuestKeys},
        observed::{NodeFiles, Observed},
    },
    mesh::{Mesh, id::ClusterId, keystore, links::Key, peers::PartnerName},
};

#[derive(Debug, Serialize)]
pub struct Keys {
    pub version: u32,
    pub keys: Vec<KeyRow>,
}

/// An API key by which others reach a cluster.
#[derive(Debug, Serialize)]
pub struct KeyRow {
    pub cluster: ClusterId,
    /// The one cluster that it is for; absent for one that all share who have none of their own.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub searcher: Option<ClusterId>,
    /// The guest that it is for, which alone holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guest: Option<PartnerName>,
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
        records: &BTreeMap<Key, KeyRecord>,
        clusters: &BTreeSet<ClusterId>,
        now: OffsetDateTime,
    ) -> Self {
        let row = |key: Key| {
            let cluster = key.of;
            let saved = there.files.get(&cluster).and_then(|files| files.key(key));
            let record = saved.and_then(|saved| records.get(&key).filter(|record| record.id == saved.id));
            let expires = record.map_or(saved.map(|saved| saved.expires), |record| record.expires);
            let days_left = expires.map(|expires| days_between(now, expires));
            let entry = keystore::credentials_of(&cluster.into());
            let holds = |on: &ClusterId| {
                let wanted = saved.map(|saved| &saved.digest);
                let mut nodes = there.files.get(on).into_iter().flat_map(|files| files.nodes.values()).peekable();
                let held = |node: &NodeFiles| node.keystore.as_ref().and_then(|entries| entries.get(&entry)) == wanted;
                wanted.is_some() && nodes.peek().is_some() && nodes.all(held)
            };
            let state = match (record, expires.zip(days_left)) {
                (None, _) => State::Unknown,
                (Some(record), _) if record.invalidated => State::Invalidated,
                (_, Some((expires, days_left))) => State::until(days_left, expires, now),
                (_, None) => State::Good,
            };
            KeyRow {
                cluster,
                searcher: key.searcher,
                guest: None,
                id: saved.map(|saved| saved.id.clone()),
                kind: record.map(|record| record.kind.clone()),
                shared: record.map(|record| record.names.clone()).unwrap_or_default(),
                created: record.and_then(|record| record.created),
                expires,
                days_left,
                held_by: mesh.searchers(cluster).filter(holds).collect(),
                state,
            }
        };
        Self { version: VERSION, keys: clusters.iter().flat_map(|cluster| mesh.keys(*cluster)).map(row).collect() }
    }

    /// These, and the keys of guests on the same clusters.
    #[must_use]
    pub fn with_guests(mut self, guests: &GuestKeys, clusters: &BTreeSet<ClusterId>, now: OffsetDateTime) -> Self {
        let of = guests.iter().filter(|(cluster, _)| clusters.contains(cluster));
        let found = of.filter_map(|(cluster, found)| Some((*cluster, found.as_ref().ok()?)));
        let row = |(cluster, key): (ClusterId, &GuestKeyFacts)| {
            let days_left = key.expires.map(|expires| days_between(now, expires));
            let state = key.expires.zip(days_left).map(|(expires, days)| State::until(days, expires, now));
            KeyRow {
                cluster,
                searcher: None,
                guest: Some(key.guest.clone()),
                id: Some(key.id.clone()),
                kind: Some("cross_cluster".to_owned()),
                shared: key.names.clone(),
                created: key.created,
                expires: key.expires,
                days_left,
                held_by: Vec::new(),
                state: state.unwrap_or(State::Good),
            }
        };
        self.keys.extend(found.flat_map(|(cluster, keys)| keys.iter().map(move |key| (cluster, key))).map(row));
        self
    }

    /// Whether the links of this mesh have keys to go by; what guests have is theirs to renew.
    pub fn all_usable(&self) -> bool {
        self.keys.iter().filter(|row| row.guest.is_none()).all(|row| row.state.is_usable())
    }
}

#[cfg(test)]
mod tests {
    use time::{Duration, macros::datetime};

    use super::*;
    use crate::{
        facts::observed::{ClusterFiles, KeyFile},
        mesh::{example::cluster, id::NodeNumber},
    };

    const NOW: OffsetDateTime = datetime!(2026-01-31 12:00 UTC);

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
        let keystore = Some([(keystore::credentials_of(&first.into()), "digest".to_owned())].into());
        let holder = ClusterFiles {
            nodes: [(NodeNumber::FIRST, NodeFiles { keystore, ..NodeFiles::default() })].into(),
            ..ClusterFiles::default()
        };
        let owner = ClusterFiles { key: Some(key), ..ClusterFiles::default() };
        let there = Observed { files: [(first, owner), (second, holder)].into(), ..Observed::default() };
        let row = |record: Option<KeyRecord>| {
            let records = record.map(|record| (Key::shared(first), record)).into_iter().collect();
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
    fn a_key_of_a_guest_is_listed_and_no_fault_of_this_mesh() {
        let key = GuestKeyFacts {
            names: vec!["mesh*".to_owned()],
            expires: Some(NOW - Duration::days(1)),
            ..GuestKeyFacts::example("london", "a")
        };
        let guests: GuestKeys = [(cluster(1), Ok(vec![key])), (cluster(2), Err("silent".to_owned()))].into();
        let none = || Keys { version: VERSION, keys: Vec::new() };
        let keys = none().with_guests(&guests, &[cluster(1)].into(), NOW);
        let row = &keys.keys[0];
        assert_eq!((row.guest.as_ref().unwrap().to_string().as_str(), row.state), ("london", State::Expired));
        assert!(keys.all_usable());
        assert!(none().with_guests(&guests, &[cluster(2)].into(), NOW).keys.is_empty());
    }
}
