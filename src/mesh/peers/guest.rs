//! What a mesh lets its guests have: which clusters, which indices, and the invitation that says so. Pure: no I/O.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::{Guest, Invitation, PartnerName, invitation::InvitedCluster};
use crate::mesh::{Mesh, cluster_set::ClusterSet, id::ClusterId, secret::Secret};

/// What a mesh without a name on a machine whose name fits none is called in its invitations.
const UNNAMED: &str = "mesh";

/// An invitation that is being made: all that it will say but its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    pub guest: PartnerName,
    /// 16 random hexadecimal digits, which the keys of one invitation have in common.
    pub id: String,
    /// The authorities of each cluster that is invited to, as PEM.
    pub authorities: BTreeMap<ClusterId, String>,
}

/// A key that was made for a guest.
#[derive(Debug, Clone)]
pub struct GuestKey {
    pub id: String,
    pub encoded: Secret,
    pub expires: OffsetDateTime,
}

impl Guest {
    /// The patterns of the indices that its keys let it search: what was asked for it, else what all are let search.
    pub fn shares(&self, mesh: &Mesh, cluster: ClusterId) -> Vec<String> {
        if self.share.is_empty() {
            return mesh.shared(cluster);
        }
        let mut names: Vec<String> =
            mesh.always_shared().map(str::to_owned).chain(self.share.iter().map(ToString::to_string)).collect();
        names.sort();
        names.dedup();
        names
    }
}

impl Draft {
    /// The invitation with the keys that were made; `None` where one of a cluster is missing.
    pub fn finish(&self, mesh: &Mesh, keys: &BTreeMap<ClusterId, GuestKey>, now: OffsetDateTime) -> Option<Invitation> {
        let guest = mesh.guests.get(&self.guest)?;
        let expires = keys.values().map(|key| key.expires).min()?;
        let cluster = |(name, authorities): (&ClusterId, &String)| {
            let key = keys.get(name)?;
            Some(InvitedCluster {
                name: *name,
                addresses: mesh.advertised(*name).iter().map(ToString::to_string).collect(),
                server_name: mesh.container_name(name.first_node()),
                stack_version: mesh.version(*name),
                authorities: authorities.clone(),
                key_id: key.id.clone(),
                encoded: key.encoded.expose().to_owned(),
                shares: guest.shares(mesh, *name),
            })
        };
        let clusters: Option<Vec<InvitedCluster>> = self.authorities.iter().map(cluster).collect();
        let host = (mesh.partner_name(), mesh.id.clone());
        Some(Invitation::new(host, self.guest.clone(), (now, expires), clusters?))
    }
}

impl Mesh {
    /// What it is called in its invitations: by its name, else by its machine's.
    pub fn partner_name(&self) -> PartnerName {
        let name = self.name.as_ref().map_or(self.host_name.clone(), ToString::to_string);
        PartnerName::from_text(&name).unwrap_or_else(|| UNNAMED.parse().expect("should be a name"))
    }

    /// The guests that were given keys of a cluster.
    pub fn guests_of(&self, cluster: ClusterId) -> impl Iterator<Item = &PartnerName> {
        self.guests.iter().filter(move |(_, guest)| guest.on.contains(cluster)).map(|(name, _)| name)
    }

    /// Its guests on those of their clusters that it still has: what is removed takes its keys with it.
    pub(in crate::mesh) fn guests_on(&self, has: impl Fn(ClusterId) -> bool) -> BTreeMap<PartnerName, Guest> {
        let left = |(name, guest): (&PartnerName, &Guest)| {
            let on = ClusterSet::new(guest.on.iter().filter(|cluster| has(*cluster)))?;
            Some((name.clone(), Guest { on, ..guest.clone() }))
        };
        self.guests.iter().filter_map(left).collect()
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::mesh::{certs, example::cluster, settings::KeyDays};

    #[test]
    fn an_invitation_says_what_the_mesh_has() {
        let mut mesh = Mesh::example(3).with_nodes(2, 3);
        mesh.spec.advertise.0 = Some("2001:db8::1".parse().unwrap());
        let guest =
            Guest { on: "1-2".parse().unwrap(), share: vec!["logs-*".parse().unwrap()], days: KeyDays::default() };
        let name: PartnerName = "berlin".parse().unwrap();
        mesh.guests = [(name.clone(), guest)].into();
        let (now, soon, late) =
            (datetime!(2026-11-26 12:00 UTC), datetime!(2026-12-01 00:00 UTC), datetime!(2027-01-01 00:00 UTC));
        let authority = certs::Authority::issue("cluster01", now).certificate().to_owned();
        let authorities = [(cluster(1), authority.clone()), (cluster(2), authority)].into();
        let draft = Draft { guest: name, id: "0".repeat(16), authorities };
        let key = |id: &str, expires| GuestKey { id: id.to_owned(), encoded: Secret::new("c2VjcmV0"), expires };
        let mut keys = BTreeMap::from([(cluster(1), key("a", late))]);
        assert!(draft.finish(&mesh, &keys, now).is_none(), "a key is missing");
        keys.insert(cluster(2), key("b", soon));
        let invitation = draft.finish(&mesh, &keys, now).unwrap();
        let shown =
            |one: &InvitedCluster| format!("{} {} {:?} {:?}", one.name, one.server_name, one.addresses, one.shares);
        insta::assert_snapshot!(invitation.clusters.iter().map(shown).collect::<Vec<_>>().join("\n"), @r#"
        cluster01 cluster01-elastic ["[2001:db8::1]:9401"] ["local-data-set", "logs-*", "mesh*"]
        cluster02 cluster02-elastic ["[2001:db8::1]:9402", "[2001:db8::1]:10402", "[2001:db8::1]:11402"] ["local-data-set", "logs-*", "mesh*"]
        "#);
        assert_eq!((invitation.host.to_string(), invitation.expires), ("vm".to_owned(), soon));
        assert!(Invitation::read(&invitation.render()).is_ok());
    }

    #[test]
    fn a_guest_leaves_with_the_last_of_its_clusters() {
        let mut mesh = Mesh::example(3);
        let guest = |on: &str| Guest { on: on.parse().unwrap(), share: Vec::new(), days: KeyDays::default() };
        mesh.guests = [("a".parse().unwrap(), guest("1-2")), ("b".parse().unwrap(), guest("3"))].into();
        let left = mesh.guests_on(|of| of == cluster(2));
        assert_eq!(
            left.into_iter().map(|(name, guest)| (name.to_string(), guest.on)).collect::<Vec<_>>(),
            [("a".to_owned(), "2".parse().unwrap())]
        );
    }
}
