//! What a benchmark searches: its index, documents that are made for it, and the searches. Pure: no I/O.

use serde_json::{Value, json};

use crate::mesh::{Mesh, cluster_set::ClusterSet, id::ClusterId, peers::Alias};

/// The index of a run, in every cluster that it asks. Every key shares it, as it does all that begins with `mesh`.
pub const INDEX: &str = "mesh-bench";
/// What marks it as made by `mesh bench`, among the metadata of its mapping.
const MARK: &str = "mesh.bench";
/// The documents of one request.
pub const BATCH: u64 = 2_000;
/// Every document is of one kind, in turn.
const KINDS: u64 = 10;
const WORDS: [&str; 16] = [
    "accepted", "branch", "credit", "delivery", "engine", "freight", "gate", "harbor", "invoice", "journey", "keeper",
    "ledger", "market", "night", "order", "parcel",
];

/// One shard without replicas; hidden, so that no search by a pattern counts it. What a template of a user's could
/// spoil is explicit.
pub fn index(mesh: &Mesh) -> Value {
    json!({
        "settings": { "index": {
            "hidden": true,
            "number_of_shards": 1,
            "number_of_replicas": 0,
            "default_pipeline": "_none",
            "final_pipeline": "_none",
            "refresh_interval": "-1",
            "routing.allocation": { "enable": "all", "total_shards_per_node": -1 },
        } },
        "mappings": {
            "_meta": { MARK: mesh.id },
            "dynamic": false,
            "_source": { "enabled": true },
            "properties": {
                "@timestamp": { "type": "date", "format": "epoch_millis" },
                "site": { "type": "keyword" },
                "kind": { "type": "keyword" },
                "amount": { "type": "long" },
                "message": { "type": "text" },
            },
        },
    })
}

/// Whether an answer to a request for the mapping of [`INDEX`] is of an index that a run has made, whichever mesh's: a
/// cluster is of one mesh. An alias of that name answers with another index.
pub fn is_ours(mapping: &Value) -> bool {
    mapping[INDEX]["mappings"]["_meta"][MARK].is_string() && mapping.as_object().is_some_and(|all| all.len() == 1)
}

/// The lines of a bulk request that makes documents of a cluster, from one number up to another. The numbers look
/// random, and are the same in every run.
pub fn bulk(of: ClusterId, numbers: std::ops::Range<u64>) -> Vec<u8> {
    let lines = numbers.flat_map(|number| {
        let action = json!({ "index": { "_id": number.to_string() } });
        [action.to_string(), "\n".to_owned(), document(of, number).to_string(), "\n".to_owned()]
    });
    lines.collect::<String>().into_bytes()
}

/// A document of a cluster, by its number.
pub fn document(of: ClusterId, number: u64) -> Value {
    let mixed = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(u32::from(of.number()) % 64);
    let word = |place: u32| WORDS[usize::try_from((mixed >> (4 * place)) % 16).unwrap_or_default()];
    let message: Vec<&str> = (0..8).map(word).collect();
    json!({
        "@timestamp": 1_760_000_000_000_u64 + number * 1_000,
        "site": of,
        "kind": format!("kind{}", number % KINDS),
        "amount": mixed >> 48,
        "message": message.join(" "),
    })
}

/// A search, and how many documents it finds in each cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    pub body: Value,
    pub finds: u64,
}

/// What is searched for in turn: everything, counted; ten hits of one kind; sums by site.
pub fn searches(documents: u64) -> [Search; 3] {
    [
        Search { body: json!({ "size": 0, "track_total_hits": true }), finds: documents },
        Search {
            body: json!({ "size": 10, "track_total_hits": true, "query": { "term": { "kind": "kind0" } } }),
            finds: documents.div_ceil(KINDS),
        },
        Search {
            body: json!({
                "size": 0,
                "track_total_hits": true,
                "aggs": {
                    "sites": {
                        "terms": { "field": "site", "size": 100 },
                        "aggs": { "amount": { "stats": { "field": "amount" } } },
                    },
                },
            }),
            finds: documents,
        },
    ]
}

/// The path of a search that `from` does on clusters. The answer is not kept for the next one.
pub fn path(from: ClusterId, on: &ClusterSet) -> String {
    let name = |on: ClusterId| if on == from { INDEX.to_owned() } else { format!("{}:{INDEX}", Alias::from(on)) };
    let names: Vec<String> = on.iter().map(name).collect();
    format!("/{}/_search?request_cache=false", names.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::example::cluster;

    #[test]
    fn only_an_index_that_bears_the_mark_is_ours() {
        let made = json!({ INDEX: { "mappings": index(&Mesh::example(1))["mappings"] } });
        assert!(is_ours(&made));
        let by_hand = json!({ INDEX: { "mappings": { "properties": {} } } });
        let by_alias = json!({ "another": made[INDEX] });
        let by_two = json!({ INDEX: made[INDEX], "another": made[INDEX] });
        for other in [by_hand, by_alias, by_two, Value::Null] {
            assert!(!is_ours(&other), "{other}");
        }
    }

    #[test]
    fn documents_are_the_same_in_every_run_and_other_in_every_cluster() {
        let lines = |of: u8| String::from_utf8(bulk(cluster(of), 0..20)).unwrap();
        assert_eq!((lines(1).lines().count(), lines(1) == lines(1), lines(1) == lines(2)), (40, true, false));
        assert!(lines(1).ends_with('\n'));
        let amounts: std::collections::BTreeSet<u64> =
            (0..1000).map(|number| document(cluster(3), number)["amount"].as_u64().unwrap()).collect();
        assert!(amounts.len() > 900, "{}", amounts.len());
        insta::assert_snapshot!(document(cluster(1), 0), @r#"{"@timestamp":1760000000000,"amount":15470,"kind":"kind0","message":"ledger credit invoice parcel engine journey order parcel","site":"cluster01"}"#);
    }

    #[test]
    fn each_search_knows_what_it_finds() {
        let of_kind_0 = |documents: u64| {
            (0..documents).filter(|number| document(cluster(1), *number)["kind"] == "kind0").count() as u64
        };
        for documents in [1, 10, 11, 1234] {
            assert_eq!(searches(documents).map(|search| search.finds), [documents, of_kind_0(documents), documents]);
        }
        assert_eq!(
            path(cluster(1), &"1-3".parse().unwrap()),
            "/mesh-bench,cluster02:mesh-bench,cluster03:mesh-bench/_search?request_cache=false"
        );
    }
}
