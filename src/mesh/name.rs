//! The name of a mesh, which keeps its things apart from those of other meshes on one engine. Pure: no I/O.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{
    Mesh,
    id::{ClusterId, ServiceId},
    invalid_value::InvalidValue,
    network,
};

/// One to 30 of `a-z`, `0-9` and `-`, no `-` at either end, and not the name of a cluster.
///
/// It stands in front of the names of containers, which are DNS names: with `-cluster99-elastic-99` it stays below the
/// 63 characters of a label.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MeshName(String);

impl MeshName {
    const LONGEST: usize = 30;
}

impl FromStr for MeshName {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let refuse =
            |why: &str| Err(InvalidValue::new(format!("`{text}` is not a name of a mesh such as `ci42`: {why}")));
        if text.is_empty() || text.len() > Self::LONGEST {
            return refuse("it has 1 to 30 characters");
        }
        if !text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')) {
            return refuse("it consists of `a-z`, `0-9` and `-`");
        }
        if text.starts_with('-') || text.ends_with('-') {
            return refuse("it neither begins nor ends with `-`");
        }
        // `cluster01-cluster01-elastic` and all that begins like a service of the mesh without a name
        if text.split('-').next().is_some_and(|word| word.parse::<ClusterId>().is_ok()) {
            return refuse("clusters are named like this");
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for MeshName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for MeshName {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        text.parse()
    }
}

impl From<MeshName> for String {
    fn from(name: MeshName) -> Self {
        name.0
    }
}

/// What a thing of a mesh is called outside it: with the mesh's name in front, if it has one.
fn outside(name: Option<&MeshName>, inside: impl fmt::Display) -> String {
    name.map_or_else(|| inside.to_string(), |name| format!("{name}-{inside}"))
}

/// The name of a service's container in a mesh with this name or without one.
pub fn container_name(mesh: Option<&MeshName>, service: ServiceId) -> String {
    outside(mesh, service)
}

/// The name of the Docker network of a mesh with this name or without one.
pub fn network_name(mesh: Option<&MeshName>) -> String {
    outside(mesh, network::NAME)
}

/// The name of the gateway's container of a mesh with this name or without one.
pub fn gateway_name(mesh: Option<&MeshName>) -> String {
    outside(mesh, "mesh-gateway")
}

impl Mesh {
    /// The name of the gateway's container.
    pub fn gateway_name(&self) -> String {
        gateway_name(self.name.as_ref())
    }

    /// The name of a service's container, which is also its host name, its name in the mesh's network and in
    /// `/etc/hosts`, and the one in its certificate.
    pub fn container_name(&self, service: ServiceId) -> String {
        container_name(self.name.as_ref(), service)
    }

    /// The service of this mesh whose container has the name.
    pub fn service_of_container(&self, container: &str) -> Option<ServiceId> {
        let inside = match &self.name {
            Some(name) => container.strip_prefix(&name.0)?.strip_prefix('-')?,
            None => container,
        };
        inside.parse().ok()
    }

    /// The name of the mesh's Docker network.
    pub fn network_name(&self) -> String {
        network_name(self.name.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_part_of_a_dns_name() {
        for good in ["ci42", "a", "7", "data-mesh", &"x".repeat(30), "cluster", "clusters", "cluster1", "cluster100"] {
            assert_eq!(good.parse::<MeshName>().unwrap().to_string(), good);
        }
        for wrong in ["", "-a", "a-", "A", "a_b", "a.b", "é", "cluster01", "cluster99", "cluster01-x", &"x".repeat(31)]
        {
            assert!(wrong.parse::<MeshName>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_name_stands_in_front_of_what_other_meshes_meet() {
        let (plain, named) = (Mesh::example(1), Mesh::example(1).named("ci42"));
        let kibana = ClusterId::FIRST.kibana();
        assert_eq!(plain.container_name(kibana), "cluster01-kibana");
        assert_eq!(named.container_name(kibana), "ci42-cluster01-kibana");
        assert_eq!(
            (plain.network_name(), named.network_name()),
            ("data-mesh-network".into(), "ci42-data-mesh-network".into())
        );
        assert_eq!(named.service_of_container("ci42-cluster01-kibana"), Some(kibana));
        for other in ["cluster01-kibana", "ci4-cluster01-kibana", "ci42cluster01-kibana", "ci42-cluster01-web"] {
            assert_eq!(named.service_of_container(other), None);
        }
        let longest = Mesh::example(1).named(&"x".repeat(30));
        assert!(longest.container_name(kibana).len() < 63);
    }
}
