//! A container of the mesh, and its network, as Docker has them. Pure.

use std::net::IpAddr;

use crate::mesh::{container::Container, id::ServiceId};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerState {
    Created,
    Running,
    Paused,
    /// Ended by itself, and Docker starts it again.
    Restarting,
    Stopped,
}

impl ContainerState {
    /// Whether it has a process, which may be halted or about to be started again.
    pub fn is_up(self) -> bool {
        matches!(self, Self::Running | Self::Paused | Self::Restarting)
    }
}

/// The mesh's network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkFacts {
    pub id: String,
    pub subnet: String,
}

/// A container of the mesh under a name that the mesh does not give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Orphan {
    pub state: ContainerState,
    /// The service that it was made for, as its labels say; `None` for one that only reads an image's files.
    pub service: Option<ServiceId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerFacts {
    /// Docker's id of the container.
    pub id: String,
    /// The label with the fingerprint of what it was made from; `None` where it has none.
    pub fingerprint: Option<String>,
    pub state: ContainerState,
    /// Docker's id of the network of the mesh's name that it is attached to; `None` where it is attached to none.
    pub network: Option<String>,
    /// Its address there; `None` while it does not run, unless Docker failed to start it.
    pub address: Option<IpAddr>,
    /// What it was made from and its limits; `None` if it was not inspected.
    pub made: Option<Container>,
    /// When it was last started, in Docker's words, which tell one life of it from another; likewise.
    pub started: Option<String>,
    /// Why Docker could not start it the last time, in its own words; `None` if it could, or it was not inspected.
    pub refused: Option<String>,
}

impl ContainerFacts {
    /// Whether it is attached to this network.
    pub fn is_in(&self, network: &NetworkFacts) -> bool {
        self.network.as_ref() == Some(&network.id)
    }

    /// Whether Docker has not attached it to its network, as after a start that failed on the way there: it keeps the
    /// address then, and may start the container without a network the next time.
    pub fn lacks_network(&self) -> bool {
        match self.state {
            ContainerState::Created | ContainerState::Stopped => self.address.is_some(),
            ContainerState::Running => self.address.is_none(),
            ContainerState::Paused | ContainerState::Restarting => false,
        }
    }
}

#[cfg(test)]
impl ContainerFacts {
    /// A container in this state, attached to no network and of unknown origin.
    pub fn in_state(state: ContainerState) -> Self {
        Self {
            id: String::new(),
            fingerprint: None,
            state,
            network: None,
            address: None,
            made: None,
            started: None,
            refused: None,
        }
    }
}
