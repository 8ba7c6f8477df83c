//! The addresses of this machine that it has for some time only, as from DHCP. I/O: netlink; changes nothing.

use std::{collections::BTreeSet, io, net::IpAddr};

use netlink_packet_core::NLM_F_DUMP;
use netlink_packet_route::{
    RouteNetlinkMessage,
    address::{AddressAttribute, AddressHeaderFlags, AddressMessage},
};

use super::netlink;

/// # Errors
/// The kernel does not tell.
pub fn leased() -> io::Result<BTreeSet<IpAddr>> {
    let answers = netlink::ask(RouteNetlinkMessage::GetAddress(AddressMessage::default()), NLM_F_DUMP)?;
    Ok(answers.iter().filter_map(lease).collect())
}

/// An address without an end is a permanent one to the kernel.
fn lease(message: &RouteNetlinkMessage) -> Option<IpAddr> {
    let RouteNetlinkMessage::NewAddress(message) = message else { return None };
    if message.header.flags.contains(AddressHeaderFlags::Permanent) {
        return None;
    }
    // the local one, where a link from point to point has two
    let local = message.attributes.iter().find_map(|attribute| match attribute {
        AddressAttribute::Local(address) => Some(*address),
        _ => None,
    });
    local.or_else(|| {
        message.attributes.iter().find_map(|attribute| match attribute {
            AddressAttribute::Address(address) => Some(*address),
            _ => None,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_address_stays() {
        assert!(!leased().unwrap().contains(&IpAddr::from([127, 0, 0, 1])));
    }
}
