//! The nodes of a cluster: what each knows of it, where shards may lie and who votes. I/O: network; no decisions.

use std::collections::{BTreeMap, BTreeSet};

use hyper::Method;
use serde_json::{Value, json};

use super::{
    Elasticsearch, HttpsError,
    read::{fields, items},
};
use crate::{
    ask::request::segment,
    facts::{
        observed::{AllocationFacts, NodeFacts},
        shards::{IndexShards, ShardFacts},
    },
    mesh::digest::digest_of,
};

/// Elasticsearch's word for a cluster that a node does not belong to yet.
const NO_CLUSTER: &str = "_na_";

impl Elasticsearch {
    /// What the node that is asked knows of its cluster; without its links. See
    /// <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-cluster-state>.
    pub async fn membership(&self) -> Result<NodeFacts, HttpsError> {
        // from 9.0 on every node answers by itself, and logs a warning where it is asked to
        let local = if self.version.major < 9 { "local=true&" } else { "" };
        let fields_of = "cluster_uuid,master_node,nodes.*.name";
        let path = format!("/_cluster/state/master_node,nodes?{local}filter_path={fields_of}");
        let answer = self.ask(Method::GET, &path, None).await?;
        let certificate = digest_of(&[&answer.certificate]);
        let body = answer.accepted("`GET /_cluster/state`")?;
        Ok(NodeFacts { certificate, ..membership(&body) })
    }

    /// The address and the port that each node publishes to other clusters, by its name; see
    /// <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-nodes-info>.
    pub async fn published(&self) -> Result<BTreeMap<String, String>, HttpsError> {
        let path =
            "/_nodes/remote_cluster_server?filter_path=nodes.*.name,nodes.*.remote_cluster_server.publish_address";
        Ok(published(&self.get(path).await?))
    }

    /// What becomes of shards and votes, as far as the settings tell, which were asked for already.
    pub async fn allocation(&self, settings: &BTreeMap<String, String>) -> Result<AllocationFacts, HttpsError> {
        let excluded = settings.get(AllocationFacts::EXCLUDED).map(String::as_str).unwrap_or_default();
        let names = |list: &str| list.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        Ok(AllocationFacts {
            enabled: settings.get(AllocationFacts::ENABLE).cloned(),
            excluded: names(excluded),
            without_vote: self.without_vote().await?,
            replicas: self.replicas().await?,
        })
    }

    /// See <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-cluster-post-voting-config-exclusions>.
    async fn without_vote(&self) -> Result<BTreeSet<String>, HttpsError> {
        let field = "metadata.cluster_coordination.voting_config_exclusions";
        let body = self.get(&format!("/_cluster/state/metadata?filter_path={field}")).await?;
        let exclusions = body["metadata"]["cluster_coordination"]["voting_config_exclusions"].as_array();
        let names = exclusions.into_iter().flatten().filter_map(|one| one["node_name"].as_str());
        Ok(names.map(str::to_owned).collect())
    }

    /// How many replicas each index is to have, of those whose number is fixed.
    async fn replicas(&self) -> Result<BTreeMap<String, u32>, HttpsError> {
        let fields_of = "*.settings.index.number_of_replicas,*.settings.index.auto_expand_replicas";
        let body = self.get(&format!("/_all/_settings?expand_wildcards=all&filter_path={fields_of}")).await?;
        let fixed = |(name, index): (&String, &Value)| {
            let settings = &index["settings"]["index"];
            let expands = settings["auto_expand_replicas"].as_str().is_some_and(|range| range != "false");
            let count = settings["number_of_replicas"].as_str()?.parse().ok()?;
            (!expands).then(|| (name.clone(), count))
        };
        Ok(fields(&body).filter_map(fixed).collect())
    }

    pub async fn set_replicas(&self, indices: &[String], replicas: u32) -> Result<(), HttpsError> {
        let names: Vec<String> = indices.iter().map(|name| segment(name)).collect();
        let path = format!("/{}/_settings?expand_wildcards=all&ignore_unavailable=true", names.join(","));
        self.send(Method::PUT, &path, &json!({ "index": { "number_of_replicas": replicas } })).await.map(|_| ())
    }

    /// Writes what is in memory to disk, so that a server which restarts has little to do again.
    pub async fn flush(&self) -> Result<(), HttpsError> {
        self.send(Method::POST, "/_flush?ignore_unavailable=true", &json!({})).await.map(|_| ())
    }

    /// Where the shards are, index by index.
    pub async fn shards(&self) -> Result<ShardFacts, HttpsError> {
        self.shards_once("").await
    }

    /// Where they are once everything that the cluster had to decide is decided.
    pub async fn settled_shards(&self) -> Result<ShardFacts, HttpsError> {
        self.shards_once("&wait_for_events=languid&timeout=10s").await
    }

    async fn shards_once(&self, wait: &str) -> Result<ShardFacts, HttpsError> {
        let fields_of = "status,initializing_shards,relocating_shards,delayed_unassigned_shards,\
                         number_of_in_flight_fetch,number_of_nodes,indices.*.status,indices.*.number_of_shards,\
                         indices.*.number_of_replicas,indices.*.unassigned_shards";
        let path = format!("/_cluster/health?level=indices&expand_wildcards=all&filter_path={fields_of}{wait}");
        let answer = self.ask(Method::GET, &path, None).await?;
        let body = if answer.status == 408 { answer.body } else { answer.accepted("`GET /_cluster/health`")? };
        let mut found = shards(&body);
        if found.moving > 0 {
            (found.copied, found.replayed) = self.recovered().await?;
        }
        Ok(found)
    }

    /// The bytes that were copied of shards on their way, and the operations that were replayed; see
    /// <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-indices-recovery>.
    async fn recovered(&self) -> Result<(u64, u64), HttpsError> {
        let fields_of = "*.shards.index.size.recovered_in_bytes,*.shards.translog.recovered";
        Ok(recovered(&self.get(&format!("/_recovery?active_only=true&filter_path={fields_of}")).await?))
    }

    /// Takes votes from nodes, so that a majority of those that stay is enough. It succeeds only once that is so.
    pub async fn exclude_votes(&self, nodes: &[String]) -> Result<(), HttpsError> {
        let path = format!("/_cluster/voting_config_exclusions?node_names={}&timeout=30s", segment(&nodes.join(",")));
        self.ask(Method::POST, &path, None).await?.accepted("`POST /_cluster/voting_config_exclusions`").map(|_| ())
    }

    /// Gives votes back to all that lost them. The nodes are gone, or are to stay: it waits for neither.
    pub async fn clear_votes(&self) -> Result<(), HttpsError> {
        let path = "/_cluster/voting_config_exclusions?wait_for_removal=false";
        self.ask(Method::DELETE, path, None).await?.accepted(&format!("`DELETE {path}`")).map(|_| ())
    }
}

/// An address is written with its name before it where it was set by one: `cluster02-elastic/10.213.0.12:9443`.
fn published(body: &Value) -> BTreeMap<String, String> {
    let address = |node: &Value| {
        let written = node["remote_cluster_server"]["publish_address"].as_str()?;
        Some(written.rsplit('/').next().unwrap_or(written).to_owned())
    };
    let nodes = fields(&body["nodes"]).map(|(_, node)| node);
    nodes.filter_map(|node| Some((node["name"].as_str()?.to_owned(), address(node)?))).collect()
}

fn membership(body: &Value) -> NodeFacts {
    let master = body["master_node"].as_str().and_then(|id| body["nodes"][id]["name"].as_str());
    let names = fields(&body["nodes"]).filter_map(|(_, node)| node["name"].as_str());
    NodeFacts {
        uuid: body["cluster_uuid"].as_str().filter(|uuid| *uuid != NO_CLUSTER).map(str::to_owned),
        master: master.map(str::to_owned),
        members: names.map(str::to_owned).collect(),
        ..NodeFacts::default()
    }
}

fn shards(body: &Value) -> ShardFacts {
    let count = |value: &Value| value.as_u64().and_then(|count| u32::try_from(count).ok()).unwrap_or_default();
    let index = |(name, index): (&String, &Value)| {
        let facts = IndexShards {
            red: index["status"] == "red",
            primaries: count(&index["number_of_shards"]),
            replicas: count(&index["number_of_replicas"]),
            unassigned: count(&index["unassigned_shards"]),
            meant: 0,
        };
        (name.clone(), facts)
    };
    let moving = ["initializing_shards", "relocating_shards", "delayed_unassigned_shards", "number_of_in_flight_fetch"];
    ShardFacts {
        red: !matches!(body["status"].as_str(), Some("green" | "yellow")),
        stays_red: false,
        moving: moving.iter().map(|field| count(&body[*field])).sum(),
        copied: 0,
        replayed: 0,
        indices: fields(&body["indices"]).map(index).collect(),
    }
}

fn recovered(body: &Value) -> (u64, u64) {
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let (mut copied, mut replayed) = (0, 0);
    for shard in fields(body).flat_map(|(_, index)| items(&index["shards"])) {
        copied += number(&shard["index"]["size"]["recovered_in_bytes"]);
        replayed += number(&shard["translog"]["recovered"]);
    }
    (copied, replayed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_published_is_read_without_its_name() {
        let node = |name: &str, address: &str| json!({ "name": name, "remote_cluster_server": { "publish_address": address } });
        let body = json!({ "nodes": {
            "a": node("cluster02-elastic", "cluster02-elastic/10.213.0.12:9443"),
            "b": node("cluster02-elastic-2", "10.213.0.13:9443"),
            "c": { "name": "cluster02-elastic-3" },
        } });
        let found: Vec<(String, String)> = published(&body).into_iter().collect();
        let pair = |name: &str, address: &str| (name.to_owned(), address.to_owned());
        assert_eq!(
            found,
            [pair("cluster02-elastic", "10.213.0.12:9443"), pair("cluster02-elastic-2", "10.213.0.13:9443")]
        );
    }

    #[test]
    fn what_is_recovered_is_summed_up() {
        let shard = |bytes: u64, operations: u64| json!({ "index": { "size": { "recovered_in_bytes": bytes } }, "translog": { "recovered": operations } });
        let body = json!({ "a": { "shards": [shard(1, 2), shard(3, 0)] }, "b": { "shards": [shard(10, 20)] } });
        assert_eq!(recovered(&body), (14, 22));
        assert_eq!(recovered(&json!({})), (0, 0));
    }

    #[test]
    fn a_node_without_a_cluster_has_no_uuid() {
        let body = json!({ "cluster_uuid": "_na_", "nodes": { "a": { "name": "cluster02-elastic-2" } } });
        let facts = membership(&body);
        assert_eq!((facts.uuid, facts.master), (None, None));
        let body = json!({
            "cluster_uuid": "vZ8",
            "master_node": "a",
            "nodes": { "a": { "name": "cluster02-elastic" }, "b": { "name": "cluster02-elastic-2" } },
        });
        let facts = membership(&body);
        assert_eq!((facts.uuid.as_deref(), facts.master.as_deref()), (Some("vZ8"), Some("cluster02-elastic")));
        assert_eq!(facts.members.len(), 2);
    }
}
