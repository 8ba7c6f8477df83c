//! What is asked for: the settings of a mesh, whole and as a command line gives them. Pure: no I/O.

mod values;

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

pub use self::values::{
    DEFAULT_VERSION, IndexPattern, KeyDays, Memory, Registry, SpecError, StackVersion, SubjectName,
};
use super::{id::ClusterId, network::Subnet};

/// The indices of a cluster that the others may search, whatever `--share` adds.
pub const SHARED: &str = "mesh*";

/// What the user asked for, whole: every field has a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeshSpec {
    /// The last cluster: the mesh is 1 to this.
    pub clusters: ClusterId,
    pub stack_version: StackVersion,
    pub registry: Registry,
    pub kibana: bool,
    /// The host's address that the ports are published on.
    pub bind: IpAddr,
    /// Memory limit of an Elasticsearch container; its heap is half of it.
    pub elastic_memory: Memory,
    pub kibana_memory: Memory,
    /// Index patterns that the others may search, besides [`SHARED`].
    pub share: Vec<IndexPattern>,
    /// Names and addresses that certificates are valid for, besides the mesh's own.
    pub san: Vec<SubjectName>,
    /// Lifetime of a cross-cluster API key, in days.
    pub key_days: KeyDays,
    /// Whether `/etc/hosts` gets the services' names.
    pub hosts: bool,
}

/// What a command line says of a [`MeshSpec`]; `None` is "not said".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    pub clusters: Option<ClusterId>,
    pub stack_version: Option<StackVersion>,
    pub registry: Option<Registry>,
    pub kibana: Option<bool>,
    pub bind: Option<IpAddr>,
    pub elastic_memory: Option<Memory>,
    pub kibana_memory: Option<Memory>,
    pub share: Option<Vec<IndexPattern>>,
    pub san: Option<Vec<SubjectName>>,
    pub key_days: Option<KeyDays>,
    pub hosts: Option<bool>,
    pub subnet: Option<Subnet>,
}

impl MeshSpec {
    /// A mesh of `clusters` with every default.
    pub fn new(clusters: ClusterId) -> Self {
        Self {
            clusters,
            stack_version: DEFAULT_VERSION,
            registry: Registry::default(),
            kibana: true,
            bind: IpAddr::from([127, 0, 0, 1]),
            elastic_memory: Memory::gibibytes(2),
            kibana_memory: Memory::gibibytes(2),
            share: Vec::new(),
            san: Vec::new(),
            key_days: KeyDays::default(),
            hosts: true,
        }
    }

    /// This specification with what is said now. What is not said stays as it was, so that
    /// `mesh create 4` after `mesh create 3 --registry R` does not go back to another registry.
    #[must_use]
    pub fn with(mut self, asked: &Asked) -> Self {
        fn set<T: Clone>(field: &mut T, asked: Option<&T>) {
            if let Some(value) = asked {
                field.clone_from(value);
            }
        }
        set(&mut self.clusters, asked.clusters.as_ref());
        set(&mut self.stack_version, asked.stack_version.as_ref());
        set(&mut self.registry, asked.registry.as_ref());
        set(&mut self.kibana, asked.kibana.as_ref());
        set(&mut self.bind, asked.bind.as_ref());
        set(&mut self.elastic_memory, asked.elastic_memory.as_ref());
        set(&mut self.kibana_memory, asked.kibana_memory.as_ref());
        set(&mut self.share, asked.share.as_ref());
        set(&mut self.san, asked.san.as_ref());
        set(&mut self.key_days, asked.key_days.as_ref());
        set(&mut self.hosts, asked.hosts.as_ref());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_stays_as_it_was() {
        let three = ClusterId::new(3).unwrap();
        let first = MeshSpec::new(three).with(&Asked {
            registry: Some("mesh.local".parse().unwrap()),
            kibana: Some(false),
            ..Asked::default()
        });
        let second = first.clone().with(&Asked { clusters: ClusterId::new(4), ..Asked::default() });
        assert_eq!(second, MeshSpec { clusters: ClusterId::new(4).unwrap(), ..first });
    }

    #[test]
    fn a_specification_is_read_back_from_what_it_is_written_as() {
        let spec = MeshSpec::new(ClusterId::new(3).unwrap());
        let text = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<MeshSpec>(&text).unwrap(), spec);
        assert!(serde_json::from_str::<MeshSpec>(&text.replace("hosts", "hostz")).is_err());
    }
}
