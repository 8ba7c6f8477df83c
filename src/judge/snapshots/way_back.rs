//! How to go back to the versions before an upgrade. Pure.

use std::collections::BTreeMap;

use super::{has_data, may_have_data, of};
use crate::{
    facts::{observed::Observed, snapshots::last_good},
    mesh::{Mesh, cluster_set::ClusterSet, id::ClusterId, settings::StackVersion},
};

/// What brings a mesh back to an older version, with the data that its clusters had then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayBack {
    /// The commands, each with what it is for, in the order in which they are typed.
    pub commands: Vec<String>,
    /// Clusters with data of which no snapshot of an older version is there.
    pub lost: Option<ClusterSet>,
}

impl WayBack {
    /// The way back from `to`, by the last good snapshot of each cluster that `mesh` took before the cluster had that
    /// version, whichever run took it. `None` where there is no such snapshot.
    pub fn from(to: StackVersion, mesh: &Mesh, there: &Observed) -> Option<Self> {
        let (upgraded, others): (Vec<ClusterId>, Vec<ClusterId>) =
            mesh.clusters().partition(|cluster| mesh.version(*cluster) >= to);
        let (mut restores, mut lost): (BTreeMap<&str, Vec<ClusterId>>, Vec<ClusterId>) = Default::default();
        let mut version = None;
        for cluster in upgraded {
            let taken = of(there, cluster).filter(|_| !mesh.snapshots(cluster).is_off()).unwrap_or_default().iter();
            match last_good(taken.filter(|taken| taken.taken_on.is_some_and(|on| on < to))) {
                Some(good) => {
                    restores.entry(&good.name).or_default().push(cluster);
                    version = version.max(good.taken_on);
                }
                None if has_data(there, cluster) => lost.push(cluster),
                None => {}
            }
        }
        let version = version?;
        // `mesh reset` deletes the data of a cluster that was not upgraded, too
        let saved: Vec<ClusterId> = others.into_iter().filter(|cluster| may_have_data(there, *cluster)).collect();
        let save = ClusterSet::new(saved.iter().copied()).map(|set| format!("`mesh snapshots create {set}`"));
        if !saved.is_empty() {
            restores.insert("last", saved);
        }
        let afresh = afresh(mesh, version);
        let restores = restores.into_iter().map(|(name, clusters)| restore(name, &clusters));
        Some(Self { commands: save.into_iter().chain(afresh).chain(restores).collect(), lost: ClusterSet::new(lost) })
    }
}

/// The commands that make the mesh again, with the snapshots that it has.
fn afresh(mesh: &Mesh, version: StackVersion) -> [String; 2] {
    let all = mesh.cluster_set();
    let inside =
        mesh.clusters().filter(|cluster| mesh.keeps_snapshots_inside(*cluster) && !mesh.snapshots(*cluster).is_off());
    let create = format!("mesh create {} --stack-version {version}", all.to_mesh_text());
    let keep = "`mesh reset --keep-snapshots DIR`".to_owned();
    match ClusterSet::new(inside) {
        None => ["`mesh reset`".to_owned(), format!("`{create}` with the same `snapshots`")],
        Some(inside) if inside == all => [keep, format!("`{create} --snapshots DIR`")],
        Some(inside) => [keep, format!("`{create}` with the same `snapshots`, but DIR for {}", inside.named())],
    }
}

fn restore(name: &str, clusters: &[ClusterId]) -> String {
    match clusters {
        [cluster] => format!("`mesh snapshots restore {} {name}`", cluster.number()),
        several => {
            let set = ClusterSet::new(several.iter().copied()).map_or_else(String::new, |set| set.named());
            format!("`mesh snapshots restore CLUSTER {name}` for each of {set}")
        }
    }
}

#[cfg(test)]
mod tests {
    use time::{Duration, OffsetDateTime, macros::datetime};

    use super::*;
    use crate::{
        facts::{observed::Answer, snapshots::SnapshotFacts},
        judge::snapshots::tests::server,
    };

    const NOW: OffsetDateTime = datetime!(2026-11-26 12:00 UTC);

    fn version(text: &str) -> StackVersion {
        text.parse().unwrap()
    }

    fn taken(name: &str, hours: i64, on: &str) -> SnapshotFacts {
        let ended = Some(NOW - Duration::hours(hours));
        let indices = ["a".to_owned()].into();
        let (name, state, taken_on) = (name.to_owned(), "SUCCESS".to_owned(), on.parse().ok());
        SnapshotFacts { name, state, indices, taken_on, started: ended, ended, ..SnapshotFacts::default() }
    }

    /// A mesh with data, of these snapshots.
    fn there<const N: usize>(snapshots: [Vec<SnapshotFacts>; N]) -> Observed {
        let servers = (1..)
            .filter_map(ClusterId::new)
            .zip(snapshots)
            .map(|(cluster, of)| (cluster, Answer::Ready(server(1, Ok(of)))));
        Observed { servers: servers.collect(), ..Observed::default() }
    }

    fn shown(mesh: &Mesh, there: &Observed) -> String {
        let Some(way) = WayBack::from(version("9.5.3"), mesh, there) else { return "none".to_owned() };
        let lost = way.lost.map_or_else(String::new, |lost| format!("\nlost: {}", lost.named()));
        way.commands.join("\n") + &lost
    }

    #[test]
    fn the_last_snapshot_from_before_leads_back_whichever_run_took_it() {
        let mesh = Mesh::example(2).of_version(version("9.5.3"));
        let both = || vec![taken("before", 3, "8.19.21"), taken("after", 1, "9.5.3"), taken("old", 30, "8.19.21")];
        insta::assert_snapshot!(shown(&mesh, &there([both(), both()])), @r"
        `mesh reset --keep-snapshots DIR`
        `mesh create 2 --stack-version 8.19.21 --snapshots DIR`
        `mesh snapshots restore CLUSTER before` for each of clusters 1-2
        ");
        insta::assert_snapshot!(shown(&mesh, &there([both(), vec![taken("after", 1, "9.5.3")]])), @r"
        `mesh reset --keep-snapshots DIR`
        `mesh create 2 --stack-version 8.19.21 --snapshots DIR`
        `mesh snapshots restore 1 before`
        lost: cluster02
        ");
        assert_eq!(shown(&mesh, &there([Vec::new(), vec![taken("by hand", 1, "")]])), "none");
    }

    #[test]
    fn a_cluster_that_stays_on_its_version_is_saved_first() {
        let mesh = Mesh::example(2).of_version(version("8.19.21"));
        let second = ClusterId::new(2).unwrap();
        let mesh = mesh.upgrade_to(version("9.5.3"), None).unwrap().with_upgraded(second);
        let there = there([vec![taken("old", 30, "8.19.21")], vec![taken("before", 3, "8.19.21")]]);
        insta::assert_snapshot!(shown(&mesh, &there), @r"
        `mesh snapshots create 1`
        `mesh reset --keep-snapshots DIR`
        `mesh create 2 --stack-version 8.19.21 --snapshots DIR`
        `mesh snapshots restore 2 before`
        `mesh snapshots restore 1 last`
        ");
        let mut outside = mesh;
        outside.spec.snapshots = serde_json::from_value(serde_json::json!("/mnt/nfs")).unwrap();
        insta::assert_snapshot!(shown(&outside, &there), @r"
        `mesh snapshots create 1`
        `mesh reset`
        `mesh create 2 --stack-version 8.19.21` with the same `snapshots`
        `mesh snapshots restore 2 before`
        `mesh snapshots restore 1 last`
        ");
    }
}
