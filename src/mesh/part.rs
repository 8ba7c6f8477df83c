//! Parts of a mesh as an argument names them: clusters, `1-3,7`, one node, `2/3`, or its gateway, `gateway`. Pure: no
//! I/O.

use std::{fmt, str::FromStr};

use super::{
    Mesh,
    cluster_set::{ClusterSet, NoSuchCluster},
    id::{ClusterId, GATEWAY, NodeId, NodeNumber},
    invalid_value::InvalidValue,
};
use crate::{exit::Exit, explain::Explain};

/// Some clusters, one node of a cluster, or the mesh's own gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    Clusters(ClusterSet),
    Node(NodeId),
    Gateway,
}

impl Part {
    /// The cluster, if it is one and all of it.
    pub fn single(&self) -> Option<ClusterId> {
        match self {
            Self::Clusters(clusters) => clusters.single(),
            Self::Node(_) | Self::Gateway => None,
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clusters(clusters) => clusters.fmt(f),
            Self::Node(NodeId { cluster, number }) => write!(f, "{}/{}", cluster.number(), number.get()),
            Self::Gateway => f.write_str(GATEWAY),
        }
    }
}

impl FromStr for Part {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        if text == GATEWAY {
            return Ok(Self::Gateway);
        }
        let Some((cluster, number)) = text.split_once('/') else { return text.parse().map(Self::Clusters) };
        let read = |digits: &str| digits.bytes().all(|c| c.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
        let node = || Some(read(cluster).and_then(ClusterId::new)?.node(read(number).and_then(NodeNumber::new)?));
        node().map(Self::Node).ok_or_else(|| {
            InvalidValue::new(format!(
                "`{text}` is not a node such as `2/3`: a cluster from 1 to 99, and the number of a node from 1 to {}",
                NodeNumber::MAX
            ))
        })
    }
}

/// A part that the mesh does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSuchPart {
    #[error(transparent)]
    Cluster(#[from] NoSuchCluster),
    #[error("there is no node {} in {}: it has {has}", node.number.get(), node.cluster)]
    Node { node: NodeId, has: usize },
    #[error("the mesh has no gateway")]
    Gateway,
}

impl Explain for NoSuchPart {
    fn exit(&self) -> Exit {
        Exit::Request
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Cluster(missing) => missing.hint(),
            Self::Gateway => Some("`mesh create --gateway ADDRESS:PORT` makes one".to_owned()),
            Self::Node { node, has } => {
                let part = |number| Part::Node(node.cluster.node(number));
                let last = u8::try_from(*has).ok().and_then(NodeNumber::new).unwrap_or(NodeNumber::FIRST);
                let there = if last == NodeNumber::FIRST {
                    format!("`{}` is its only node", part(last))
                } else {
                    format!("its nodes are `{}` to `{}`", part(NodeNumber::FIRST), part(last))
                };
                // two that can be elected are refused
                let (cluster, wanted) = (node.cluster.number(), node.number.get().max(3));
                Some(format!("{there}; `mesh create --set {cluster}.nodes={wanted}` gives it {wanted}"))
            }
        }
    }
}

impl Mesh {
    /// # Errors
    /// The mesh does not have all of the part.
    pub fn require_part(&self, part: &Part) -> Result<(), NoSuchPart> {
        match part {
            Part::Clusters(clusters) => Ok(self.require(clusters)?),
            Part::Gateway => self.gateway.as_ref().map(drop).ok_or(NoSuchPart::Gateway),
            Part::Node(node) => {
                self.require(&node.cluster.into())?;
                let missing = || NoSuchPart::Node { node: *node, has: self.nodes(node.cluster).count() };
                self.has((*node).into()).then_some(()).ok_or_else(missing)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_its_cluster_and_its_number() {
        for (text, shown) in
            [("2/3", "2/3"), ("02/1", "2/1"), ("99/8", "99/8"), ("2", "2"), ("3,1-2", "1-3"), ("gateway", "gateway")]
        {
            assert_eq!(text.parse::<Part>().unwrap().to_string(), shown);
        }
        assert_eq!("2/1".parse::<Part>().unwrap().single(), None);
        for wrong in ["2/", "/3", "2/0", "2/9", "0/1", "2/+1", "1-2/3", "2/3/4", "2/1,2"] {
            let refused = wrong.parse::<Part>().unwrap_err().to_string();
            assert!(refused.starts_with(&format!("`{wrong}` is not a node such as `2/3`")), "{refused}");
        }
    }

    #[test]
    fn a_node_that_is_not_there_is_refused_with_those_that_are() {
        let mesh = Mesh::example(2).with_nodes(2, 3);
        let refused = |text: &str| {
            let refused = mesh.require_part(&text.parse().unwrap()).unwrap_err();
            format!("{refused}; {}", refused.hint().unwrap())
        };
        assert_eq!(mesh.require_part(&"2/3".parse().unwrap()), Ok(()));
        insta::assert_snapshot!(["1/2", "2/5", "3/1", "1-3"].map(refused).join("\n"), @r"
        there is no node 2 in cluster01: it has 1; `1/1` is its only node; `mesh create --set 1.nodes=3` gives it 3
        there is no node 5 in cluster02: it has 3; its nodes are `2/1` to `2/3`; `mesh create --set 2.nodes=5` gives it 5
        there is no cluster 3: the mesh has 2; `mesh status` shows the clusters
        there is no cluster 3: the mesh has 2; `mesh status` shows the clusters
        ");
    }
}
