//! A trial license that really ends: the clock of the servers is ahead by a month, and that of the machine stays.

use std::{fs, path::Path, process::Command, time::Duration};

use serde_json::{Value, json};

use crate::support::{
    Parts,
    docker::{docker, require_image, started, try_docker},
    links,
    mesh::Mesh,
    wait_for,
};

const REAL: &str = "mesh.local/elasticsearch/elasticsearch:9.5.3";
/// An image of [`REAL`] and [`CLOCK`], which only this test has.
const AHEAD: &str = "ahead.local/elasticsearch/elasticsearch:9.5.3";
const CLOCK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faults/world/clock_ahead.c");
const CREATE: [&str; 8] =
    ["create", "2", "--no-kibana", "--no-hosts", "--registry", "ahead.local", "--elastic-memory", "1g"];
const ENDED: &str = "the trial license of cluster01 has expired";
const REMEDY: &str = "mesh create --license FILE";
/// A trial lives for 30 days.
const DAYS: &str = "31";
/// Two servers boot at once.
const BOOTED: Duration = Duration::from_mins(2);
/// A restart included. Waits for links end after two minutes.
const SOON: Duration = Duration::from_mins(1);

#[test]
#[ignore = "restarts servers again and again: run by scripts/faults"]
fn a_trial_license_expires() {
    let parts = Parts::begin();
    let _image = ImageAhead::build();
    let mesh = Mesh::new("trial");
    mesh.run(&CREATE, 0);
    (1..=2).for_each(|number| links::write_document(&mesh.cluster(number)));
    links::every_search_finds_all(&mesh, 2);

    parts.part("it ends");
    set_clocks(&mesh, DAYS, "expired");
    let refused = mesh.cluster(1).ask("GET", "/_cluster/health", None);
    assert_eq!(refused.status, 403, "an expired license hides the health: {}", refused.text);

    parts.part("`status` and `verify` name it");
    let status = mesh.run(&["status"], 1);
    for words in [ENDED, "warning: license of cluster01 cluster02 has ended", REMEDY] {
        assert!(status.stderr.contains(words), "should say `{words}`: {}", status.stderr);
    }
    assert!(status.stdout.contains("trial ended"), "{}", status.stdout);
    let report: Value = serde_json::from_str(&mesh.run(&["verify", "-o", "json"], 1).stdout).expect("should be JSON");
    let links = report["links"].as_array().expect("should list links");
    assert_eq!(links.len(), 2, "{report}");
    for link in links {
        assert_eq!((&link["state"], &link["cause"]["code"]), (&json!("down"), &json!("license")), "{report}");
        assert!(link["cause"]["remedy"].as_str().is_some_and(|remedy| remedy.contains("--license FILE")), "{report}");
    }

    parts.part("`create` names it, too: a second trial cannot be had");
    fails_soon(&mesh, &["create"], 4, "cluster01 has no license that allows links");

    parts.part("what needs a license is refused, and nothing else waits for what cannot come");
    let key = mesh.read("cluster01/api-key.json");
    fails_soon(&mesh, &["keys", "rotate", "--yes"], 1, ENDED);
    assert_eq!(mesh.read("cluster01/api-key.json"), key, "the key should stay");
    let certificate = || mesh.read("cluster01/elastic/config/certs/elastic.crt");
    let (old, begun) = (certificate(), started(&mesh.cluster(1).elastic()));
    fails_soon(&mesh, &["certs", "rotate"], 1, ENDED);
    assert_ne!(certificate(), old, "certificates need no license");
    assert_eq!(started(&mesh.cluster(1).elastic()), begun, "a certificate needs no restart");
    fails_soon(&mesh, &["manage", "restart", "1"], 1, ENDED);
    assert_ne!(started(&mesh.cluster(1).elastic()), begun, "it should have been restarted");

    parts.part("the license is in force again: `create` brings the links back");
    set_clocks(&mesh, "", "active");
    mesh.run(&["create"], 0);
    mesh.run(&["status"], 0);
    mesh.run(&["verify"], 0);
    links::every_search_finds_all(&mesh, 2);
    assert!(mesh.run(&["create", "--dry-run"], 0).stdout.contains("nothing to do"));
    parts.part("done");
}

/// Runs a command that ends soon, with this exit code, this error and the command that mends it.
fn fails_soon(mesh: &Mesh, command: &[&str], exit: i32, error: &str) {
    let run = mesh.run(command, exit);
    assert!(run.stderr.contains(error) && run.stderr.contains(REMEDY), "{}", run.stderr);
    assert!(run.took < SOON, "took {:?}: {}", run.took, run.stderr);
}

/// Restarts both servers with a clock that is so many days ahead, and waits until they serve, with licenses of this
/// status.
fn set_clocks(mesh: &Mesh, days: &str, license: &str) {
    let clusters = [1, 2].map(|number| mesh.cluster(number));
    for cluster in &clusters {
        let path = mesh.path(&format!("{}/elastic/logs/clock", cluster.name()));
        fs::write(path, days).expect("should be writable");
    }
    let [first, second] = clusters.map(|cluster| cluster.elastic());
    docker(&["restart", &first, &second]);
    for cluster in &clusters {
        wait_for(&format!("the license of {} to be {license}", cluster.name()), BOOTED, || {
            let found: Value = cluster.ask("GET", "/_license", None).body();
            // a server knows its license before it has the index of keys and users
            let serves = cluster.ask("GET", "/_security/api_key", None).status == 200;
            (found["license"]["status"] == license && serves).then_some(())
        });
    }
}

/// The image whose servers have a clock of their own. It is removed when this is dropped.
struct ImageAhead;

impl ImageAhead {
    fn build() -> Self {
        require_image(REAL);
        let dir = tempfile::tempdir().expect("should be writable");
        let library = dir.path().join("clock_ahead.so");
        compile(&library);
        let container = docker(&["create", REAL]);
        let container = container.trim();
        docker(&["cp", &library.display().to_string(), &format!("{container}:/usr/lib/clock_ahead.so")]);
        docker(&["commit", "--change", "ENV LD_PRELOAD=/usr/lib/clock_ahead.so", container, AHEAD]);
        docker(&["rm", "--volumes", container]);
        Self
    }
}

impl Drop for ImageAhead {
    fn drop(&mut self) {
        try_docker(&["rmi", AHEAD]);
    }
}

fn compile(library: &Path) {
    let output = Command::new("cc").args(["-shared", "-fPIC", "-O2", "-o"]).arg(library).arg(CLOCK).output();
    let output = output.expect("a C compiler should be installed: apt-get install build-essential");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
