//! Where the shards of a cluster are, and whether all are that can be. Pure.

use std::collections::BTreeMap;

/// The shards of a cluster, index by index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShardFacts {
    /// A primary shard is not assigned.
    pub red: bool,
    /// How many are on their way, or are looked for.
    pub moving: u32,
    pub indices: BTreeMap<String, IndexShards>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexShards {
    pub primaries: u32,
    /// For each primary.
    pub replicas: u32,
    /// Shards that no node has, of both.
    pub unassigned: u32,
}

impl IndexShards {
    /// Whether a shard is not assigned that so many nodes have room for: no two copies of one lie on the same node.
    fn lacks(&self, data_nodes: u32) -> bool {
        let impossible = self.primaries * self.replicas.saturating_sub(data_nodes.saturating_sub(1));
        self.unassigned > impossible
    }
}

impl ShardFacts {
    /// What is still to come on so many nodes that hold data, in words; `None` where every shard is where it can be.
    pub fn pending(&self, data_nodes: u32) -> Option<String> {
        let lacking: Vec<&str> =
            self.indices.iter().filter(|(_, index)| index.lacks(data_nodes)).map(|(name, _)| name.as_str()).collect();
        match (self.red, self.moving, lacking.first()) {
            (true, ..) => Some("a primary shard is not assigned".to_owned()),
            (_, 1, _) => Some("1 shard is on its way".to_owned()),
            (_, moving @ 2.., _) => Some(format!("{moving} shards are on their way")),
            (_, 0, Some(first)) if lacking.len() == 1 => Some(format!("{first} lacks a replica")),
            (_, 0, Some(first)) => Some(format!("{first} and {} more indices lack replicas", lacking.len() - 1)),
            (_, 0, None) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_that_no_node_is_left_for_is_not_waited_for() {
        let index = |replicas, unassigned| {
            let index = IndexShards { primaries: 2, replicas, unassigned };
            ShardFacts { indices: [("a".to_owned(), index)].into(), ..ShardFacts::default() }
        };
        assert_eq!(index(1, 2).pending(1), None, "one node has no place for a copy");
        assert_eq!(index(1, 2).pending(2).as_deref(), Some("a lacks a replica"));
        assert_eq!(index(2, 2).pending(2), None);
        assert_eq!(index(2, 3).pending(2).as_deref(), Some("a lacks a replica"));
        let moving = |moving, red| ShardFacts { red, moving, ..index(1, 0) };
        assert_eq!(moving(1, false).pending(3).as_deref(), Some("1 shard is on its way"));
        assert_eq!(moving(7, false).pending(3).as_deref(), Some("7 shards are on their way"));
        assert_eq!(moving(0, true).pending(3).as_deref(), Some("a primary shard is not assigned"));
    }
}
