//! What to think of a mesh's snapshots. Pure.

mod list;
mod room;
mod unusable;
mod way_back;

use time::OffsetDateTime;

pub use self::{
    list::{SnapshotList, SnapshotRow},
    room::require_room,
    unusable::{Restore, Unusable, deletion, require_owners},
    way_back::WayBack,
};
use super::{check::Finding, scope::Scope};
use crate::{
    facts::{
        observed::Observed,
        snapshots::{PolicyFacts, SnapshotFacts, last_good},
    },
    mesh::{Mesh, id::ClusterId},
};

/// The snapshots of a cluster, where they were asked for and its repository can be read.
pub fn of(there: &Observed, cluster: ClusterId) -> Option<&[SnapshotFacts]> {
    let snapshots = there.server(cluster)?.vitals.as_ref()?.snapshots.as_ref()?;
    snapshots.as_ref().ok().map(Vec::as_slice)
}

/// Whether a cluster has something that a snapshot would save: any index but the server's own, since hidden ones hold
/// data, too, above all those of data streams.
pub fn has_data(there: &Observed, cluster: ClusterId) -> bool {
    let vitals = there.server(cluster).and_then(|server| server.vitals.as_ref());
    vitals.is_some_and(|vitals| vitals.indices > 0)
}

/// Whether a cluster that answers may have something that a snapshot would save: it has, or does not say.
pub fn may_have_data(there: &Observed, cluster: ClusterId) -> bool {
    there.server(cluster).is_some_and(|server| server.vitals.is_none()) || has_data(there, cluster)
}

/// Why the snapshots of a cluster cannot be listed; `None` where they can, or where it has no repository.
pub fn unreadable(there: &Observed, cluster: ClusterId) -> Option<Unusable> {
    Unusable::hidden(there, cluster).or_else(|| {
        let found = there.server(cluster)?.vitals.as_ref()?.snapshots.as_ref()?;
        Some(Unusable::Unreadable(cluster, found.as_ref().err()?.clone()))
    })
}

/// What is wrong with the snapshots of the clusters in a scope.
pub fn warnings(mesh: &Mesh, scope: Scope, there: &Observed, now: OffsetDateTime) -> Vec<Finding> {
    scope.clusters(mesh).filter_map(|cluster| warning(mesh, cluster, there, now)).collect()
}

fn warning(mesh: &Mesh, cluster: ClusterId, there: &Observed, now: OffsetDateTime) -> Option<Finding> {
    let number = cluster.number();
    let of = |error: &Unusable| Finding::warning(error.to_string(), error.remedy());
    if let Some(hidden) = Unusable::hidden(there, cluster) {
        return Some(of(&hidden));
    }
    let server = there.server(cluster)?;
    let (take, snapshots) = (format!("`mesh snapshots create {number}`"), mesh.snapshots(cluster));
    let repository = server.repository.as_ref().filter(|_| !snapshots.is_off())?;
    if let (Some((root, below)), None) = (mesh.repository_place(cluster), there.repository_owner(cluster)) {
        let message = format!("the snapshots of {cluster} are gone from {}", root.join(below).display());
        let remedy = format!(
            "if its disk is not mounted, mount it and type `mesh manage restart {number}`; `mesh create` makes an empty \
             directory"
        );
        return Some(Finding::warning(message, remedy));
    }
    if repository.is_read_only() {
        return Some(of(&Unusable::ReadOnly(cluster)));
    }
    if let Some(error) = unreadable(there, cluster) {
        return Some(of(&error));
    }
    if !is_late(mesh, cluster, there, now)? {
        return None;
    }
    let message = match last_good(self::of(there, cluster)?).and_then(|last| last.ended) {
        Some(ended) => format!("the last good snapshot of {cluster} is {} old", age(now - ended)),
        None => format!("{cluster} has no good snapshot"),
    };
    let by_itself = snapshots.schedule.is_some() && server.snapshot_policy != PolicyFacts::Unsupported;
    let remedy = if by_itself {
        format!("see `mesh es {number} GET _slm/policy/mesh`; {take} takes one now")
    } else {
        format!("{take} takes one; cron or a timer can type it every day")
    };
    Some(Finding::warning(message, remedy))
}

/// Whether the last good snapshot of a cluster is older than it may be, or missing though there is something to save;
/// `None` where nothing says how old it may be, or it is not known.
pub fn is_late(mesh: &Mesh, cluster: ClusterId, there: &Observed, now: OffsetDateTime) -> Option<bool> {
    let late_after = mesh.snapshots(cluster).late_after()?;
    let ended = last_good(of(there, cluster)?).and_then(|last| last.ended);
    Some(has_data(there, cluster) && ended.is_none_or(|ended| now - ended > late_after))
}

/// A time in its largest unit, rounded down.
pub fn age(time: time::Duration) -> String {
    match (time.whole_days(), time.whole_hours(), time.whole_minutes()) {
        (days @ 2.., ..) => format!("{days}d"),
        (_, hours @ 2.., _) => format!("{hours}h"),
        (_, _, minutes) => format!("{}m", minutes.max(0)),
    }
}

#[cfg(test)]
pub(in crate::judge) mod tests {
    use std::collections::BTreeMap;

    use time::{Duration, macros::datetime};

    use super::*;
    use crate::{
        facts::{
            health::{Color, Health},
            observed::{Answer, OwnerFacts, ServerFacts, Vitals},
        },
        mesh::snapshots::RepositorySpec,
    };

    const NOW: OffsetDateTime = datetime!(2026-11-26 12:00 UTC);

    pub(in crate::judge) fn server(indices: usize, snapshots: Result<Vec<SnapshotFacts>, String>) -> ServerFacts {
        let health = Health::of(Color::Green);
        ServerFacts {
            repository: Some(RepositorySpec { kind: "fs".to_owned(), settings: BTreeMap::new() }),
            vitals: Some(Vitals {
                health,
                version: String::new(),
                documents: 0,
                store: 0,
                indices,
                whole_store: 0,
                heap_used: 0,
                heap_max: 0,
                disk_free: 0,
                disk_total: 0,
                snapshots: Some(snapshots),
            }),
            ..ServerFacts::licensed("trial", NOW)
        }
    }

    pub(in crate::judge) fn there(server: ServerFacts) -> Observed {
        Observed {
            servers: BTreeMap::from([(ClusterId::FIRST, Answer::Ready(server))]),
            repository_owners: BTreeMap::from([(
                ClusterId::FIRST,
                OwnerFacts::Is(Mesh::example(1).owner_of_repository(ClusterId::FIRST)),
            )]),
            ..Observed::default()
        }
    }

    #[test]
    fn a_directory_that_is_gone_may_be_a_disk_that_is_not_mounted() {
        let there = Observed { repository_owners: BTreeMap::new(), ..there(server(1, Ok(Vec::new()))) };
        let found = warnings(&Mesh::example(1), Scope::new(None), &there, NOW);
        let texts: Vec<String> = found.into_iter().map(|found| format!("{}: {}", found.message, found.hint)).collect();
        insta::assert_snapshot!(texts.join("\n"), @"the snapshots of cluster01 are gone from /mnt/data/mesh/cluster01/elastic/backup: if its disk is not mounted, mount it and type `mesh manage restart 1`; `mesh create` makes an empty directory");
    }

    #[test]
    fn a_link_in_the_place_of_a_directory_is_named() {
        let link = OwnerFacts::Unreadable { reason: "`/x` is a link".to_owned(), remedy: "look at it".to_owned() };
        let there = Observed {
            repository_owners: BTreeMap::from([(ClusterId::FIRST, link)]),
            ..there(server(1, Ok(vec![taken(1, "SUCCESS")])))
        };
        let found = warnings(&Mesh::example(1), Scope::new(None), &there, NOW);
        let texts: Vec<String> = found.into_iter().map(|found| format!("{}: {}", found.message, found.hint)).collect();
        insta::assert_snapshot!(texts.join("\n"), @"nothing tells who writes to the snapshot repository of cluster01: `/x` is a link: look at it");
        assert_eq!(unreadable(&there, ClusterId::FIRST), Unusable::hidden(&there, ClusterId::FIRST));
        assert!(require_owners(&there).is_err());
    }

    fn warned(server: ServerFacts) -> String {
        let mut mesh = Mesh::example(1);
        mesh.spec.snapshots.late_after = Some(26);
        let there = there(server);
        let found = warnings(&mesh, Scope::new(None), &there, NOW);
        let texts = found.into_iter().map(|warning| format!("{}: {}", warning.message, warning.hint));
        texts.collect::<Vec<_>>().join("\n")
    }

    fn taken(hours: i64, state: &str) -> SnapshotFacts {
        let ended = Some(NOW - Duration::hours(hours));
        let indices = ["a".to_owned()].into();
        SnapshotFacts { state: state.to_owned(), indices, started: ended, ended, ..SnapshotFacts::default() }
    }

    #[test]
    fn only_one_that_ended_well_counts() {
        let late = "the last good snapshot of cluster01 is 2d old: `mesh snapshots create 1` takes one; cron or a timer can type it every day";
        assert_eq!(warned(server(1, Ok(vec![taken(1, "PARTIAL"), taken(50, "SUCCESS")]))), late);
        assert_eq!(warned(server(1, Ok(vec![taken(25, "SUCCESS")]))), "");
        assert!(warned(server(1, Ok(Vec::new()))).starts_with("cluster01 has no good snapshot"));
        assert_eq!(warned(server(0, Ok(Vec::new()))), "", "there is nothing to save");
        insta::assert_snapshot!(warned(server(1, Err("missing".to_owned()))), @"the snapshot repository of cluster01 cannot be read: missing: see that its directory is there and belongs to the containers' user; after it was mounted again, `mesh manage restart 1`; if what was in it is lost, `mesh es 1 DELETE /_snapshot/mesh` and then `mesh create` begin anew");
    }

    #[test]
    fn a_cluster_that_does_not_say_what_it_has_may_have_data() {
        let asked = |server: ServerFacts| {
            let there = there(server);
            (has_data(&there, ClusterId::FIRST), may_have_data(&there, ClusterId::FIRST))
        };
        assert_eq!(asked(server(1, Ok(Vec::new()))), (true, true));
        assert_eq!(asked(server(0, Ok(Vec::new()))), (false, false));
        assert_eq!(asked(ServerFacts { vitals: None, ..server(1, Ok(Vec::new())) }), (false, true));
    }
}
