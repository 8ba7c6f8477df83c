//! `mesh load`: what is refused, what is sent, and what answers mean.

mod stops;

use std::{fs, io::Write as _, path::PathBuf, process::Stdio};

use insta::assert_snapshot;
use regex::Regex;
use serde_json::Value;

use crate::{fixture::Fixture, transcript};

impl Fixture {
    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// What a load prints, without the times that it took.
    fn load(&self, arguments: &[&str]) -> String {
        let output = self.mesh(&[&["load"], arguments].concat()).output().unwrap();
        let printed = self.neutral(&transcript(&output));
        let times = Regex::new(r"\d+\.\d +(\d+|-)").unwrap();
        let printed = times.replace_all(&printed, "TIME RATE\n").into_owned();
        Regex::new(" +").unwrap().replace_all(&printed, " ").into_owned()
    }
}

/// An answer in which each document has this outcome.
fn answer(outcomes: &[&str]) -> &'static str {
    let items: Vec<String> = outcomes.iter().map(|outcome| format!(r#"{{"create":{outcome}}}"#)).collect();
    format!(r#"{{"errors":true,"items":[{}]}}"#, items.join(",")).leak()
}

const CREATED: &str = r#"{"status":201}"#;
const PRESENT: &str = r#"{"status":409,"error":{"type":"version_conflict_engine_exception","reason":"exists"}}"#;
const REJECTED: &str = r#"{"status":429,"error":{"type":"es_rejected_execution_exception","reason":"queue full"}}"#;
const UNPARSED: &str = r#"{"status":400,"error":{"type":"document_parsing_exception","reason":"failed to parse field [n] of type [long]","caused_by":{"type":"illegal_argument_exception","reason":"For input string: \"x\""}}}"#;
const FLOOD: &str = r#"{"status":429,"error":{"type":"cluster_block_exception","reason":"index [mesh-a] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has read-only-allow-delete block];"}}"#;

#[test]
fn what_cannot_be_loaded_is_refused_before_anything_is() {
    let fixture = Fixture::new(71, "password");
    let good = fixture.file("a.ndjson", b"{}\n");
    let good = good.to_str().unwrap();
    let dir = fixture.dir.path().to_str().unwrap();
    let mistakes: [&[&str]; 13] = [
        &[],
        &["1"],
        &["4", good],
        &["1", good, "/nonexistent/b.csv"],
        &["1", dir],
        &["1", "-"],
        &["1", "/dev/null"],
        &["1", good, good, "--source", "x"],
        &["1", "-", "--source", "日本"],
        &["1", good, "--index", "mesh-*"],
        &["1", good, "--index", ".security"],
        &["--sample", "1"],
        &["--sample", "--index", "mesh-x"],
    ];
    let shown = mistakes.iter().map(|mistake| {
        let printed = fixture.load(mistake);
        let hint = printed.lines().find(|line| line.starts_with("hint: ")).unwrap_or_default();
        format!("{}\n  {hint}", printed.lines().take(2).collect::<Vec<_>>().join(" "))
    });
    assert_snapshot!(shown.collect::<Vec<_>>().join("\n"), @r"
    exit 2 error: the following required arguments were not provided:
      
    exit 2 error: the following required arguments were not provided:
      
    exit 2 error: there is no cluster 4: the mesh has 3
      hint: `mesh status` shows the clusters
    exit 2 error: cannot read /nonexistent/b.csv: no such file or directory
      hint: name files that you may read; `-` is stdin
    exit 2 error: /mesh is a directory
      hint: name the files in it: `/mesh/FILE`
    exit 2 error: stdin has no name by which the ids of its documents can be made
      hint: name it with `--source`, such as `--source visits.csv`, and by the same name when it is loaded again
    exit 2 error: /dev/null has no name by which the ids of its documents can be made
      hint: name it with `--source`, such as `--source visits.csv`, and by the same name when it is loaded again
    exit 2 error: one source has one name, and these are several files
      hint: load each by itself with its own `--source`, or all of them without
    exit 2 error: 日本 makes no name of an index
      hint: name one with `--index mesh-NAME`
    exit 2 error: invalid value 'mesh-*' for '--index <NAME>': `mesh-*` is not a name of an index such as `mesh-visits`
      
    exit 2 error: invalid value '.security' for '--index <NAME>': `.security` is not a name of an index such as `mesh-visits`
      
    exit 2 error: the argument '--sample' cannot be used with '[CLUSTER]'
      
    exit 2 error: the argument '--sample' cannot be used with '--index <NAME>'
    ");
    assert_snapshot!(fixture.load(&["1", good]), @r"
    exit 1
    error: cluster01 does not answer
     caused by: connection refused

    hint: `mesh status` shows what runs; `mesh manage start 1` starts it
    ");
}

#[test]
fn documents_are_sent_and_counted() {
    let fixture = Fixture::new(72, "password");
    let server = fixture.serve(
        1,
        &[
            (404, ""),
            (200, "{}"),
            (200, answer(&[CREATED, REJECTED, PRESENT, REJECTED])),
            (503, r#"{"error":{"type":"unavailable","reason":"booting"}}"#),
            (200, answer(&[CREATED, CREATED])),
            (200, "{}"),
        ],
    );
    let mut child = fixture
        .mesh(&["load", "1", "-", "--source", "A visit.csv", "-o", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"n,text\r\n1,a\r\n2,\"b\r\nc\"\r\n\r\n3,\r\n,x").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_snapshot!(fixture.neutral(&String::from_utf8_lossy(&output.stderr)), @"find it: `mesh search mesh-a-visit --dir /mesh`");
    let mut report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(report["files"][0]["seconds"].take().as_f64().unwrap() > 0.1, "it waited before it sent again");
    assert_snapshot!(report.to_string(), @r#"{"files":[{"bad":0,"cluster":"cluster01","created":3,"file":"stdin","index":"mesh-a-visit","present":1,"seconds":null,"sent":4}],"version":1}"#);
    let asked = server.join().unwrap();
    let line = |request: &String| request.lines().next().unwrap().to_owned();
    let body = |request: &String| request.split_once("\r\n\r\n").unwrap().1.to_owned();
    assert_snapshot!(asked.iter().map(line).collect::<Vec<_>>().join("\n"), @r"
    HEAD /mesh-a-visit HTTP/1.1
    PUT /mesh-a-visit?master_timeout=5s&timeout=5s HTTP/1.1
    POST /mesh-a-visit/_bulk?timeout=10s&filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason,error HTTP/1.1
    POST /mesh-a-visit/_bulk?timeout=10s&filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason,error HTTP/1.1
    POST /mesh-a-visit/_bulk?timeout=10s&filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason,error HTTP/1.1
    POST /mesh-a-visit/_refresh HTTP/1.1
    ");
    assert_eq!(body(&asked[1]), r#"{"settings":{"index.auto_expand_replicas":"0-1","index.number_of_shards":1}}"#);
    assert_snapshot!(body(&asked[2]), @r#"
    {"create":{"_id":"fBeIjsI1GubX4Vuu7nvq"}}
    {"n":1,"text":"a"}
    {"create":{"_id":"DfDZiG21DbpnvvMphIai"}}
    {"n":2,"text":"b\r\nc"}
    {"create":{"_id":"HxU3ZUR3MKS8IJeAX2fc"}}
    {"n":3}
    {"create":{"_id":"hh3ds25pT_ZbVh3ySykf"}}
    {"text":"x"}
    "#);
    assert_eq!(body(&asked[3]), body(&asked[4]));
    let again: Vec<String> = body(&asked[2]).lines().map(str::to_owned).collect();
    assert_eq!(body(&asked[4]).lines().collect::<Vec<_>>(), [&again[2], &again[3], &again[6], &again[7]]);
}

#[test]
fn a_line_of_a_gigabyte_is_not_held() {
    let fixture = Fixture::new(75, "password");
    let server = fixture.serve(1, &[(200, ""), (200, answer(&[CREATED])), (200, "{}")]);
    let mut child = fixture
        .mesh(&["load", "1", "-", "--source", "a", "--skip-bad", "-o", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let piece = vec![b'a'; 1 << 20];
    stdin.write_all(b"{\"n\":\"").unwrap();
    (0..1 << 10).for_each(|_| stdin.write_all(&piece).unwrap());
    stdin.write_all(b"\"}\n{\"n\":2}").unwrap();
    // its own: other processes of these tests are larger
    let most = most_memory(child.id());
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let printed = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(printed.contains("stdin: 1 bad line left out\n  line 1: it has more than 32 MiB\n"), "{printed}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["files"][0]["created"], output.status.code()), (&1.into(), Some(0)));
    assert!(server.join().unwrap()[1].ends_with("\n{\"n\":2}\n"));
    assert!(most < 150 << 10, "{most} KiB");
}

/// The most memory that a process has had, in KiB.
fn most_memory(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn a_bad_line_ends_a_load_or_is_left_out() {
    let fixture = Fixture::new(73, "password");
    let bad = fixture.file("a.ndjson", b"{\"n\":1}\n{\"n\":\n{\"n\":3}\n{\"n\":\"x\"}\n");
    let bad = bad.to_str().unwrap();
    let refresh = (200, "{}");
    let server = fixture.serve(1, &[(200, ""), (200, answer(&[CREATED])), refresh]);
    assert_snapshot!(fixture.load(&["1", bad]), @r"
    exit 2
    FILE CLUSTER INDEX SENT CREATED PRESENT BAD SECONDS PER SECOND
    /mesh/a.ndjson cluster01 mesh-a 1 1 0 1 TIME RATE
    error: /mesh/a.ndjson, line 2: it is not valid JSON: EOF while parsing a value at column 5

    hint: mend it in its place and type the same command again: what is loaded is not loaded twice; `--skip-bad` leaves such lines out
    ");
    server.join().unwrap();
    let server = fixture.serve(1, &[(200, ""), (200, answer(&[PRESENT, CREATED, UNPARSED])), refresh]);
    assert_snapshot!(fixture.load(&["1", bad, "--skip-bad"]), @r#"
    exit 0
    FILE CLUSTER INDEX SENT CREATED PRESENT BAD SECONDS PER SECOND
    /mesh/a.ndjson cluster01 mesh-a 3 1 1 2 TIME RATE
    /mesh/a.ndjson: 2 bad lines left out
     line 2: it is not valid JSON: EOF while parsing a value at column 5
     line 4: failed to parse field [n] of type [long]: For input string: "x"
    find it: `mesh search mesh-a`
    "#);
    server.join().unwrap();
    let refused = fixture.file("b.csv", b"n\n1\nx\n3\n");
    let server = fixture.serve(1, &[(200, ""), (200, answer(&[CREATED, UNPARSED, CREATED])), refresh]);
    assert_snapshot!(fixture.load(&["1", refused.to_str().unwrap()]), @r#"
    exit 2
    FILE CLUSTER INDEX SENT CREATED PRESENT BAD SECONDS PER SECOND
    /mesh/b.csv cluster01 mesh-b 3 2 0 1 TIME RATE
    error: /mesh/b.csv, line 3: failed to parse field [n] of type [long]: For input string: "x"

    hint: mend it in its place and type the same command again: what is loaded is not loaded twice; `--skip-bad` leaves such lines out
    "#);
    server.join().unwrap();
    // one that a server could not be asked for: the header
    let headless = fixture.file("c.csv", b"n,,x\n1,2,3\n");
    let server = fixture.serve(1, &[(200, "")]);
    assert_snapshot!(fixture.load(&["1", headless.to_str().unwrap(), "--skip-bad"]), @r"
    exit 2
    FILE CLUSTER INDEX SENT CREATED PRESENT BAD SECONDS PER SECOND
    /mesh/c.csv cluster01 mesh-c 0 0 0 0 TIME RATE
    error: /mesh/c.csv, line 1: the header has no name for column 2

    hint: mend that; then type the same command again
    ");
    server.join().unwrap();
}

#[test]
fn a_server_that_takes_no_more_ends_a_load_with_its_reason() {
    let fixture = Fixture::new(74, "password");
    let file = fixture.file("a.ndjson", b"{}\n{}\n");
    let file = file.to_str().unwrap();
    let server = fixture.serve(2, &[(200, ""), (200, answer(&[CREATED, FLOOD])), (200, "{}")]);
    assert_snapshot!(fixture.load(&["2", file]), @r"
    exit 4
    FILE CLUSTER INDEX SENT CREATED PRESENT BAD SECONDS PER SECOND
    /mesh/a.ndjson cluster02 mesh-a 2 1 0 0 TIME RATE
    error: cluster02 takes no more documents
     caused by: index [mesh-a] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has read-only-allow-delete block];

    hint: free some space on the disk of that cluster, which `mesh status` shows; half a minute later, when the server has seen it, type the same command again: it adds what is missing
    ");
    server.join().unwrap();
    let server = fixture.serve(2, &[(200, ""), (200, answer(&[REJECTED, REJECTED]))]);
    assert_snapshot!(fixture.load(&["2", file, "--timeout", "1s"]), @r"
    exit 4
    FILE CLUSTER INDEX SENT CREATED PRESENT BAD SECONDS PER SECOND
    /mesh/a.ndjson cluster02 mesh-a 2 0 0 0 TIME RATE
    error: cluster02 has taken no document for 1 s
     caused by: connection refused

    hint: type the same command again: it adds what is missing; `mesh status` and `mesh logs` show why
    ");
    server.join().unwrap();
    let server = fixture.serve(2, &[(200, ""), (413, ""), (200, answer(&[CREATED])), (413, ""), (200, "{}")]);
    assert_snapshot!(fixture.load(&["2", file, "--skip-bad", "--index", "orders"]), @r"
    exit 0
    FILE CLUSTER INDEX SENT CREATED PRESENT BAD SECONDS PER SECOND
    /mesh/a.ndjson cluster02 orders 2 1 0 1 TIME RATE
    /mesh/a.ndjson: 1 bad line left out
     line 2: the server takes no request of 45 bytes
    other clusters do not see orders: cluster02 shares mesh*; `mesh create --share orders` shares it, too
    find it: `mesh search orders --on 2`
    ");
    server.join().unwrap();
}
