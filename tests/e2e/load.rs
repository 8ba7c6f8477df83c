//! Documents are loaded from files, once each, and about as fast as the server takes them.

use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    process::{Command, Stdio},
    time::Instant,
};

use serde_json::{Value, json};

use crate::support::{
    Parts,
    cluster::Cluster,
    documents::{Files, content, document, expected, report},
    mesh::Mesh,
};

/// The bytes of the large file.
const LARGE: u64 = 50_000_000;
/// What `mesh load` may lose against a client that does nothing but send.
const LEAST: f64 = 0.8;

/// The documents of a file as requests that are ready to be sent, of as many documents as `mesh load` puts into one.
fn requests(files: &Files, count: u64) -> Vec<String> {
    let numbers: Vec<u64> = (0..count).collect();
    let write = |(at, chunk): (usize, &[u64])| {
        let mut body = String::new();
        for n in chunk {
            let id = format!("{:020x}", u128::from(n.wrapping_mul(0x9E37_79B9_7F4A_7C15)) << 16);
            let _ = write!(body, "{{\"create\":{{\"_id\":\"{id}\"}}}}\n{}\n", document(*n));
        }
        files.write(&format!("request-{at}"), body.as_bytes())
    };
    numbers.chunks(5_000).enumerate().map(write).collect()
}

/// Sends these with one curl, two at a time over open connections; how long that took.
fn send_bare(cluster: &Cluster, index: &str, requests: &[String]) -> f64 {
    let settings = json!({ "index.number_of_shards": 1, "index.auto_expand_replicas": "0-1" });
    cluster.put(&format!("/{index}"), &json!({ "settings": settings }));
    let url = cluster.url(&format!("/{index}/_bulk?filter_path=errors,items.*.status"));
    let login = format!("elastic:{}", cluster.mesh.credential("elastic"));
    let one = |file: &String| {
        format!(
            "url = \"{url}\"\nuser = \"{login}\"\ncacert = \"{}\"\nheader = \"content-type: application/x-ndjson\"\n\
             data-binary = \"@{file}\"\noutput = \"{file}.answer\"\n",
            cluster.authority()
        )
    };
    let config = requests.iter().map(one).collect::<Vec<_>>().join("next\n");
    let begun = Instant::now();
    let mut curl = Command::new("curl")
        .args([
            "-q",
            "--silent",
            "--no-progress-meter",
            "--noproxy",
            "*",
            "--parallel",
            "--parallel-max",
            "2",
            "--config",
            "-",
        ])
        .stdin(Stdio::piped())
        .spawn()
        .expect("curl should be installed: apt-get install curl");
    curl.stdin.take().expect("should be piped").write_all(config.as_bytes()).expect("curl should read it");
    assert!(curl.wait().expect("curl should end").success());
    let took = begun.elapsed().as_secs_f64();
    for file in requests {
        let answer = fs::read_to_string(format!("{file}.answer")).expect("should have been written");
        assert!(answer.starts_with(r#"{"errors":false"#), "{}", &answer[..answer.len().min(300)]);
    }
    took
}

#[test]
#[ignore = "needs root, Docker and the images of images/: run by scripts/test"]
fn documents_are_loaded_once_and_at_the_servers_speed() {
    let parts = Parts::begin();
    let mesh = Mesh::new("load");
    let files = Files::new("load");
    mesh.create(&["2", "--no-kibana"]);
    let cluster = mesh.cluster(1);
    let (file, count) = files.documents("visits.ndjson", 0, LARGE);
    let requests = requests(&files, count);

    parts.part("fifty megabytes, beside a client that does nothing but send");
    // else the first of the two would be that of a server whose code is not compiled yet
    send_bare(&cluster, "warm-up", &requests[..requests.len() / 3]);
    let (mut best, all) = (0.0_f64, expected(0, count));
    for round in 1..=3 {
        let bare = send_bare(&cluster, &format!("bare-{round}"), &requests);
        let index = format!("mesh-visits-{round}");
        let run = mesh.run(&["load", "1", &file, "--index", &index, "-o", "json"], 0);
        let loaded = report(&run.stdout);
        assert_eq!((&loaded["sent"], &loaded["created"]), (&json!(count), &json!(count)), "{loaded}");
        assert_eq!(content(&mesh, 1, &index), all);
        let took = loaded["seconds"].as_f64().expect("should be a number");
        println!("round {round}: {count} documents, bare {bare:.2} s, mesh load {took:.2} s, ratio {:.2}", bare / took);
        best = best.max(bare / took);
        cluster.delete(&format!("/bare-{round}"), None);
        if round > 1 {
            // counted by the alias, too
            cluster.delete(&format!("/{index}"), None);
        }
        // a machine that has more to do now and then is not what this is about
        if best >= LEAST {
            break;
        }
    }
    assert!(best >= LEAST, "{best}");

    parts.part("a second run adds nothing");
    let again = mesh.run(&["load", "1", &file, "--index", "mesh-visits-1", "-o", "json"], 0);
    let again = report(&again.stdout);
    assert_eq!((&again["created"], &again["present"]), (&json!(0), &json!(count)), "{again}");
    assert_eq!(content(&mesh, 1, "mesh-visits-1"), all);
    println!("again: {} s", again["seconds"]);

    parts.part("another index of one shard, which needs no second node, found from everywhere");
    let settings = cluster.get("/mesh-visits-1/_settings/index.auto_expand_replicas,index.number_of_*");
    let index = &settings["mesh-visits-1"]["settings"]["index"];
    assert_eq!(*index, json!({ "auto_expand_replicas": "0-1", "number_of_replicas": "0", "number_of_shards": "1" }));
    assert_eq!(cluster.get("/_cluster/health/mesh-visits-1")["status"], "green");
    let found = mesh.run(&["search", "mesh-visits-1", "-n", "0", "--from", "2", "-o", "json"], 0);
    let found: Value = serde_json::from_str(&found.stdout).expect("should be JSON");
    assert_eq!(found["total"], count);

    parts.part("a sample in every cluster, each another");
    for created in [[1_001, 1_002], [0, 0]] {
        let run = mesh.run(&["load", "--sample", "-o", "json"], 0);
        let sample: Value = serde_json::from_str(&run.stdout).expect("should be JSON");
        assert_eq!([0, 1].map(|at| sample["files"][at]["created"].as_u64()), created.map(Some), "{sample}");
        assert!(run.stderr.contains("`mesh search mesh-sample`"), "{}", run.stderr);
    }
    let found = mesh.run(&["search", "mesh-sample", "cluster:cluster02 OR status:500", "-n", "1", "-o", "json"], 0);
    let found: Value = serde_json::from_str(&found.stdout).expect("should be JSON");
    assert_eq!(found["clusters"][1]["hits"], 1_002, "{found}");

    let everything = mesh.run(&["search", "local-data-set", "-n", "0", "-o", "json"], 0);
    let everything: Value = serde_json::from_str(&everything.stdout).expect("should be JSON");
    let of = |at: usize| everything["clusters"][at]["hits"].as_u64();
    assert_eq!((of(0), of(1)), (Some(count + 1_001), Some(1_002)), "{everything}");

    parts.part("what a server refuses is named by its line");
    let csv = files.write("orders.csv", b"n,kind,at\r\n1,\"a, b\",2026-11-01\r\nmany,c,\r\n3,,2026-11-03\r\n");
    let refused = mesh.run(&["load", "2", &csv], 2).stderr;
    assert!(refused.contains("orders.csv, line 3: ") && refused.contains("[n] of type [long]"), "{refused}");
    let skipped = mesh.run(&["load", "2", &csv, "--skip-bad", "-o", "json"], 0);
    assert_eq!((&report(&skipped.stdout)["present"], &report(&skipped.stdout)["bad"]), (&json!(2), &json!(1)));
    assert_eq!(content(&mesh, 2, "mesh-orders"), json!([2, 4.0]));
    let source = mesh.cluster(2).get("/mesh-orders/_search?q=n:1&filter_path=hits.hits._source");
    assert_eq!(source["hits"]["hits"][0]["_source"], json!({ "n": 1, "kind": "a, b", "at": "2026-11-01" }));

    parts.part("an index that is not shared is found in its own cluster, and how to share it is shown");
    let unshared = mesh.run(&["load", "2", &csv, "--skip-bad", "--index", "orders"], 0).stderr;
    assert!(unshared.contains("`mesh create --share orders`"), "{unshared}");
    assert!(unshared.contains("`mesh search orders --on 2`"), "{unshared}");
    mesh.run(&["search", "orders", "--on", "2"], 0);
    parts.part("done");
}
