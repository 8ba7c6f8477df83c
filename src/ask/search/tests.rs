//! What is sent and read, on answers as Elasticsearch 9.5.3 gave them. Pure: no I/O.

use proptest::prelude::*;

use super::*;
use crate::mesh::{example::link_rule, settings::Topology};

fn indices(text: &str) -> Indices {
    text.parse().unwrap()
}

fn first() -> ClusterId {
    ClusterId::new(1).unwrap()
}

/// Cluster, hits, status and reason, a line each.
fn table(found: &Found) -> String {
    let line = |part: &Part| {
        let why = part.failure.as_ref().map_or_else(String::new, |why| format!(" {}: {}", why.kind, why.reason));
        format!("{} {} {}{why}\n", part.cluster, part.hits, part.status)
    };
    found.clusters.iter().map(line).collect()
}

#[test]
fn every_pattern_gets_the_remote_prefix() {
    assert_eq!(indices("mesh-*").expression(&Mesh::example(2), first(), None), "mesh-*,cluster*:mesh-*");
    assert_eq!(
        indices("mesh-*,logs,-mesh-old*").expression(&Mesh::example(2), first(), None),
        "mesh-*,logs,-mesh-old*,cluster*:mesh-*,cluster*:logs,cluster*:-mesh-old*"
    );
    assert_eq!(indices("mesh-*").expression(&Mesh::example(1), first(), None), "mesh-*");
    for wrong in ["", "a,", "-a", "a,--b", "cluster02:a", "a b", "a/b", "a?x", "_all"] {
        assert!(wrong.parse::<Indices>().is_err(), "{wrong}");
    }
}

#[test]
fn a_cluster_searches_that_reaches_all_that_is_asked() {
    let asked = |mesh: &Mesh, on: Option<&str>| {
        let on: Option<ClusterSet> = on.map(|on| on.parse().unwrap());
        searchers(mesh, on.as_ref()).iter().map(|from| from.number()).collect::<Vec<_>>()
    };
    let mut mesh = Mesh::example(3);
    assert_eq!((asked(&mesh, None), asked(&mesh, Some("2-3"))), (vec![1, 2, 3], vec![2, 3]));
    mesh.spec.topology = Topology::Hub { hub: first(), both: false };
    assert_eq!(asked(&mesh, None)[0], 1);
    assert_eq!((asked(&mesh, Some("1-2")), asked(&mesh, Some("2-3"))), (vec![1], vec![1]));
    assert_eq!(asked(&mesh, Some("2")), [2]);
    assert_eq!(unlinked(&mesh, ClusterId::new(2).unwrap(), &"2-3".parse().unwrap()), ClusterId::new(3));
    mesh.spec.topology = Topology::None;
    assert_eq!((asked(&mesh, Some("2-3")), asked(&mesh, Some("3"))), (Vec::new(), vec![3]));
}

#[test]
fn a_link_may_share_by_a_list_of_its_own() {
    let mut mesh = Mesh::example(3);
    mesh.spec.topology = Topology::Links(vec![link_rule("1", "2-3", None), link_rule("2", "3", Some("hr-*"))]);
    let link = |pattern: &str, on: &str| {
        let found = link_that_shares(&mesh, &pattern.parse().unwrap(), &on.parse().unwrap());
        found.map(|link| (link.from.number(), link.to.number()))
    };
    assert_eq!((link("hr-a*", "1-3"), link("hr-a", "2"), link("mesh-a", "3")), (Some((2, 3)), None, None));
    let unseen = |text: &str, from: u8, on: Option<&str>| {
        let on: Option<ClusterSet> = on.map(|on| on.parse().unwrap());
        unseen(&mesh, &indices(text), ClusterId::new(from).unwrap(), on.as_ref()).map(|unseen| unseen.to_string())
    };
    assert_eq!(unseen("hr-a,mesh-*", 2, None).as_deref(), Some("3"));
    assert_eq!((unseen("hr-a", 2, None), unseen("mesh-*", 2, Some("1-2"))), (None, None));
    assert_eq!(unseen("mesh-*", 1, None), None, "it sees what they share with all");
}

#[test]
fn a_user_who_logs_in_elsewhere_searches_a_remote() {
    let (mesh, second) = (Mesh::example(3), ClusterId::new(2));
    let remotes = |from, on: Option<&str>| {
        let on: Option<ClusterSet> = on.map(|on| on.parse().unwrap());
        has_remotes(&mesh, from, on.as_ref())
    };
    assert!(!remotes(None, Some("2")) && !remotes(second, Some("2")) && remotes(Some(first()), Some("2")));
    assert!(remotes(None, None) && remotes(second, Some("1-2")) && !has_remotes(&Mesh::example(1), None, None));
}

#[test]
fn what_reaches_beyond_the_shared_indices_is_found() {
    let shared = ["mesh*".to_owned(), "logs-*-eu".to_owned()];
    let beyond = |text: &str| indices(text).beyond(&shared).map(ToString::to_string);
    for within in ["mesh", "mesh*", "mesh-*", "mesh-a*b,mesh-c", "logs-a-eu", "logs-*-eu", "mesh*,-other*"] {
        assert_eq!(beyond(within), None, "{within}");
    }
    for (text, pattern) in [("*", "*"), ("mes*", "mes*"), ("mesh*,logs-*", "logs-*"), ("logs-eu", "logs-eu")] {
        assert_eq!(beyond(text).as_deref(), Some(pattern));
    }
}

#[test]
fn the_query_is_data_and_never_part_of_the_path() {
    let sent = body(Some("status:500 AND \"a\nb\""), 3);
    assert_eq!(sent["query"]["query_string"]["query"], "status:500 AND \"a\nb\"");
    assert_eq!((&sent["size"], &sent["track_total_hits"]), (&json!(3), &json!(true)));
    assert!(body(None, 3)["query"]["match_all"].is_object());
}

#[test]
fn some_clusters_are_named_one_by_one() {
    let mesh = Mesh::example(3);
    let expression = |set: &str| indices("mesh-*,-mesh-old*").expression(&mesh, first(), set.parse().ok().as_ref());
    assert_eq!(expression("1"), "mesh-*,-mesh-old*");
    assert_eq!(expression("1,3"), "mesh-*,-mesh-old*,cluster03:mesh-*,cluster03:-mesh-old*");
    assert_eq!(expression("2-3"), "cluster02:mesh-*,cluster02:-mesh-old*,cluster03:mesh-*,cluster03:-mesh-old*");
    let answer = json!({ "timed_out": false, "_shards": { "total": 0, "failed": 0 } });
    let parts = |set: &str| {
        let found = Found::read(&mesh, first(), set.parse().ok().as_ref(), &answer);
        found.clusters.into_iter().map(|part| part.cluster).collect::<Vec<_>>()
    };
    assert_eq!(
        (parts("1"), parts("2-3")),
        (vec!["cluster01".to_owned()], vec!["cluster02".to_owned(), "cluster03".to_owned()])
    );
}

#[test]
fn hits_are_counted_and_named_by_cluster() {
    let answer = json!({
        "took": 9, "timed_out": false, "num_reduce_phases": 3,
        "_shards": { "total": 3, "successful": 3, "skipped": 0, "failed": 0 },
        "_clusters": { "total": 3, "successful": 3, "skipped": 0, "running": 0, "partial": 0, "failed": 0, "details": {
            "(local)": { "status": "successful", "indices": "mesh-a", "took": 3, "timed_out": false,
                "_shards": { "total": 1, "successful": 1, "skipped": 0, "failed": 0 } },
            "cluster02": { "status": "successful", "indices": "mesh*", "took": 4, "timed_out": false,
                "_shards": { "total": 2, "successful": 2, "skipped": 0, "failed": 0 } },
            "cluster03": { "status": "successful", "indices": "mesh*", "took": 0, "timed_out": false,
                "_shards": { "total": 0, "successful": 0, "skipped": 0, "failed": 0 } },
        } },
        "hits": { "total": { "value": 12_345, "relation": "eq" }, "max_score": 1.0, "hits": [
            { "_index": "cluster02:mesh-a", "_id": "1", "_score": 1.0, "_source": { "n": 1 } },
            { "_index": "mesh-a", "_id": "2", "_score": 0.5, "_source": { "n": 2 } },
        ] },
        "aggregations": { "indices": { "doc_count_error_upper_bound": 0, "sum_other_doc_count": 0, "buckets": [
            { "key": "cluster02:mesh-a", "doc_count": 12_000 },
            { "key": "mesh-a", "doc_count": 300 },
            { "key": "cluster02:mesh-b", "doc_count": 45 },
        ] } },
    });
    let found = Found::read(&Mesh::example(3), first(), None, &answer);
    insta::assert_snapshot!(table(&found), @r"
    cluster01 300 successful
    cluster02 12045 successful
    cluster03 0 successful
    ");
    assert_eq!((found.total, found.lacking().count(), found.has_no_index()), (12_345, 0, false));
    insta::assert_snapshot!(serde_json::to_string_pretty(&found.hits[0]).unwrap(), @r#"
    {
      "cluster": "cluster02",
      "index": "mesh-a",
      "id": "1",
      "score": 1.0,
      "source": {
        "n": 1
      }
    }
    "#);
    assert_eq!(found.hits[1].cluster, "cluster01");
}

#[test]
fn clusters_that_were_skipped_or_are_unknown_are_lacking() {
    let answer: Value = serde_json::from_str(
        r#"{"took":21,"timed_out":false,"num_reduce_phases":2,"_shards":{"total":1,"successful":1,"skipped":0,"failed":0},"_clusters":{"total":3,"successful":1,"skipped":2,"running":0,"partial":0,"failed":0,"details":{"(local)":{"status":"successful","indices":"mesh-verify-x","took":21,"timed_out":false,"_shards":{"total":1,"successful":1,"skipped":0,"failed":0}},"cluster02":{"status":"skipped","indices":"mesh-x","timed_out":false,"failures":[{"shard":-1,"index":null,"reason":{"type":"connect_transport_exception","reason":"Unable to connect to [cluster02]"}}]}}},"hits":{"total":{"value":1,"relation":"eq"},"max_score":null,"hits":[]}}"#,
    )
    .unwrap();
    let found = Found::read(&Mesh::example(3), first(), None, &answer);
    insta::assert_snapshot!(table(&found), @r"
    cluster01 0 successful
    cluster02 0 skipped connect_transport_exception: Unable to connect to [cluster02]
    cluster03 0 failed no_such_remote_cluster_exception: cluster01 does not have it as a remote
    ");
    assert_eq!(found.lacking().map(|part| part.cluster.as_str()).collect::<Vec<_>>(), ["cluster02", "cluster03"]);
}

#[test]
fn a_searching_cluster_in_which_no_index_fits_is_not_in_its_answer() {
    let answer: Value = serde_json::from_str(
        r#"{"took":48,"timed_out":false,"num_reduce_phases":3,"_shards":{"total":0,"successful":0,"skipped":0,"failed":0},"_clusters":{"total":1,"successful":1,"skipped":0,"running":0,"partial":0,"failed":0,"details":{"cluster02":{"status":"successful","indices":"mesh*","took":0,"timed_out":false,"_shards":{"total":0,"successful":0,"skipped":0,"failed":0}}}},"hits":{"total":{"value":0,"relation":"eq"},"max_score":0.0,"hits":[]}}"#,
    )
    .unwrap();
    let found = Found::read(&Mesh::example(2), first(), None, &answer);
    insta::assert_snapshot!(table(&found), @r"
    cluster01 0 successful
    cluster02 0 successful
    ");
    assert!(found.has_no_index());
}

#[test]
fn a_mesh_of_one_answers_without_clusters() {
    let answer = |failed: u8| {
        json!({ "timed_out": false,
            "_shards": { "total": 2, "successful": 2 - failed, "failed": failed, "failures": [
                { "shard": 0, "index": "mesh-a", "reason": { "type": "query_shard_exception", "reason": "No mapping" } },
            ] },
            "hits": { "total": { "value": 1, "relation": "eq" }, "hits": [] } })
    };
    let read = |failed| Found::read(&Mesh::example(1), first(), None, &answer(failed));
    assert_eq!(read(0).lacking().count(), 0);
    insta::assert_snapshot!(table(&read(1)), @"cluster01 0 partial query_shard_exception: No mapping");
}

proptest! {
    /// What is within is within whatever the pattern stands for.
    #[test]
    fn a_share_that_covers_a_pattern_covers_its_names(share in "[ab*]{1,5}", pattern in "[ab*]{1,5}", fill in "[ab]{0,3}") {
        if covers(&share, &pattern) {
            prop_assert!(covers(&share, &pattern.replace('*', &fill)));
        }
    }

    #[test]
    fn no_answer_makes_it_panic(text in "[{}\\[\\]\":a-z0-9,]{0,40}") {
        let answer = serde_json::from_str(&text).unwrap_or(Value::Null);
        prop_assert_eq!(Found::read(&Mesh::example(2), first(), None, &answer).clusters.len() , 2);
    }
}
