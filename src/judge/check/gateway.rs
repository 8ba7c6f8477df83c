//! What the mesh's own gateway needs of the machine: its address, its port, the certificate that was given. Pure.

use std::net::{IpAddr, SocketAddr};

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
    let Some(at) = mesh.gateway_at() else {
        return Checked::new("gateway", "the mesh has none", None);
    };
    let address = at.ip();
    let with_flags = |flags: &str| mesh.with_flags(there.record.as_ref(), flags);
    let mut findings = Vec::new();
    if !address.is_unspecified() && !address.is_loopback() && !host.interfaces.contains(&address) {
        findings.push(Finding::problem(
            format!("{address} of the gateway is not an address of this machine"),
            format!(
                "see its addresses with `ip address`; to publish it on all of them, {}",
                with_flags(&format!("--gateway 0.0.0.0:{}", at.port()))
            ),
        ));
    }
    if let Some(owner) = owner(at, held(mesh, there), there, listeners) {
        findings.push(Finding::problem(
            format!("port {} of the gateway is taken by {owner}", at.port()),
            format!("stop what has it, or name another port: {}", with_flags("--gateway ADDRESS:PORT")),
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

/// Where the mesh's own gateway is published now: what it has there is replaced, or stays.
fn held(mesh: &Mesh, there: &Observed) -> Option<SocketAddr> {
    let container = there.gateway.container.as_ref().filter(|container| container.state.is_up())?;
    let made = container.made.as_ref().and_then(|made| made.fixed.ports.first());
    let published = made.and_then(|port| Some(SocketAddr::new(port.address?, port.host?)));
    published.or_else(|| there.record.as_ref().unwrap_or(mesh).gateway_at())
}

/// Who else has the address and the port, in words.
fn owner(at: SocketAddr, held: Option<SocketAddr>, there: &Observed, listeners: &[Listener]) -> Option<String> {
    let collides = |other: IpAddr| other == at.ip() || other.is_unspecified() || at.ip().is_unspecified();
    let mut containers = there.unmanaged.ports.iter();
    let container = containers.find(|(other, port, _)| *port == at.port() && other.is_none_or(collides));
    if let Some((_, _, name)) = container {
        return Some(format!("container {name}"));
    }
    let is_ours = |found: &Listener| held == Some(SocketAddr::new(found.address, found.port));
    let mut others = listeners.iter().filter(|found| found.port == at.port() && !is_ours(found));
    let listener = others.find(|found| collides(found.address))?;
    Some(match &listener.owner {
        Some(process) => format!("{} (pid {})", process.name, process.pid),
        None => "a process of another user".to_owned(),
    })
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
          see its addresses with `ip address`; to publish it on all of them, type the same command again with `--gateway 0.0.0.0:443`
        Problem: port 443 of the gateway is taken by apache2 (pid 42)
          stop what has it, or name another port: type the same command again with `--gateway ADDRESS:PORT`
        Problem: it has expired
          name another
        ");
        there.gateway.given = None;
        let mesh = Mesh::example(1).with_gateway("0.0.0.0:443");
        there.record = Some(mesh.clone());
        assert_eq!(gateway(&mesh, &there, &roomy(), &listeners).findings().len(), 1, "its own does not run");
        there.gateway.container = Some(ContainerFacts::in_state(ContainerState::Running));
        assert_eq!(gateway(&mesh, &there, &roomy(), &listeners).findings(), []);
        assert_eq!(gateway(&Mesh::example(1), &Observed::default(), &roomy(), &listeners).findings(), []);
    }
    #[test]
    fn a_gateway_that_moves_needs_the_new_port_free() {
        let (old, new) =
            (Mesh::example(1).with_gateway("127.0.0.1:8443"), Mesh::example(1).with_gateway("127.0.0.1:443"));
        let process = |name: &str| Some(Process { pid: 42, name: name.to_owned() });
        let listener = |port, name| Listener { address: [127, 0, 0, 1].into(), port, owner: process(name) };
        let mut there = Observed { record: Some(old.clone()), ..Observed::default() };
        there.gateway.container = Some(ContainerFacts::in_state(ContainerState::Running));
        let listeners = [listener(8443, "docker-proxy"), listener(443, "apache2")];
        insta::assert_snapshot!(rendered([gateway(&new, &there, &roomy(), &listeners)]), @r"
        Problem: port 443 of the gateway is taken by apache2 (pid 42)
          stop what has it, or name another port: type the same command again with `--gateway ADDRESS:PORT`
        ");
        assert_eq!(gateway(&old, &there, &roomy(), &listeners).findings(), []);
        let wide = Mesh::example(1).with_gateway("0.0.0.0:8443");
        assert_eq!(gateway(&wide, &there, &roomy(), &listeners).findings(), [], "from one address to all");
    }
}
