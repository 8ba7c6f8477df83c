//! What is wrong with one end of a link, or with a cluster alone: its container and its license. Pure.

use super::LinkCause;
use crate::{
    facts::observed::{ContainerState, Observed},
    mesh::{
        Mesh,
        id::{ClusterId, NodeId},
    },
};

impl LinkCause {
    /// Why nothing can reach a cluster, as far as its containers show; `None` for one of which a node runs in the
    /// mesh's network.
    pub fn of_container(mesh: &Mesh, there: &Observed, cluster: ClusterId) -> Option<Self> {
        if there.is_reachable(cluster) {
            return None;
        }
        let faults = mesh.nodes(cluster).map(|node| Self::of_node(mesh, there, node));
        let mut faults = faults.collect::<Option<Vec<Self>>>()?.into_iter();
        // of nodes that run outside the network, and others that do not run, the first says more
        let first = faults.next()?;
        Some(faults.find(|fault| matches!(fault, Self::NotInNetwork(_))).unwrap_or(first))
    }

    /// Why nothing can reach a node, likewise.
    pub fn of_node(mesh: &Mesh, there: &Observed, node: NodeId) -> Option<Self> {
        let service = node.into();
        let name = mesh.container_name(service);
        let state = there.containers.get(&service).map(|container| container.state);
        if state != Some(ContainerState::Running) {
            return Some(Self::NotRunning { of: node.cluster, container: name, state });
        }
        let in_network = |network| there.containers.get(&service).is_some_and(|container| container.is_in(network));
        (!there.network.as_ref().is_some_and(in_network)).then_some(Self::NotInNetwork(name))
    }

    /// Why a cluster's license allows no links; `None` also where its server does not answer.
    pub fn of_license(there: &Observed, of: ClusterId) -> Option<Self> {
        let license = &there.server(of)?.license;
        (!license.allows_links()).then(|| Self::License { of, kind: license.kind.clone(), active: license.active })
    }
}
