//! What Elasticsearch only warns of where a cluster has one node, and does not start without where it has several.
//! Pure.
//!
//! See <https://www.elastic.co/docs/deploy-manage/deploy/self-managed/bootstrap-checks>. A collector that it refuses is
//! not rendered for such clusters, and Docker limits no processes.

use super::{
    Checked, Finding, Severity,
    limits::{MAX_MAP_COUNT, OPEN_FILES},
};
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
    };
    let maps = |cluster: &ClusterId| mesh.settings(*cluster).settings.get(ALLOW_MMAP) != Some(&false.into());
    let several = || mesh.clusters().filter(checked);
    let finding = |what: String, least: u64, clusters: ClusterSet, hint: String| {
        let nodes = format!("nodes of {} do not start below {least}, since they are several", clusters.named());
        Finding::new(Severity::Estimate, format!("{what}, and {nodes}"), hint)
    };
    let map_count = limits.max_map_count.filter(|found| *found < MAX_MAP_COUNT);
    let map_count = map_count.zip(ClusterSet::new(several().filter(maps))).map(|(found, clusters)| {
        let hint = format!(
            "raise it with `mesh doctor --fix`, or add `--settings {ALLOW_MMAP}=false`, which makes searches slower"
        );
        finding(format!("vm.max_map_count is {found}"), MAX_MAP_COUNT, clusters, hint)
    });
    let files = limits.given_files.or(limits.starter.as_ref().map(|starter| starter.open_files));
    let files = files.filter(|found| *found < OPEN_FILES);
    let files = files.zip(ClusterSet::new(several())).map(|(found, clusters)| {
        let hint = "raise the limit of containers: `mesh doctor` says where it comes from".to_owned();
        finding(format!("containers may open {found} files each"), OPEN_FILES, clusters, hint)
    });
    Checked::new("bootstrap checks", "nothing keeps several nodes from starting", map_count.into_iter().chain(files))
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
        let starter = ample().starter.map(|starter| crate::facts::host::Starter { open_files: 20_000, ..starter });
        insta::assert_snapshot!(rendered([bootstrap(&three, &there, &Limits { starter, ..ample() })]), @r"
        Estimate: containers may open 20000 files each, and nodes of cluster02 do not start below 65535, since they are several
          raise the limit of containers: `mesh doctor` says where it comes from
        ");
        let mut slower = three.clone();
        slower.spec.settings = serde_json::from_str(r#"{"node.store.allow_mmap": false}"#).unwrap();
        assert!(!found(&slower, &there, &low));
        let built = three.services().map(|service| three.image(service)).collect();
        assert!(!found(&three, &Observed { built_here: built, ..Observed::default() }, &low));
    }
}
