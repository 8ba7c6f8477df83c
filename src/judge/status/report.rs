//! The documented form of `mesh status -o json`. Pure.
//!
//! Fields may be added; [`VERSION`] goes up when one changes or goes.

use std::collections::BTreeMap;

use serde::Serialize;
use time::OffsetDateTime;

use crate::{
    facts::health::{Color, LackingIndex, RedIndex, Watermark},
    judge::{check::Finding, expiry::soon::EndsSoon, peers::PeerRow},
    mesh::{id::ClusterId, links::Link, settings::StackVersion},
};

pub const VERSION: u32 = 2;

/// The part of a heap in use, in percent, above which a server runs short of memory.
pub const HIGH_HEAP: u64 = 85;

#[derive(Debug, Serialize)]
pub struct Status {
    pub version: u32,
    pub dir: String,
    pub stack_version: String,
    /// Whether nothing differs from what was asked for, and no upgrade is in progress.
    pub in_sync: bool,
    /// Whether every cluster, every Kibana and the gateway serves, no index is red, and every disk takes documents.
    pub serves: bool,
    /// The clusters that serve without one of their nodes.
    pub degraded: Vec<ClusterId>,
    /// What `mesh create` would do, one step a line.
    pub pending_changes: Vec<String>,
    /// Those that are left where what is due counts as good, which `mesh create --renew-only` renews.
    #[serde(skip)]
    pub drift: Vec<String>,
    /// That the mesh is on another Docker engine than the one that was asked, so that nothing of it is seen; else
    /// `null`.
    pub other_engine: Option<OtherEngine>,
    /// What expires within 30 days, or has expired.
    pub expiring: Vec<EndsSoon>,
    /// Faults that do not keep the mesh from serving.
    pub warnings: Vec<Warning>,
    /// The clusters that an upgrade has not reached yet, with the version that each has until then.
    pub pending_upgrade: BTreeMap<ClusterId, StackVersion>,
    /// The command that continues it.
    #[serde(skip)]
    pub upgrade_command: Option<String>,
    /// Whether `mesh create --new-defaults` would take newer built-in templates or container options. It is no drift.
    pub new_defaults: bool,
    pub clusters: Vec<ClusterStatus>,
    /// The mesh's own gateway; `null` for a mesh without one, and with `--on`.
    pub gateway: Option<GatewayStatus>,
    /// The clusters of the meshes that were joined.
    pub peers: Vec<PeerRow>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct OtherEngine {
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

#[derive(Debug, Serialize)]
pub struct Warning {
    pub message: String,
    /// What to type.
    pub remedy: String,
}

impl From<Finding> for Warning {
    fn from(finding: Finding) -> Self {
        Self { message: finding.message, remedy: finding.hint }
    }
}

#[derive(Debug, Serialize)]
pub struct ClusterStatus {
    pub cluster: ClusterId,
    /// Of all its nodes together.
    pub elastic: ServiceStatus,
    pub nodes: Vec<NodeStatus>,
    /// `null` for a mesh without Kibana.
    pub kibana: Option<ServiceStatus>,
    /// `null` when the server does not answer, or does not tell since its license has ended.
    pub health: Option<Color>,
    pub red_indices: Vec<RedIndex>,
    /// Indices with a replica that has no place.
    pub yellow_indices: Vec<String>,
    /// How many shards no node has; `null` as the health.
    pub unassigned_shards: Option<u64>,
    /// Why replicas are not assigned, of a cluster of several nodes.
    pub unassigned: Vec<LackingIndex>,
    pub stack_version: Option<String>,
    /// The version that an upgrade is to bring it to; `null` if none is in progress for it.
    pub upgrade_to: Option<StackVersion>,
    /// The links from it, by the remote.
    pub links: Links,
    /// The links to it, by the cluster that searches.
    pub searched_by: Links,
    pub documents: Option<u64>,
    pub store_bytes: Option<u64>,
    /// Of the node that uses the most.
    pub heap_percent: Option<u64>,
    /// Of the node with the fullest disk, as the watermark.
    pub disk_percent: Option<u64>,
    /// The watermark that the disk has passed.
    pub disk_watermark: Option<Watermark>,
    pub license: Option<License>,
    /// The API key by which others reach this cluster.
    pub api_key: Option<Expiry>,
    /// The first of its certificates to expire.
    pub certificate: Option<Expiry>,
    /// The last snapshot that is good; `null` where there is none, or it is not known.
    pub last_snapshot: Option<LastSnapshot>,
    /// Whether that is older than it may be, or missing where there is data; `null` where nothing says how old it may
    /// be, or it is not known.
    pub snapshot_late: Option<bool>,
    /// Why its snapshots cannot be listed; else `null`.
    pub snapshots_unreadable: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct LastSnapshot {
    pub name: String,
    #[serde(with = "time::serde::rfc3339")]
    pub ended: OffsetDateTime,
    pub age_hours: i64,
    #[serde(skip)]
    pub age: time::Duration,
}

#[derive(Debug, Serialize)]
pub struct ServiceStatus {
    pub state: State,
    pub url: String,
    /// Why it is not ready, where that is known.
    pub reason: Option<String>,
}

/// The mesh's own gateway.
#[derive(Debug, Serialize)]
pub struct GatewayStatus {
    /// The name of its container.
    pub name: String,
    pub state: State,
    pub url: String,
    /// Why it is not ready, where that is known.
    pub reason: Option<String>,
    /// The certificate that it shows.
    pub certificate: Option<Expiry>,
}

/// An Elasticsearch server of a cluster.
#[derive(Debug, Serialize)]
pub struct NodeStatus {
    /// Such as `cluster02-elastic-3`.
    pub name: String,
    pub state: State,
    /// Whether it answers and belongs to its cluster.
    pub joined: bool,
    /// Whether the cluster has elected it.
    pub master: bool,
    pub url: String,
    /// Why it is not ready, where that is known.
    pub reason: Option<String>,
}

/// How a service is, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Ready,
    /// A cluster serves without one of its nodes.
    Degraded,
    /// The container runs, and the service does not answer, or not well.
    Unready,
    Stopped,
    Paused,
    Restarting,
    Absent,
}

impl State {
    /// Whether it serves, with all of its nodes or without some.
    pub fn serves(self) -> bool {
        matches!(self, Self::Ready | Self::Degraded)
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Degraded => "degraded",
            Self::Unready => "unready",
            Self::Stopped => "stopped",
            Self::Paused => "paused",
            Self::Restarting => "restarting",
            Self::Absent => "absent",
        }
    }
}

/// The links from a cluster to its remotes, or to it from those that search it.
#[derive(Debug, Serialize)]
pub struct Links {
    pub up: usize,
    pub wanted: usize,
    /// The reason for each that is not up, by the cluster at its other end.
    pub down: BTreeMap<ClusterId, String>,
}

#[derive(Debug, Serialize)]
pub struct License {
    #[serde(rename = "type")]
    pub kind: String,
    pub active: bool,
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires: Option<OffsetDateTime>,
    /// Whole days; below 0 when it has ended.
    pub days_left: Option<i64>,
}

#[derive(Debug, Serialize)]
pub struct Expiry {
    #[serde(with = "time::serde::rfc3339")]
    pub expires: OffsetDateTime,
    /// Whole days; below 0 when it has ended.
    pub days_left: i64,
}

impl Status {
    /// Whether a link of which it has an end is down.
    pub fn has_down(&self, Link { from, to }: Link) -> bool {
        self.clusters.iter().any(|cluster| {
            (cluster.cluster == from && cluster.links.down.contains_key(&to))
                || (cluster.cluster == to && cluster.searched_by.down.contains_key(&from))
        })
    }
}

impl ClusterStatus {
    pub fn has_several_nodes(&self) -> bool {
        self.nodes.len() > 1
    }

    /// Whether its services serve, no index is red, and its disk takes documents.
    pub(super) fn serves(&self) -> bool {
        let serves = |service: &ServiceStatus| service.state.serves();
        serves(&self.elastic)
            && self.kibana.as_ref().is_none_or(serves)
            && self.health != Some(Color::Red)
            && self.disk_watermark != Some(Watermark::FloodStage)
    }
}
