//! Where the shards of a cluster are, and whether all are that can be. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::health::{Color, Health};

/// The shards of a cluster, index by index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShardFacts {
    /// A primary shard is not assigned.
    pub red: bool,
    /// Each primary shard that is not assigned stays so, whatever is waited for: see [`Health::is_settled`].
    pub stays_red: bool,
    /// How many are on their way, or are looked for.
    pub moving: u32,
    /// Bytes that were copied by now of those on their way.
    pub copied: u64,
    /// Operations that were replayed on them.
    pub replayed: u64,
    pub indices: BTreeMap<String, IndexShards>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexShards {
    /// A primary shard is not assigned, and so no replica of it.
    pub red: bool,
    pub primaries: u32,
    /// For each primary.
    pub replicas: u32,
    /// Shards that no node has, of both.
    pub unassigned: u32,
    /// Of these, replicas that no node may hold, and is not meant to: see [`Unassigned::is_meant`].
    pub meant: u32,
}

/// The shards of a node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OnNode {
    pub shards: u32,
    /// How many of these are on their way to another node.
    pub leaving: u32,
}

/// A shard that no node has, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unassigned {
    /// Such as `logs[0]`.
    pub shard: String,
    /// Whether Elasticsearch says that no node may have it.
    pub refused: bool,
    /// For each node, Elasticsearch's names of what refuses it there.
    pub deciders: Vec<BTreeSet<String>>,
    /// Elasticsearch's words.
    pub reason: String,
}

/// What keeps a shard from a node because it was set so, or because of what the node is. The versions do until the node
/// is upgraded: a copy of what a newer node has written cannot be read by an older one. See
/// <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-cluster-allocation-explain>.
const MEANT: [&str; 7] =
    ["same_shard", "node_version", "index_version", "filter", "awareness", "data_tier", "shards_limit"];

/// What keeps a shard from a node until the fault is mended.
const FAULTS: [&str; 2] = [DISK, MAX_RETRY];

/// What keeps a shard from a node whose disk is too full.
const DISK: &str = "disk_threshold";

/// What keeps a shard from a node since its allocation failed too often: until it is asked for again, or a node joins.
const MAX_RETRY: &str = "max_retry";

impl Unassigned {
    fn everywhere(&self, is_cause: impl Fn(&str) -> bool) -> bool {
        let refuses = |node: &BTreeSet<String>| node.iter().any(|name| is_cause(name));
        self.refused && !self.deciders.is_empty() && self.deciders.iter().all(refuses)
    }

    /// Whether no node is to have it as things are, so that there is nothing to wait for.
    pub fn is_meant(&self) -> bool {
        self.everywhere(|name| MEANT.contains(&name))
    }

    /// Whether it comes to no node before a fault is mended.
    pub fn is_faulty(&self) -> bool {
        !self.is_meant() && self.everywhere(|name| MEANT.contains(&name) || FAULTS.contains(&name))
    }

    /// Whether it comes to no node before there is more room on a disk.
    pub fn lacks_room(&self) -> bool {
        let is_full = |node: &BTreeSet<String>| node.contains(DISK);
        self.everywhere(|name| MEANT.contains(&name) || name == DISK) && self.deciders.iter().any(is_full)
    }

    /// Whether it failed so often that it is not tried again by itself.
    pub fn is_out_of_tries(&self) -> bool {
        self.refused && self.deciders.iter().any(|node| node.contains(MAX_RETRY))
    }
}

impl IndexShards {
    /// Whether a shard is not assigned that so many nodes have room for: no two copies of one lie on the same node.
    fn lacks(&self, data_nodes: u32) -> bool {
        let impossible = self.primaries * self.replicas.saturating_sub(data_nodes.saturating_sub(1));
        !self.red && self.unassigned > impossible.max(self.meant)
    }
}

impl ShardFacts {
    /// Whether a primary shard is not assigned, or a shard is on its way, and that may change by itself.
    pub fn is_in_motion(&self) -> bool {
        self.moving > 0 || (self.red && !self.stays_red)
    }

    /// Takes to the facts how the server fares, which tells whether it stays red.
    pub fn fares(&mut self, health: &Health) {
        self.stays_red = self.red && self.moving == 0 && health.color == Color::Red && health.is_settled();
    }

    /// The indices with a primary shard that is not assigned.
    pub fn red_indices(&self) -> impl Iterator<Item = &String> {
        self.indices.iter().filter(|(_, index)| index.red).map(|(name, _)| name)
    }

    /// The indices that lack a replica, though so many nodes that hold data have room for it, once nothing is moving
    /// any more.
    pub fn lacking(&self, data_nodes: u32) -> Vec<String> {
        if self.is_in_motion() {
            return Vec::new();
        }
        self.indices.iter().filter(|(_, index)| index.lacks(data_nodes)).map(|(name, _)| name.clone()).collect()
    }

    /// Takes to the facts why shards of an index are not assigned.
    pub fn explained(&mut self, index: &str, unassigned: &[Unassigned]) {
        if let Some(index) = self.indices.get_mut(index) {
            index.meant = unassigned.iter().map(|shard| u32::from(shard.is_meant())).sum();
        }
    }

    /// How far those on their way are, to stand behind other words: a large shard is for long.
    pub fn progress(&self) -> String {
        match (self.copied >> 20, self.replayed) {
            (0, 0) => String::new(),
            (copied, replayed) => format!(" ({copied} MiB copied, {replayed} operations replayed)"),
        }
    }

    /// What is still to come on so many nodes that hold data, in words; `None` where every shard is where it can be,
    /// though some may stay on no node.
    pub fn pending(&self, data_nodes: u32) -> Option<String> {
        let lacking = self.lacking(data_nodes);
        match (self.red && !self.stays_red, self.moving, lacking.first()) {
            (true, ..) => Some("a primary shard is not assigned".to_owned()),
            (_, 1, _) => Some(format!("1 shard is on its way{}", self.progress())),
            (_, moving @ 2.., _) => Some(format!("{moving} shards are on their way{}", self.progress())),
            (_, 0, Some(first)) if lacking.len() == 1 => Some(format!("{first} lacks a replica")),
            (_, 0, Some(first)) => Some(format!("{first} and {} more indices lack replicas", lacking.len() - 1)),
            (_, 0, None) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::health::RedIndex;

    #[test]
    fn an_index_that_stays_red_keeps_no_other_from_being_judged() {
        let health = |stays| {
            let red = vec![RedIndex { index: "nowhere".to_owned(), reason: String::new(), stays }];
            Health { red, ..Health::of(Color::Red) }
        };
        let index = |red, unassigned| IndexShards { red, primaries: 1, replicas: 1, unassigned, meant: 0 };
        let found = |health: &Health, moving, lacking| {
            let indices = [("nowhere".to_owned(), index(true, 2)), ("a".to_owned(), index(false, lacking))].into();
            let mut shards = ShardFacts { red: true, moving, indices, ..ShardFacts::default() };
            shards.fares(health);
            (shards.stays_red, shards.pending(3))
        };
        let pending = |what: &str| Some(what.to_owned());
        assert_eq!(found(&health(true), 0, 0), (true, None));
        assert_eq!(found(&health(true), 0, 1), (true, pending("a lacks a replica")));
        assert_eq!(found(&health(false), 0, 0), (false, pending("a primary shard is not assigned")));
        assert_eq!(found(&health(true), 1, 0), (false, pending("a primary shard is not assigned")));
        let mended = Health::of(Color::Yellow);
        assert!(!found(&mended, 0, 0).0, "what is red no more is looked at again");
        let mut green = ShardFacts::default();
        green.fares(&health(true));
        assert!(!green.stays_red && !green.is_in_motion());
    }

    #[test]
    fn a_replica_that_no_node_is_left_for_is_not_waited_for() {
        let index = |replicas, unassigned| {
            let index = IndexShards { red: false, primaries: 2, replicas, unassigned, meant: 0 };
            ShardFacts { indices: [("a".to_owned(), index)].into(), ..ShardFacts::default() }
        };
        assert_eq!(index(1, 2).pending(1), None, "one node has no place for a copy");
        assert_eq!(index(1, 2).pending(2).as_deref(), Some("a lacks a replica"));
        assert_eq!(index(2, 2).pending(2), None);
        assert_eq!(index(2, 3).pending(2).as_deref(), Some("a lacks a replica"));
        let moving = |moving, red| ShardFacts { red, moving, ..index(1, 0) };
        assert_eq!(moving(1, false).pending(3).as_deref(), Some("1 shard is on its way"));
        assert_eq!(moving(7, false).pending(3).as_deref(), Some("7 shards are on their way"));
        let large = ShardFacts { copied: 3 << 30, replayed: 7, ..moving(1, false) };
        let far = "1 shard is on its way (3072 MiB copied, 7 operations replayed)";
        assert_eq!(large.pending(3).as_deref(), Some(far), "it moves, though it is as many as before");
        assert_eq!(moving(0, true).pending(3).as_deref(), Some("a primary shard is not assigned"));
    }

    #[test]
    fn what_older_nodes_cannot_hold_is_not_waited_for() {
        let shard = |deciders: &[&[&str]]| {
            let of_node = |names: &&[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            Unassigned { refused: true, deciders: deciders.iter().map(of_node).collect(), ..Unassigned::default() }
        };
        let mixed = shard(&[&["index_version", "node_version"], &["same_shard"], &["node_version"]]);
        let full = shard(&[&["disk_threshold", "node_version"], &["same_shard"], &["disk_threshold"]]);
        let held = shard(&[&["same_shard"], &["enable"], &["enable"]]);
        let passing = Unassigned { refused: false, ..mixed.clone() };
        assert_eq!([&mixed, &full, &held, &passing].map(Unassigned::is_meant), [true, false, false, false]);
        assert_eq!([&mixed, &full, &held, &passing].map(Unassigned::is_faulty), [false, true, false, false]);
        assert_eq!([&mixed, &full, &held, &passing].map(Unassigned::lacks_room), [false, true, false, false]);
        assert!(!shard(&[&["disk_threshold"], &["enable"]]).lacks_room(), "there may be room on the second node");
        let failed = shard(&[&["same_shard"], &["max_retry"]]);
        assert_eq!([&failed, &full, &passing].map(Unassigned::is_out_of_tries), [true, false, false]);
        assert!(failed.is_faulty(), "it is tried again only when that is asked for");
        let index = IndexShards { red: false, primaries: 2, replicas: 1, unassigned: 2, meant: 0 };
        let mut shards = ShardFacts { indices: [("a".to_owned(), index)].into(), ..ShardFacts::default() };
        assert_eq!(shards.lacking(3), ["a"]);
        shards.explained("a", &[mixed.clone(), full]);
        assert_eq!(shards.pending(3).as_deref(), Some("a lacks a replica"));
        shards.explained("a", &[mixed.clone(), mixed]);
        assert_eq!(shards.pending(3), None);
    }
}
