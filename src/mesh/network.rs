//! Where the mesh's network lies and which address a service has in it. Pure: no I/O.

use std::{fmt, net::Ipv4Addr, str::FromStr};

use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Serialize};

use super::invalid_value::InvalidValue;

/// The one network of a mesh.
pub const NAME: &str = "data-mesh-network";

/// A network that is there for a moment, to see whether Docker can make one.
pub const PROBE: &str = "data-mesh-probe";

/// A private IPv4 network with room for 99 clusters: /16 to /24.
///
/// Services have fixed addresses, most of them in its first 256, and Docker hands out others only from its last 32, so
/// that a container that is not ours never takes the address of one that is stopped. Held as text in `mesh.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Subnet(Ipv4Net);

impl Subnet {
    /// The prefix of the network that a mesh chooses by itself, and those of wider ones, which it takes where that has
    /// no address left.
    pub(super) const USUAL: u8 = 24;
    pub(super) const WIDER: [u8; 4] = [23, 22, 21, 20];

    pub fn net(self) -> Ipv4Net {
        self.0
    }

    pub fn gateway(self) -> Ipv4Addr {
        self.host(1)
    }

    /// The range that Docker gives addresses from when a container asks for none.
    pub fn allocation_range(self) -> Ipv4Net {
        let first = u32::from(self.0.broadcast()) - 31;
        Ipv4Net::new(first.into(), 27).expect("should be a prefix length")
    }

    /// Counted from the network's own address.
    pub(super) fn host(self, number: u32) -> Ipv4Addr {
        (u32::from(self.0.network()) + number).into()
    }

    /// The first of `taken` that this network overlaps.
    pub fn overlap(self, taken: &[IpNet]) -> Option<IpNet> {
        let own = IpNet::V4(self.0);
        taken.iter().copied().find(|net| net.contains(&own) || own.contains(net))
    }

    /// Those of this prefix that a mesh may choose from, the best first: ranges that neither Docker's own pools
    /// (172.17-31, 192.168) nor most home and office networks use come before those.
    pub(super) fn candidates(prefix: u8) -> impl Iterator<Item = Self> {
        let usual = (0..=255).map(|third| [10, 213, third]);
        let others = (214..=254).map(|second| [10, second, 0]);
        let docker = (16..=31).rev().map(|second| [172, second, 0]);
        let homes = (0..=255).rev().map(|third| [192, 168, third]);
        let nets = usual.chain(others).chain(docker).chain(homes).map(move |[first, second, third]| {
            Ipv4Net::new(Ipv4Addr::new(first, second, third, 0), prefix).expect("should be a prefix length")
        });
        nets.filter(|net| net.trunc() == *net).map(Self)
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Subnet {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let net: Ipv4Net = text
            .parse()
            .map_err(|_| InvalidValue::new(format!("`{text}` is not an IPv4 network such as `10.213.0.0/24`")))?;
        if !net.network().is_private() || !(16..=24).contains(&net.prefix_len()) {
            return Err(InvalidValue::new(format!(
                "`{text}` does not fit: the network has to be private, with a prefix from /16 to /24"
            )));
        }
        Ok(Self(net.trunc()))
    }
}

impl TryFrom<String> for Subnet {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        text.parse()
    }
}

impl From<Subnet> for String {
    fn from(subnet: Subnet) -> Self {
        subnet.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_that_do_not_fit_are_refused() {
        for wrong in ["10.0.0.0/25", "8.8.8.0/24", "10.0.0.0/8", "fd00::/64", "x"] {
            assert!(wrong.parse::<Subnet>().is_err(), "{wrong}");
        }
    }
}
