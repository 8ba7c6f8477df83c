//! Where shards lie, and why one does not lie elsewhere. I/O: network; no decisions.

use std::collections::{BTreeMap, BTreeSet};

use hyper::Method;
use serde_json::{Value, json};

use super::{Elasticsearch, HttpsError};
use crate::{
    ask::{load::IndexName, request::segment},
    facts::shards::{OnNode, Unassigned},
};

impl Elasticsearch {
    /// What each node holds or is about to, by name.
    pub async fn shards_on(&self) -> Result<BTreeMap<String, OnNode>, HttpsError> {
        let body = self.get("/_cat/shards?format=json&h=node").await?;
        let mut counted: BTreeMap<String, OnNode> = BTreeMap::new();
        for text in body.as_array().into_iter().flatten().filter_map(|shard| shard["node"].as_str()) {
            for (at, name) in holders(text).enumerate() {
                let on = counted.entry(name.to_owned()).or_default();
                on.shards += 1;
                on.leaving += u32::from(at == 0 && name.len() < text.len());
            }
        }
        Ok(counted)
    }

    /// Why a shard stays on a node that is to hold none, in Elasticsearch's words; `None` where no such shard is found.
    pub async fn why_on(&self, node: &str) -> Result<Option<String>, HttpsError> {
        let body = self.get("/_cat/shards?format=json&h=index,shard,prirep,node").await?;
        let on = |shard: &&Value| shard["node"].as_str().is_some_and(|text| holders(text).any(|name| name == node));
        let Some(shard) = body.as_array().into_iter().flatten().find(on) else { return Ok(None) };
        let number: u64 = shard["shard"].as_str().and_then(|number| number.parse().ok()).unwrap_or_default();
        let primary = shard["prirep"] == "p";
        let asked = json!({ "index": shard["index"], "shard": number, "primary": primary, "current_node": node });
        let explained = self.send(Method::POST, "/_cluster/allocation/explain", &asked).await?;
        let index = shard["index"].as_str().unwrap_or_default();
        Ok(Some(format!("{index}[{number}]: {}", why_it_stays(&explained))))
    }

    /// Has shards tried again whose allocation failed too often; see
    /// <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-cluster-reroute>.
    pub async fn try_again(&self) -> Result<(), HttpsError> {
        let path = "/_cluster/reroute?retry_failed=true&filter_path=acknowledged";
        self.send(Method::POST, path, &json!({})).await.map(|_| ())
    }

    /// Whether the cluster's nodes have more than one version, as in the course of an upgrade.
    pub async fn has_two_versions(&self) -> Result<bool, HttpsError> {
        let body = self.get("/_cat/nodes?format=json&h=version").await?;
        let versions: BTreeSet<&str> =
            body.as_array().into_iter().flatten().filter_map(|node| node["version"].as_str()).collect();
        Ok(versions.len() > 1)
    }

    /// Why replicas of an index are on no node.
    pub async fn unassigned(&self, index: &str) -> Result<Vec<Unassigned>, HttpsError> {
        let body = self.get(&format!("/_cat/shards/{}?format=json&h=shard,prirep,state", segment(index))).await?;
        let is_lacking = |shard: &&Value| shard["state"] == "UNASSIGNED" && shard["prirep"] == "r";
        let lacking = body.as_array().into_iter().flatten().filter(is_lacking);
        let mut unassigned = Vec::new();
        for number in lacking.filter_map(|shard| shard["shard"].as_str()?.parse::<u64>().ok()) {
            let asked = json!({ "index": index, "shard": number, "primary": false });
            let explained = self.send(Method::POST, "/_cluster/allocation/explain", &asked).await?;
            unassigned.push(why_unassigned(&format!("{index}[{number}]"), &explained));
        }
        Ok(unassigned)
    }

    /// Why the first shard of an index comes to no node before there is more room on a disk, in Elasticsearch's words;
    /// `None` where that is not so, or cannot be asked.
    pub async fn lacks_room(&self, index: &IndexName) -> Option<String> {
        let asked = json!({ "index": index, "shard": 0, "primary": true });
        let explained = self.send(Method::POST, "/_cluster/allocation/explain", &asked).await.ok()?;
        let unassigned = why_unassigned(&format!("{index}[0]"), &explained);
        unassigned.lacks_room().then_some(unassigned.reason)
    }
}

/// What keeps a shard from every node that it could move to.
fn why_it_stays(explained: &Value) -> String {
    let nodes = explained["node_allocation_decisions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let refusing = |node: &Value| {
        let deciders = node["deciders"].as_array().map(Vec::as_slice).unwrap_or_default();
        let refuses = |decider: &&Value| matches!(decider["decision"].as_str(), Some("NO" | "THROTTLE"));
        deciders.iter().find(refuses).and_then(|decider| decider["explanation"].as_str().map(str::to_owned))
    };
    let mut reasons: Vec<String> = nodes.iter().filter_map(refusing).collect();
    reasons.dedup();
    if reasons.is_empty() { "Elasticsearch does not say why".to_owned() } else { reasons.join("; ") }
}

fn why_unassigned(shard: &str, explained: &Value) -> Unassigned {
    let nodes = explained["node_allocation_decisions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let refusing = |node: &Value| {
        let deciders = node["deciders"].as_array().map(Vec::as_slice).unwrap_or_default();
        let names = deciders.iter().filter(|decider| decider["decision"] == "NO");
        names.filter_map(|decider| decider["decider"].as_str().map(str::to_owned)).collect()
    };
    Unassigned {
        shard: shard.to_owned(),
        refused: explained["current_state"] == "unassigned" && explained["can_allocate"] == "no",
        deciders: nodes.iter().map(refusing).collect(),
        reason: why_it_stays(explained),
    }
}

/// The nodes of a shard as `_cat/shards` writes them: one that moves is on its way `from -> address id to`, and both
/// count, since a move to a node that is to be emptied ends before it turns back.
fn holders(text: &str) -> impl Iterator<Item = &str> {
    let (from, to) = text.split_once(" -> ").map_or((text, None), |(from, to)| (from, to.rsplit(' ').next()));
    std::iter::once(from).chain(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_that_moves_is_on_both_nodes() {
        let found = |text| holders(text).collect::<Vec<_>>();
        assert_eq!(found("cluster02-elastic"), ["cluster02-elastic"]);
        let moving = "cluster02-elastic -> 10.213.0.210 oKv9crcLTjWiVMKf6lNbhg cluster02-elastic-2";
        assert_eq!(found(moving), ["cluster02-elastic", "cluster02-elastic-2"]);
    }

    #[test]
    fn a_replica_on_no_node_has_a_reason_for_each() {
        let no = |decider: &str, why: &str| json!({ "decider": decider, "decision": "NO", "explanation": why });
        let older = no("node_version", "cannot allocate replica shard to a node with version [8.19.21]");
        let same = no("same_shard", "a copy of this shard is already allocated to this node");
        let full = no("disk_threshold", "the node is above the low watermark");
        let explained = json!({
            "current_state": "unassigned",
            "can_allocate": "no",
            "node_allocation_decisions": [{ "deciders": [older, full] }, { "deciders": [same] }],
        });
        let unassigned = why_unassigned("logs[0]", &explained);
        assert!(unassigned.is_meant(), "{unassigned:?}");
        let reason = "cannot allocate replica shard to a node with version [8.19.21]; \
                      a copy of this shard is already allocated to this node";
        assert_eq!((unassigned.shard.as_str(), unassigned.reason.as_str()), ("logs[0]", reason));
        assert!(!why_unassigned("logs[0]", &json!({ "current_state": "started" })).refused);
    }
}
