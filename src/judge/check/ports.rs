//! Ports that the mesh needs and others may have. Pure.

use std::net::IpAddr;

use super::{Checked, Finding};
use crate::{
    facts::{host::Listener, observed::Observed},
    mesh::{Mesh, cluster::Port, container::Published, id::ServiceId, ports::PortRange},
};

/// The processes that hold a published port for Docker: a proxy for each, or with `"userland-proxy": false` the engine
/// itself; see <https://docs.docker.com/engine/network/packet-filtering-firewalls/>.
const DOCKER: [&str; 2] = ["docker-proxy", "dockerd"];

/// Ports that others have. What our own containers hold does not count: they are replaced, or stay.
pub(super) fn ports(mesh: &Mesh, there: &Observed, listeners: &[Listener]) -> Checked {
    let mut findings = Vec::new();
    let renamed = |service: ServiceId| !there.containers.contains_key(&service) && !there.orphans.is_empty();
    let ours = |service: ServiceId| there.containers.contains_key(&service) || !there.orphans.is_empty();
    let held = held(there);
    for service in mesh.services() {
        for port in mesh.place(service).into_iter().flat_map(|place| place.ports) {
            let bind = mesh.bind_of(service.cluster(), port);
            if has_already(there, service, bind, port.host) {
                continue;
            }
            let collides = |address: Option<IpAddr>| {
                address.is_none_or(|address| address == bind || address.is_unspecified() || bind.is_unspecified())
            };
            let container =
                there.unmanaged.ports.iter().find(|(address, taken, _)| *taken == port.host && collides(*address));
            let mut listeners = listeners.iter().filter(|listener| !held.iter().any(|port| is_behind(port, listener)));
            let listener = listeners.find(|listener| listener.port == port.host && collides(Some(listener.address)));
            let owner = match (container, listener) {
                (Some((_, _, name)), _) => format!("container {name}"),
                // Docker opens a port before it says that the container runs, and keeps it for one that is renamed
                (None, Some(Listener { owner: Some(process), .. }))
                    if DOCKER.contains(&process.name.as_str()) && ours(service) =>
                {
                    continue;
                }
                // whose a port is, only root can tell; that of a container that is gone is most likely the renamed
                // one's
                (None, Some(Listener { owner: None, .. })) if renamed(service) => continue,
                (None, Some(Listener { owner: Some(process), .. })) => {
                    format!("{} (pid {})", process.name, process.pid)
                }
                (None, Some(_)) => "a process of another user".to_owned(),
                (None, None) => continue,
            };
            let address = container.map_or_else(|| listener.map(|listener| listener.address), |(address, ..)| *address);
            let everywhere = address.is_none_or(|address| address.is_unspecified());
            let instead = match (everywhere, is_new(there, service)) {
                (false, _) => format!(", or publish {}", elsewhere(mesh, there, service, port)),
                (true, true) => {
                    let flags = format!("--ports {}", PortRange::OF_NAMED);
                    format!(", or have free ports chosen: {}", mesh.with_flags(there.record.as_ref(), &flags))
                }
                (true, false) => String::new(),
            };
            findings.push(Finding::problem(
                format!("port {} of {service} is taken by {owner}", port.host),
                format!("stop what has it{instead}"),
            ));
        }
    }
    Checked::new("ports", format!("every port of the mesh on {} is free or its own", mesh.spec.bind), findings)
}

/// Whether a service has no port yet: one that it has, it keeps.
fn is_new(there: &Observed, service: ServiceId) -> bool {
    there.record.as_ref().is_none_or(|record| record.place(service).is_none())
}

/// What publishes a port on another address, in words.
fn elsewhere(mesh: &Mesh, there: &Observed, service: ServiceId, port: Port) -> String {
    let (what, flag) = if mesh.is_advertised(service.cluster(), port) {
        ("what other machines reach", "--advertise-bind ADDRESS")
    } else {
        ("the mesh", "--bind ADDRESS")
    };
    format!("{what} on another address: {}", mesh.with_flags(there.record.as_ref(), flag))
}

/// The ports that the mesh's own containers hold.
fn held(there: &Observed) -> Vec<&Published> {
    let made = there
        .containers
        .values()
        .filter(|container| container.state.is_up())
        .filter_map(|container| container.made.as_ref());
    made.flat_map(|made| &made.fixed.ports).collect()
}

/// Whether a listener is what Docker has for a port that it published.
fn is_behind(published: &Published, listener: &Listener) -> bool {
    let same_address = |address: IpAddr| {
        address == listener.address || (address.is_unspecified() && listener.address.is_unspecified())
    };
    published.host == Some(listener.port) && published.address.is_none_or(same_address)
}

/// Whether a service runs and has the port there; what was not inspected counts as having it.
fn has_already(there: &Observed, service: ServiceId, address: IpAddr, port: u16) -> bool {
    let Some(container) = there.containers.get(&service).filter(|container| container.state.is_up()) else {
        return false;
    };
    let is_it = |published: &Published| published.address == Some(address) && published.host == Some(port);
    container.made.as_ref().is_none_or(|made| made.fixed.ports.iter().any(is_it))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{
        facts::{
            host::Process,
            observed::{ContainerFacts, ContainerState, Orphan},
        },
        judge::check::example::messages,
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
        let container = ContainerFacts::in_state(ContainerState::Running);
        let ours = Observed { containers: BTreeMap::from([(first, container)]), ..Observed::default() };
        assert_eq!(ports(&mesh, &ours, &[listener(9201)]).findings(), []);
        let renamed = Observed {
            orphans: [("renamed".to_owned(), Orphan { state: ContainerState::Running, service: None })].into(),
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
    fn what_has_a_port_on_every_address_is_avoided_by_another_port() {
        let mesh = Mesh::example(1);
        let hint = |there: &Observed, listener: Listener| ports(&mesh, there, &[listener]).findings().remove(0).hint;
        let recorded = Observed { record: Some(mesh.clone()), ..Observed::default() };
        let on_loopback = Listener { address: [127, 0, 0, 1].into(), ..listener(9201) };
        let hints =
            [hint(&Observed::default(), listener(9201)), hint(&recorded, listener(9201)), hint(&recorded, on_loopback)];
        insta::assert_snapshot!(hints.join("\n"), @r"
        stop what has it, or have free ports chosen: type the same command again with `--ports 20000-29999`
        stop what has it
        stop what has it, or publish the mesh on another address: `mesh create --bind ADDRESS`
        ");
        let mut by_container = Observed::default();
        by_container.unmanaged.ports = [(None, 9201, "other".to_owned())].into();
        let finding = ports(&mesh, &by_container, &[]).findings().remove(0);
        assert!(finding.hint.ends_with("again with `--ports 20000-29999`"), "{finding:?}");
    }

    #[test]
    fn a_port_that_docker_holds_for_the_mesh_is_free_for_it() {
        let mesh = Mesh::example(1);
        let orphan = Orphan { state: ContainerState::Running, service: None };
        let renamed = Observed { orphans: [("renamed".to_owned(), orphan)].into(), ..Observed::default() };
        for name in DOCKER {
            let owner = Some(Process { pid: 42, name: name.to_owned() });
            let held = [Listener { owner, ..listener(9201) }];
            assert_eq!(ports(&mesh, &renamed, &held).findings(), [], "{name}");
            assert_eq!(ports(&mesh, &Observed::default(), &held).findings().len(), 1, "{name} of others");
        }
    }

    #[test]
    fn a_service_that_moves_to_another_address_needs_the_port_free_there() {
        let (mesh, mut moved) = (Mesh::example(1).without_kibana(), Mesh::example(1).without_kibana());
        moved.spec.bind = [0, 0, 0, 0].into();
        let first = mesh.services().next().unwrap();
        let container =
            ContainerFacts { made: mesh.container(first), ..ContainerFacts::in_state(ContainerState::Running) };
        let there = Observed { containers: BTreeMap::from([(first, container)]), ..Observed::default() };
        let own = Listener { address: [127, 0, 0, 1].into(), owner: None, ..listener(9201) };
        let other = Listener { address: [192, 0, 2, 11].into(), ..listener(9201) };
        let look = |mesh: &Mesh, listeners: &[Listener]| messages(&ports(mesh, &there, listeners).findings());
        assert_eq!(look(&mesh, &[own.clone(), other.clone()]), "", "it stays");
        assert_eq!(look(&moved, std::slice::from_ref(&own)), "", "only its own is there");
        insta::assert_snapshot!(look(&moved, &[own, other]), @"Problem: port 9201 of cluster01-elastic is taken by nginx (pid 42)");
    }
}
