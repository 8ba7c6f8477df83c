//! `mesh load` that ends early: what is sent nevertheless, and what is named as the cause.

use insta::assert_snapshot;

use super::{CREATED, PRESENT, REJECTED, UNPARSED, answer};
use crate::fixture::Fixture;

#[test]
fn what_is_before_a_bad_line_is_loaded_though_the_server_puts_it_off() {
    let fixture = Fixture::new(76, "password");
    let file = fixture.file("a.ndjson", b"{\"n\":1}\n{\"n\":\"x\"}\n{\"n\":3}\n{\"n\":\n");
    let file = file.to_str().unwrap();
    let server = fixture.serve(
        1,
        &[
            (200, ""),
            (200, answer(&[REJECTED, CREATED, CREATED])),
            (503, r#"{"error":{"type":"unavailable","reason":"booting"}}"#),
            (200, answer(&[CREATED])),
            (200, "{}"),
        ],
    );
    let printed = fixture.load(&["1", file]);
    assert!(printed.contains(" mesh-a 3 3 0 1 "), "{printed}");
    assert!(printed.starts_with("exit 2") && printed.contains("error: /mesh/a.ndjson, line 4: "), "{printed}");
    server.join().unwrap();
    assert!(!printed.contains("not loaded: "), "{printed}");
    // what is behind it is not sent again, nor a second file
    let second = fixture.file("b.ndjson", b"{}\n");
    let server = fixture.serve(1, &[(200, ""), (200, answer(&[PRESENT, UNPARSED, REJECTED]))]);
    let printed = fixture.load(&["1", file, second.to_str().unwrap()]);
    assert!(printed.starts_with("exit 2") && printed.contains("error: /mesh/a.ndjson, line 2: "), "{printed}");
    assert!(printed.contains("not loaded: 1 more file\n"), "{printed}");
    server.join().unwrap();
}

#[test]
fn an_index_that_a_full_disk_blocks_is_not_waited_for_and_the_disk_is_named() {
    let fixture = Fixture::new(77, "password");
    let file = fixture.file("a.ndjson", b"{}\n");
    let blocked = r#"{"error":{"root_cause":[],"type":"cluster_block_exception","reason":"index [mesh-a] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has read-only-allow-delete block];"},"status":429}"#;
    let server = fixture.serve(2, &[(404, ""), (429, blocked)]);
    assert_snapshot!(fixture.load(&["2", file.to_str().unwrap()]), @r"
    exit 4
    error: cluster02 takes no more documents
     caused by: index [mesh-a] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has read-only-allow-delete block];

    hint: free some space on the disk of that cluster, which `mesh status` shows; half a minute later, when the server has seen it, type the same command again: it adds what is missing
    ");
    server.join().unwrap();
}

/// As Elasticsearch explains a new index where the only node has a full disk.
const NO_ROOM: &str = r#"{"index":"mesh-a","shard":0,"primary":true,"current_state":"unassigned","can_allocate":"no","node_allocation_decisions":[{"node_decision":"no","deciders":[{"decider":"disk_threshold","decision":"NO","explanation":"the node is above the high watermark cluster setting [cluster.routing.allocation.disk.watermark.high=90%], having less than the minimum required [10gb] free space, actual free: [1gb], actual used: [99%]"}]}]}"#;
const UNAVAILABLE: &str = r#"{"status":503,"error":{"type":"unavailable_shards_exception","reason":"[mesh-a][0] primary shard is not active"}}"#;

#[test]
fn a_new_index_that_no_disk_has_room_for_is_not_waited_for() {
    let fixture = Fixture::new(78, "password");
    let file = fixture.file("a.ndjson", b"{}\n");
    let file = file.to_str().unwrap();
    let made = r#"{"acknowledged":true,"shards_acknowledged":false,"index":"mesh-a"}"#;
    let server = fixture.serve(2, &[(404, ""), (200, made), (200, NO_ROOM)]);
    assert_snapshot!(fixture.load(&["2", file]), @r"
    exit 4
    error: cluster02 takes no more documents
     caused by: the node is above the high watermark cluster setting [cluster.routing.allocation.disk.watermark.high=90%], having less than the minimum required [10gb] free space, actual free: [1gb], actual used: [99%]

    hint: free some space on the disk of that cluster, which `mesh status` shows; half a minute later, when the server has seen it, type the same command again: it adds what is missing
    ");
    let asked = server.join().unwrap();
    assert!(asked[2].ends_with(r#"{"index":"mesh-a","primary":true,"shard":0}"#), "{}", asked[2]);
    // the second load finds the index, whose shard is still nowhere
    let server = fixture.serve(2, &[(200, ""), (200, answer(&[UNAVAILABLE])), (200, NO_ROOM)]);
    let printed = fixture.load(&["2", file]);
    assert!(printed.starts_with("exit 4") && printed.contains("caused by: the node is above the high"), "{printed}");
    server.join().unwrap();
}

#[test]
fn an_index_that_a_server_does_not_make_is_named_with_what_to_type() {
    let fixture = Fixture::new(79, "password");
    let file = fixture.file("a.ndjson", b"{}\n");
    let file = file.to_str().unwrap();
    let streams = r#"{"error":{"root_cause":[],"type":"illegal_argument_exception","reason":"cannot create index with name [logs-a-b], because it matches with template [logs] that creates data streams only, use create data stream api instead"},"status":400}"#;
    let server = fixture.serve(2, &[(404, ""), (400, streams)]);
    assert_snapshot!(fixture.load(&["2", file, "--index", "logs-a-b"]), @r"
    exit 2
    error: cluster02 does not make the index logs-a-b
     caused by: cannot create index with name [logs-a-b], because it matches with template [logs] that creates data streams only, use create data stream api instead

    hint: `mesh es 2 PUT _data_stream/logs-a-b` makes it; then type the same command again
    ");
    server.join().unwrap();
    let shards = r#"{"error":{"root_cause":[],"type":"validation_exception","reason":"this action would add [1] shards, but this cluster currently has [1000]/[1000] maximum normal shards open;"},"status":400}"#;
    let server = fixture.serve(2, &[(404, ""), (400, shards)]);
    let printed = fixture.load(&["2", file]);
    assert!(printed.starts_with("exit 2") && printed.contains("hint: `mesh es 2 GET _cat/indices` "), "{printed}");
    assert!(printed.contains("delete what is not needed"), "{printed}");
    server.join().unwrap();
    let name = r#"{"error":{"root_cause":[],"type":"invalid_index_name_exception","reason":"Invalid index name [mesh-a], already exists as alias"},"status":400}"#;
    let server = fixture.serve(2, &[(404, ""), (400, name)]);
    let printed = fixture.load(&["2", file]);
    assert!(printed.contains("hint: `mesh es 2 GET _cat/indices` ") && printed.contains("with `--index`"), "{printed}");
    server.join().unwrap();
    // the sample has no `--index`
    let template = r#"{"error":{"root_cause":[],"type":"illegal_argument_exception","reason":"failed to parse the settings of template [mesh]"},"status":400}"#;
    let server = fixture.serve(1, &[(404, ""), (400, template)]);
    let printed = fixture.load(&["--sample"]);
    assert!(printed.contains("hint: `mesh es 1 GET _index_template` ") && !printed.contains("--index"), "{printed}");
    server.join().unwrap();
}
