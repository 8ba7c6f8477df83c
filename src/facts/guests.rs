//! The API keys that guests were given, as the servers have them. Pure.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
};

use time::OffsetDateTime;

use crate::mesh::{
    Mesh, certs,
    cluster_set::ClusterSet,
    id::ClusterId,
    peers::{Guest, PartnerName},
};

/// A key of a guest that is not invalidated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestKeyFacts {
    pub id: String,
    pub guest: PartnerName,
    /// What the keys of one invitation have in common.
    pub invitation: String,
    /// Patterns of the indices that it lets the guest search, sorted.
    pub names: Vec<String>,
    pub created: Option<OffsetDateTime>,
    pub expires: Option<OffsetDateTime>,
    /// Fingerprints of the authorities that the invitation has; `None` where the key does not say.
    pub authorities: Option<BTreeSet<String>>,
    /// `ADDRESS:PORT` of each node, as the invitation has them; empty where the key does not say.
    pub addresses: Vec<String>,
}

impl GuestKeyFacts {
    #[cfg(test)]
    pub fn example(guest: &str, invitation: &str) -> Self {
        Self {
            id: format!("{guest}-{invitation}"),
            guest: guest.parse().expect("should be a name"),
            invitation: invitation.to_owned(),
            names: Vec::new(),
            created: None,
            expires: None,
            authorities: None,
            addresses: Vec::new(),
        }
    }
}

/// The keys of each cluster, or why it cannot be asked.
pub type GuestKeys = BTreeMap<ClusterId, Result<Vec<GuestKeyFacts>, String>>;

/// The keys of one guest, by cluster.
pub fn keys_of(keys: &GuestKeys, guest: &PartnerName) -> BTreeMap<ClusterId, Vec<GuestKeyFacts>> {
    let own = |found: &[GuestKeyFacts]| found.iter().filter(|key| key.guest == *guest).cloned().collect();
    keys.iter().filter_map(|(cluster, found)| Some((*cluster, own(found.as_ref().ok()?)))).collect()
}

/// The newest of a guest's invitations that has a key on each cluster. One whose making failed or was interrupted has
/// none left; only a run that was killed between its last key and its file leaves one that counts, and that no one has.
pub fn in_force(keys: &BTreeMap<ClusterId, Vec<GuestKeyFacts>>, on: &ClusterSet) -> Option<String> {
    let all = keys.values().flatten();
    let has = |cluster: ClusterId, invitation: &str| {
        keys.get(&cluster).is_some_and(|found| found.iter().any(|key| key.invitation == invitation))
    };
    let complete = all.filter(|key| on.iter().all(|cluster| has(cluster, &key.invitation)));
    complete.max_by_key(|key| key.created).map(|key| key.invitation.clone())
}

/// The keys of one invitation among those of a cluster, by id.
pub fn ids_of(invitation: &str, found: &[GuestKeyFacts]) -> BTreeSet<String> {
    found.iter().filter(|key| key.invitation == invitation).map(|key| key.id.clone()).collect()
}

/// When the last key of an invitation was made.
pub fn made(keys: &BTreeMap<ClusterId, Vec<GuestKeyFacts>>, invitation: &str) -> Option<OffsetDateTime> {
    keys.values().flatten().filter(|key| key.invitation == invitation).filter_map(|key| key.created).max()
}

/// Whether the invitation in force of a guest has an authority of a cluster; `None` where nothing tells.
pub fn trusts(mesh: &Mesh, keys: &GuestKeys, guest: &PartnerName, of: ClusterId, authority: &str) -> Option<bool> {
    Some(invited_with(mesh, keys, guest, of)?.contains(&certs::fingerprint(authority)?))
}

/// The fingerprints of a cluster's authorities that the invitation in force of a guest has.
pub fn invited_with(mesh: &Mesh, keys: &GuestKeys, guest: &PartnerName, of: ClusterId) -> Option<BTreeSet<String>> {
    let own = keys_of(keys, guest);
    let on = &mesh.guests.get(guest)?.on;
    let asked = ClusterSet::new(on.iter().filter(|cluster| own.contains_key(cluster)))?;
    let invitation = in_force(&own, &asked)?;
    own.get(&of)?.iter().find(|key| key.invitation == invitation)?.authorities.clone()
}

/// What became of the keys of an invitation that was not handed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TakenBack {
    pub revoked: usize,
    /// Clusters that may still have one.
    pub left: Option<ClusterSet>,
}

impl TakenBack {
    /// By the number of keys that each cluster revoked; `None` where that is not known.
    pub fn of(answers: &[(ClusterId, Option<usize>)]) -> Self {
        let silent = answers.iter().filter(|(_, revoked)| revoked.is_none()).map(|(of, _)| *of);
        Self { revoked: answers.iter().filter_map(|(_, revoked)| *revoked).sum(), left: ClusterSet::new(silent) }
    }
}

/// The guests of a mesh whose record is lost, by the newest invitation of each that its servers know.
pub fn traced(mesh: &Mesh, keys: &GuestKeys) -> BTreeMap<PartnerName, Guest> {
    let names: BTreeSet<&PartnerName> = keys.values().flatten().flatten().map(|key| &key.guest).collect();
    let guest = |name: &PartnerName| {
        let own = keys_of(keys, name);
        let newest = own.values().flatten().max_by_key(|key| key.created)?;
        let has = |of: &ClusterId| own[of].iter().any(|key| key.invitation == newest.invitation);
        let on = ClusterSet::new(own.keys().copied().filter(has))?;
        let is_usual = on.iter().all(|of| mesh.shared(of) == newest.names);
        let share = if is_usual { Vec::new() } else { Mesh::asked_to_share(&newest.names) };
        let days = newest.expires.zip(newest.created).map(|(end, begin)| (end - begin).whole_days().to_string());
        let days = days.and_then(|days| days.parse().ok()).unwrap_or(mesh.spec.key_days);
        Some(Guest { on, share, days })
    };
    names.into_iter().filter_map(|name| Some((name.clone(), guest(name)?))).collect()
}

/// The addresses that the newest invitations have.
pub fn addresses(keys: &GuestKeys) -> BTreeSet<IpAddr> {
    let newest =
        |found: &Vec<GuestKeyFacts>| found.iter().max_by_key(|key| key.created).map(|key| key.addresses.clone());
    let texts = keys.values().flatten().filter_map(newest).flatten();
    texts.filter_map(|text| Some(text.parse::<SocketAddr>().ok()?.ip())).collect()
}

#[cfg(test)]
mod tests {
    use time::{Duration, macros::datetime};

    use super::*;
    use crate::mesh::example::cluster;

    fn key(invitation: &str, minute: i64) -> GuestKeyFacts {
        let created = datetime!(2026-11-26 12:00 UTC) + Duration::minutes(minute);
        GuestKeyFacts { created: Some(created), ..GuestKeyFacts::example("berlin", invitation) }
    }

    #[test]
    fn an_invitation_that_was_not_completed_is_not_in_force() {
        let both: ClusterSet = "1-2".parse().unwrap();
        let mut keys = BTreeMap::from([(cluster(1), vec![key("a", 0)]), (cluster(2), vec![key("a", 1)])]);
        assert_eq!(in_force(&keys, &both).as_deref(), Some("a"));
        keys.get_mut(&cluster(1)).unwrap().push(key("b", 2));
        assert_eq!(in_force(&keys, &both).as_deref(), Some("a"), "b was interrupted");
        keys.get_mut(&cluster(2)).unwrap().push(key("c", 4));
        keys.get_mut(&cluster(1)).unwrap().push(key("c", 3));
        assert_eq!(in_force(&keys, &both).as_deref(), Some("c"));
        assert_eq!(in_force(&keys, &"1-3".parse().unwrap()), None);
        assert_eq!(in_force(&BTreeMap::new(), &both), None);
    }

    #[test]
    fn what_is_taken_back_is_of_one_invitation() {
        let with_id = |id: &str, invitation: &str| GuestKeyFacts { id: id.to_owned(), ..key(invitation, 0) };
        let found = [with_id("1", "a"), with_id("2", "b"), with_id("3", "b"), with_id("4", "")];
        assert_eq!(ids_of("b", &found), ["2".to_owned(), "3".to_owned()].into());
        assert_eq!(ids_of("c", &found), BTreeSet::new());

        let all = [(cluster(1), Some(1)), (cluster(2), Some(2)), (cluster(3), Some(0))];
        assert_eq!(TakenBack::of(&all), TakenBack { revoked: 3, left: None });
        let taken = TakenBack::of(&[(cluster(1), Some(1)), (cluster(2), None)]);
        assert_eq!(taken, TakenBack { revoked: 1, left: Some("2".parse().unwrap()) });
        assert_eq!(TakenBack::of(&[]), TakenBack::default());
    }

    #[test]
    fn an_invitation_was_made_with_its_last_key() {
        let keys = BTreeMap::from([
            (cluster(1), vec![key("a", 0), key("b", 5)]),
            (cluster(2), vec![key("a", 1), GuestKeyFacts { created: None, ..key("a", 7) }]),
        ]);
        assert_eq!(made(&keys, "a"), Some(datetime!(2026-11-26 12:01 UTC)));
        assert_eq!(made(&keys, "c"), None);
    }

    #[test]
    fn invitations_tell_the_address_that_guests_reach() {
        let at = |minute, address: &str| GuestKeyFacts { addresses: vec![address.to_owned()], ..key("a", minute) };
        let keys: GuestKeys = [
            (cluster(1), Ok(vec![at(1, "192.0.2.12:9401"), at(0, "192.0.2.11:9401")])),
            (cluster(2), Ok(vec![key("a", 0)])),
            (cluster(3), Err("does not run".to_owned())),
        ]
        .into();
        assert_eq!(addresses(&keys), [[192, 0, 2, 12].into()].into());
    }

    #[test]
    fn guests_of_a_lost_record_are_as_their_newest_keys() {
        let with = |invitation: &str, minute: i64, names: &[&str]| {
            let made = key(invitation, minute);
            let names = names.iter().map(ToString::to_string).collect();
            Ok(vec![GuestKeyFacts { names, expires: made.created.map(|made| made + Duration::days(30)), ..made }])
        };
        let (usual, more) = (["mesh*"], ["logs-*", "mesh*"]);
        let keys: GuestKeys = [
            (cluster(1), with("b", 3, &more)),
            (cluster(2), with("b", 2, &more)),
            (cluster(3), with("a", 0, &usual)),
            (cluster(4), Err("does not run".to_owned())),
        ]
        .into();
        let found = traced(&Mesh::example(4), &keys);
        let guest =
            Guest { on: "1-2".parse().unwrap(), share: vec!["logs-*".parse().unwrap()], days: "30".parse().unwrap() };
        assert_eq!(found, [("berlin".parse().unwrap(), guest)].into());
        let keys: GuestKeys = [(cluster(3), with("a", 0, &usual))].into();
        assert_eq!(traced(&Mesh::example(4), &keys).values().next().unwrap().share, [], "what all are let search");
    }
}
