//! Commands that ask clusters something: what is refused, what is sent, what comes back.

use std::{fs, io::Write as _, process::Stdio};

use insta::assert_snapshot;

use crate::{fixture::Fixture, run, transcript};

/// What a mistake is answered with, in one line each.
fn first_lines(fixture: &Fixture, mistakes: &[&[&str]]) -> String {
    let line = |arguments: &&[&str]| {
        let printed = transcript(&fixture.mesh(arguments).output().unwrap());
        assert!(printed.starts_with("exit 2\n"), "{arguments:?}: {printed}");
        fixture.neutral(printed.lines().nth(1).unwrap_or_default())
    };
    mistakes.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn there_is_no_mesh_to_ask() {
    let commands: [&[&str]; 10] = [
        &["logs"],
        &["es", "1", "GET", "/"],
        &["search", "mesh*"],
        &["credentials"],
        &["env", "1"],
        &["keys", "ls"],
        &["keys", "extend"],
        &["keys", "rotate"],
        &["certs", "ls"],
        &["certs", "rotate", "--ca"],
    ];
    for arguments in commands {
        let printed = run(arguments);
        assert!(printed.starts_with("exit 2\nerror: there is no mesh in /nonexistent/mesh\n\nhint: "), "{printed}");
    }
}

#[test]
fn what_cannot_be_asked() {
    let fixture = Fixture::new(1, "password");
    assert_snapshot!(first_lines(&fixture, &[
        &["logs", "1", "4"],
        &["logs", "--since", "soon"],
        &["logs", "--service", "logstash"],
        &["es", "4", "GET", "/"],
        &["es", "1", "FETCH", "/"],
        &["es", "1", "GET"],
        &["es", "1", "POST", "/_bulk", "@/nonexistent/file"],
        &["es", "1", "DELETE", "mesh-z/_doc/.."],
        &["es", "1", "DELETE", "mesh-z/./_doc/1"],
        &["es", "1", "DELETE", "mesh-z\\..\\mesh-y"],
        &["es", "1", "DELETE", "mesh-z/_doc/.\t./"],
        &["es", "1", "DELETE", "mesh-z/_doc/1\n"],
        &["search", "mesh*", "--from", "4"],
        &["search", "cluster02:mesh*"],
        &["search", "mesh*", "-n", "10001"],
        &["search", "mesh*,logs-*"],
        &["search", ".."],
        &["search", "."],
        &["search", "mesh\\y"],
        &["search", "mesh\ty"],
        &["search", "mesh\ny"],
        &["env", "4"],
        &["env", "1", "--shell", "tcsh"],
    ]), @r"
    error: there is no cluster 4: the mesh has 3
    error: invalid value 'soon' for '--since <TIME>': a length of time such as `90s`, `10m` or `2h` is needed, or a time such as `2026-01-31T12:00:00Z`
    error: invalid value 'logstash' for '--service <SERVICE>'
    error: there is no cluster 4: the mesh has 3
    error: invalid value 'FETCH' for '<METHOD>'
    error: the following required arguments were not provided:
    error: cannot read `/nonexistent/file`: no such file or directory
    error: the path `mesh-z/_doc/..` has the segment `..`, which stands for another path
    error: the path `mesh-z/./_doc/1` has the segment `.`, which stands for another path
    error: the path `mesh-z\..\mesh-y` has a `\`
    error: the path `mesh-z/_doc/.\t./` has a control character
    error: the path `mesh-z/_doc/1\n` has a control character
    error: there is no cluster 4: the mesh has 3
    error: invalid value 'cluster02:mesh*' for '<INDEX>': `cluster02:mesh*` is not a pattern of index names such as `logs-*`
    error: invalid value '10001' for '--size <COUNT>': 10001 is not in 0..=10000
    error: `logs-*` reaches beyond what the clusters share
    error: invalid value '..' for '<INDEX>': `..` is not a pattern of index names such as `logs-*`
    error: invalid value '.' for '<INDEX>': `.` is not a pattern of index names such as `logs-*`
    error: invalid value 'mesh\y' for '<INDEX>': `mesh\y` is not a pattern of index names such as `logs-*`
    error: invalid value 'mesh	y' for '<INDEX>': `mesh	y` is not a pattern of index names such as `logs-*`
    error: invalid value 'mesh
    error: there is no cluster 4: the mesh has 3
    error: invalid value 'tcsh' for '--shell <SHELL>'
    ");
    assert_snapshot!(transcript(&fixture.mesh(&["search", "logs-*"]).output().unwrap()), @r"
    exit 2
    error: `logs-*` reaches beyond what the clusters share

    hint: other clusters see only mesh*; `mesh create --share PATTERN`, once for each that is to be shared, shares others; `mesh es` searches all of one cluster
    ");
}

#[test]
fn an_answer_that_is_too_long_to_keep() {
    let fixture = Fixture::new(6, "password");
    // it is not read to its end, so the server does not end well
    let _server = fixture.serve(1, &[(200, "[".repeat(65 << 20).leak())]);
    assert_snapshot!(transcript(&fixture.mesh(&["search", "mesh*", "--from", "1"]).output().unwrap()), @r"
    exit 1
    error: the answer of https://127.213.0.6:9201 is longer than 64 MiB

    hint: ask for less: fewer documents at a time, or fewer fields with `filter_path`
    ");
}

#[test]
fn a_cluster_that_does_not_answer() {
    let fixture = Fixture::new(2, "password");
    assert_snapshot!(transcript(&fixture.mesh(&["es", "2", "GET", "/"]).output().unwrap()), @r"
    exit 1
    error: cluster02 does not answer
      caused by: connection refused

    hint: `mesh status` shows what runs; `mesh manage start 2` starts it
    ");
    assert_snapshot!(transcript(&fixture.mesh(&["search", "mesh*"]).output().unwrap()), @r"
    exit 1
    error: no cluster of the mesh answers
      caused by: cluster01: connection refused
      caused by: cluster02: connection refused
      caused by: cluster03: connection refused

    hint: `mesh manage start 1-3` starts them
    ");
}

#[test]
fn a_request_is_sent_as_it_was_typed_and_answered_as_it_came() {
    let fixture = Fixture::new(3, "pass:wörd");
    let server = fixture.serve(2, &[(200, "{ \"a\":\t1}"), (200, "{}"), (200, "{}")]);
    let file = fixture.dir.path().join("body");
    fs::write(&file, "{\"n\":\"\u{1}\"}").unwrap();
    let output = fixture.mesh(&["es", "2", "put", "mesh-a/_doc/1?x=a b", &format!("@{}", file.display())]).output();
    assert_snapshot!(transcript(&output.unwrap()), @r#"
    exit 0
    { "a":	1}
    "#);
    let mut child = fixture.mesh(&["es", "2", "POST", "/_bulk", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"{\"index\":{}}\n{\"n\":1}").unwrap();
    assert!(child.wait().unwrap().success());
    assert!(fixture.mesh(&["es", "2", "GET", "mesh-a/_doc/%2e%2e"]).output().unwrap().status.success());
    let asked = server.join().unwrap();
    assert!(asked[2].starts_with("GET /mesh-a/_doc/%2e%2e HTTP/1.1\r\n"), "{}", asked[2]);
    assert_snapshot!(essence(&asked[0]), @r#"
    PUT /mesh-a/_doc/1?x=a%20b HTTP/1.1
    authorization: Basic ZWxhc3RpYzpwYXNzOnfDtnJk
    content-type: application/json
    "{\"n\":\"\u{1}\"}"
    "#);
    assert_snapshot!(essence(&asked[1]), @r#"
    POST /_bulk HTTP/1.1
    authorization: Basic ZWxhc3RpYzpwYXNzOnfDtnJk
    content-type: application/x-ndjson
    "{\"index\":{}}\n{\"n\":1}\n"
    "#);
}

/// The request line, the headers and the body of a request, without what differs from client to client.
fn essence(request: &str) -> String {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let wanted = |line: &&str| !["host", "accept", "content-length"].iter().any(|name| line.starts_with(name));
    let head: Vec<&str> = head.lines().filter(wanted).collect();
    format!("{}\n{body:?}", head.join("\n"))
}

#[test]
fn a_refusal_shows_the_body_and_its_reason() {
    let fixture = Fixture::new(4, "password");
    let body = r#"{"error":{"root_cause":[{"type":"index_not_found_exception","reason":"no such index [\u001bnope]"}],"type":"index_not_found_exception","reason":"no such index [nope]"},"status":404}"#;
    let server = fixture.serve(1, &[(404, body), (404, "")]);
    let output = fixture.mesh(&["es", "1", "GET", "/nope"]).output().unwrap();
    assert_eq!((output.stdout.as_slice(), output.status.code()), (body.as_bytes(), Some(1)));
    assert_snapshot!(String::from_utf8_lossy(&output.stderr), @"error: cluster01 refused `GET /nope` with status 404: no such index [nope]");
    assert_snapshot!(transcript(&fixture.mesh(&["es", "1", "HEAD", "/nope"]).output().unwrap()), @r"
    exit 1
    error: cluster01 refused `HEAD /nope` with status 404
    ");
    server.join().unwrap();
}

const FOUND: &str = r#"{"took":21,"timed_out":false,"_shards":{"total":2,"successful":2,"skipped":0,"failed":0},"_clusters":{"total":3,"successful":2,"skipped":1,"details":{"(local)":{"status":"successful","indices":"mesh-a","timed_out":false,"_shards":{"total":1,"successful":1,"skipped":0,"failed":0}},"cluster01":{"status":"skipped","indices":"mesh*","timed_out":false,"failures":[{"shard":-1,"index":null,"reason":{"type":"connect_transport_exception","reason":"Unable to connect to [cluster01]"}}]},"cluster03":{"status":"successful","indices":"mesh*","timed_out":false,"_shards":{"total":1,"successful":1,"skipped":0,"failed":0}}}},"hits":{"total":{"value":3,"relation":"eq"},"hits":[{"_index":"cluster03:mesh-a","_id":"7","_score":1.0,"_source":{"text":"\u001b[2Jgone"}}]},"aggregations":{"indices":{"buckets":[{"key":"cluster03:mesh-a","doc_count":2},{"key":"mesh-a","doc_count":1}]}}}"#;

/// Cluster 1 is down, so cluster 2 searches.
#[test]
fn the_first_cluster_that_answers_searches_all() {
    let fixture = Fixture::new(5, "password");
    let server = fixture.serve(2, &[(200, FOUND), (200, FOUND)]);
    assert_snapshot!(transcript(&fixture.mesh(&["search", "mesh*,-mesh-old", "a b", "-n", "1"]).output().unwrap()), @r#"
    exit 1
    cluster02: 1 hit
    cluster03: 2 hits
      mesh-a/7  {"text":"\u001b[2Jgone"}3 hits, 1 shown
    error: only 2 of 3 clusters were searched in full
      caused by: cluster01 (skipped): Unable to connect to [cluster01]

    hint: `mesh verify` proves every link and says why one is down
    "#);
    let output = fixture.mesh(&["search", "mesh*", "--from", "2", "-o", "json"]).output().unwrap();
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&json["version"], &json["from"], &json["total"]), (&1.into(), &"cluster02".into(), &3.into()));
    assert_snapshot!(essence(&server.join().unwrap()[0]), @r#"
    POST /mesh*,-mesh-old,cluster*:mesh*,cluster*:-mesh-old/_search?ignore_unavailable=true HTTP/1.1
    authorization: Basic ZWxhc3RpYzpwYXNzd29yZA==
    content-type: application/json
    "{\"aggs\":{\"indices\":{\"terms\":{\"field\":\"_index\",\"size\":65535}}},\"query\":{\"query_string\":{\"query\":\"a b\"}},\"size\":1,\"track_total_hits\":true}"
    "#);
}
