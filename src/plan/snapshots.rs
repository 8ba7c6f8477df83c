//! The plans of `mesh snapshots`: what is taken, deleted and brought back. Pure.

use std::collections::{BTreeMap, BTreeSet};

use time::{Duration, OffsetDateTime};

use super::{Plan, Restoration, SnapshotStep, Step};
use crate::{
    facts::snapshots::{SnapshotFacts, Worth, last_good},
    mesh::{Mesh, id::ClusterId, pattern::covers, settings::Snapshots, snapshots::name_at},
};

/// The stages that take a snapshot of each cluster, and then delete those of the mesh that are older than what is kept.
/// A snapshot that is not good ends the run before anything is deleted.
pub fn take(mesh: &Mesh, name: &str, there: &BTreeMap<ClusterId, Vec<SnapshotFacts>>, now: OffsetDateTime) -> Plan {
    let taken = there.keys().map(|on| SnapshotStep::Take { on: *on, name: name.to_owned() }.into());
    let old = there.iter().flat_map(|(on, found)| {
        let kept: Vec<&SnapshotFacts> = found.iter().filter(|snapshot| snapshot.name != name).collect();
        let expired = expired(&mesh.snapshots(*on), &mesh.id, &kept, now);
        expired.into_iter().map(|name| Step::from(SnapshotStep::Delete { on: *on, name }))
    });
    // a server deletes one after the other, and says so to the second
    let (clusters, old) = (there.len(), old.collect::<Vec<_>>());
    Plan::of(mesh.name.as_ref()).stage("take snapshots", taken).lanes("delete old snapshots", clusters.max(1), old)
}

/// The name of the snapshot that an earlier run of `mesh snapshots create` began and a server still takes: to take it
/// again is to wait for it. `None` where it is not whole on another cluster. One that a server began by itself may be
/// older than what is asked for.
pub fn in_progress<'a>(mesh: &Mesh, there: &'a BTreeMap<ClusterId, Vec<SnapshotFacts>>) -> Option<&'a str> {
    let all = || there.values().flatten().filter(|snapshot| snapshot.mesh.as_deref() == Some(&mesh.id));
    let begun = all().filter(|snapshot| snapshot.worth() == Worth::InProgress && snapshot.taken_on.is_some());
    let name = &begun.max_by_key(|snapshot| snapshot.started)?.name;
    let is_whole = |snapshot: &SnapshotFacts| !matches!(snapshot.worth(), Worth::Partial | Worth::Failed);
    all().filter(|snapshot| snapshot.name == *name).all(is_whole).then_some(name)
}

/// The name of a snapshot that is taken now, which none that is there has: two can be taken within a second.
pub fn free_name(there: &BTreeMap<ClusterId, Vec<SnapshotFacts>>, now: OffsetDateTime) -> String {
    let taken = |name: &String| there.values().flatten().any(|snapshot| snapshot.name == *name);
    let mut names = (0..).map(|seconds| name_at(now + Duration::seconds(seconds)));
    names.find(|name| !taken(name)).unwrap_or_else(|| name_at(now))
}

/// The stages that delete snapshots of one cluster.
pub fn remove(mesh: &Mesh, on: ClusterId, names: impl IntoIterator<Item = String>) -> Plan {
    let steps = names.into_iter().map(|name| SnapshotStep::Delete { on, name }.into());
    Plan::of(mesh.name.as_ref()).lanes("delete snapshots", 1, steps)
}

/// The stages that restore from one snapshot. That users may come back is recorded before: they are known only then.
pub fn restore(mesh: &Mesh, restoration: Restoration, features: Vec<String>) -> Plan {
    let (on, snapshot) = (restoration.on, restoration.snapshot.clone());
    let user_data = (!restoration.becomes.is_empty()).then(|| SnapshotStep::Restore(Box::new(restoration)).into());
    let record = (!features.is_empty()).then_some(Step::Record);
    let states = (!features.is_empty()).then(|| SnapshotStep::RestoreFeatures { on, snapshot, features }.into());
    Plan::of(mesh.name.as_ref())
        .stage("restore", user_data)
        .stage("record the mesh", record)
        .stage("restore the states of features", states)
}

/// The snapshots of a mesh that are not kept once there is a newer one: of its own only, never the last good one, and
/// so many stay as `keep` says, the one that is being taken counted.
fn expired(snapshots: &Snapshots, mesh: &str, found: &[&SnapshotFacts], now: OffsetDateTime) -> Vec<String> {
    let keep = snapshots.keep;
    let last = last_good(found.iter().copied()).map(|snapshot| &snapshot.name);
    let mut ours: Vec<&SnapshotFacts> = found
        .iter()
        .copied()
        .filter(|snapshot| snapshot.mesh.as_deref() == Some(mesh) && snapshot.ended.is_some())
        .collect();
    ours.sort_by_key(|snapshot| std::cmp::Reverse(snapshot.started));
    let oldest = now - Duration::days(keep.days.into());
    let is_expired = |(place, snapshot): &(usize, &SnapshotFacts)| {
        // the one that is being taken has the first place
        let place = u32::try_from(place + 2).unwrap_or(u32::MAX);
        let is_old = snapshot.started.is_some_and(|started| started < oldest);
        Some(&snapshot.name) != last && (place > keep.most || (is_old && place > keep.least))
    };
    ours.into_iter().enumerate().filter(is_expired).map(|(_, snapshot)| snapshot.name.clone()).collect()
}

/// Those of the clusters with snapshots `inside` the mesh's directory whose snapshots a plan deletes.
pub fn lost_with(plan: &Plan, inside: &BTreeSet<ClusterId>) -> BTreeSet<ClusterId> {
    let keeps = |step: &Step, cluster: &ClusterId| match step {
        Step::Snapshots(SnapshotStep::Keep { of, .. }) => of == cluster,
        _ => false,
    };
    let is_kept = |cluster: &ClusterId| plan.steps().any(|step| keeps(step, cluster));
    inside.iter().copied().filter(|cluster| plan.deletes(*cluster) && !is_kept(cluster)).collect()
}

/// What stands in the way of a restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// No name in the snapshot matches.
    NothingMatches,
    /// Names that are there already, and would be overwritten.
    Exists(Vec<String>),
    /// Two names of the snapshot would become this one.
    Collides(String),
}

/// What to bring back of a snapshot's `names`: those that match one of `patterns`, under the names that `rename` makes
/// of them. `existing` is what the server has; what an earlier run began to restore from this snapshot is `restoring`,
/// and is waited for.
pub fn restoration(
    on: ClusterId,
    snapshot: &SnapshotFacts,
    (patterns, rename): (&[String], Option<&str>),
    existing: &BTreeSet<String>,
    restoring: &BTreeSet<String>,
) -> Result<Restoration, Obstacle> {
    let chosen: Vec<&str> = snapshot
        .names()
        .into_iter()
        .filter(|name| patterns.is_empty() || patterns.iter().any(|pattern| covers(pattern, name)))
        .collect();
    if chosen.is_empty() {
        return Err(Obstacle::NothingMatches);
    }
    let becomes = |name: &str| rename.map_or_else(|| name.to_owned(), |to| to.replace("$1", name));
    let mut targets = BTreeMap::new();
    for name in &chosen {
        if targets.insert(becomes(name), *name).is_some() {
            return Err(Obstacle::Collides(becomes(name)));
        }
    }
    let taken: Vec<String> =
        targets.keys().filter(|name| existing.contains(*name) && !restoring.contains(*name)).cloned().collect();
    if !taken.is_empty() {
        return Err(Obstacle::Exists(taken));
    }
    let begin = targets.iter().filter(|(target, _)| !existing.contains(*target)).map(|(_, name)| (*name).to_owned());
    Ok(Restoration {
        on,
        snapshot: snapshot.name.clone(),
        begin: begin.collect(),
        rename: rename.map(str::to_owned),
        becomes: targets.into_keys().collect(),
    })
}

/// What to bring back beside the states of features, where nothing is chosen: all that is not there yet. The names that
/// are there stay as they are, and come second.
pub fn restoration_of_missing(
    on: ClusterId,
    snapshot: &SnapshotFacts,
    existing: &BTreeSet<String>,
    restoring: &BTreeSet<String>,
) -> (Restoration, Vec<String>) {
    let names = || snapshot.names().into_iter().map(str::to_owned);
    let (becomes, stays) = names().partition(|name| !existing.contains(name) || restoring.contains(name));
    let begin = names().filter(|name| !existing.contains(name)).collect();
    (Restoration { on, snapshot: snapshot.name.clone(), begin, rename: None, becomes }, stays)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-26 12:00 UTC);

    fn snapshot(name: &str, days: i64, state: &str) -> SnapshotFacts {
        let time = Some(NOW - Duration::days(days));
        SnapshotFacts {
            name: name.to_owned(),
            mesh: Some("m".to_owned()),
            state: state.to_owned(),
            indices: ["logs-a", "logs-b", "hr"].map(str::to_owned).into(),
            started: time,
            ended: time,
            ..SnapshotFacts::default()
        }
    }

    fn expired_of(keep: &str, found: &[SnapshotFacts]) -> String {
        let snapshots: Snapshots = serde_json::from_value(format!("{{keep: {keep}}}").into()).unwrap();
        expired(&snapshots, "m", &found.iter().collect::<Vec<_>>(), NOW).join(" ")
    }

    #[test]
    fn old_snapshots_go_but_not_the_last_good_one() {
        let found = [snapshot("new", 1, "FAILED"), snapshot("old", 40, "SUCCESS"), snapshot("older", 50, "SUCCESS")];
        assert_eq!(expired_of("{for: 30d, least: 1, most: 9}", &found), "older", "the last good one stays");
        assert_eq!(expired_of("{for: 30d, least: 4, most: 9}", &found), "", "so many stay");
        assert_eq!(expired_of("{for: 90d, least: 1, most: 2}", &found), "older", "more are too many");
        let others = [SnapshotFacts { mesh: None, ..snapshot("hand", 99, "SUCCESS") }];
        assert_eq!(expired_of("{for: 1d, least: 1, most: 1}", &others), "", "it is not the mesh's own");
    }

    #[test]
    fn two_snapshots_within_a_second_have_two_names() {
        let first = free_name(&BTreeMap::new(), NOW);
        let there = BTreeMap::from([(ClusterId::FIRST, vec![snapshot(&first, 0, "SUCCESS")])]);
        assert_eq!((first.as_str(), free_name(&there, NOW).as_str()), ("mesh-20261126-120000", "mesh-20261126-120001"));
    }

    #[test]
    fn a_snapshot_that_an_earlier_run_began_is_waited_for() {
        let mesh = Mesh { id: "m".to_owned(), ..Mesh::example(2) };
        let taken =
            |name: &str, state: &str| SnapshotFacts { taken_on: "9.5.3".parse().ok(), ..snapshot(name, 0, state) };
        let second = ClusterId::new(2).unwrap();
        let mut there = BTreeMap::from([(ClusterId::FIRST, vec![taken("a", "SUCCESS")]), (second, Vec::new())]);
        assert_eq!(in_progress(&mesh, &there), None, "it has ended, so another one is asked for");
        there.insert(second, vec![taken("a", "IN_PROGRESS")]);
        assert_eq!(in_progress(&mesh, &there), Some("a"));
        let plan = take(&mesh, "a", &there, NOW).to_string();
        insta::assert_snapshot!(plan, @r"
        take snapshots
          + snapshot a of cluster01
          + snapshot a of cluster02
        ");
        there.insert(ClusterId::FIRST, vec![taken("a", "PARTIAL")]);
        assert_eq!(in_progress(&mesh, &there), None, "the other cluster needs another one");
        there.insert(ClusterId::FIRST, vec![snapshot("b", 0, "IN_PROGRESS")]);
        there.insert(second, Vec::new());
        assert_eq!(in_progress(&mesh, &there), None, "the server took it by itself");
    }

    fn restored(patterns: &[&str], rename: Option<&str>, existing: &[&str], restoring: &[&str]) -> String {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let patterns: Vec<String> = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        let taken = snapshot("s", 1, "SUCCESS");
        let found = restoration(ClusterId::FIRST, &taken, (&patterns, rename), &set(existing), &set(restoring));
        found.map_or_else(
            |obstacle| format!("{obstacle:?}"),
            |found| format!("{} → {}", found.begin.join(" "), found.becomes.join(" ")),
        )
    }

    #[test]
    fn nothing_that_exists_is_overwritten() {
        assert_eq!(restored(&[], None, &[], &[]), "hr logs-a logs-b → hr logs-a logs-b");
        assert_eq!(restored(&["logs-*"], Some("r-$1"), &["logs-a"], &[]), "logs-a logs-b → r-logs-a r-logs-b");
        assert_eq!(restored(&[], None, &["hr", "x"], &[]), r#"Exists(["hr"])"#);
        assert_eq!(restored(&["nope*"], None, &[], &[]), "NothingMatches");
        assert_eq!(restored(&[], Some("one"), &[], &[]), r#"Collides("one")"#);
    }

    #[test]
    fn a_restore_that_was_interrupted_goes_on() {
        assert_eq!(restored(&[], None, &["hr", "logs-a"], &["hr", "logs-a"]), "logs-b → hr logs-a logs-b");
    }

    #[test]
    fn that_users_may_come_back_is_recorded_before_they_do() {
        let nothing = || {
            let snapshot = "s".to_owned();
            Restoration { on: ClusterId::FIRST, snapshot, begin: Vec::new(), rename: None, becomes: Vec::new() }
        };
        let plan = restore(&Mesh::example(1), nothing(), vec!["security".to_owned()]).to_string();
        insta::assert_snapshot!(plan, @r"
        record the mesh
          ~ mesh.json
        restore the states of features
          ~ cluster01 from snapshot s: all that security keeps
        ");
        assert!(restore(&Mesh::example(1), nothing(), Vec::new()).is_empty());
    }

    #[test]
    fn states_of_features_come_back_whatever_else_is_there() {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let taken = snapshot("s", 1, "SUCCESS");
        let missing = |existing: &[&str], restoring: &[&str]| {
            let (found, stays) = restoration_of_missing(ClusterId::FIRST, &taken, &set(existing), &set(restoring));
            format!("{} → {}; {}", found.begin.join(" "), found.becomes.join(" "), stays.join(" "))
        };
        assert_eq!(missing(&[], &[]), "hr logs-a logs-b → hr logs-a logs-b; ");
        assert_eq!(missing(&["hr", "logs-a", "x"], &["logs-a"]), "logs-b → logs-a logs-b; hr");
        assert_eq!(missing(&["hr", "logs-a", "logs-b"], &[]), " → ; hr logs-a logs-b");
    }
}
