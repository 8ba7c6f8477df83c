//! What of a machine's address space is in use, and where a mesh's network can lie nevertheless. Pure: no I/O.
//!
//! Where two routes of one table fit an address, the longer prefix wins, so a network of the mesh's own works inside a
//! wider route of the main table. Other tables are looked up before that one, as those of VPNs are, and there any route
//! that fits wins.

use std::{collections::BTreeSet, net::SocketAddr};

use ipnet::{IpNet, Ipv4Net};
use serde::Serialize;

use super::network::Subnet;

/// The number of the routing table that has the machine's own networks; see `ip-route(8)`.
pub const MAIN: u32 = 254;

/// An IPv4 route of any table but the kernel's own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Route {
    pub to: Ipv4Net,
    /// The number of its table.
    pub table: u32,
    /// Where packets leave; `None` where they are refused (`unreachable`, `blackhole`, `prohibit`), or leave by
    /// several.
    pub interface: Option<String>,
}

impl Route {
    /// A default route, or a half of one, as a VPN sets them that takes everything.
    pub fn is_default(&self) -> bool {
        self.to.prefix_len() <= 1
    }

    fn overlaps(&self, net: Ipv4Net) -> bool {
        self.to.contains(&net) || net.contains(&self.to)
    }

    /// Whether packets for the network, or for a part of it, would take this route if the network were there.
    pub fn bars(&self, subnet: Subnet) -> bool {
        if self.table == MAIN {
            subnet.net().contains(&self.to)
        } else {
            !self.is_default() && self.overlaps(subnet.net())
        }
    }

    /// Whether the network would hide hosts that the route leads to. A route to a whole private range covers unused
    /// addresses as well, so it does not count.
    fn is_missed(&self, subnet: Subnet) -> bool {
        let whole = |range: &Ipv4Net| range.contains(&subnet.net()) && self.to.contains(range);
        self.overlaps(subnet.net()) && !(self.table == MAIN && private_ranges().iter().any(whole))
    }
}

/// The ranges of RFC 1918.
fn private_ranges() -> [Ipv4Net; 3] {
    [([10, 0, 0, 0], 8), ([172, 16, 0, 0], 12), ([192, 168, 0, 0], 16)]
        .map(|(address, prefix)| Ipv4Net::new(address.into(), prefix).expect("should be a prefix length"))
}

/// What a new mesh has to keep clear of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// Networks of interfaces, and of Docker.
    pub networks: Vec<IpNet>,
    pub routes: Vec<Route>,
    /// Ports with a listener, and ports that Docker publishes or will publish for other containers.
    pub ports: BTreeSet<u16>,
    /// Of these ports, those that clusters of other meshes have, whether they run, are stopped or are being made.
    pub of_clusters: BTreeSet<u16>,
    /// Where gateways of other meshes are published, likewise.
    pub gateways: BTreeSet<SocketAddr>,
}

impl Taken {
    /// Whether another mesh has what a gateway at this address would take. A cluster's port counts on any address.
    pub fn has_reserved(&self, gateway: SocketAddr) -> bool {
        let is_same = |other: &SocketAddr| {
            let (one, other_ip) = (gateway.ip(), other.ip());
            other.port() == gateway.port() && (one == other_ip || one.is_unspecified() || other_ip.is_unspecified())
        };
        self.of_clusters.contains(&gateway.port()) || self.gateways.iter().any(is_same)
    }

    /// Whether a network cannot be made, since a network or a route of the main table is in its way.
    pub fn overlaps(&self, subnet: Subnet) -> bool {
        let barred = || self.routes.iter().any(|route| route.table == MAIN && route.bars(subnet));
        subnet.overlap(&self.networks).is_some() || barred()
    }

    /// A network that hides no address in use; where there is none, one that works at least.
    pub fn free(&self) -> Option<Subnet> {
        self.free_of(Subnet::USUAL)
    }

    /// Such a network of this prefix.
    pub fn free_of(&self, prefix: u8) -> Option<Subnet> {
        let clear = || Subnet::candidates(prefix).filter(|subnet| subnet.overlap(&self.networks).is_none());
        let any = |subnet: Subnet, wrong: fn(&Route, Subnet) -> bool| {
            self.routes.iter().any(|route| !route.is_default() && wrong(route, subnet))
        };
        clear()
            .find(|subnet| !any(*subnet, Route::is_missed))
            .or_else(|| clear().find(|subnet| !any(*subnet, Route::bars)))
    }

    /// A network that only routes of other tables than the main one stand in the way of: a rule can have that looked up
    /// first.
    pub fn free_in_main(&self) -> Option<Subnet> {
        let routes = self.routes.iter().filter(|route| route.table == MAIN).cloned().collect();
        Self { networks: self.networks.clone(), routes, ..Self::default() }.free()
    }
}

/// Has the kernel look up the machine's own networks first where a packet is for the mesh.
pub fn rule_for(subnet: Subnet) -> String {
    format!("ip rule add pref 100 to {subnet} lookup main")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(to: &str, table: u32) -> Route {
        Route { to: to.parse().unwrap(), table, interface: Some("tun0".to_owned()) }
    }

    fn free(networks: &[&str], routes: &[(&str, u32)]) -> String {
        let networks = networks.iter().map(|net| net.parse().unwrap()).collect();
        let routes = routes.iter().map(|(to, table)| route(to, *table)).collect();
        Taken { networks, routes, ..Taken::default() }.free().map_or("none".to_owned(), |subnet| subnet.to_string())
    }

    #[test]
    fn the_network_that_is_chosen_overlaps_nothing() {
        assert_eq!(free(&["10.213.0.0/24", "10.213.1.128/25", "172.17.0.0/16", "fe80::/64"], &[]), "10.213.2.0/24");
        assert_eq!(free(&["10.213.0.0/16"], &[]), "10.214.0.0/24");
        assert_eq!(free(&["10.0.0.0/8", "172.31.0.0/16"], &[]), "172.30.0.0/24");
        assert_eq!(free(&["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"], &[]), "none");
    }

    #[test]
    fn routes_of_a_vpn_leave_room_for_it() {
        let everything = [("0.0.0.0/1", MAIN), ("128.0.0.0/1", MAIN), ("0.0.0.0/0", 51820)];
        assert_eq!(free(&["10.8.0.0/24"], &everything), "10.213.0.0/24");
        let private = [("10.0.0.0/8", MAIN), ("172.16.0.0/12", MAIN), ("192.168.0.0/16", MAIN), ("0.0.0.0/2", MAIN)];
        assert_eq!(free(&[], &private), "10.213.0.0/24");
        assert_eq!(free(&[], &[("10.213.0.0/16", MAIN)]), "10.214.0.0/24");
        assert_eq!(free(&[], &[("10.213.0.128/30", MAIN)]), "10.213.1.0/24");
    }

    #[test]
    fn a_route_in_use_is_taken_only_where_nothing_else_is_left() {
        let halves = ["10.0.0.0/9", "10.128.0.0/9", "172.16.0.0/13", "172.24.0.0/13", "192.168.0.0/17"];
        let mut routes: Vec<(&str, u32)> = halves.map(|to| (to, MAIN)).into();
        assert_eq!(free(&[], &routes), "192.168.255.0/24");
        routes.push(("192.168.128.0/17", MAIN));
        assert_eq!(free(&[], &routes), "10.213.0.0/24");
    }

    #[test]
    fn a_route_of_another_table_wins_over_the_network_and_so_bars_it() {
        assert_eq!(free(&[], &[("10.213.0.0/16", 52)]), "10.214.0.0/24");
        assert_eq!(free(&[], &[("10.0.0.0/8", 52)]), "172.31.0.0/24");
        let all = [("10.0.0.0/8", 52), ("172.16.0.0/12", 52), ("192.168.0.0/16", 52)];
        assert_eq!(free(&[], &all), "none");
        let routes = all.iter().map(|(to, table)| route(to, *table)).collect();
        let taken = Taken { routes, ..Taken::default() };
        assert_eq!(taken.free_in_main().unwrap().to_string(), "10.213.0.0/24");
        assert!(route("10.213.0.0/16", 52).bars("10.213.0.0/24".parse().unwrap()));
        assert!(!route("10.213.0.0/16", MAIN).bars("10.213.0.0/24".parse().unwrap()));
    }
}
