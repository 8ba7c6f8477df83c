//! Where packets go: the kernel's IPv4 routes, and its answer for one address. I/O: netlink; changes nothing.

use std::{
    collections::BTreeSet,
    io,
    net::{IpAddr, Ipv4Addr},
};

use ipnet::{IpNet, Ipv4Net};
use netlink_packet_core::NLM_F_DUMP;
use netlink_packet_route::{
    AddressFamily, RouteNetlinkMessage,
    route::{RouteAddress, RouteAttribute, RouteFlags, RouteMessage, RouteType},
    rule::{RuleAttribute, RuleFlags, RuleMessage},
};
use nix::{errno::Errno, net::if_::if_indextoname};

use super::netlink;
use crate::{
    facts::observed::Way,
    mesh::taken::{MAIN, Route},
};

/// The table of the machine's own addresses, which the kernel keeps.
const LOCAL: u32 = 255;

/// Every IPv4 route of every table, but those to the machine's own addresses.
///
/// # Errors
/// The kernel does not tell.
pub fn all() -> io::Result<Vec<Route>> {
    let mut question = RouteMessage::default();
    question.header.address_family = AddressFamily::Inet;
    let answers = netlink::ask(RouteNetlinkMessage::GetRoute(question), NLM_F_DUMP)?;
    Ok(answers.iter().filter_map(route).filter(|route| route.table != LOCAL).collect())
}

/// Where the kernel sends packets for an address now; `None` where it knows no way, or cannot tell.
pub fn way(address: Ipv4Addr) -> Option<Way> {
    let mut question = RouteMessage::default();
    question.header.address_family = AddressFamily::Inet;
    question.header.destination_prefix_length = 32;
    // the route as it stands in its table, and which table that is
    question.header.flags = RouteFlags::FibMatch | RouteFlags::LookupTable;
    question.attributes.push(RouteAttribute::Destination(RouteAddress::Inet(address)));
    match netlink::ask(RouteNetlinkMessage::GetRoute(question), 0) {
        Ok(answers) => answers.iter().find_map(route).map(Way::By),
        Err(error) => is_refusal(&error).then_some(Way::Refused),
    }
}

/// The tables that the kernel's rules have it look into before the main one, where a packet is for the address; whether
/// a rule applies to other packets only does not count. None where it does not tell.
pub fn before_main(address: Ipv4Addr) -> BTreeSet<u32> {
    let mut question = RuleMessage::default();
    question.header.family = AddressFamily::Inet;
    let answers = netlink::ask(RouteNetlinkMessage::GetRule(question), NLM_F_DUMP).unwrap_or_default();
    let mut rules: Vec<Rule> = answers.iter().filter_map(rule).collect();
    rules.sort_by_key(|rule| rule.priority);
    let applies = |rule: &&Rule| rule.to.is_none_or(|to| to.contains(&IpAddr::V4(address)));
    let before = rules.iter().filter(applies).take_while(|rule| rule.table != MAIN || rule.is_of_some);
    before.map(|rule| rule.table).filter(|table| ![LOCAL, MAIN].contains(table)).collect()
}

/// A rule by which a table is looked into.
struct Rule {
    priority: u32,
    table: u32,
    to: Option<IpNet>,
    /// Whether it is of packets with a mark, a source or the like.
    is_of_some: bool,
}

fn rule(message: &RouteNetlinkMessage) -> Option<Rule> {
    let RouteNetlinkMessage::NewRule(message) = message else { return None };
    let inverted = message.header.flags.contains(RuleFlags::Invert);
    let mut rule = Rule { priority: 0, table: message.header.table.into(), to: None, is_of_some: inverted };
    for attribute in &message.attributes {
        match attribute {
            RuleAttribute::Priority(number) => rule.priority = *number,
            RuleAttribute::Table(number) => rule.table = *number,
            // one that is inverted is of nearly every other address
            RuleAttribute::Destination(address) if !inverted => {
                rule.to = IpNet::new(*address, message.header.dst_len).ok();
            }
            RuleAttribute::Source(_)
            | RuleAttribute::FwMark(1..)
            | RuleAttribute::Iifname(_)
            | RuleAttribute::Oifname(_)
            | RuleAttribute::UidRange(_)
            | RuleAttribute::IpProtocol(_)
            | RuleAttribute::SourcePortRange(_)
            | RuleAttribute::DestinationPortRange(_) => rule.is_of_some = true,
            _ => {}
        }
    }
    Some(rule)
}

/// What the kernel answers for a route of type `unreachable`, `prohibit` or `blackhole`; see `ip-route(8)`.
fn is_refusal(error: &io::Error) -> bool {
    let refusals = [Errno::EHOSTUNREACH, Errno::EACCES, Errno::EINVAL].map(|errno| errno as i32);
    error.raw_os_error().is_some_and(|number| refusals.contains(&number))
}

fn route(message: &RouteNetlinkMessage) -> Option<Route> {
    let RouteNetlinkMessage::NewRoute(message) = message else { return None };
    let kinds =
        [RouteType::Unicast, RouteType::Local, RouteType::Unreachable, RouteType::BlackHole, RouteType::Prohibit];
    if !kinds.contains(&message.header.kind) {
        return None;
    }
    let (mut to, mut table, mut interface) = (Ipv4Addr::UNSPECIFIED, u32::from(message.header.table), None);
    for attribute in &message.attributes {
        match attribute {
            RouteAttribute::Destination(RouteAddress::Inet(address)) => to = *address,
            RouteAttribute::Table(number) => table = *number,
            RouteAttribute::Oif(index) => interface = if_indextoname(*index).ok(),
            _ => {}
        }
    }
    let to = Ipv4Net::new(to, message.header.destination_prefix_length).ok()?;
    Some(Route { to, table, interface: interface.map(|name| name.to_string_lossy().into_owned()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_tells_its_routes_and_where_an_address_goes() {
        assert!(all().unwrap().iter().all(|route| route.table != LOCAL));
        // the kernel holds its own table and the main one as one, until a rule is set
        let way = way(Ipv4Addr::LOCALHOST);
        assert!(matches!(&way, Some(Way::By(Route { interface: Some(name), .. })) if name == "lo"), "{way:?}");
    }
}
