//! What Elasticsearch only warns of where a cluster has one node, and does not start without where it has several.
//! Pure.
//!
//! See <https://www.elastic.co/docs/deploy-manage/deploy/self-managed/bootstrap-checks>. A collector that it refuses is
//! not rendered for such clusters, and file descriptors and processes are those of Docker.

use super::{Checked, Finding, Severity, limits::MAX_MAP_COUNT};
use crate::{
    facts::{host::Limits, observed::Observed},
    mesh::{Mesh, cluster::Discovery, cluster_set::ClusterSet, id::ClusterId},
};

/// The setting without which memory maps are not needed; see
/// <https://www.elastic.co/docs/reference/elasticsearch/configuration-reference/node-settings>.
const ALLOW_MMAP: &str = "node.store.allow_mmap";

/// Images that are built here have no such checks.
pub(super) fn bootstrap(mesh: &Mesh, there: &Observed, limits: &Limits) -> Checked {
    let checked = |cluster: &ClusterId| {
        mesh.discovery(*cluster) == Discovery::SeedHosts
            && !there.built_here.contains(&mesh.image(cluster.first_node()))
            && mesh.settings(*cluster).settings.get(ALLOW_MMAP) != Some(&false.into())
    };
    let too_low = limits.max_map_count.filter(|found| *found < MAX_MAP_COUNT);
    let clusters = ClusterSet::new(mesh.clusters().filter(checked));
    let finding = too_low.zip(clusters).map(|(found, clusters)| {
        Finding::new(
            Severity::Estimate,
            format!(
                "vm.max_map_count is {found}, and nodes of {} do not start below {MAX_MAP_COUNT}, since they are several",
                clusters.named()
            ),
            format!(
                "raise it with `mesh doctor --fix`, or add `--settings {ALLOW_MMAP}=false`, which makes searches slower"
            ),
        )
    });
    Checked::new("bootstrap checks", "nothing keeps several nodes from starting", finding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::check::{
        Verdict,
        example::{ample, rendered},
    };

    #[test]
    fn several_nodes_need_what_one_is_only_warned_of() {
        let (low, there) = (Limits { max_map_count: Some(65_530), ..ample() }, Observed::default());
        let found = |mesh: &Mesh, there: &Observed, limits: &Limits| {
            matches!(bootstrap(mesh, there, limits).verdict, Verdict::Found(_))
        };
        let (one, three) = (Mesh::example(2), Mesh::example(2).with_nodes(2, 3));
        assert!(!found(&one, &there, &low) && !found(&three, &there, &ample()));
        insta::assert_snapshot!(rendered([bootstrap(&three, &there, &low)]), @r"
        Estimate: vm.max_map_count is 65530, and nodes of cluster02 do not start below 262144, since they are several
          raise it with `mesh doctor --fix`, or add `--settings node.store.allow_mmap=false`, which makes searches slower
        ");
        let mut slower = three.clone();
        slower.spec.settings = serde_json::from_str(r#"{"node.store.allow_mmap": false}"#).unwrap();
        assert!(!found(&slower, &there, &low));
        let built = three.services().map(|service| three.image(service)).collect();
        assert!(!found(&three, &Observed { built_here: built, ..Observed::default() }, &low));
    }
}
