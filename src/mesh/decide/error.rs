//! Why a request cannot become a mesh. Pure: no I/O.

use crate::{
    exit::Exit,
    explain::Explain,
    mesh::{
        cluster_set::ClusterSet, gateway::GatewayConflict, id::ClusterId, network::Subnet, peers::PartnerName,
        ports::PortRange, settings::StackVersion, taken::rule_for, typed_again::with_flags_again,
        upgrade::UnsupportedSearch, users::UserError,
    },
};

/// A request that cannot become a mesh.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecideError {
    #[error("which clusters should the mesh have?")]
    NoClusters,
    #[error("the mesh runs {from}, and `mesh create` does not change the version of data that exists")]
    OtherVersion { from: StackVersion, to: StackVersion, clusters: ClusterSet },
    #[error("`--set` names {cluster}, and the mesh has {}", clusters.named())]
    NoSuchCluster { cluster: ClusterId, clusters: ClusterSet },
    #[error(transparent)]
    Unsupported(#[from] UnsupportedSearch),
    #[error(transparent)]
    Users(#[from] UserError),
    #[error(transparent)]
    Gateway(#[from] GatewayConflict),
    /// With the setting that names the cluster.
    #[error("`{by}` names cluster {cluster}, and the mesh has {has}")]
    NoCluster { by: &'static str, cluster: u8, has: ClusterSet },
    /// With a network that only routes of other tables than the main one are in the way of, if there is one.
    #[error(
        "no private network is left on this machine: each overlaps one of its interfaces, its routes or Docker's networks"
    )]
    NoSubnet { diverted: Option<Subnet> },
    #[error("the network {subnet} has too few addresses for all nodes and Kibanas")]
    NoAddresses { subnet: Subnet },
    #[error("{cluster} is what a cluster of the peer {peer} is called here")]
    OfPeer { cluster: ClusterId, peer: PartnerName, foreign: bool },
    #[error(
        "the range {range} has not enough ports that are free for the clusters {clusters}, which need up to four each, and three for each further node"
    )]
    NoPorts { range: PortRange, clusters: ClusterSet },
}

impl Explain for DecideError {
    fn exit(&self) -> Exit {
        Exit::Request
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoClusters => "type `mesh create 2` for a mesh of two clusters".to_owned(),
            Self::NoSuchCluster { cluster, clusters } => format!(
                "type the same command again with `{}` as its clusters; `overrides` in a settings file may name \
                 clusters that are to come",
                clusters.clone().with(*cluster).to_mesh_text()
            ),
            Self::OtherVersion { from, to, .. } if from < to => {
                format!(
                    "leave the version out, on the command line, in MESH_STACK_VERSION and in the settings file; \
                     `mesh upgrade {to}` upgrades cluster by cluster and keeps the data"
                )
            }
            Self::OtherVersion { from, to, clusters } => format!(
                "leave the version out, or give {from}, on the command line, in MESH_STACK_VERSION and in the settings file; \
                 `mesh create {} --reset --stack-version {to}` starts afresh and deletes the data",
                clusters.to_mesh_text()
            ),
            Self::OfPeer { peer, foreign: true, .. } => format!(
                "take another number; or first `mesh leave {peer}`, and join it again by another name after `--remote`"
            ),
            Self::OfPeer { peer, foreign: false, .. } => format!(
                "take another number; or first `mesh leave {peer}`, and join it again with `--suffix {peer}`"
            ),
            Self::Unsupported(error) => error.hint()?,
            Self::Users(error) => error.hint()?,
            Self::Gateway(error) => error.hint()?,
            Self::NoAddresses { .. } => {
                format!("name a wider one: {}", with_flags_again("--subnet 10.213.0.0/20"))
            }
            Self::NoPorts { .. } => {
                format!("name a wider one: {}", with_flags_again(&format!("--ports {}", PortRange::OF_NAMED)))
            }
            Self::NoCluster { by: "links", .. } => {
                "change `links` in the settings file, or type `--topology all` to link all clusters again".to_owned()
            }
            Self::NoCluster { .. } => {
                "name a cluster of the mesh, or type `--topology all` to link all clusters again".to_owned()
            }
            Self::NoSubnet { diverted: Some(subnet) } => {
                format!("type `{}`, and then the same command again with `--subnet {subnet}`", rule_for(*subnet))
            }
            Self::NoSubnet { diverted: None } => {
                "see them with `ip address`, `ip route show table all` and `docker network ls`, and take one away that is not needed"
                    .to_owned()
            }
        })
    }
}
