//! What a mesh takes of a machine that has to be free: its network and its ports. Pure: no I/O.

use std::{collections::BTreeSet, net::SocketAddr};

use serde::{Deserialize, Serialize};

use super::{Mesh, network::Subnet, taken::Taken};

/// The network and the ports of the host that a mesh has, or is to have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    pub subnet: Subnet,
    /// Those of its clusters.
    pub ports: BTreeSet<u16>,
    /// Where its own gateway is published, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<SocketAddr>,
}

impl Mesh {
    pub fn choice(&self) -> Choice {
        Choice { subnet: self.subnet, ports: self.published(), gateway: self.gateway_at() }
    }

    /// Whether its network or one of its ports is another than `recorded` has.
    pub fn chooses(&self, recorded: Option<&Mesh>) -> bool {
        recorded.is_none_or(|recorded| {
            self.subnet != recorded.subnet
                || !self.published().is_subset(&recorded.published())
                || self.gateway_at().is_some_and(|at| recorded.gateway_at() != Some(at))
        })
    }
}

impl Taken {
    /// With what others have chosen, too.
    #[must_use]
    pub fn with(mut self, choices: impl IntoIterator<Item = Choice>) -> Self {
        for Choice { subnet, ports, gateway } in choices {
            self.networks.push(subnet.net().into());
            self.ports.extend(ports.iter().copied().chain(gateway.map(|at| at.port())));
            self.of_clusters.extend(ports);
            self.gateways.extend(gateway);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mesh_chooses_when_it_is_new_or_grows() {
        let two = Mesh::example(2);
        assert!(two.chooses(None));
        assert!(!two.chooses(Some(&two)) && !Mesh::example(1).chooses(Some(&two)));
        assert!(Mesh::example(3).chooses(Some(&two)));
        let elsewhere = Mesh { subnet: "10.9.8.0/24".parse().unwrap(), ..two.clone() };
        assert!(elsewhere.chooses(Some(&two)));
        let with = two.clone().with_gateway("127.0.0.1:8443");
        assert!(with.chooses(Some(&two)) && !with.chooses(Some(&with)) && !two.chooses(Some(&with)));
        assert!(two.with_gateway("127.0.0.1:8444").chooses(Some(&with)), "it moves");
    }

    #[test]
    fn what_others_chose_is_taken() {
        let one = Mesh::example(2);
        let taken = Taken::default().with([one.choice()]);
        assert_eq!(taken.ports, one.published());
        assert!(one.subnet.overlap(&taken.networks).is_some());
        let text = serde_json::to_string(&Choice { ports: [9201, 9301].into(), ..one.choice() }).unwrap();
        insta::assert_snapshot!(text, @r#"{"subnet":"10.213.0.0/24","ports":[9201,9301]}"#);
        assert_eq!(serde_json::from_str::<Choice>(&text).unwrap().subnet, one.subnet);
        let with = one.with_gateway("127.0.0.1:8443");
        let taken = Taken::default().with([with.choice()]);
        assert!(taken.ports.contains(&8443) && !taken.of_clusters.contains(&8443), "of no cluster");
        let text = serde_json::to_string(&with.choice()).unwrap();
        assert_eq!(serde_json::from_str::<Choice>(&text).unwrap(), with.choice());
    }
}
