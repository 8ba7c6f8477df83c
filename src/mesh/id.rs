//! Numbers and names of clusters and services, and the ports that follow from them. Pure: no I/O.

use std::{collections::BTreeSet, fmt, num::NonZeroU8, str::FromStr};

use serde::{Deserialize, Serialize};

/// A cluster's number, 1 to 99: it gives the name (`cluster03`) and the ports (9203, 9303, 9403, 5603).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ClusterId(NonZeroU8);

impl ClusterId {
    /// Two digits in names and ports are the limit.
    pub const MAX: u8 = 99;
    pub const FIRST: Self = Self(NonZeroU8::MIN);

    /// `None` outside 1 to 99.
    pub fn new(number: u8) -> Option<Self> {
        NonZeroU8::new(number).filter(|n| n.get() <= Self::MAX).map(Self)
    }

    pub fn number(self) -> u8 {
        self.0.get()
    }

    /// The clusters 1 to `count`, in order.
    pub fn up_to(count: ClusterId) -> impl Iterator<Item = ClusterId> + Clone {
        (1..=count.number()).filter_map(Self::new)
    }

    /// The service of this cluster of the given kind.
    pub fn service(self, kind: ServiceKind) -> ServiceId {
        ServiceId { cluster: self, kind }
    }

    pub fn elastic(self) -> ServiceId {
        self.service(ServiceKind::Elastic)
    }

    pub fn kibana(self) -> ServiceId {
        self.service(ServiceKind::Kibana)
    }
}

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cluster{:02}", self.0)
    }
}

/// Not the name of a cluster or of one of its services.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a name that mesh gives")]
pub struct NameError(String);

impl FromStr for ClusterId {
    type Err = NameError;

    /// Reads `cluster03`, and only that spelling.
    fn from_str(name: &str) -> Result<Self, NameError> {
        name.strip_prefix("cluster")
            .filter(|digits| digits.len() == 2)
            .and_then(|digits| digits.parse().ok())
            .and_then(Self::new)
            .filter(|id| id.to_string() == name)
            .ok_or_else(|| NameError(name.to_owned()))
    }
}

impl From<ClusterId> for String {
    fn from(id: ClusterId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for ClusterId {
    type Error = NameError;

    fn try_from(name: String) -> Result<Self, NameError> {
        name.parse()
    }
}

/// What a container of a cluster runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServiceKind {
    Elastic,
    Kibana,
}

impl ServiceKind {
    pub const ALL: [ServiceKind; 2] = [ServiceKind::Elastic, ServiceKind::Kibana];

    /// The word in names, labels and paths.
    pub fn word(self) -> &'static str {
        match self {
            Self::Elastic => "elastic",
            Self::Kibana => "kibana",
        }
    }

    /// The flag of `mesh create` that limits the memory of its containers.
    pub fn memory_flag(self) -> &'static str {
        match self {
            Self::Elastic => "--elastic-memory",
            Self::Kibana => "--kibana-memory",
        }
    }

    /// The product's name, for people.
    pub fn product(self) -> &'static str {
        match self {
            Self::Elastic => "Elasticsearch",
            Self::Kibana => "Kibana",
        }
    }
}

/// A service: one container of one cluster. Its name is the container's, and its DNS name in the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceId {
    pub cluster: ClusterId,
    pub kind: ServiceKind,
}

impl fmt::Display for ServiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.cluster, self.kind.word())
    }
}

impl FromStr for ServiceId {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        let (cluster, word) = name.split_once('-').ok_or_else(|| NameError(name.to_owned()))?;
        let kind =
            ServiceKind::ALL.into_iter().find(|kind| kind.word() == word).ok_or_else(|| NameError(name.to_owned()))?;
        Ok(cluster.parse::<ClusterId>()?.service(kind))
    }
}

/// A published port: on the host, and the one in the container that it leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Port {
    pub host: u16,
    pub container: u16,
}

/// Elasticsearch's REST API.
pub const REST: u16 = 9200;
/// Elasticsearch's transport between the nodes of one cluster.
pub const TRANSPORT: u16 = 9300;
/// Elasticsearch's remote cluster server, the port other clusters come in by.
pub const REMOTE: u16 = 9443;
/// Kibana's web server.
pub const KIBANA: u16 = 5601;

impl ServiceId {
    /// The ports published on the host: 9200+n, 9300+n and 9400+n for Elasticsearch, 5600+n for Kibana.
    pub fn ports(self) -> Vec<Port> {
        let n = u16::from(self.cluster.number());
        let port = |host: u16, container| Port { host: host + n, container };
        match self.kind {
            ServiceKind::Elastic => vec![port(9200, REST), port(9300, TRANSPORT), port(9400, REMOTE)],
            ServiceKind::Kibana => vec![port(5600, KIBANA)],
        }
    }

    /// The port on the host that answers HTTPS.
    pub fn https_port(self) -> u16 {
        let n = u16::from(self.cluster.number());
        match self.kind {
            ServiceKind::Elastic => 9200 + n,
            ServiceKind::Kibana => 5600 + n,
        }
    }
}

/// The ports on the host that services of a mesh may publish, however many clusters it has.
pub fn published() -> BTreeSet<u16> {
    let last = ClusterId::new(ClusterId::MAX).expect("should be a cluster");
    let services = ClusterId::up_to(last).flat_map(|cluster| [cluster.elastic(), cluster.kibana()]);
    services.flat_map(ServiceId::ports).map(|port| port.host).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_to_ninety_nine_are_clusters() {
        assert_eq!(ClusterId::new(0), None);
        assert_eq!(ClusterId::new(100), None);
        assert_eq!(ClusterId::new(7).map(|id| id.to_string()), Some("cluster07".to_owned()));
    }

    #[test]
    fn names_are_read_back_and_no_other_spelling_is() {
        for id in ClusterId::up_to(ClusterId::new(99).unwrap()) {
            assert_eq!(id.to_string().parse(), Ok(id));
            for kind in ServiceKind::ALL {
                let service = id.service(kind);
                assert_eq!(service.to_string().parse(), Ok(service));
            }
        }
        for wrong in ["cluster00", "cluster1", "cluster+1", "cluster100", "clusterab", "x"] {
            assert!(wrong.parse::<ClusterId>().is_err(), "{wrong}");
        }
        assert!("cluster01-other".parse::<ServiceId>().is_err());
    }

    #[test]
    fn no_two_of_ninety_nine_clusters_share_a_port() {
        let ports = published();
        assert_eq!((ports.len(), ports.first(), ports.last()), (99 * 4, Some(&5601), Some(&9499)));
    }
}
