//! One service, with what is decided for it. Pure: no I/O.

use std::{net::Ipv4Addr, path::PathBuf};

use super::{
    Mesh,
    cluster::{Place, Port},
    id::{ServiceId, ServiceKind},
    layout,
    settings::Memory,
};

/// A directory of the host, by its full path, and its place in the container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    pub host: String,
    pub container: &'static str,
}

/// A service as it has to be; [`ContainerSpec`](super::container_spec::ContainerSpec) has all that its container is
/// given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    pub id: ServiceId,
    pub image: String,
    pub memory: Memory,
    /// `uid:gid` of the process.
    pub user: String,
    pub address: Ipv4Addr,
    pub ports: Vec<Port>,
    pub mounts: Vec<Mount>,
}

impl Service {
    pub(super) fn decide(mesh: &Mesh, id: ServiceId, Place { address, ports }: Place) -> Self {
        Self {
            id,
            image: mesh.image(id),
            memory: mesh.memory(id),
            user: mesh.user(),
            address,
            ports,
            mounts: layout::mounts(id.kind())
                .iter()
                .map(|(dir, container)| Mount { host: mesh.mounted(id, dir).display().to_string(), container })
                .collect(),
        }
    }
}

impl Mesh {
    /// The directory of the host for one of [`layout::mounts`].
    fn mounted(&self, id: ServiceId, dir: &str) -> PathBuf {
        if dir != layout::BACKUP {
            return self.dir.join(layout::service_dir(id)).join(dir);
        }
        // one for all nodes of a cluster, as Elasticsearch asks of a repository of files
        let inside = || self.dir.join(layout::service_dir(id.cluster().first_node())).join(dir);
        self.repository_dir(id.cluster()).unwrap_or_else(inside)
    }

    /// The image of a service.
    pub fn image(&self, service: ServiceId) -> String {
        let name = match service.kind() {
            ServiceKind::Elastic => "elasticsearch/elasticsearch",
            ServiceKind::Kibana => "kibana/kibana",
        };
        format!("{}/{name}:{}", self.spec.registry, self.version(service.cluster()))
    }

    /// `uid:gid` of the process in every container.
    pub fn user(&self) -> String {
        format!("{}:{}", self.owner.uid, self.owner.gid)
    }

    /// The memory limit of a service's container.
    pub fn memory(&self, service: ServiceId) -> Memory {
        let settings = self.settings(service.cluster());
        match service {
            ServiceId::Node(node) => self.node_settings(node).elastic_memory.unwrap_or(settings.elastic_memory),
            ServiceId::Kibana(_) => settings.kibana_memory,
        }
    }
}
