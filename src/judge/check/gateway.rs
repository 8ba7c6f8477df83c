//! What the mesh's own gateway needs of the machine: its address, its port, the certificate that was given. Pure.

use super::{Checked, Finding};
use crate::{
    facts::{
        host::{HostFacts, Listener},
        observed::Observed,
    },
    mesh::Mesh,
};

/// Nothing for a mesh without one.
pub(super) fn gateway(mesh: &Mesh, there: &Observed, host: &HostFacts, listeners: &[Listener]) -> Checked {
    let Some(at) = mesh.spec.gateway.0.filter(|_| mesh.gateway.is_some()) else {
        return Checked::new("gateway", "the mesh has none", None);
    };
    let address = at.ip();
    let mut findings = Vec::new();
    if !address.is_unspecified() && !address.is_loopback() && !host.interfaces.contains(&address) {
        findings.push(Finding::problem(
            format!("{address} of the gateway is not an address of this machine"),
            "see its addresses with `ip address`; `mesh create --gateway 0.0.0.0:443` publishes it on all of them",
        ));
    }
    let collides = |other: std::net::IpAddr| other == address || other.is_unspecified() || address.is_unspecified();
    let of_container = there
        .unmanaged
        .ports
        .iter()
        .find(|(other, port, _)| *port == at.port() && other.is_none_or(collides))
        .map(|(_, _, name)| format!("container {name}"));
    let of_process = || {
        let listener = listeners.iter().find(|found| found.port == at.port() && collides(found.address))?;
        Some(match &listener.owner {
            Some(process) => format!("{} (pid {})", process.name, process.pid),
            None => "a process of another user".to_owned(),
        })
    };
    // its own container is replaced, or stays
    let is_up = there.gateway.container.as_ref().is_some_and(|container| container.state.is_up());
    if let Some(owner) = of_container.or_else(of_process).filter(|_| !is_up) {
        findings.push(Finding::problem(
            format!("port {} of the gateway is taken by {owner}", at.port()),
            "stop what has it, or name another port: `mesh create --gateway ADDRESS:PORT`",
        ));
    }
    if let Some(Err(unusable)) = &there.gateway.given {
        findings.push(Finding::problem(unusable.reason.clone(), unusable.remedy.clone()));
    }
    let name = mesh.gateway_name();
    if there.unmanaged.containers.contains(&name) {
        findings.push(Finding::problem(
            format!("there is a container {name} that is not of this mesh"),
            format!("see what it is with `docker inspect {name}`; rename or remove it"),
        ));
    }
    Checked::new("gateway", format!("{at} is free or the mesh's own"), findings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        facts::{
            gateway::{GatewayFacts, UnusableIdentity},
            host::Process,
            observed::{ContainerFacts, ContainerState},
        },
        judge::check::example::{rendered, roomy},
    };

    #[test]
    fn what_is_in_the_way_of_a_gateway_is_named() {
        let mesh = Mesh::example(1).with_gateway("192.0.2.1:443");
        let owner = Some(Process { pid: 42, name: "apache2".to_owned() });
        let listeners = [Listener { address: [0, 0, 0, 0].into(), port: 443, owner }];
        let unusable = UnusableIdentity { reason: "it has expired".to_owned(), remedy: "name another".to_owned() };
        let mut there = Observed {
            gateway: GatewayFacts { given: Some(Err(unusable)), ..GatewayFacts::default() },
            ..Observed::default()
        };
        insta::assert_snapshot!(rendered([gateway(&mesh, &there, &roomy(), &listeners)]), @r"
        Problem: 192.0.2.1 of the gateway is not an address of this machine
          see its addresses with `ip address`; `mesh create --gateway 0.0.0.0:443` publishes it on all of them
        Problem: port 443 of the gateway is taken by apache2 (pid 42)
          stop what has it, or name another port: `mesh create --gateway ADDRESS:PORT`
        Problem: it has expired
          name another
        ");
        there.gateway.container = Some(ContainerFacts::in_state(ContainerState::Running));
        there.gateway.given = None;
        let mesh = Mesh::example(1).with_gateway("127.0.0.1:443");
        assert_eq!(gateway(&mesh, &there, &roomy(), &listeners).findings(), []);
        assert_eq!(gateway(&Mesh::example(1), &Observed::default(), &roomy(), &listeners).findings(), []);
    }
}
