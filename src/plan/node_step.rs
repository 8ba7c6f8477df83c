//! One change of how a cluster of several nodes is formed, as data, with its description. Pure.

use super::description::{Deletion, Description, Effect, Subject};
use crate::mesh::id::{ClusterId, NodeId};

/// A change that a cluster of one node never needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeStep {
    /// Writes down the UUID that the cluster has since it was founded.
    RecordUuid(ClusterId),
    /// Forgets the UUID of a cluster whose data is gone from every node.
    ForgetUuid(ClusterId),
    /// Writes what is in memory to disk, and lets no replica move while a node restarts.
    HoldShards(ClusterId),
    /// Lets shards move again.
    ReleaseShards(ClusterId),
    /// Waits, before the first node stops, for shards that an earlier run or a crash left on their way.
    AwaitRecoveries(ClusterId),
    /// Waits until every shard is assigned that can be; has those tried again that failed too often, as the wait before
    /// the first node does.
    AwaitShards(ClusterId),
    /// Asks for fewer replicas where the nodes that stay have no room for all.
    LowerReplicas { on: ClusterId, indices: Vec<String>, to: u32 },
    /// Moves all shards from nodes, and waits until none is left there.
    DrainNodes { on: ClusterId, nodes: Vec<NodeId> },
    /// Takes their votes from nodes that leave, so that those that stay are a majority.
    ExcludeVotes { on: ClusterId, nodes: Vec<NodeId> },
    /// Takes back what kept shards and votes from nodes.
    ClearExclusions(ClusterId),
    /// Deletes the directory of a node that left.
    RemoveNodeFiles(NodeId),
}

impl NodeStep {
    pub(super) fn describe(&self) -> Description {
        use Effect::{Changes, Removes, Waits};
        let step = |effect, code, on: &ClusterId, text: String, why| {
            Description::new(effect, code, Subject::Cluster(*on), text, why)
        };
        match self {
            Self::RecordUuid(cluster) => step(
                Changes,
                "record-uuid",
                cluster,
                format!("UUID of {cluster}"),
                "a node that lost its data must join this cluster, and not found another",
            ),
            Self::ForgetUuid(cluster) => step(
                Removes,
                "forget-uuid",
                cluster,
                format!("UUID of {cluster}"),
                "no node has data of the cluster any more: it is founded anew",
            ),
            Self::HoldShards(cluster) => step(
                Changes,
                "hold-shards",
                cluster,
                format!("shards of {cluster} stay where they are"),
                "a node restarts, and its replicas are not to be copied elsewhere meanwhile",
            ),
            Self::ReleaseShards(cluster) => step(
                Changes,
                "release-shards",
                cluster,
                format!("shards of {cluster} move again"),
                "no node restarts any more",
            ),
            Self::AwaitRecoveries(cluster) => step(
                Waits,
                "await-recoveries",
                cluster,
                format!("no shard of {cluster} is on its way"),
                "the first node may only stop while the others have a copy of everything",
            )
            .brings_up(),
            Self::AwaitShards(cluster) => step(
                Waits,
                "await-shards",
                cluster,
                format!("every shard of {cluster} is assigned that can be"),
                "the next node may only stop while the others have a copy of everything",
            )
            .brings_up(),
            Self::LowerReplicas { on, indices, to } => step(
                Changes,
                "lower-replicas",
                on,
                format!("replicas of {on} → {to}: {}", indices.join(" ")),
                "the nodes that stay have no room for more copies",
            ),
            Self::DrainNodes { on, nodes } => step(
                Changes,
                "drain-nodes",
                on,
                format!("shards leave {}", list(nodes)),
                "a node is removed once nothing is on it",
            )
            .brings_up(),
            Self::ExcludeVotes { on, nodes } => step(
                Changes,
                "exclude-votes",
                on,
                format!("{} no longer vote", list(nodes)),
                "the nodes that stay are to be a majority without them",
            ),
            Self::ClearExclusions(cluster) => step(
                Removes,
                "clear-exclusions",
                cluster,
                format!("what kept shards and votes of {cluster} from nodes"),
                "nodes that come back are to hold shards and to vote",
            ),
            Self::RemoveNodeFiles(node) => Description::new(
                Removes,
                "remove-node-files",
                Subject::Service((*node).into()),
                format!("directory of {node}, whose shards are on other nodes"),
                "the cluster is to have no such node",
            )
            .deletes(Deletion::Replaceable),
        }
    }
}

fn list(nodes: &[NodeId]) -> String {
    nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
}
