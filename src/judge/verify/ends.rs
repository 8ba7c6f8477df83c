//! What is wrong with one end of a link, or with a cluster alone: its container and its license. Pure.

use super::Cause;
use crate::{
    facts::observed::{ContainerState, Observed},
    mesh::{Mesh, id::ClusterId},
};

impl Cause {
    /// Why nothing can reach a cluster's server, as far as its container shows; `None` for one that runs in the mesh's
    /// network.
    pub fn of_container(mesh: &Mesh, there: &Observed, cluster: ClusterId) -> Option<Self> {
        let service = cluster.first_node();
        let name = mesh.container_name(service);
        let state = there.containers.get(&service).map(|container| container.state);
        if state != Some(ContainerState::Running) {
            return Some(Self::NotRunning { of: cluster, container: name, state });
        }
        (!there.is_reachable(cluster)).then_some(Self::NotInNetwork(name))
    }

    /// Why a cluster's license allows no links; `None` also where its server does not answer.
    pub fn of_license(there: &Observed, of: ClusterId) -> Option<Self> {
        let license = &there.server(of)?.license;
        (!license.allows_links()).then(|| Self::License { of, kind: license.kind.clone(), active: license.active })
    }
}
