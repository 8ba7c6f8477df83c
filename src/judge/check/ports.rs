//! Ports that the mesh needs and others may have. Pure.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
};

use super::{Checked, Finding};
use crate::{
    facts::{host::Listener, observed::Observed},
    mesh::{Mesh, cluster::Port, container::Published, id::ServiceId, ports::PortRange},
};

/// The processes that hold a published port for Docker: a proxy for each, or with `"userland-proxy": false` the engine
/// itself; see <https://docs.docker.com/engine/network/packet-filtering-firewalls/>.
const DOCKER: [&str; 2] = ["docker-proxy", "dockerd"];

/// What has a port that a service of the mesh needs.
enum Owner<'a> {
    /// A container that is not the mesh's.
    Container {
        name: &'a str,
        /// Where it publishes the port; `None` for every address.
        address: Option<IpAddr>,
    },
    Listener(&'a Listener),
}

impl Owner<'_> {
    fn is_everywhere(&self) -> bool {
        let address = match self {
            Self::Container { address, .. } => *address,
            Self::Listener(listener) => Some(listener.address),
        };
        address.is_none_or(|address| address.is_unspecified())
    }
}

impl fmt::Display for Owner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Container { name, .. } => write!(f, "container {name}"),
            Self::Listener(Listener { owner: Some(process), .. }) => {
                write!(f, "{} (pid {})", process.name, process.pid)
            }
            Self::Listener(_) => f.write_str("a process of another user"),
        }
    }
}

/// Ports that others have. What our own containers hold does not count: they are replaced, or stay.
pub(super) fn ports(mesh: &Mesh, there: &Observed, listeners: &[Listener]) -> Checked {
    let held = held(there);
    let is_held = |listener: &Listener| held.iter().any(|port| is_behind(port, listener));
    let others: Vec<&Listener> = listeners.iter().filter(|listener| !is_held(listener)).collect();
    let mut findings = Vec::new();
    for service in mesh.services() {
        for port in mesh.place(service).into_iter().flat_map(|place| place.ports) {
            let at = SocketAddr::new(mesh.bind_of(service.cluster(), port), port.host);
            if let Some(owner) = owner(there, &others, service, at) {
                findings.push(Finding::problem(
                    format!("port {} of {service} is taken by {owner}", port.host),
                    remedy(mesh, there, service, port, &owner),
                ));
            }
        }
    }
    Checked::new("ports", format!("every port of the mesh on {} is free or its own", mesh.spec.bind), findings)
}

/// What has the address and the port; `None` where they are free, or the service's own.
fn owner<'a>(there: &'a Observed, others: &[&'a Listener], service: ServiceId, at: SocketAddr) -> Option<Owner<'a>> {
    if has_already(there, service, at) {
        return None;
    }
    let collides = |address: IpAddr| address == at.ip() || address.is_unspecified() || at.ip().is_unspecified();
    let mut published = there.unmanaged.ports.iter();
    let container = published.find(|(address, port, _)| *port == at.port() && address.is_none_or(collides));
    if let Some((address, _, name)) = container {
        return Some(Owner::Container { name, address: *address });
    }
    let mut others = others.iter().copied();
    let listener = others.find(|listener| listener.port == at.port() && collides(listener.address))?;
    (!is_for_mesh(there, service, listener)).then_some(Owner::Listener(listener))
}

/// Whether it is Docker, as far as can be seen, that listens for a container of the mesh.
fn is_for_mesh(there: &Observed, service: ServiceId, listener: &Listener) -> bool {
    let (is_there, has_orphans) = (there.containers.contains_key(&service), !there.orphans.is_empty());
    match &listener.owner {
        // Docker opens a port before it says that the container runs, and keeps it for one that is renamed
        Some(process) => DOCKER.contains(&process.name.as_str()) && (is_there || has_orphans),
        // whose a port is, only root can tell; that of a container that is gone is most likely the renamed one's
        None => !is_there && has_orphans,
    }
}

/// What to do about a port that is taken.
fn remedy(mesh: &Mesh, there: &Observed, service: ServiceId, port: Port, owner: &Owner<'_>) -> String {
    let instead = match (owner.is_everywhere(), is_new(there, service)) {
        (false, _) => format!(", or publish {}", elsewhere(mesh, there, service, port)),
        (true, true) => {
            let flags = format!("--ports {}", PortRange::OF_NAMED);
            format!(", or have free ports chosen: {}", mesh.with_flags(there.record.as_ref(), &flags))
        }
        (true, false) => String::new(),
    };
    format!("stop what has it{instead}")
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
fn has_already(there: &Observed, service: ServiceId, at: SocketAddr) -> bool {
    let Some(container) = there.containers.get(&service).filter(|container| container.state.is_up()) else {
        return false;
    };
    let is_it = |published: &Published| published.address == Some(at.ip()) && published.host == Some(at.port());
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
