//! How a server fares: its indices, why one that is red stays so, and its vitals. I/O: network; no decisions.

use hyper::Method;
use serde_json::{Value, json};

use super::{
    Elasticsearch, HttpsError,
    read::{self, fields},
};
use crate::{
    ask::request::segment,
    facts::{
        health::{Color, Health, LackingIndex, RedIndex},
        observed::Vitals,
    },
};

/// The number of indices whose reason is asked for: most of a longer list have one reason in common.
const EXPLAINED: usize = 5;

impl Elasticsearch {
    /// Six calls: about the health, about the server, about every node, and about the indices that are not hidden, and
    /// all; `None` where the license has ended, and none of them is answered. See
    /// <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-nodes-stats>.
    pub async fn vitals(&self) -> Result<Option<Vitals>, HttpsError> {
        let Some(health) = self.health().await? else { return Ok(None) };
        // node by node: `/_cluster/stats` has the sum of disks, also where it is one disk that nodes share
        let nodes = "/_nodes/stats/fs,jvm?filter_path=nodes.*.fs.total,nodes.*.jvm.mem";
        let open = "/_stats/docs,store?expand_wildcards=open&filter_path=_all.primaries";
        let whole = "/_stats/store?expand_wildcards=all&filter_path=_all.primaries";
        let names = "/_resolve/index/*?expand_wildcards=all&filter_path=indices.attributes";
        let (server, nodes) = (self.get("/?filter_path=version.number").await?, self.get(nodes).await?);
        let open = self.get(open).await?;
        let (whole, names) = (self.get(whole).await?, self.get(names).await?);
        Ok(Some(read::vitals(health, [&server, &nodes], [&open, &whole, &names])))
    }

    /// `None` where the license has ended: then Elasticsearch answers 403 to this and to little else. See
    /// <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-cluster-health>.
    pub async fn health(&self) -> Result<Option<Health>, HttpsError> {
        let fields = "filter_path=status,initializing_shards,number_of_in_flight_fetch,unassigned_shards,\
                      indices.*.status,indices.*.shards.*.primary_active";
        let answer = self.ask(Method::GET, &format!("/_cluster/health?level=shards&{fields}"), None).await?;
        if answer.status == 403 {
            return Ok(None);
        }
        // 408 is the answer of a server that has no master yet, with what it knows
        let body = if answer.status == 408 { answer.body } else { answer.accepted("`GET /_cluster/health`")? };
        let mut red = Vec::new();
        for (index, shard) in red_shards(&body).into_iter().take(EXPLAINED) {
            let explained = self.explain(&index, shard).await;
            red.push(explained.unwrap_or_else(|error| RedIndex { index, reason: error.cause(), stays: false }));
        }
        Ok(Some(health(&body, red)))
    }

    /// Why a primary shard is not assigned; see
    /// <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-cluster-allocation-explain>.
    pub(super) async fn explain(&self, index: &str, shard: u64) -> Result<RedIndex, HttpsError> {
        let asked = json!({ "index": index, "shard": shard, "primary": true });
        let body = self.send(Method::POST, "/_cluster/allocation/explain", &asked).await?;
        Ok(RedIndex { index: index.to_owned(), reason: why_unassigned(&body), stays: stays(&body) })
    }

    /// Why indices lack replicas that other nodes could have: of the first few.
    pub async fn why_lacking(&self, yellow: &[String]) -> Vec<LackingIndex> {
        let mut lacking = Vec::new();
        for index in yellow.iter().take(EXPLAINED) {
            // one that was assigned meanwhile lacks nothing
            if let Ok(Some(reason)) = self.why_replica(index).await {
                lacking.push(LackingIndex { index: index.clone(), reason });
            }
        }
        lacking
    }

    /// Why the first replica of an index that is not assigned is not; `None` where every one is.
    async fn why_replica(&self, index: &str) -> Result<Option<String>, HttpsError> {
        let path = format!("/_cat/shards/{}?format=json&h=shard,prirep,state", segment(index));
        let body = self.get(&path).await?;
        let is_lacking = |shard: &&Value| shard["prirep"] == "r" && shard["state"] == "UNASSIGNED";
        let Some(shard) = read::items(&body).iter().find(is_lacking) else { return Ok(None) };
        let number: u64 = shard["shard"].as_str().and_then(|number| number.parse().ok()).unwrap_or_default();
        let asked = json!({ "index": index, "shard": number, "primary": false });
        let explained = self.send(Method::POST, "/_cluster/allocation/explain", &asked).await?;
        Ok(Some(why_lacking(&explained)))
    }
}

fn health(body: &Value, red: Vec<RedIndex>) -> Health {
    let some = |field: &str| body[field].as_u64().is_some_and(|count| count > 0);
    let yellow = fields(&body["indices"]).filter(|(_, index)| index["status"] == "yellow");
    Health {
        color: match body["status"].as_str() {
            Some("green") => Color::Green,
            Some("yellow") => Color::Yellow,
            _ => Color::Red,
        },
        in_motion: some("initializing_shards") || some("number_of_in_flight_fetch"),
        red,
        yellow: yellow.map(|(name, _)| name.clone()).collect(),
        unassigned: body["unassigned_shards"].as_u64().unwrap_or_default(),
        lacking: Vec::new(),
    }
}

/// Every red index, with the first of its primary shards that is not assigned.
fn red_shards(body: &Value) -> Vec<(String, u64)> {
    let first = |index: &Value| {
        let shards = fields(&index["shards"]).filter(|(_, shard)| shard["primary_active"] == false);
        shards.filter_map(|(number, _)| number.parse().ok()).min()
    };
    fields(&body["indices"]).filter_map(|(name, index)| Some((name.clone(), first(index)?))).collect()
}

/// Whether the answer is a decision that waiting does not change: everything else is about shards that may come
/// yet.
fn stays(explained: &Value) -> bool {
    matches!(explained["can_allocate"].as_str(), Some("no" | "no_valid_shard_copy"))
}

/// What keeps a replica from every node: what says more than that a node has a copy already comes first, which every
/// node with the primary says.
fn why_lacking(explained: &Value) -> String {
    let refusals = read::items(&explained["node_allocation_decisions"]).iter().flat_map(|node| {
        let deciders = read::items(&node["deciders"]).iter();
        deciders.filter(|decider| matches!(decider["decision"].as_str(), Some("NO" | "THROTTLE")))
    });
    let more = refusals.clone().find(|decider| decider["decider"] != "same_shard");
    if explained["can_allocate"] == "no" && more.is_none() && refusals.clone().next().is_some() {
        return "every node that may hold it has a copy already".to_owned();
    }
    let reason = more
        .and_then(|decider| decider["explanation"].as_str())
        .or_else(|| explained["allocate_explanation"].as_str().and_then(|text| text.split(". ").next()));
    reason.map_or("Elasticsearch does not say why", |text| text.trim_end_matches('.')).to_owned()
}

/// What keeps the shard from the node, else what happened to it, else Elasticsearch's first sentence about it.
fn why_unassigned(explained: &Value) -> String {
    let node = &explained["node_allocation_decisions"][0];
    let deciders = node["deciders"].as_array().map(Vec::as_slice).unwrap_or_default();
    let refusing = deciders.iter().find(|decider| decider["decision"] == "NO");
    let reason = node["store"]["store_exception"]["reason"]
        .as_str()
        .or(refusing.and_then(|decider| decider["explanation"].as_str()))
        .or(explained["unassigned_info"]["details"].as_str())
        .or(explained["allocate_explanation"].as_str().and_then(|text| text.split(". ").next()));
    reason.unwrap_or("Elasticsearch does not say why").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_red_index_is_reported_with_its_reason() {
        let body = json!({
            "status": "red", "initializing_shards": 0, "number_of_in_flight_fetch": 0,
            "indices": {
                "red": { "status": "red", "shards": { "1": { "primary_active": false }, "0": { "primary_active": true } } },
                "spare": { "status": "yellow", "shards": { "0": { "primary_active": true } } },
            },
        });
        assert_eq!(red_shards(&body), [("red".to_owned(), 1)]);
        let found = health(&body, Vec::new());
        assert_eq!((found.color, found.in_motion, found.yellow), (Color::Red, false, vec!["spare".to_owned()]));
        let mut explained = json!({
            "can_allocate": "no",
            "allocate_explanation": "Elasticsearch isn't allowed to allocate this shard. Choose a node.",
            "unassigned_info": { "reason": "INDEX_CREATED" },
            "node_allocation_decisions": [{ "deciders": [
                { "decider": "max_retry", "decision": "YES", "explanation": "fine" },
                { "decider": "filter", "decision": "NO", "explanation": "node does not match" },
            ] }],
        });
        assert_eq!((why_unassigned(&explained).as_str(), stays(&explained)), ("node does not match", true));
        explained["node_allocation_decisions"] = Value::Null;
        assert_eq!(why_unassigned(&explained), "Elasticsearch isn't allowed to allocate this shard");
        for passing in ["yes", "throttled", "awaiting_info", "allocation_delayed"] {
            assert!(!stays(&json!({ "can_allocate": passing })), "{passing}");
        }
        assert!(!stays(&Value::Null));
    }

    #[test]
    fn a_replica_that_is_not_assigned_has_a_reason() {
        let decider =
            |name: &str, explanation: &str| json!({ "decider": name, "decision": "NO", "explanation": explanation });
        let same = decider("same_shard", "a copy of this shard is already allocated to this node");
        let mut explained = json!({
            "can_allocate": "no",
            "allocate_explanation": "Elasticsearch isn't allowed to allocate this shard. Choose a node.",
            "node_allocation_decisions": [{ "deciders": [same] }],
        });
        assert_eq!(why_lacking(&explained), "every node that may hold it has a copy already");
        let filter = decider("filter", "node does not match");
        explained["node_allocation_decisions"] = json!([{ "deciders": [same] }, { "deciders": [filter] }]);
        assert_eq!(why_lacking(&explained), "node does not match");
        let delayed = json!({
            "can_allocate": "allocation_delayed",
            "allocate_explanation": "The node containing this shard copy recently left the cluster. It waits.",
            "node_allocation_decisions": [{ "deciders": [same] }],
        });
        assert_eq!(why_lacking(&delayed), "The node containing this shard copy recently left the cluster");
        assert_eq!(why_lacking(&Value::Null), "Elasticsearch does not say why");
    }

    #[test]
    fn shards_that_are_looked_for_are_in_motion() {
        assert!(health(&json!({ "number_of_in_flight_fetch": 1 }), Vec::new()).in_motion);
        assert_eq!(health(&Value::Null, Vec::new()).color, Color::Red, "unknown health is not good health");
    }

    #[test]
    fn a_cluster_is_as_full_as_its_fullest_node() {
        const GIBIBYTE: u64 = 1 << 30;
        let node = |free: u64, total: u64, heap: u64| {
            let disk = json!({ "total_in_bytes": total * GIBIBYTE, "available_in_bytes": free * GIBIBYTE });
            let heap = json!({ "heap_used_in_bytes": heap, "heap_max_in_bytes": 100 });
            json!({ "fs": { "total": disk }, "jvm": { "mem": heap } })
        };
        let found = |all: Value| {
            let (server, nodes) = (json!({ "version": { "number": "9.5.3" } }), json!({ "nodes": all }));
            let vitals = read::vitals(Health::of(Color::Green), [&server, &nodes], [&Value::Null; 3]);
            assert_eq!((vitals.version.as_str(), vitals.heap_max), ("9.5.3", 100));
            (vitals.disk_free / GIBIBYTE, vitals.disk_total / GIBIBYTE, vitals.heap_used)
        };
        let one_disk = json!({ "a": node(40, 1_000, 20), "b": node(40, 1_000, 90), "c": node(40, 1_000, 50) });
        assert_eq!(found(one_disk), (40, 1_000, 90));
        let own_disks = json!({ "a": node(14, 100, 20), "b": node(250, 4_000, 10), "c": node(60, 100, 30) });
        assert_eq!(found(own_disks), (14, 100, 30), "a watermark counts for more than a share");
    }

    /// As Elasticsearch 9.5.3 answered: a data stream is known by its indices, which are hidden.
    #[test]
    fn every_index_counts_that_is_not_the_servers_own() {
        let health = Health::of(Color::Green);
        let attributes = |all: &[&str]| json!({ "attributes": all });
        let names = json!({ "indices": [attributes(&["hidden", "open", "system"]), attributes(&["hidden", "open"])] });
        let whole = json!({ "_all": { "primaries": { "store": { "size_in_bytes": 9 } } } });
        let vitals = read::vitals(health, [&Value::Null; 2], [&Value::Null, &whole, &names]);
        assert_eq!((vitals.indices, vitals.whole_store, vitals.documents), (1, 9, 0));
    }
}
