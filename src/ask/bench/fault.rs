//! Whether a search was one of all that was asked: the time of one that left out a cluster says nothing. Pure: no I/O.

use serde_json::Value;

use super::data::INDEX;
use crate::{
    ask::search::Found,
    mesh::{Mesh, cluster_set::ClusterSet, id::ClusterId},
};

/// Why an answer to a search that `from` did on clusters is not that of all of them; `None` where each was searched,
/// and all that it has was found.
pub fn fault(mesh: &Mesh, from: ClusterId, on: &ClusterSet, answer: &Value, finds: u64) -> Option<String> {
    let found = Found::read(mesh, from, Some(on), answer);
    if let Some(part) = found.lacking().next() {
        let why = part.failure.as_ref().map_or("no reason given", |failure| &failure.reason);
        return Some(format!("{} was not searched in full ({}): {why}", part.cluster, part.status));
    }
    // a cluster without the index is searched with success
    let is_empty = |cluster: ClusterId| {
        let part = found.clusters.iter().find(|part| part.cluster == cluster.to_string());
        part.is_none_or(|part| part.shards == 0)
    };
    if let Some(cluster) = on.iter().find(|cluster| is_empty(*cluster)) {
        return Some(format!("{cluster} was not searched: it has no index {INDEX}"));
    }
    let all = finds * on.iter().count() as u64;
    (found.total != all).then(|| format!("a search found {} documents instead of {all}", found.total))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::mesh::example::cluster;

    fn judged(on: &str, answer: &Value) -> Option<String> {
        fault(&Mesh::example(2), cluster(1), &on.parse().unwrap(), answer, 5)
    }

    #[test]
    fn a_search_counts_when_every_cluster_was_searched() {
        let shards = json!({ "total": 1, "successful": 1, "skipped": 0, "failed": 0 });
        let part = |status: &str| json!({ "status": status, "_shards": shards });
        let answer = |total: u64, first: &Value, second: &Value| {
            json!({
                "timed_out": false,
                "hits": { "total": { "value": total } },
                "_shards": shards,
                "_clusters": { "details": { "(local)": first, "cluster02": second } },
            })
        };
        let good = part("successful");
        assert_eq!(judged("1-2", &answer(10, &good, &good)), None);
        let skipped = json!({
            "status": "skipped",
            "failures": [{ "reason": { "type": "connect_transport_exception", "reason": "no connection" } }],
        });
        insta::assert_snapshot!(judged("1-2", &answer(5, &good, &skipped)).unwrap(), @"cluster02 was not searched in full (skipped): no connection");
        let none = json!({ "status": "successful", "_shards": { "total": 0, "failed": 0 } });
        insta::assert_snapshot!(judged("1-2", &answer(5, &good, &none)).unwrap(), @"cluster02 was not searched: it has no index mesh-bench");
        insta::assert_snapshot!(judged("1-2", &answer(9, &good, &good)).unwrap(), @"a search found 9 documents instead of 10");
        let alone = json!({ "timed_out": false, "hits": { "total": { "value": 5 } }, "_shards": shards });
        assert_eq!(judged("1", &alone), None);
        let late = json!({ "timed_out": true, "hits": { "total": { "value": 5 } }, "_shards": shards });
        assert!(judged("1", &late).unwrap().contains("was not searched in full (partial)"));
    }
}
