//! The plans of `mesh invites`, and what guests lose by others. Pure.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::{GuestStep, Plan};
use crate::{
    facts::guests::GuestKeyFacts,
    mesh::{
        Mesh,
        id::ClusterId,
        peers::{Draft, PartnerName},
    },
};

/// The stages that make an invitation; without a file it is printed. Who is invited is recorded first: keys that an
/// interrupted run leaves are then known to be a guest's.
pub fn invite(mesh: &Mesh, recorded: &Mesh, draft: &Draft, into: Option<&Path>) -> Plan {
    let guest = &draft.guest;
    let record = (mesh.guests != recorded.guests).then(|| GuestStep::Record(guest.clone()).into());
    let issue = draft.authorities.keys().map(|on| GuestStep::Issue { guest: guest.clone(), on: *on }.into());
    let write = into.map(|into| GuestStep::Write { guest: guest.clone(), into: into.to_owned() }.into());
    Plan::of(mesh.name.as_ref())
        .stage("record the guest", record)
        .stage("make API keys", issue)
        .stage("write the invitation", write)
}

/// The stages that invalidate a guest's keys, all or those that are not of the invitation `kept`.
pub fn revoke(
    mesh: &Mesh,
    guest: &PartnerName,
    keys: &BTreeMap<ClusterId, Vec<GuestKeyFacts>>,
    kept: Option<&str>,
    forget: bool,
) -> Plan {
    let revoke = keys.iter().filter_map(|(on, found)| {
        let ids = found.iter().filter(|key| kept.is_none_or(|kept| key.invitation != kept));
        let keys: Vec<String> = ids.map(|key| key.id.clone()).collect();
        (!keys.is_empty()).then(|| GuestStep::Revoke { guest: guest.clone(), on: *on, keys }.into())
    });
    let forget = forget.then(|| GuestStep::Forget(guest.clone()).into());
    Plan::of(mesh.name.as_ref()).stage("revoke API keys", revoke).stage("forget the guest", forget)
}

/// The clusters that a plan deletes and that guests of the recorded mesh search, with those guests.
pub fn lost_with(plan: &Plan, recorded: &Mesh) -> BTreeMap<PartnerName, BTreeSet<ClusterId>> {
    let mut lost: BTreeMap<PartnerName, BTreeSet<ClusterId>> = BTreeMap::new();
    for cluster in recorded.clusters().filter(|cluster| plan.deletes(*cluster)) {
        for guest in recorded.guests_of(cluster) {
            lost.entry(guest.clone()).or_default().insert(cluster);
        }
    }
    lost
}

/// The clusters that a guest does not reach by its invitation any more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LostWays {
    /// Without an address for other machines.
    pub closed: BTreeSet<ClusterId>,
    /// At addresses that its invitation does not have.
    pub moved: BTreeSet<ClusterId>,
}

/// The guests that lose their way to clusters which stay, where the recorded mesh becomes `wanted`.
pub fn shut_out(recorded: &Mesh, wanted: &Mesh) -> BTreeMap<PartnerName, LostWays> {
    let mut lost: BTreeMap<PartnerName, LostWays> = BTreeMap::new();
    for cluster in recorded.clusters().filter(|cluster| wanted.has_cluster(*cluster)) {
        let (before, after) = (recorded.advertised(cluster), wanted.advertised(cluster));
        // of several nodes, one that is still where it was leads to the others
        if before.is_empty() || before.iter().any(|address| after.contains(address)) {
            continue;
        }
        for guest in recorded.guests_of(cluster) {
            let ways = lost.entry(guest.clone()).or_default();
            if after.is_empty() {
                ways.closed.insert(cluster)
            } else {
                ways.moved.insert(cluster)
            };
        }
    }
    lost
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        mesh::{example::cluster, peers::Guest, settings::KeyDays},
        plan::Step,
    };

    fn berlin() -> PartnerName {
        "berlin".parse().unwrap()
    }

    fn mesh() -> Mesh {
        let guest = Guest { on: "1-2".parse().unwrap(), share: Vec::new(), days: KeyDays::default() };
        Mesh { guests: [(berlin(), guest)].into(), ..Mesh::example(3) }
    }

    #[test]
    fn a_guest_is_recorded_before_there_is_a_key() {
        let authorities = [(cluster(1), String::new()), (cluster(2), String::new())].into();
        let draft = Draft { guest: berlin(), id: String::new(), authorities };
        let plan = invite(&mesh(), &Mesh::example(3), &draft, Some(Path::new("berlin.json")));
        insta::assert_snapshot!(plan.to_string(), @r"
        record the guest
          ~ guest berlin in mesh.json
        make API keys
          + API key of cluster01 for berlin
          + API key of cluster02 for berlin
        write the invitation
          + invitation for berlin in berlin.json
        ");
        assert_eq!(invite(&mesh(), &mesh(), &draft, None).stages.len(), 1, "made again, to stdout");
    }

    #[test]
    fn old_keys_are_those_of_other_invitations() {
        let key = |id: &str, invitation: &str| GuestKeyFacts {
            id: id.to_owned(),
            ..GuestKeyFacts::example("berlin", invitation)
        };
        let keys =
            BTreeMap::from([(cluster(1), vec![key("a", "old"), key("b", "new")]), (cluster(2), vec![key("c", "new")])]);
        insta::assert_snapshot!(revoke(&mesh(), &berlin(), &keys, Some("new"), false).to_string(), @r"
        revoke API keys
          - 1 API key of cluster01 for berlin
        ");
        insta::assert_snapshot!(revoke(&mesh(), &berlin(), &keys, None, true).to_string(), @r"
        revoke API keys
          - 2 API keys of cluster01 for berlin
          - 1 API key of cluster02 for berlin
        forget the guest
          - guest berlin in mesh.json
        ");
    }

    #[test]
    fn guests_lose_their_way_with_the_address() {
        let at = |address: Option<[u8; 4]>| {
            let mut mesh = mesh();
            mesh.spec.advertise.0 = address.map(Into::into);
            mesh
        };
        let (here, there) = (Some([192, 0, 2, 11]), Some([192, 0, 2, 12]));
        let both: BTreeSet<ClusterId> = [cluster(1), cluster(2)].into();
        let closed = LostWays { closed: both.clone(), ..LostWays::default() };
        let moved = LostWays { moved: both, ..LostWays::default() };
        assert_eq!(shut_out(&at(here), &at(None)), [(berlin(), closed)].into());
        assert_eq!(shut_out(&at(here), &at(there)), [(berlin(), moved)].into());
        assert_eq!([shut_out(&at(here), &at(here)), shut_out(&at(None), &at(here))], [const { BTreeMap::new() }; 2]);
    }

    #[test]
    fn guests_that_lose_a_cluster_are_known() {
        let lost = |step: Step| lost_with(&Plan::of(None).stage("remove", [step]), &mesh());
        assert_eq!(lost(Step::RemoveFiles(cluster(2))), [(berlin(), [cluster(2)].into())].into());
        assert_eq!(lost(Step::RemoveFiles(cluster(3))), BTreeMap::new());
        assert_eq!(lost(Step::RemoveDirectory), [(berlin(), [cluster(1), cluster(2)].into())].into());
    }
}
