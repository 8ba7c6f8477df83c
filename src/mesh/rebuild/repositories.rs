//! Where the snapshots of a mesh whose `mesh.json` is lost are kept, as its containers mount it, and when they are
//! taken, as its servers tell. Pure: no I/O.

use std::{collections::BTreeMap, path::Path};

use serde_json::Value as Json;

use super::{Traces, most_common, of_cluster};
use crate::mesh::{
    Mesh,
    cluster_set::ClusterSet,
    id::ClusterId,
    name::MeshName,
    settings::{Keep, Overrides, Repository, Snapshots},
    snapshots::{RepositorySpec, place},
};

/// What a cluster's server tells of its snapshots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SnapshotTrace {
    pub repository: Option<RepositorySpec>,
    /// The policy by which it takes them itself.
    pub policy: Option<Json>,
}

impl SnapshotTrace {
    /// The setting that this comes from, as far as it tells; the rest is that of `mounted`.
    fn setting(&self, mounted: Snapshots, place: &str) -> Snapshots {
        let bucket = self.repository.as_ref().and_then(|repository| bucket(repository, place));
        let snapshots = Snapshots { repository: bucket.unwrap_or(mounted.repository.clone()), ..mounted };
        self.policy.as_ref().and_then(|policy| scheduled(policy, snapshots.clone())).unwrap_or(snapshots)
    }
}

fn bucket(RepositorySpec { kind, settings }: &RepositorySpec, place: &str) -> Option<Repository> {
    let bucket = settings.get("bucket").filter(|_| kind == "s3")?.clone();
    let base_path = settings.get("base_path")?.strip_suffix(place)?.trim_end_matches('/').to_owned();
    Some(Repository::S3 { bucket, base_path })
}

/// A setting with what a policy says, see [`Mesh::snapshot_policy`]; `None` for a policy that is another.
fn scheduled(policy: &Json, snapshots: Snapshots) -> Option<Snapshots> {
    let texts = |list: &Json| -> Option<Vec<String>> {
        list.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
    };
    let number = |value: &Json| u32::try_from(value.as_u64()?).ok();
    let (config, retention) = (&policy["config"], &policy["retention"]);
    Some(Snapshots {
        schedule: Some(policy["schedule"].as_str()?.to_owned()),
        indices: texts(&config["indices"])?,
        feature_states: texts(&config["feature_states"])?.into_iter().filter(|state| state != "none").collect(),
        keep: Keep {
            days: retention["expire_after"].as_str()?.strip_suffix('d')?.parse().ok()?,
            least: number(&retention["min_count"])?,
            most: number(&retention["max_count"])?,
        },
        ..snapshots
    })
}

impl Traces {
    /// What each container of Elasticsearch tells of its cluster's snapshots: where they are, and nothing of when they
    /// are taken and how long they are kept.
    pub(super) fn snapshots(&self, dir: &Path, name: Option<&MeshName>) -> BTreeMap<ClusterId, Snapshots> {
        let of = |mounted: &str, cluster: ClusterId| {
            let above = mounted.strip_suffix(&place(name, cluster)).and_then(|above| above.strip_suffix('/'));
            let repository = match above.filter(|_| !Path::new(mounted).starts_with(dir)) {
                Some(path) => Repository::Path(path.into()),
                None => Repository::Directory,
            };
            Snapshots { repository, ..Snapshots::default() }
        };
        let mounted = self
            .containers
            .iter()
            .filter_map(|container| Some((container.service.cluster(), container.backup.as_deref()?)));
        mounted.map(|(cluster, mounted)| (cluster, of(mounted, cluster))).collect()
    }
}

impl Mesh {
    /// Takes over what servers tell of their snapshots; a cluster whose server tells nothing is as most others. Says
    /// what nothing tells.
    pub fn take_snapshots(&mut self, shown: &BTreeMap<ClusterId, SnapshotTrace>) -> Vec<String> {
        let clusters: Vec<ClusterId> = self.clusters().collect();
        let known = clusters.iter().filter_map(|cluster| {
            let place = place(self.name.as_ref(), *cluster);
            Some((*cluster, shown.get(cluster)?.setting(self.snapshots(*cluster), &place)))
        });
        let known: BTreeMap<ClusterId, Snapshots> = known.collect();
        if let Some(common) = most_common(known.values().cloned()) {
            let mounted: Vec<(ClusterId, Snapshots)> =
                clusters.iter().map(|cluster| (*cluster, self.snapshots(*cluster))).collect();
            let usual = std::mem::replace(&mut self.spec.snapshots, common.clone());
            for (cluster, mounted) in mounted {
                let wanted = match known.get(&cluster) {
                    Some(wanted) => wanted.clone(),
                    None if mounted == usual => common.clone(),
                    None => Snapshots { repository: mounted.repository, ..common.clone() },
                };
                if self.snapshots(cluster) != wanted {
                    let own = Overrides { snapshots: Some(wanted), ..Overrides::default() };
                    self.overrides.extend(of_cluster(cluster, &own));
                }
            }
        }
        let silent = ClusterSet::new(clusters.into_iter().filter(|cluster| !known.contains_key(cluster)));
        let silent = silent.map(|silent| {
            format!(
                "nothing tells when snapshots of {} are taken, so that is as most others have it, or never; \
                 `snapshots` names it",
                silent.named()
            )
        });
        let rest = "nothing tells `late_after` of snapshots, nor `indices`, `feature_states` and `keep` where they have \
                    no `schedule`, so these are the defaults; `snapshots` names them";
        silent.into_iter().chain([rest.to_owned()]).collect()
    }

    /// What to know of the settings of single clusters, if there are any: which of them were given by `--set` is not
    /// known.
    pub fn unknown_of_single_clusters(&self) -> Option<String> {
        let note =
            "what `--set` gave single clusters is rebuilt as `overrides`, which those of a settings file replace";
        (!self.overrides.is_empty()).then(|| note.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::{
        example::cluster,
        rebuild::tests::{now, traces},
        settings::per_cluster::read_set,
    };

    /// What the servers of a mesh tell of its snapshots, but for those of `silent`.
    fn shown(mesh: &Mesh, silent: &[u8]) -> BTreeMap<ClusterId, SnapshotTrace> {
        let trace = |of| SnapshotTrace { repository: mesh.repository(of, None), policy: mesh.snapshot_policy(of) };
        let answers = mesh.clusters().filter(|of| !silent.contains(&of.number()));
        answers.map(|of| (of, trace(of))).collect()
    }

    #[test]
    fn servers_tell_when_snapshots_are_taken_and_what_else_nothing_tells_is_named() {
        let mut mesh = Mesh::example(3);
        let nightly = "{repository: /mnt/nfs, schedule: '0 30 1 * * ?', indices: [logs-*], feature_states: [], \
                       keep: {for: 7d, least: 2, most: 9}}";
        mesh.spec.snapshots = serde_json::from_value(nightly.into()).unwrap();
        mesh.overrides = ["2.snapshots={repository: {type: s3, bucket: b, base_path: a/b}}"]
            .map(|text| read_set(text).unwrap())
            .into();
        let mesh = mesh.moved_to("10.213.0.0/24".parse().unwrap());
        let rebuilt = |silent: &[u8]| {
            let mut rebuilt = Mesh::rebuild(&traces(&mesh), &Overrides::default(), now()).unwrap();
            let notes = rebuilt.take_snapshots(&shown(&mesh, silent));
            (rebuilt, notes.join("\n"))
        };
        let (whole, notes) = rebuilt(&[]);
        assert_eq!(whole.spec.snapshots, mesh.spec.snapshots);
        for cluster in mesh.clusters() {
            assert_eq!(whole.snapshots(cluster), mesh.snapshots(cluster), "{cluster}");
        }
        insta::assert_snapshot!(notes, @"nothing tells `late_after` of snapshots, nor `indices`, `feature_states` and `keep` where they have no `schedule`, so these are the defaults; `snapshots` names them");
        insta::assert_snapshot!(whole.unknown_of_single_clusters().unwrap_or_default(), @"what `--set` gave single clusters is rebuilt as `overrides`, which those of a settings file replace");
        assert_eq!(Mesh::example(2).unknown_of_single_clusters(), None);
        let (part, notes) = rebuilt(&[3]);
        assert_eq!(part.snapshots(cluster(3)), mesh.snapshots(cluster(3)), "as most others");
        insta::assert_snapshot!(notes, @r"
        nothing tells when snapshots of cluster03 are taken, so that is as most others have it, or never; `snapshots` names it
        nothing tells `late_after` of snapshots, nor `indices`, `feature_states` and `keep` where they have no `schedule`, so these are the defaults; `snapshots` names them
        ");
        let (none, _) = rebuilt(&[1, 2, 3]);
        assert_eq!(none.snapshots(cluster(1)).schedule, None);
        assert_eq!(none.repository_dir(cluster(1)), mesh.repository_dir(cluster(1)));
    }
}
