//! The mesh's network, and whether Docker can set up any. I/O: Docker's socket, netlink.

use super::{Apply, containers::refused};
use crate::{
    error::Error,
    judge::container_exit,
    mesh::network::{self, Subnet},
    world::{host, netlink},
};

impl Apply<'_> {
    pub(super) async fn create_network(&self) -> Result<(), Error> {
        self.remove_left_bridges(self.mesh.subnet).await;
        let created = self.world.docker.create_network(self.mesh).await;
        if created.is_err() {
            self.remove_left_bridges(self.mesh.subnet).await;
        }
        created.map_err(|error| refused(self.mesh, None, error))
    }

    pub(super) async fn remove_network(&self, id: &str) -> Result<(), Error> {
        self.world.docker.remove_network(id).await.map_err(|error| refused(self.mesh, None, error))
    }

    /// Fails where Docker can start no container, since its firewall rules are gone; seen by a network that is made and
    /// removed again. Asked before anything is stopped that would then stay so.
    pub(super) async fn require_firewall(&self) -> Result<(), Error> {
        let survey = self.world.survey().await?;
        for left in survey.networks.iter().filter(|found| found.name == network::PROBE) {
            self.world.docker.remove_network(&left.id).await?;
        }
        let mut taken = self.world.taken(&survey);
        taken.networks.push(self.mesh.subnet.net().into());
        let Some(subnet) = taken.free() else { return Ok(()) };
        match self.world.docker.try_network(subnet).await {
            Err(error) if container_exit::lacks_firewall(self.mesh, &error.words()) => {
                self.remove_left_bridges(subnet).await;
                Err(refused(self.mesh, None, error))
            }
            // another reason says nothing of what starts
            _ => Ok(()),
        }
    }

    /// Removes the bridges of a subnet that Docker left when it could not make a network. They are in no way of others,
    /// so it is no fault where they stay, as they do for all but root.
    async fn remove_left_bridges(&self, subnet: Subnet) {
        let Ok(interfaces) = host::interfaces() else { return };
        let left = interfaces.left_bridges.into_iter().filter(|(_, net)| *net == subnet.net().into());
        let left: Vec<String> = left.map(|(name, _)| name).collect();
        if left.is_empty() {
            return;
        }
        let Ok(listed) = self.world.docker.networks().await else { return };
        let is_listed = |bridge: &str| {
            let id = bridge.trim_start_matches("br-");
            listed.iter().any(|network| network.id.starts_with(id))
        };
        for bridge in left.iter().filter(|bridge| !is_listed(bridge)) {
            match netlink::remove_interface(bridge) {
                Ok(()) => tracing::info!("removed bridge {bridge}, which Docker left"),
                Err(error) => tracing::info!("bridge {bridge}, which Docker left, stays: {error}"),
            }
        }
    }
}
