//! Networks: list, create, remove. I/O: Docker's socket.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr},
};

use bollard::{
    models::{Ipam, IpamConfig, NetworkCreateRequest},
    query_parameters::ListNetworksOptions,
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{Docker, DockerError, absent_is_none, label};
use crate::mesh::{
    Mesh,
    network::{self, Subnet},
    ports,
};

/// Whether the containers of a network reach each other. An engine may have another default than `true`; see
/// <https://docs.docker.com/engine/network/drivers/bridge/#options> and
/// <https://docs.docker.com/reference/cli/dockerd/#default-network-options>.
const TALK: &str = "com.docker.network.bridge.enable_icc";

/// A network of the engine.
#[derive(Debug, Clone)]
pub struct NetworkSummary {
    pub id: String,
    pub name: String,
    pub labels: HashMap<String, String>,
    pub created: Option<OffsetDateTime>,
    pub subnets: Vec<String>,
    /// The engine's own addresses in it, where it is a bridge: an interface of the engine's machine has them.
    pub gateways: Vec<IpAddr>,
}

impl Docker {
    /// All networks of this engine. Names are not unique (API 1.41), so ids tell them apart.
    pub async fn networks(&self) -> Result<Vec<NetworkSummary>, DockerError> {
        let list = self
            .client
            .list_networks(None::<ListNetworksOptions>)
            .await
            .map_err(DockerError::refused("list networks"))?;
        Ok(list
            .into_iter()
            .map(|found| {
                let ranges = found.ipam.and_then(|ipam| ipam.config).unwrap_or_default();
                let is_bridge = found.driver.as_deref() == Some("bridge");
                let gateways = ranges.iter().filter(|_| is_bridge).filter_map(gateway);
                NetworkSummary {
                    id: found.id.unwrap_or_default(),
                    name: found.name.unwrap_or_default(),
                    labels: found.labels.unwrap_or_default(),
                    created: found.created.and_then(|text| OffsetDateTime::parse(&text, &Rfc3339).ok()),
                    gateways: gateways.collect(),
                    subnets: ranges.into_iter().filter_map(|range| range.subnet).collect(),
                }
            })
            .collect())
    }

    /// Creates the mesh's network, with its own subnet and a range of it that Docker gives addresses from.
    pub async fn create_network(&self, mesh: &Mesh) -> Result<(), DockerError> {
        let range = IpamConfig {
            subnet: Some(mesh.subnet.to_string()),
            ip_range: Some(mesh.subnet.allocation_range().to_string()),
            gateway: Some(mesh.subnet.gateway().to_string()),
            auxiliary_addresses: None,
        };
        let mut labels = label::of_mesh(mesh);
        if mesh.ports.is_some() {
            labels.insert(label::PORTS.to_owned(), ports::as_label(&mesh.published()));
        }
        let request = NetworkCreateRequest {
            name: mesh.network_name(),
            driver: Some("bridge".to_owned()),
            ipam: Some(Ipam { config: Some(vec![range]), ..Ipam::default() }),
            options: Some(HashMap::from([(TALK.to_owned(), true.to_string())])),
            labels: Some(labels),
            ..NetworkCreateRequest::default()
        };
        self.client.create_network(request).await.map_err(DockerError::refused(format!(
            "create network {} with subnet {}",
            mesh.network_name(),
            mesh.subnet
        )))?;
        Ok(())
    }

    /// Creates a network for a test, and removes it again: whether Docker can set one up.
    pub async fn try_network(&self, subnet: Subnet) -> Result<(), DockerError> {
        let range = IpamConfig { subnet: Some(subnet.to_string()), ..IpamConfig::default() };
        let request = NetworkCreateRequest {
            name: network::PROBE.to_owned(),
            driver: Some("bridge".to_owned()),
            ipam: Some(Ipam { config: Some(vec![range]), ..Ipam::default() }),
            ..NetworkCreateRequest::default()
        };
        let refused = || DockerError::refused("set up a network, to see whether it can");
        let made = self.client.create_network(request).await.map_err(refused())?;
        self.client.remove_network(&made.id).await.map_err(refused())
    }

    /// One that is gone already is fine.
    pub async fn remove_network(&self, id: &str) -> Result<(), DockerError> {
        let removed = self.client.remove_network(id).await.map_err(DockerError::refused("remove the mesh's network"));
        absent_is_none(removed).map(|_| ())
    }
}

/// The engine's own address in a range. Docker 20.10 lists that of its default bridge only after the start that follows
/// the one that made it; it is the first of the range then.
fn gateway(range: &IpamConfig) -> Option<IpAddr> {
    let first = || {
        let (subnet, _) = range.subnet.as_ref().filter(|_| range.ip_range.is_none())?.split_once('/')?;
        let subnet: Ipv4Addr = subnet.parse().ok()?;
        Some(Ipv4Addr::from_bits(subnet.to_bits().checked_add(1)?).into())
    };
    range.gateway.as_ref().map_or_else(first, |address| address.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_missing_is_the_first_of_its_range() {
        let range = |subnet: &str, gateway: Option<&str>, within: Option<&str>| {
            let text = |text: &str| text.to_owned();
            let (gateway, ip_range) = (gateway.map(text), within.map(text));
            let range = IpamConfig { subnet: Some(subnet.to_owned()), gateway, ip_range, ..IpamConfig::default() };
            super::gateway(&range).map(|address| address.to_string())
        };
        assert_eq!(range("172.17.0.0/16", None, None).as_deref(), Some("172.17.0.1"));
        assert_eq!(range("172.17.0.0/16", Some("172.17.0.9"), None).as_deref(), Some("172.17.0.9"));
        assert_eq!(range("172.17.0.0/16", None, Some("172.17.5.0/24")), None);
        assert_eq!(range("fd00::/64", None, None), None);
    }
}
