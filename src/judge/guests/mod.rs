//! Who may search this mesh from elsewhere, and until when. Pure.
//!
//! [`GuestList`] is the documented form of `mesh invites ls -o json`: fields may be added; [`VERSION`] goes up when one
//! changes or goes.

mod hindrance;
mod trust;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use time::OffsetDateTime;

pub use self::{
    hindrance::{GuestError, hindrance},
    trust::{kept_authority, takes_over, trusted_by_all, waiting_authorities},
};
use super::expiry::{State, days_between};
use crate::{
    facts::guests::{GuestKeyFacts, GuestKeys, in_force, keys_of},
    mesh::{Mesh, cluster_set::ClusterSet, id::ClusterId, peers::PartnerName},
};

const VERSION: u32 = 1;

#[derive(Debug, Serialize)]
pub struct GuestList {
    pub version: u32,
    pub guests: Vec<GuestRow>,
    /// Clusters that cannot be asked, each with the reason.
    pub unreadable: BTreeMap<ClusterId, String>,
}

#[derive(Debug, Serialize)]
pub struct GuestRow {
    pub guest: PartnerName,
    /// That the invitation in force is to; without one, those that it is to be to.
    pub clusters: Vec<ClusterId>,
    /// Patterns of the indices that it lets the guest search.
    pub shares: BTreeSet<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub made: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires: Option<OffsetDateTime>,
    pub days_left: Option<i64>,
    /// Keys of other invitations that still open something.
    pub old_keys: usize,
    pub state: GuestState,
}

/// How the newest invitation of a guest is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GuestState {
    Good,
    /// It ends within 30 days.
    Soon,
    Expired,
    /// It was not completed, or some of its keys are gone.
    Incomplete,
    /// One of its clusters cannot be asked.
    Unknown,
}

impl GuestState {
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Soon => "expires soon",
            Self::Expired => "expired",
            Self::Incomplete => "incomplete",
            Self::Unknown => "unknown",
        }
    }
}

impl GuestList {
    pub fn new(mesh: &Mesh, keys: &GuestKeys, now: OffsetDateTime) -> Self {
        let of_keys = keys.values().flatten().flatten().map(|key| &key.guest);
        let names: BTreeSet<&PartnerName> = mesh.guests.keys().chain(of_keys).collect();
        let unreadable = keys.iter().filter_map(|(of, found)| Some((*of, found.as_ref().err()?.clone())));
        Self {
            version: VERSION,
            guests: names.into_iter().map(|name| row(mesh, name, keys, now)).collect(),
            unreadable: unreadable.collect(),
        }
    }

    /// Whether every invitation opens what it says, as far as that is known.
    pub fn all_usable(&self) -> bool {
        self.unreadable.is_empty()
            && self.guests.iter().all(|row| matches!(row.state, GuestState::Good | GuestState::Soon))
    }
}

fn row(mesh: &Mesh, name: &PartnerName, keys: &GuestKeys, now: OffsetDateTime) -> GuestRow {
    let own = keys_of(keys, name);
    let on = mesh.guests.get(name).map(|guest| &guest.on);
    // as far as the clusters answer
    let asked = on.and_then(|on| ClusterSet::new(on.iter().filter(|of| own.contains_key(of))));
    let current = asked.as_ref().and_then(|on| in_force(&own, on));
    let is_current = |key: &&GuestKeyFacts| Some(&key.invitation) == current.as_ref();
    let in_use: Vec<(ClusterId, &GuestKeyFacts)> =
        own.iter().flat_map(|(of, found)| found.iter().filter(is_current).map(move |key| (*of, key))).collect();
    let valid = |key: &&GuestKeyFacts| key.expires.is_none_or(|end| end > now);
    let old = own.values().flatten().filter(|key| !is_current(key)).filter(valid).count();
    let expires = in_use.iter().filter_map(|(_, key)| key.expires).min();
    let state = match (&current, expires) {
        _ if on != asked.as_ref() => GuestState::Unknown,
        (None, _) => GuestState::Incomplete,
        (Some(_), None) => GuestState::Good,
        (Some(_), Some(end)) => match State::until(days_between(now, end), end, now) {
            State::Expired => GuestState::Expired,
            State::Soon => GuestState::Soon,
            _ => GuestState::Good,
        },
    };
    let wanted = || on.into_iter().flat_map(ClusterSet::iter).collect::<Vec<_>>();
    let clusters: Vec<ClusterId> = in_use.iter().map(|(of, _)| *of).collect();
    GuestRow {
        guest: name.clone(),
        clusters: if clusters.is_empty() { wanted() } else { clusters },
        shares: in_use.iter().flat_map(|(_, key)| key.names.clone()).collect(),
        made: in_use.iter().filter_map(|(_, key)| key.created).max(),
        expires,
        days_left: expires.map(|end| days_between(now, end)),
        old_keys: old,
        state,
    }
}

#[cfg(test)]
mod tests {
    use time::{Duration, macros::datetime};

    use super::*;
    use crate::mesh::{example::cluster, peers::Guest, settings::KeyDays};

    const NOW: OffsetDateTime = datetime!(2026-11-26 12:00 UTC);

    fn mesh() -> Mesh {
        let guest = Guest { on: "1-2".parse().unwrap(), share: Vec::new(), days: KeyDays::default() };
        Mesh { guests: [("berlin".parse().unwrap(), guest)].into(), ..Mesh::example(3) }
    }

    fn key(guest: &str, invitation: &str, age: i64, days: i64) -> GuestKeyFacts {
        GuestKeyFacts {
            names: vec!["logs-*".to_owned(), "mesh*".to_owned()],
            created: Some(NOW - Duration::days(age)),
            expires: Some(NOW + Duration::days(days)),
            ..GuestKeyFacts::example(guest, invitation)
        }
    }

    #[test]
    fn a_guest_is_what_the_servers_know_of_it() {
        let state = |keys: &GuestKeys| {
            let guests = GuestList::new(&mesh(), keys, NOW);
            let line = |row: &GuestRow| {
                let clusters: Vec<String> = row.clusters.iter().map(ToString::to_string).collect();
                format!(
                    "{} {} {} {:?} {}",
                    row.guest,
                    clusters.join(" "),
                    row.state.word(),
                    row.days_left,
                    row.old_keys
                )
            };
            guests.guests.iter().map(line).collect::<Vec<_>>().join("\n")
        };
        let mut keys: GuestKeys = [
            (cluster(1), Ok(vec![key("berlin", "a", 2, 90)])),
            (cluster(2), Ok(vec![key("berlin", "a", 2, 90)])),
            (cluster(3), Ok(vec![key("oslo", "b", 5, 5)])),
        ]
        .into();
        insta::assert_snapshot!(state(&keys), @r"
        berlin cluster01 cluster02 good Some(90) 0
        oslo  incomplete None 1
        ");
        keys.get_mut(&cluster(1)).unwrap().as_mut().unwrap().push(key("berlin", "c", 1, 20));
        insta::assert_snapshot!(state(&keys), @r"
        berlin cluster01 cluster02 good Some(90) 1
        oslo  incomplete None 1
        ");
        keys.get_mut(&cluster(2)).unwrap().as_mut().unwrap().push(key("berlin", "c", 1, 20));
        insta::assert_snapshot!(state(&keys), @r"
        berlin cluster01 cluster02 expires soon Some(20) 2
        oslo  incomplete None 1
        ");
        keys.insert(cluster(2), Err("does not run".to_owned()));
        insta::assert_snapshot!(state(&keys), @r"
        berlin cluster01 unknown Some(20) 1
        oslo  incomplete None 1
        ");
        let report = serde_json::to_string_pretty(&GuestList::new(&mesh(), &keys, NOW)).unwrap();
        insta::assert_snapshot!(report, @r#"
        {
          "version": 1,
          "guests": [
            {
              "guest": "berlin",
              "clusters": [
                "cluster01"
              ],
              "shares": [
                "logs-*",
                "mesh*"
              ],
              "made": "2026-11-25T12:00:00Z",
              "expires": "2026-12-16T12:00:00Z",
              "days_left": 20,
              "old_keys": 1,
              "state": "unknown"
            },
            {
              "guest": "oslo",
              "clusters": [],
              "shares": [],
              "made": null,
              "expires": null,
              "days_left": null,
              "old_keys": 1,
              "state": "incomplete"
            }
          ],
          "unreadable": {
            "cluster02": "does not run"
          }
        }
        "#);
    }
}
