//! The API keys that guests were given, as the servers have them. Pure.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use crate::mesh::{cluster_set::ClusterSet, id::ClusterId, peers::PartnerName};

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
}

/// The keys of each cluster, or why it cannot be asked.
pub type GuestKeys = BTreeMap<ClusterId, Result<Vec<GuestKeyFacts>, String>>;

/// The keys of one guest, by cluster.
pub fn keys_of(keys: &GuestKeys, guest: &PartnerName) -> BTreeMap<ClusterId, Vec<GuestKeyFacts>> {
    let own = |found: &[GuestKeyFacts]| found.iter().filter(|key| key.guest == *guest).cloned().collect();
    keys.iter().filter_map(|(cluster, found)| Some((*cluster, own(found.as_ref().ok()?)))).collect()
}

/// The newest of a guest's invitations that is complete: one whose making was interrupted has no key on one of the
/// clusters, and was handed to no one.
pub fn in_force(keys: &BTreeMap<ClusterId, Vec<GuestKeyFacts>>, on: &ClusterSet) -> Option<String> {
    let all = keys.values().flatten();
    let has = |cluster: ClusterId, invitation: &str| {
        keys.get(&cluster).is_some_and(|found| found.iter().any(|key| key.invitation == invitation))
    };
    let complete = all.filter(|key| on.iter().all(|cluster| has(cluster, &key.invitation)));
    complete.max_by_key(|key| key.created).map(|key| key.invitation.clone())
}

#[cfg(test)]
mod tests {
    use time::{Duration, macros::datetime};

    use super::*;
    use crate::mesh::example::cluster;

    fn key(invitation: &str, minute: i64) -> GuestKeyFacts {
        let created = datetime!(2026-11-26 12:00 UTC) + Duration::minutes(minute);
        GuestKeyFacts {
            id: format!("{invitation}{minute}"),
            guest: "berlin".parse().unwrap(),
            invitation: invitation.to_owned(),
            names: Vec::new(),
            created: Some(created),
            expires: None,
        }
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
}
