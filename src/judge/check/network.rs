//! Addresses and networks that the mesh needs and others may have. Pure.

use std::collections::BTreeSet;

use ipnet::IpNet;

use super::{Checked, Finding, Severity};
use crate::{
    facts::{
        host::HostFacts,
        observed::{Observed, Way},
    },
    mesh::{
        Mesh,
        taken::{MAIN, Route, Taken, rule_for},
    },
};

pub(super) fn address(mesh: &Mesh, there: &Observed, host: &HostFacts) -> Checked {
    let mut findings = Vec::new();
    let bind = mesh.spec.bind;
    let with_flags = |flags: String| mesh.with_flags(there.record.as_ref(), &flags);
    if !bind.is_unspecified() && !bind.is_loopback() && !host.interfaces.contains(&bind) {
        findings.push(Finding::problem(
            format!("{bind} is not an address of this machine"),
            format!(
                "see its addresses with `ip address`; to publish on all of them, {}",
                with_flags("--bind 0.0.0.0".to_owned())
            ),
        ));
    }
    let known = there.network.as_ref().is_some_and(|network| network.subnet == mesh.subnet.to_string());
    let own: Vec<IpNet> = there.network.iter().filter_map(|network| network.subnet.parse().ok()).collect();
    let docker = there.unmanaged.subnets.iter().map(|(net, _)| *net);
    let taken = host.taken(&own, docker);
    let overlap = if known { None } else { overlap(mesh, there, &taken) };
    findings.extend(overlap.map(|what| {
        Finding::problem(
            format!("the mesh's network {} overlaps {what}", mesh.subnet),
            elsewhere(mesh, &taken, with_flags),
        )
    }));
    if findings.is_empty() {
        findings.extend(diverted(mesh, there, &host.routes));
    }
    Checked::new(
        "network",
        format!("{} is free or the mesh's own, and {bind} is of this machine", mesh.subnet),
        findings,
    )
}

/// What the mesh's network cannot lie beside, in words.
fn overlap(mesh: &Mesh, there: &Observed, taken: &Taken) -> Option<String> {
    let of_docker = there.unmanaged.subnets.iter().find(|(net, _)| mesh.subnet.overlap(&[*net]).is_some());
    if let Some((net, name)) = of_docker {
        return Some(format!("{net} of Docker's network {name}"));
    }
    if let Some(net) = mesh.subnet.overlap(&taken.networks) {
        return Some(format!("{net}, which this machine has an interface in"));
    }
    let route = taken.routes.iter().find(|route| route.table == MAIN && route.bars(mesh.subnet))?;
    Some(format!("{}, {}", route.to, leaves(route)))
}

fn leaves(route: &Route) -> String {
    match &route.interface {
        Some(interface) => format!("which this machine has a route to by {interface}"),
        None => "which this machine has a route for that leads nowhere, or several ways".to_owned(),
    }
}

/// Another network for the mesh, that passes this check. `with_flags` is what to type for other flags.
fn elsewhere(mesh: &Mesh, taken: &Taken, with_flags: impl Fn(String) -> String) -> String {
    match (taken.free(), taken.free_in_main()) {
        (Some(free), _) => format!("name a free one: {}", with_flags(format!("--subnet {free}"))),
        (None, Some(subnet)) => {
            format!("type `{}`; then {}", rule_for(subnet), with_flags(format!("--subnet {subnet}")))
        }
        (None, None) => format!(
            "take away what overlaps {}: `ip address`, `ip route show table all` and `docker network ls` show it",
            mesh.subnet
        ),
    }
}

/// A route of a table that comes before the main one, as a VPN sets it, and that takes what is for the mesh's network:
/// no client on this machine would reach a server.
fn diverted(mesh: &Mesh, there: &Observed, routes: &BTreeSet<Route>) -> Option<Finding> {
    let subnet = mesh.subnet;
    let before = |route: &&Route| there.before_main.contains(&route.table);
    let route = match there.way.as_ref()? {
        Way::By(route) => Some(route).filter(before),
        Way::Refused => {
            routes.iter().filter(before).find(|route| route.interface.is_none() && route.to.contains(&subnet.net()))
        }
    }?;
    let fate = match &route.interface {
        Some(interface) => format!("would leave by {interface}"),
        None => "would be refused".to_owned(),
    };
    let message = format!(
        "packets for the mesh's network {subnet} {fate}: the kernel looks into table {} before its own networks, and finds {}",
        route.table, route.to
    );
    let hint = format!("have it look at its own networks first: `{}`", rule_for(subnet));
    // a VPN may know how to leave local networks alone
    let severity = if route.is_default() { Severity::Estimate } else { Severity::Problem };
    Some(Finding::new(severity, message, hint))
}

/// Whether the machine has the recorded mesh's network and Docker does not list it: a run was killed while Docker made
/// it, and Docker lists it in a moment. An overlap that is one for good stays.
pub fn half_made(mesh: &Mesh, host: &HostFacts, listed: &[String]) -> bool {
    let subnet = IpNet::V4(mesh.subnet.net());
    let there = host.networks.contains(&subnet) || host.left_bridges.values().any(|net| *net == subnet);
    there && !listed.contains(&mesh.subnet.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::check::example::{rendered, roomy};

    #[test]
    fn a_network_that_docker_is_just_making_differs_from_one_in_use() {
        let mesh = Mesh::example(1);
        let with = |network: &str| HostFacts { networks: [network.parse().unwrap()].into(), ..roomy() };
        assert!(half_made(&mesh, &with("10.213.0.0/24"), &[]));
        assert!(!half_made(&mesh, &with("10.213.0.0/24"), &["10.213.0.0/24".to_owned()]));
        assert!(!half_made(&mesh, &with("10.0.0.0/8"), &[]), "of others");
        assert!(!half_made(&mesh, &roomy(), &[]));
    }

    fn route(to: &str, table: u32) -> Route {
        Route { to: to.parse().unwrap(), table, interface: Some("tun0".to_owned()) }
    }

    /// The check of `10.213.0.0/24` on a machine with these networks and routes.
    fn refused(networks: &[&str], routes: &[Route]) -> String {
        let networks = networks.iter().map(|net| net.parse().unwrap()).collect();
        let host = HostFacts { networks, routes: routes.iter().cloned().collect(), ..roomy() };
        rendered([address(&Mesh::example(1), &Observed::default(), &host)])
    }

    #[test]
    fn a_network_in_use_is_refused_with_one_that_is_free() {
        insta::assert_snapshot!(refused(&["10.0.0.0/8"], &[]), @r"
        Problem: the mesh's network 10.213.0.0/24 overlaps 10.0.0.0/8, which this machine has an interface in
          name a free one: type the same command again with `--subnet 172.31.0.0/24`
        ");
        let mesh = Mesh::example(1);
        let recorded = Observed { record: Some(mesh.clone()), ..Observed::default() };
        let host = HostFacts { networks: ["10.0.0.0/8".parse().unwrap()].into(), ..roomy() };
        let hint = address(&mesh, &recorded, &host).findings().remove(0).hint;
        assert_eq!(hint, "name a free one: `mesh create --subnet 172.31.0.0/24`");
        insta::assert_snapshot!(refused(&[], &[route("10.213.0.128/25", MAIN)]), @r"
        Problem: the mesh's network 10.213.0.0/24 overlaps 10.213.0.128/25, which this machine has a route to by tun0
          name a free one: type the same command again with `--subnet 10.213.1.0/24`
        ");
    }

    #[test]
    fn a_wider_route_is_no_overlap() {
        let wide = ["0.0.0.0/1", "10.0.0.0/8", "10.213.0.0/16"].map(|to| route(to, MAIN));
        assert!(refused(&["10.8.0.0/24"], &wide).starts_with("good: "));
    }

    #[test]
    fn a_network_that_another_table_diverts_is_refused() {
        let mesh = Mesh::example(1);
        let look = |way: Way, before_main: &[u32], routes: &[Route]| {
            let host = HostFacts { routes: routes.iter().cloned().collect(), ..roomy() };
            let before_main = before_main.iter().copied().collect();
            rendered([address(&mesh, &Observed { way: Some(way), before_main, ..Observed::default() }, &host)])
        };
        insta::assert_snapshot!(look(Way::By(route("10.213.0.0/16", 52)), &[52], &[]), @r"
        Problem: packets for the mesh's network 10.213.0.0/24 would leave by tun0: the kernel looks into table 52 before its own networks, and finds 10.213.0.0/16
          have it look at its own networks first: `ip rule add pref 100 to 10.213.0.0/24 lookup main`
        ");
        let good = |text: String| text.starts_with("good: ");
        assert!(good(look(Way::By(route("10.213.0.0/24", MAIN)), &[52], &[])));
        assert!(good(look(Way::By(route("0.0.0.0/0", 51820)), &[], &[])), "the main table comes first");
        assert!(look(Way::By(route("0.0.0.0/0", 52)), &[52], &[]).starts_with("Estimate: "));
        let refusing = |table| Route { interface: None, ..route("10.0.0.0/8", table) };
        assert!(look(Way::Refused, &[52], &[refusing(52)]).contains("would be refused"));
        assert!(good(look(Way::Refused, &[52], &[refusing(MAIN)])));
    }
}
