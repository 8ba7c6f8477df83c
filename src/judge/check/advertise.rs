//! The address that other machines reach this one by, and what a firewall has to let through. Pure.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Checked, Finding};
use crate::{
    facts::{host::HostFacts, observed::Observed},
    mesh::{Mesh, id::ClusterId},
};

/// What other machines need to reach, or are to be reached by: one TCP port for each node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Passage {
    pub cluster: String,
    /// Who connects.
    pub from: String,
    /// `ADDRESS:PORT`, by TCP.
    pub to: String,
}

/// What firewalls between this machine and others have to let through.
pub fn passages(mesh: &Mesh) -> Vec<Passage> {
    let guests = |cluster: ClusterId| {
        let guests = mesh.guests.iter().filter(|(_, guest)| guest.on.contains(cluster));
        let names: Vec<String> = guests.map(|(name, _)| name.to_string()).collect();
        if names.is_empty() { "guests".to_owned() } else { names.join(", ") }
    };
    let inward = mesh.clusters().flat_map(|cluster| {
        let to = mesh.advertised(cluster).into_iter();
        to.map(move |to| Passage { cluster: cluster.to_string(), from: guests(cluster), to: to.to_string() })
    });
    let peers = mesh.peers.values().filter(|peer| !peer.leaving).flat_map(|peer| &peer.remotes);
    let outward = peers.map(|(alias, at)| Passage {
        cluster: alias.to_string(),
        from: "this machine".to_owned(),
        to: at.address.clone(),
    });
    inward.chain(outward).collect()
}

pub(super) fn advertise(mesh: &Mesh, there: &Observed, host: &HostFacts) -> Checked {
    let binds: BTreeSet<_> = mesh.clusters().filter_map(|cluster| mesh.settings(cluster).remote_bind()).collect();
    let unused = mesh.spec.advertise_bind.0.filter(|_| binds.is_empty()).map(|bind| {
        Finding::warning(
            format!("nothing is published on {bind}: other machines know no address of this one"),
            "name the one that they reach it by with `mesh create --advertise ADDRESS`, or take this back with \
             `--no-advertise-bind`",
        )
    });
    let here = binds.iter().filter(|bind| !bind.is_unspecified());
    let findings = here.filter_map(|bind| {
        if !host.interfaces.contains(bind) {
            return Some(Finding::problem(
                format!("{bind} is not an address of this machine, so nothing can be published on it"),
                format!(
                    "see its addresses with `ip address`; behind NAT, name one of its own, too: {}",
                    mesh.with_flags(there.record.as_ref(), "--advertise PUBLIC --advertise-bind LOCAL")
                ),
            ));
        }
        host.leased.contains(bind).then(|| {
            Finding::warning(
                format!("{bind} has a lease that ends, as from DHCP: other machines lose this one when it changes"),
                "set it as a static address, or reserve it where it comes from; another: `mesh create --advertise ADDRESS`, and then \
                 new invitations",
            )
        })
    });
    let good = match binds.iter().map(ToString::to_string).collect::<Vec<_>>() {
        none if none.is_empty() => "no port is published for other machines: `--advertise` is not set".to_owned(),
        binds => format!("other machines reach remote cluster servers by {}", binds.join(", ")),
    };
    Checked::new("advertise", good, unused.into_iter().chain(findings).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        judge::check::example::{rendered, roomy},
        mesh::{
            peers::{Endpoint, Guest, Peer},
            settings::{AdvertiseBind, Advertised, KeyDays},
        },
    };

    fn mesh(advertise: &str, bind: Option<&str>) -> Mesh {
        let mut mesh = Mesh::example(2);
        mesh.spec.advertise = Advertised(advertise.parse().ok());
        mesh.spec.advertise_bind = AdvertiseBind(bind.map(|bind| bind.parse().unwrap()));
        mesh
    }

    #[test]
    fn an_advertised_address_is_of_this_machine_and_stays() {
        let own = HostFacts { interfaces: [[192, 0, 2, 11].into()].into(), ..roomy() };
        let look = |mesh: &Mesh, host: &HostFacts| rendered([advertise(mesh, &Observed::default(), host)]);
        insta::assert_snapshot!(look(&Mesh::example(1), &own), @"good: advertise: no port is published for other machines: `--advertise` is not set");
        insta::assert_snapshot!(look(&mesh("192.0.2.11", None), &own), @"good: advertise: other machines reach remote cluster servers by 192.0.2.11");
        insta::assert_snapshot!(look(&mesh("198.51.100.7", Some("192.0.2.11")), &own), @"good: advertise: other machines reach remote cluster servers by 192.0.2.11");
        insta::assert_snapshot!(look(&mesh("192.0.2.12", None), &own), @r"
        Problem: 192.0.2.12 is not an address of this machine, so nothing can be published on it
          see its addresses with `ip address`; behind NAT, name one of its own, too: type the same command again with `--advertise PUBLIC --advertise-bind LOCAL`
        ");
        let leased = HostFacts { leased: own.interfaces.clone(), ..own.clone() };
        insta::assert_snapshot!(look(&mesh("192.0.2.11", None), &leased), @r"
        Warning: 192.0.2.11 has a lease that ends, as from DHCP: other machines lose this one when it changes
          set it as a static address, or reserve it where it comes from; another: `mesh create --advertise ADDRESS`, and then new invitations
        ");
        insta::assert_snapshot!(look(&mesh("", Some("192.0.2.11")), &own), @r"
        Warning: nothing is published on 192.0.2.11: other machines know no address of this one
          name the one that they reach it by with `mesh create --advertise ADDRESS`, or take this back with `--no-advertise-bind`
        ");
        assert!(look(&mesh("192.0.2.12", Some("0.0.0.0")), &own).starts_with("good: "));
    }

    #[test]
    fn a_firewall_has_to_let_one_port_of_a_node_through() {
        let mut mesh = mesh("192.0.2.11", None).with_nodes(2, 3);
        let guest = Guest { on: "1".parse().unwrap(), share: Vec::new(), days: KeyDays::default() };
        mesh.guests = [("berlin".parse().unwrap(), guest)].into();
        let address = Endpoint { address: "192.0.2.12:9405".to_owned(), others: Vec::new(), server_name: None };
        let remotes = [("cluster05".parse().unwrap(), address)].into();
        mesh.peers =
            [("london".parse().unwrap(), Peer { on: None, remotes, mesh: None, suffix: None, leaving: false })].into();
        let lines = passages(&mesh).into_iter().map(|one| format!("{}: {} → {}", one.cluster, one.from, one.to));
        insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r"
        cluster01: berlin → 192.0.2.11:9401
        cluster02: guests → 192.0.2.11:9402
        cluster02: guests → 192.0.2.11:10402
        cluster02: guests → 192.0.2.11:11402
        cluster05: this machine → 192.0.2.12:9405
        ");
        assert_eq!(passages(&Mesh::example(1)), []);
    }
}
