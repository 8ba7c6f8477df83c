//! How a cluster of several nodes is founded: by a line in the settings of its first node, and only until it exists.
//! Pure: no I/O.

use crate::mesh::{Mesh, cluster::Discovery, id::ServiceId};

/// The setting that has a node found a cluster of several.
pub const INITIAL_MASTER_NODES: &str = "cluster.initial_master_nodes";

/// Whether a cluster of several nodes exists, as far as its files tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Formation {
    Unfounded,
    Founded,
}

impl Mesh {
    /// What has the first node found a cluster of several: only then is it written down, since a node whose data is
    /// lost would found another; see
    /// <https://www.elastic.co/docs/deploy-manage/distributed-architecture/discovery-cluster-formation/modules-discovery-bootstrap-cluster>.
    pub(super) fn founding_lines(&self, service: ServiceId, formation: Formation) -> String {
        let several = self.discovery(service.cluster()) == Discovery::SeedHosts;
        if several && formation == Formation::Unfounded && service == service.cluster().first_node() {
            format!("\n{INITIAL_MASTER_NODES}: [\"{}\"]\n", self.container_name(service))
        } else {
            String::new()
        }
    }
}
