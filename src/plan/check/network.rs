//! Addresses, networks and ports that the mesh needs and somebody else may have. Pure.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{Checked, Finding};
use crate::{
    mesh::{Mesh, id::ServiceId},
    plan::{
        host::{HostFacts, Listener},
        observed::Observed,
    },
};

pub(super) fn address(mesh: &Mesh, there: &Observed, host: &HostFacts) -> Checked {
    let mut findings = Vec::new();
    let bind = mesh.spec.bind;
    if !bind.is_unspecified() && !bind.is_loopback() && !host.interfaces.contains(&bind) {
        findings.push(Finding::problem(
            format!("{bind} is not an address of this machine"),
            "see its addresses with `ip address`; `mesh create --bind 0.0.0.0` publishes on all of them",
        ));
    }
    let known = there.network.as_ref().is_some_and(|network| network.subnet == mesh.subnet.to_string());
    if !known {
        let own: Vec<IpNet> = there.network.iter().filter_map(|network| network.subnet.parse().ok()).collect();
        let docker = there.foreign.subnets.iter().find(|(net, _)| mesh.subnet.overlap(&[*net]).is_some());
        let taken: Vec<IpNet> =
            host.networks.iter().copied().filter(|net| !own.iter().any(|own| own.contains(net))).collect();
        let overlap = match docker {
            Some((net, name)) => Some(format!("{net} of Docker's network {name}")),
            None => mesh
                .subnet
                .overlap(&taken)
                .map(|net| format!("{net}, which this machine has an interface or a route in")),
        };
        findings.extend(overlap.map(|what| {
            Finding::problem(
                format!("the mesh's network {} overlaps {what}", mesh.subnet),
                "name a free one, for example `mesh create --subnet 10.214.0.0/24`",
            )
        }));
    }
    Checked::new(
        "network",
        format!("{} is free or the mesh's own, and {bind} is of this machine", mesh.subnet),
        findings,
    )
}

/// Whether the machine has the recorded mesh's network and Docker does not list it: a run was killed while Docker made it, and
/// Docker lists it in a moment. An overlap that is one for good stays.
pub fn half_made(mesh: &Mesh, host: &HostFacts, listed: &[String]) -> bool {
    host.networks.contains(&IpNet::V4(mesh.subnet.net())) && !listed.contains(&mesh.subnet.to_string())
}

/// The process that holds a published port for Docker.
const DOCKER_PROXY: &str = "docker-proxy";

/// Ports that somebody else has. Our own containers' do not count: they are replaced, or stay.
pub(super) fn ports(mesh: &Mesh, there: &Observed, listeners: &[Listener]) -> Checked {
    let bind = mesh.spec.bind;
    let collides = |address: Option<IpAddr>| {
        address.is_none_or(|address| address == bind || address.is_unspecified() || bind.is_unspecified())
    };
    let mut findings = Vec::new();
    let runs = |service: ServiceId| there.containers.get(&service).is_some_and(|container| container.state.is_up());
    let renamed = |service: ServiceId| !there.containers.contains_key(&service) && !there.strays.is_empty();
    let ours = |service: ServiceId| there.containers.contains_key(&service) || !there.strays.is_empty();
    for service in mesh.services().filter(|service| !runs(*service)) {
        for port in service.ports() {
            let container =
                there.foreign.ports.iter().find(|(address, taken, _)| *taken == port.host && collides(*address));
            let listener =
                listeners.iter().find(|listener| listener.port == port.host && collides(Some(listener.address)));
            let owner = match (container, listener) {
                (Some((_, _, name)), _) => format!("container {name}"),
                // Docker opens a port before it says that the container runs, and keeps it for one that is renamed
                (None, Some(Listener { owner: Some(process), .. }))
                    if process.name == DOCKER_PROXY && ours(service) =>
                {
                    continue;
                }
                // whose a port is, only root can tell; that of a container that is gone is most likely the renamed one's
                (None, Some(Listener { owner: None, .. })) if renamed(service) => continue,
                (None, Some(Listener { owner: Some(process), .. })) => {
                    format!("{} (pid {})", process.name, process.pid)
                }
                (None, Some(_)) => "a process of another user".to_owned(),
                (None, None) => continue,
            };
            findings.push(Finding::problem(
                format!("port {} of {service} is taken by {owner}", port.host),
                "stop what has it, or publish the mesh on another address with `mesh create --bind ADDRESS`",
            ));
        }
    }
    Checked::new("ports", format!("every port of the mesh on {bind} is free or its own"), findings)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::plan::{
        check::{
            example::{messages, roomy},
            machine,
        },
        host::Process,
        observed::{ContainerFacts, ContainerState, Stray},
    };

    fn listener(port: u16) -> Listener {
        let owner = Some(Process { pid: 42, name: "nginx".to_owned() });
        Listener { address: [0, 0, 0, 0].into(), port, owner }
    }

    #[test]
    fn a_taken_port_is_named_with_its_owner_unless_it_is_ours() {
        let mesh = Mesh::example(1);
        let first = mesh.services().next().unwrap();
        let findings = ports(&mesh, &Observed::default(), &[listener(9201)]).findings();
        insta::assert_snapshot!(messages(&findings), @"Problem: port 9201 of cluster01-elastic is taken by nginx (pid 42)");
        let container = ContainerFacts {
            id: "c".to_owned(),
            fingerprint: String::new(),
            state: ContainerState::Running,
            network: String::new(),
            address: None,
            made: None,
        };
        let ours = Observed { containers: BTreeMap::from([(first, container)]), ..Observed::default() };
        assert_eq!(ports(&mesh, &ours, &[listener(9201)]).findings(), []);
        let renamed = Observed {
            strays: [("renamed".to_owned(), Stray { state: ContainerState::Running, service: None })].into(),
            ..Observed::default()
        };
        let of_root = Listener { owner: None, ..listener(9201) };
        assert_eq!(
            ports(&mesh, &renamed, std::slice::from_ref(&of_root)).findings(),
            [],
            "only root sees that it is Docker's"
        );
        let mut stopped = ours;
        stopped.containers.get_mut(&first).unwrap().state = ContainerState::Stopped;
        insta::assert_snapshot!(messages(&ports(&mesh, &stopped, &[of_root]).findings()), @"Problem: port 9201 of cluster01-elastic is taken by a process of another user");
        let other_address = Listener { address: [10, 0, 0, 1].into(), ..listener(9201) };
        assert_eq!(ports(&mesh, &Observed::default(), &[other_address]).findings(), []);
    }

    #[test]
    fn a_network_that_docker_is_just_making_is_told_from_one_in_use() {
        let mesh = Mesh::example(1);
        let with = |network: &str| HostFacts { networks: [network.parse().unwrap()].into(), ..roomy() };
        assert!(half_made(&mesh, &with("10.213.0.0/24"), &[]));
        assert!(!half_made(&mesh, &with("10.213.0.0/24"), &["10.213.0.0/24".to_owned()]));
        assert!(!half_made(&mesh, &with("10.0.0.0/8"), &[]), "somebody else's");
        assert!(!half_made(&mesh, &roomy(), &[]));
    }

    #[test]
    fn a_network_in_use_is_refused() {
        let mesh = Mesh::example(1);
        let host = HostFacts { networks: ["10.0.0.0/8".parse().unwrap()].into(), ..roomy() };
        insta::assert_snapshot!(messages(&machine(&mesh, &Observed::default(), &host, &[])), @"Problem: the mesh's network 10.213.0.0/24 overlaps 10.0.0.0/8, which this machine has an interface or a route in");
    }
}
