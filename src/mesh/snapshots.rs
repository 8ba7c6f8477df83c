//! Repositories, policies and names of snapshots, as they are wanted. Pure: no I/O.
//!
//! Whatever a repository is, its container sees it at one place: a path outside the mesh's directory is mounted there
//! instead of the cluster's own directory. So all servers have one path in their settings, and none sees another's.

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use time::{OffsetDateTime, UtcOffset, format_description::BorrowedFormatItem, macros::format_description};

use super::{
    Mesh,
    id::{ClusterId, METADATA, ServiceKind},
    layout,
    name::MeshName,
    settings::{Repository, Snapshots, StackVersion},
};

/// The name of the mesh's repository on every server.
pub const REPOSITORY: &str = "mesh";
/// The name of the mesh's policy on a server that takes snapshots by itself.
pub const POLICY: &str = "mesh";
/// The directory of a cluster's snapshots, below its service's.
pub const DIRECTORY: &str = "backup";
/// Where a snapshot says of which release its cluster was, if `mesh` took it.
pub const TAKEN_ON: &str = "mesh.stack_version";
/// The file in a repository that names the one cluster that may write to it.
pub const OWNER: &str = "mesh-owner.json";

/// A repository as a server has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositorySpec {
    /// `fs` or `s3`.
    pub kind: String,
    pub settings: BTreeMap<String, String>,
}

impl RepositorySpec {
    /// Whether nothing can be written to it.
    pub fn is_read_only(&self) -> bool {
        self.settings.get("readonly").is_some_and(|value| value == "true")
    }

    pub fn body(&self) -> Json {
        json!({ "type": self.kind, "settings": self.settings })
    }
}

/// The one cluster that writes to a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryOwner {
    /// The id of its mesh.
    pub mesh: String,
    pub cluster: ClusterId,
}

impl Mesh {
    pub fn snapshots(&self, cluster: ClusterId) -> Snapshots {
        self.settings(cluster).snapshots.clone()
    }

    /// The directory of a cluster's snapshots on this machine: the one that is expected to be there, and the path below
    /// it. `None` where they are not in files.
    pub fn repository_place(&self, cluster: ClusterId) -> Option<(PathBuf, String)> {
        match self.snapshots(cluster).repository {
            Repository::Off | Repository::Directory => Some((self.dir.clone(), directory(cluster))),
            Repository::Path(path) => Some((path, place(self.name.as_ref(), cluster))),
            Repository::S3 { .. } => None,
        }
    }

    /// The whole path of a cluster's repository; `None` for one that is no directory.
    pub fn repository_dir(&self, cluster: ClusterId) -> Option<PathBuf> {
        self.repository_place(cluster).map(|(root, below)| root.join(below))
    }

    /// Whether the snapshots of a cluster are deleted with it.
    pub fn keeps_snapshots_inside(&self, cluster: ClusterId) -> bool {
        self.repository_dir(cluster).is_some_and(|dir| dir.starts_with(&self.dir))
    }

    /// Where snapshots stay that `after` looks for elsewhere, a line for each place.
    pub fn repositories_left(&self, after: &Self) -> Vec<String> {
        let mut left: BTreeMap<PathBuf, Vec<String>> = BTreeMap::new();
        for cluster in self.clusters().filter(|cluster| after.has_cluster(*cluster)) {
            let saved = !self.snapshots(cluster).is_off();
            if let Some((root, below)) = self.repository_place(cluster).filter(|_| saved)
                && after.repository_dir(cluster) != Some(root.join(below))
            {
                left.entry(root).or_default().push(cluster.to_string());
            }
        }
        let line = |(root, clusters): (PathBuf, Vec<String>)| {
            let clusters = clusters.join(" ");
            format!("earlier snapshots of {clusters} stay in {}, and are not listed any more", root.display())
        };
        left.into_iter().map(line).collect()
    }

    pub fn owner_of_repository(&self, cluster: ClusterId) -> RepositoryOwner {
        RepositoryOwner { mesh: self.id.clone(), cluster }
    }

    /// The repository that a cluster is to have: one that is another cluster's can only be read. `None` where
    /// snapshots are off.
    pub fn repository(&self, cluster: ClusterId, owner: Option<&RepositoryOwner>) -> Option<RepositorySpec> {
        let text = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let (kind, mut settings) = match self.snapshots(cluster).repository {
            Repository::Off => return None,
            Repository::Directory | Repository::Path(_) => ("fs", BTreeMap::from([text("location", location())])),
            Repository::S3 { bucket, base_path } => {
                let place = place(self.name.as_ref(), cluster);
                let base_path = if base_path.is_empty() { place } else { format!("{base_path}/{place}") };
                ("s3", BTreeMap::from([text("bucket", &bucket), text("base_path", &base_path)]))
            }
        };
        if owner.is_some_and(|owner| *owner != self.owner_of_repository(cluster)) {
            settings.extend([text("readonly", "true")]);
        }
        Some(RepositorySpec { kind: kind.to_owned(), settings })
    }

    /// The policy by which a cluster's server takes snapshots itself; `None` where there is no schedule. See
    /// <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-slm-put-lifecycle>.
    pub fn snapshot_policy(&self, cluster: ClusterId) -> Option<Json> {
        let snapshots = self.snapshots(cluster);
        let schedule = snapshots.schedule.as_ref().filter(|_| !snapshots.is_off())?;
        let keep = snapshots.keep;
        Some(json!({
            "schedule": schedule,
            "name": "<mesh-{now{yyyyMMdd-HHmmss}}>",
            "repository": REPOSITORY,
            "config": self.snapshot_config(cluster),
            "retention": {
                "expire_after": format!("{}d", keep.days),
                "min_count": keep.least,
                "max_count": keep.most,
            },
        }))
    }

    /// The request for a snapshot that `mesh` takes: it says of which release, which nothing else tells exactly.
    pub fn snapshot_request(&self, cluster: ClusterId) -> Json {
        let mut request = self.snapshot_config(cluster);
        request["metadata"][TAKEN_ON] = json!(self.version(cluster).to_string());
        request
    }

    /// What a snapshot of a cluster holds. Data streams have hidden indices, so no pattern may leave those out: with
    /// `-.*` Elasticsearch 9.5.3 saves no data stream, and reports success.
    fn snapshot_config(&self, cluster: ClusterId) -> Json {
        let snapshots = self.snapshots(cluster);
        // with an empty list, Elasticsearch saves the states of all features
        let none = || vec!["none".to_owned()];
        let states = if snapshots.feature_states.is_empty() { none() } else { snapshots.feature_states };
        json!({
            "indices": snapshots.indices,
            "ignore_unavailable": true,
            "include_global_state": false,
            "feature_states": states,
            "metadata": { METADATA: self.id, "mesh.cluster": cluster },
        })
    }
}

/// The directory of a cluster's snapshots in that of its mesh.
pub fn directory(cluster: ClusterId) -> String {
    format!("{}/{DIRECTORY}", layout::service_dir(cluster.first_node()))
}

/// The place of the repository in the container.
pub fn location() -> &'static str {
    let mounts = layout::mounts(ServiceKind::Elastic);
    mounts.iter().find(|(dir, _)| *dir == DIRECTORY).map_or("", |(_, place)| place)
}

/// Where a cluster writes below a path that it shares with others.
pub fn place(mesh: Option<&MeshName>, cluster: ClusterId) -> String {
    mesh.map_or_else(|| cluster.to_string(), |name| format!("{name}/{cluster}"))
}

const NAME: &[BorrowedFormatItem<'_>] = format_description!("mesh-[year][month][day]-[hour][minute][second]");

/// The name of a snapshot that is taken now.
pub fn name_at(now: OffsetDateTime) -> String {
    now.to_offset(UtcOffset::UTC).format(&NAME).expect("should be a time with a year of four digits")
}

/// The oldest release that a snapshot may be of, as its server wrote it: several releases can have one form of indices,
/// which is then written as `9.5.2-9.5.3`.
pub fn version_of(text: &str) -> Option<StackVersion> {
    text.split('-').next()?.parse().ok()
}

/// Whether the server that lists a snapshot is too old to know its release: Elasticsearch 8.19.21 writes 9.5.3 as
/// `8.19.22-[9111000]`.
pub fn is_unknown(text: &str) -> bool {
    text.contains('[')
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn mesh(snapshots: &str) -> Mesh {
        let mut mesh = Mesh::example(2);
        mesh.spec.snapshots = serde_json::from_value(json!(snapshots)).unwrap();
        mesh
    }

    #[test]
    fn no_two_clusters_write_to_one_place() {
        let first = ClusterId::FIRST;
        let inside = mesh("fs");
        assert!(inside.keeps_snapshots_inside(first));
        let outside = mesh("/mnt/nfs");
        assert_eq!(outside.repository_dir(first), Some("/mnt/nfs/cluster01".into()));
        assert!(!outside.keeps_snapshots_inside(first));
        let named = Mesh { name: Some("ci42".parse().unwrap()), ..outside.clone() };
        assert_eq!(named.repository_dir(first), Some("/mnt/nfs/ci42/cluster01".into()));
        let s3 = mesh("{repository: {type: s3, bucket: b}}").repository(first, None).unwrap();
        assert_eq!(s3.body().to_string(), r#"{"settings":{"base_path":"mesh/cluster01","bucket":"b"},"type":"s3"}"#);
    }

    #[test]
    fn a_repository_of_another_cluster_is_only_read() {
        let mesh = mesh("fs");
        let first = ClusterId::FIRST;
        let own = mesh.owner_of_repository(first);
        let read_only = |owner: &RepositoryOwner| mesh.repository(first, Some(owner)).unwrap().is_read_only();
        assert!(!read_only(&own));
        assert!(read_only(&RepositoryOwner { mesh: "x".to_owned(), ..own.clone() }));
        assert!(!mesh.repository(first, None).unwrap().is_read_only());
    }

    #[test]
    fn snapshots_stay_where_they_are_when_the_repository_moves() {
        let [inside, outside, off] = ["fs", "/mnt/nfs", "off"].map(mesh);
        let left = |before: &Mesh, after: &Mesh| before.repositories_left(after).join("\n");
        let stay = "earlier snapshots of cluster01 cluster02 stay in /mnt/nfs, and are not listed any more";
        assert_eq!([left(&outside, &inside), left(&outside, &off)], [stay; 2]);
        assert_eq!([left(&inside, &inside), left(&off, &inside), left(&inside, &off)], [""; 3]);
    }

    #[test]
    fn a_policy_needs_a_schedule() {
        assert_eq!(mesh("fs").snapshot_policy(ClusterId::FIRST), None);
        let policy = mesh("{schedule: '0 30 1 * * ?', keep: {for: 7d, least: 2, most: 9}}");
        let policy = policy.snapshot_policy(ClusterId::FIRST).unwrap();
        insta::assert_snapshot!(policy["retention"], @r#"{"expire_after":"7d","max_count":9,"min_count":2}"#);
        assert_eq!(policy["config"]["indices"], json!(["*"]));
    }

    #[test]
    fn a_snapshot_is_named_by_its_time_and_has_a_version() {
        assert_eq!(name_at(datetime!(2026-11-26 03:04:05 +2)), "mesh-20261126-010405");
        assert_eq!(version_of("9.5.2-9.5.3").map(|version| version.to_string()), Some("9.5.2".to_owned()));
        assert_eq!(version_of("8.19.21").map(|version| version.to_string()), Some("8.19.21".to_owned()));
        assert_eq!(version_of("unknown"), None);
        assert_eq!([is_unknown("8.19.22-[9111000]"), is_unknown("9.5.2-9.5.3")], [true, false]);
    }
}
