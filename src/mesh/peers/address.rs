//! Addresses of remote cluster servers, as users name them. Pure: no I/O.

use std::net::IpAddr;

use crate::mesh::settings::SubjectName;

/// Whether it is `HOST:PORT`, whose host is an IPv4 address, an IPv6 address in brackets or a DNS name.
pub fn is_host_and_port(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    // digits only, where parsing takes a sign, too
    let is_port = port.bytes().all(|c| c.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0);
    is_port && is_host(host)
}

fn is_host(host: &str) -> bool {
    if let Some(inside) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return inside.parse().is_ok_and(|address: IpAddr| address.is_ipv6());
    }
    match host.strip_suffix('.').unwrap_or(host).parse() {
        Ok(SubjectName::Ip(address)) => address.is_ipv4(),
        // without a top-level domain of digits, which is what is left of a mistyped IPv4 address
        Ok(SubjectName::Dns(name)) => {
            let last = name.rsplit('.').next().unwrap_or_default();
            !name.starts_with('*') && !last.bytes().all(|c| c.is_ascii_digit())
        }
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        for good in [
            "192.0.2.11:9443",
            "[2001:db8::9443]:1",
            "vm:65535",
            "search_1.example.org.:9443",
            "VM-2.example.org:9443",
            "0x1f.example:1",
        ] {
            assert!(is_host_and_port(good), "{good}");
        }
        for wrong in [
            "",
            "vm",
            "vm:",
            "vm:0",
            "vm:+80",
            "vm:65536",
            ":9443",
            "https://vm:9443",
            "vm/x:9443",
            "user@vm:9443",
            "[::1:9443",
            "::1]:9443",
            "[vm]:9443",
            "[192.0.2.11]:9443",
            "2001:db8::9443",
            "192.0.2.300:9443",
            "*.example.org:9443",
            "a b:9443",
            "-vm:9443",
            ".:9443",
            "v..m:9443",
        ] {
            assert!(!is_host_and_port(wrong), "{wrong}");
        }
    }
}
