//! What the engine's lists of containers and networks tell, of a mesh and of others. No I/O, no decisions.

use std::collections::HashMap;

use super::docker::{ContainerSummary, NetworkSummary, label};
use crate::{
    facts::observed::{ContainerFacts, NetworkFacts, Observed, Orphan, Unmanaged},
    mesh::Mesh,
};

/// What the engine's lists tell: of `mesh`, and of others.
pub fn on_engine(mesh: &Mesh, containers: &[ContainerSummary], networks: &[NetworkSummary]) -> Observed {
    let mut there = Observed {
        name: mesh.name.clone(),
        network: network_facts(mesh, networks),
        gateways: networks.iter().flat_map(|network| network.gateways.iter().copied()).collect(),
        unmanaged: unmanaged(mesh, containers, networks),
        ..Observed::default()
    };
    for container in containers.iter().filter(|container| is_ours(mesh, container)) {
        if container.is_gateway() && container.name == mesh.gateway_name() {
            there.gateway.container = Some(container_facts(mesh, container));
            continue;
        }
        match container.service() {
            // one under another name is not found by those who look for it in the network
            Some(service) if mesh.container_name(service) == container.name => {
                there.containers.insert(service, container_facts(mesh, container));
            }
            service => {
                there.orphans.insert(container.name.clone(), Orphan { state: container.state, service });
            }
        }
    }
    there
}

fn is_ours(mesh: &Mesh, container: &ContainerSummary) -> bool {
    container.labels.get(label::MESH) == Some(&mesh.id)
}

fn container_facts(mesh: &Mesh, container: &ContainerSummary) -> ContainerFacts {
    let attached = container.networks.get(&mesh.network_name());
    ContainerFacts {
        id: container.id.clone(),
        fingerprint: container.labels.get(label::FINGERPRINT).cloned(),
        state: container.state,
        network: attached.and_then(|attached| attached.network.clone()),
        address: attached.and_then(|attached| attached.address),
        made: None,
        started: None,
        refused: None,
    }
}

fn network_facts(mesh: &Mesh, networks: &[NetworkSummary]) -> Option<NetworkFacts> {
    let name = mesh.network_name();
    let ours = networks.iter().find(|found| found.name == name && found.labels.get(label::MESH) == Some(&mesh.id))?;
    Some(NetworkFacts { id: ours.id.clone(), subnet: ours.subnets.first().cloned().unwrap_or_default() })
}

fn unmanaged(mesh: &Mesh, containers: &[ContainerSummary], networks: &[NetworkSummary]) -> Unmanaged {
    let others = || containers.iter().filter(|container| !is_ours(mesh, container));
    let labels = others().map(|container| &container.labels).chain(networks.iter().map(|network| &network.labels));
    let not_ours = |labels: &&HashMap<String, String>| labels.get(label::MESH).is_some_and(|id| *id != mesh.id);
    let called = mesh.name.as_ref().map(ToString::to_string);
    let same_name = |labels: &&HashMap<String, String>| labels.get(label::NAME) == called.as_ref();
    let networks = networks.iter().filter(|network| network.labels.get(label::MESH) != Some(&mesh.id));
    let name = mesh.network_name();
    Unmanaged {
        containers: others().map(|container| container.name.clone()).collect(),
        meshes: labels.clone().filter(not_ours).filter_map(|labels| labels.get(label::DIR).cloned()).collect(),
        namesakes: labels
            .filter(not_ours)
            .filter(same_name)
            .filter_map(|labels| labels.get(label::DIR).cloned())
            .collect(),
        network: networks.clone().any(|found| found.name == name),
        attached: others()
            .filter(|container| container.networks.contains_key(&name))
            .map(|container| container.name.clone())
            .collect(),
        subnets: networks
            .flat_map(|found| {
                found.subnets.iter().filter_map(|subnet| Some((subnet.parse().ok()?, found.name.clone())))
            })
            .collect(),
        ports: others()
            .flat_map(|container| {
                container.ports.iter().map(|(address, port)| (*address, *port, container.name.clone()))
            })
            .collect(),
    }
}
