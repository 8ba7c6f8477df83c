//! Which authorities guests trust: those that their invitations have. An authority that a guest trusts is not replaced
//! without a command that says so. Pure.

use std::collections::BTreeSet;

use time::OffsetDateTime;

use crate::{
    exit::Exit,
    explain::Explain,
    facts::{
        guests::{GuestKeys, invited_with},
        observed::{ClusterFiles, Observed},
    },
    judge::{
        check::Finding,
        expiry::{SOON, days_between},
    },
    mesh::{
        Mesh,
        certs::{self, Authority},
        cluster_set::ClusterSet,
        counted::counted,
        id::ClusterId,
    },
    plan::renew::Renewal,
};

/// Those of the clusters to renew whose next authority has taken over already: none waits, and every guest joined by an
/// invitation that had the one in force beside the one before it.
pub fn trusted_by_all(mesh: &Mesh, there: &Observed, keys: &GuestKeys, renewal: &Renewal) -> BTreeSet<ClusterId> {
    let is_settled = |of: &ClusterId| {
        let Some(files) = there.files.get(of) else { return false };
        let Some(authority) = &files.authority else { return false };
        let mut guests = mesh.guests_of(*of).peekable();
        files.next_authority.is_none()
            && files.old_authority.is_none()
            && guests.peek().is_some()
            && guests.all(|guest| {
                let invited = invited_with(mesh, keys, guest, *of).unwrap_or_default();
                invited.len() > 1 && certs::fingerprint(authority).is_some_and(|own| invited.contains(&own))
            })
    };
    renewal.authorities.iter().copied().filter(is_settled).collect()
}

/// An authority that guests trust cannot sign any more, and another one would shut them out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the authority of {of} {why}, and is not replaced by itself, since guests trust no other: {guests}")]
pub struct KeptAuthority {
    of: ClusterId,
    why: String,
    guests: String,
}

impl Explain for KeptAuthority {
    fn exit(&self) -> Exit {
        Exit::Unhealthy
    }

    fn hint(&self) -> Option<String> {
        let number = self.of.number();
        Some(format!("`mesh certs rotate --ca {number}` replaces it; then make new invitations, and have them joined"))
    }
}

/// The first cluster with guests whose authority is there and cannot sign.
pub fn kept_authority(mesh: &Mesh, there: &Observed, now: OffsetDateTime) -> Option<KeptAuthority> {
    mesh.clusters().find_map(|of| {
        let guests = names(mesh, of)?;
        let why = why_useless(there.files.get(&of)?, now)?;
        Some(KeptAuthority { of, why, guests })
    })
}

fn why_useless(files: &ClusterFiles, now: OffsetDateTime) -> Option<String> {
    // a next one that was taking over is completed
    if files.old_authority.is_some() && files.next_authority.is_some() {
        return None;
    }
    let authority = files.authority.as_ref()?;
    if certs::examine(authority).is_ok_and(|facts| facts.not_after <= now) {
        return Some("has expired".to_owned());
    }
    let Some(key) = &files.authority_key else { return Some("has lost its key".to_owned()) };
    Authority::open(authority, key).err().map(|error| format!("cannot be used ({error})"))
}

/// The authorities that expire within a month and wait, since guests trust no other.
pub fn waiting_authorities(mesh: &Mesh, there: &Observed, now: OffsetDateTime) -> Vec<Finding> {
    let waiting = |of: ClusterId| {
        let (guests, files) = (names(mesh, of)?, there.files.get(&of)?);
        let end = certs::examine(files.authority.as_ref()?).ok()?.not_after;
        let days = days_between(now, end);
        (end > now && days < SOON).then(|| {
            let remedy = match files.next_authority {
                None => format!("`mesh certs rotate --ca {}` prepares the next one", of.number()),
                Some(_) => format!(
                    "make new invitations, have them joined, then `mesh certs rotate --ca --peers-joined {}`",
                    of.number()
                ),
            };
            let left = counted(days.unsigned_abs(), "day");
            Finding::warning(
                format!("the authority of {of} expires in {left}, and is not replaced by itself, since guests trust no other: {guests}"),
                remedy,
            )
        })
    };
    mesh.clusters().filter_map(waiting).collect()
}

/// The command by which the next authorities of these clusters take over, once guests have joined by new invitations.
/// Without clusters, it is about all that have guests.
pub fn takes_over(mesh: &Mesh, waiting: impl IntoIterator<Item = ClusterId>) -> String {
    let is_invited = |of: &ClusterId| mesh.guests_of(*of).next().is_some();
    let all = ClusterSet::new(mesh.clusters().filter(is_invited));
    let some = ClusterSet::new(waiting.into_iter().filter(is_invited)).filter(|some| Some(some) != all.as_ref());
    let on = some.map_or_else(String::new, |some| format!(" {some}"));
    format!("mesh certs rotate --ca --peers-joined{on}")
}

fn names(mesh: &Mesh, of: ClusterId) -> Option<String> {
    let names: Vec<String> = mesh.guests_of(of).map(ToString::to_string).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

#[cfg(test)]
mod tests {
    use time::{Duration, macros::datetime};

    use super::*;
    use crate::{
        facts::guests::{GuestKeyFacts, trusts},
        mesh::{example::cluster, peers::Guest, secret::Secret, settings::KeyDays},
    };

    const NOW: OffsetDateTime = datetime!(2026-11-26 12:00 UTC);

    fn mesh() -> Mesh {
        let guest = Guest { on: "1".parse().unwrap(), share: Vec::new(), days: KeyDays::default() };
        Mesh { guests: [("berlin".parse().unwrap(), guest)].into(), ..Mesh::example(2) }
    }

    fn there(authority: &Authority) -> Observed {
        let files = ClusterFiles {
            authority: Some(authority.certificate().to_owned()),
            authority_key: Some(authority.key().clone()),
            ..ClusterFiles::default()
        };
        Observed { files: [(cluster(1), files)].into(), ..Observed::default() }
    }

    #[test]
    fn a_guest_trusts_what_its_newest_invitation_has() {
        let (old, new) = (Authority::issue("cluster01", NOW), Authority::issue("cluster01", NOW));
        let invited = |id: &str, minute: i64, pem: &[&str]| GuestKeyFacts {
            created: Some(NOW + Duration::minutes(minute)),
            authorities: Some(certs::fingerprints(&pem.concat())),
            ..GuestKeyFacts::example("berlin", id)
        };
        let knows = |keys: &[&GuestKeyFacts], authority: &Authority| {
            let keys: GuestKeys = [(cluster(1), Ok(keys.iter().copied().cloned().collect()))].into();
            trusts(&mesh(), &keys, &"berlin".parse().unwrap(), cluster(1), authority.certificate())
        };
        let first = invited("a", 0, &[old.certificate()]);
        let second = invited("b", 1, &[old.certificate(), new.certificate()]);
        assert_eq!([knows(&[&first], &old), knows(&[&first], &new)], [Some(true), Some(false)]);
        assert_eq!(knows(&[&first, &second], &new), Some(true));
        assert_eq!(knows(&[&GuestKeyFacts { authorities: None, ..first.clone() }], &old), None, "of an older mesh");
        assert_eq!(knows(&[], &old), None);

        let renewal = Renewal { authorities: [cluster(1), cluster(2)].into(), ..Renewal::default() };
        let settled = |there: &Observed, key: &GuestKeyFacts| {
            let keys: GuestKeys = [(cluster(1), Ok(vec![key.clone()]))].into();
            trusted_by_all(&mesh(), there, &keys, &renewal)
        };
        assert_eq!(settled(&there(&new), &second), [cluster(1)].into());
        assert_eq!(settled(&there(&new), &first), BTreeSet::new());
        assert_eq!(settled(&there(&old), &first), BTreeSet::new(), "none has ever waited");
        let mut prepared = there(&old);
        prepared.files.get_mut(&cluster(1)).unwrap().next_authority = Some(new.certificate().to_owned());
        assert_eq!(settled(&prepared, &second), BTreeSet::new(), "one waits");
    }

    #[test]
    fn an_authority_that_guests_trust_is_reported_and_kept() {
        let look = |there: &Observed| {
            let kept = kept_authority(&mesh(), there, NOW).map(|kept| format!("{kept}\n{}", kept.hint().unwrap()));
            let soon = waiting_authorities(&mesh(), there, NOW);
            let soon = soon.into_iter().map(|finding| format!("{}\n{}", finding.message, finding.hint));
            kept.into_iter().chain(soon).collect::<Vec<_>>().join("\n")
        };
        let issued = |days_left: i64| Authority::issue("cluster01", NOW - Duration::days(3652 - days_left));
        assert_eq!(look(&there(&issued(300))), "");
        insta::assert_snapshot!(look(&there(&issued(20))), @r"
        the authority of cluster01 expires in 20 days, and is not replaced by itself, since guests trust no other: berlin
        `mesh certs rotate --ca 1` prepares the next one
        ");
        insta::assert_snapshot!(look(&there(&issued(-1))), @r"
        the authority of cluster01 has expired, and is not replaced by itself, since guests trust no other: berlin
        `mesh certs rotate --ca 1` replaces it; then make new invitations, and have them joined
        ");
        let mut there = there(&issued(300));
        let files = there.files.get_mut(&cluster(1)).unwrap();
        files.authority_key = Some(Secret::new("none"));
        assert!(look(&there).starts_with("the authority of cluster01 cannot be used ("));
        there.files.get_mut(&cluster(1)).unwrap().authority_key = None;
        insta::assert_snapshot!(look(&there), @r"
        the authority of cluster01 has lost its key, and is not replaced by itself, since guests trust no other: berlin
        `mesh certs rotate --ca 1` replaces it; then make new invitations, and have them joined
        ");
        assert_eq!(kept_authority(&Mesh::example(2), &there, NOW), None, "no one trusts it");
    }

    /// Of clusters whose next authority was not made, the command would be refused.
    #[test]
    fn what_takes_over_is_what_was_prepared() {
        let mut mesh = mesh();
        let command = |mesh: &Mesh, waiting: &[u8]| takes_over(mesh, waiting.iter().map(|number| cluster(*number)));
        assert_eq!(command(&mesh, &[1, 2]), "mesh certs rotate --ca --peers-joined", "the other has no guest");
        for guest in mesh.guests.values_mut() {
            guest.on = "1-2".parse().unwrap();
        }
        assert_eq!(command(&mesh, &[1]), "mesh certs rotate --ca --peers-joined 1");
        assert_eq!(command(&mesh, &[1, 2]), "mesh certs rotate --ca --peers-joined");
    }
}
