//! Every cause that takes a link down silently: a real mesh is broken in that way, `verify` names the cause, and its
//! remedy repairs the link.

mod untried;

use std::{fs, time::Duration};

use rcgen::{CertificateParams, Issuer, KeyPair};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::support::{
    Parts,
    cluster::Cluster,
    docker::{NETWORK, docker},
    links,
    mesh::Mesh,
    wait_for,
};

const TOOL: &str = "bin/elasticsearch-keystore";
/// A server looks for changed files every 5 s.
const RELOADED: Duration = Duration::from_secs(20);
/// Connections that lead nowhere are given up within this.
const SETTLED: Duration = Duration::from_mins(1);

#[test]
#[ignore = "needs root, Docker and the images of images/: run by scripts/test"]
fn every_cause_is_reported_and_repaired() {
    let parts = Parts::begin();
    let mesh = Mesh::new("causes");
    mesh.create(&["3", "--no-kibana", "--no-hosts"]);
    all_up(&mesh);
    credentials(&mesh, &parts);
    keys(&mesh, &parts);
    settings_and_certificates(&mesh, &parts);
    containers(&mesh, &parts);
    untried::is_not_down(&mesh, &parts);
    untried::is_cleared_after_a_kill(&mesh, &parts);

    parts.part("a license that does not allow links: this one only a license mends");
    mesh.cluster(3).send("POST", "/_license/start_basic?acknowledge=true", None);
    is_reported(&mesh, &[(1, 3, "license"), (2, 3, "license"), (3, 1, "license"), (3, 2, "license")]);
    let run = mesh.run(&["verify", "--fix"], 4);
    assert!(run.stderr.contains("--license"), "{}", run.stderr);
    parts.part("done");
}

/// A remote without its credentials is tried with trust by certificate, in silence.
fn credentials(mesh: &Mesh, parts: &Parts) {
    let (first, second) = (mesh.cluster(1), mesh.cluster(2));
    let inside = |script: &str| docker(&["exec", &first.elastic(), "sh", "-c", script]);

    parts.part("the keystore lacks the key of a remote, as when its name is misspelt");
    let encoded = key_of(&second)["encoded"].as_str().expect("should be saved").to_owned();
    inside(&format!(
        "{TOOL} remove cluster.remote.cluster02.credentials && echo '{encoded}' | {TOOL} add -f -x cluster.remote.cluster2.credentials"
    ));
    reload(&first);
    is_reported(mesh, &[(1, 2, "credentials-missing")]);
    is_mended(mesh);

    parts.part("the server has not read what its keystore holds");
    let path = mesh.path("cluster01/elastic/config/elasticsearch.keystore");
    let whole = fs::read(&path).expect("should be there");
    inside(&format!("{TOOL} remove cluster.remote.cluster03.credentials"));
    reload(&first);
    fs::write(&path, whole).expect("should be writable");
    is_reported(mesh, &[(1, 3, "credentials-unread")]);
    is_mended(mesh);

    parts.part("a key of the wrong type");
    let rest = second.post("/_security/api_key", &json!({ "name": "rest" }));
    let encoded = rest["encoded"].as_str().expect("should be in the answer").to_owned();
    inside(&format!("echo '{encoded}' | {TOOL} add -f -x cluster.remote.cluster02.credentials"));
    reload(&first);
    is_reported(mesh, &[(1, 2, "key-type")]);
    is_mended(mesh);

    parts.part("a key that the remote does not know, and something that is no key");
    inside(&format!(
        "printf '%s\\n' bm9ib2R5OnMzY3JldA== nonsense | {TOOL} add -f -x cluster.remote.cluster02.credentials cluster.remote.cluster03.credentials"
    ));
    is_reported(mesh, &[(1, 2, "key-unknown"), (1, 3, "credentials-malformed")]);
    is_mended(mesh);
}

/// Keys that their own server no longer takes.
fn keys(mesh: &Mesh, parts: &Parts) {
    let [first, second, third] = [1, 2, 3].map(|number| mesh.cluster(number));

    parts.part("the key was invalidated");
    second.delete("/_security/api_key", Some(&json!({ "ids": [key_of(&second)["id"]] })));
    is_reported(mesh, &[(1, 2, "key-invalidated"), (3, 2, "key-invalidated")]);
    is_mended(mesh);

    parts.part("the key has expired");
    let key = format!("/_security/cross_cluster/api_key/{}", key_of(&third)["id"].as_str().expect("should have an id"));
    third.put(&key, &json!({ "access": { "search": [{ "names": ["local-data-set", "mesh*"] }] }, "expiration": "1s" }));
    wait_for("the key to expire", RELOADED, || {
        let link = first.get("/_resolve/cluster/cluster03:*");
        (link["cluster03"]["connected"] == false).then_some(())
    });
    is_reported(mesh, &[(1, 3, "key-expired"), (2, 3, "key-expired")]);
    is_mended(mesh);

    parts.part("the key lets others search something else");
    let key = format!("/_security/cross_cluster/api_key/{}", key_of(&third)["id"].as_str().expect("should have an id"));
    third.put(&key, &json!({ "access": { "search": [{ "names": ["other-*"] }] } }));
    is_reported(mesh, &[(1, 3, "key-access"), (2, 3, "key-access")]);
    is_mended(mesh);
}

/// Where a remote is looked for, and what it shows there.
fn settings_and_certificates(mesh: &Mesh, parts: &Parts) {
    let [first, second, third] = [1, 2, 3].map(|number| mesh.cluster(number));

    parts.part("the port of the old trust, a dropped remote, another setting");
    let remote = |setting: &str, value: Value| {
        let name = format!("cluster.remote.{setting}");
        json!({ "persistent": { name: value } })
    };
    let address = format!("{}:9300", crate::support::docker::address(&second.elastic()));
    first.put("/_cluster/settings", &remote("cluster02.proxy_address", json!(address)));
    second.put("/_cluster/settings", &remote("cluster03.*", Value::Null));
    third.put("/_cluster/settings", &remote("cluster01.skip_unavailable", json!(false)));
    is_reported(mesh, &[(1, 2, "remote-wrong-port"), (2, 3, "remote-missing"), (3, 1, "remote-altered")]);
    is_mended(mesh);

    parts.part("the authority of a remote is not among those that are trusted");
    let bundle = mesh.path("cluster01/elastic/config/certs/mesh-ca.crt");
    fs::write(&bundle, mesh.read("cluster01/certs/ca.crt") + &mesh.read("cluster03/certs/ca.crt"))
        .expect("should be writable");
    is_reported(mesh, &[(1, 2, "certificate-untrusted")]);
    is_mended(mesh);

    parts.part("a certificate that has expired, and one for another name");
    show(&second, &["cluster02-elastic", "localhost"], -1);
    show(&third, &["elsewhere", "localhost"], 30);
    // the same certificates stand before the REST API, where this program looks for the names and dates, too
    comes_to(
        mesh,
        &[
            (1, 2, "certificate-expired"),
            (1, 3, "certificate-name"),
            (2, 1, "server-silent"),
            (2, 3, "certificate-name"),
            (3, 1, "server-silent"),
            (3, 2, "certificate-expired"),
        ],
    );
    is_mended(mesh);
}

/// The containers themselves.
fn containers(mesh: &Mesh, parts: &Parts) {
    let [first, second, third] = [1, 2, 3].map(|number| mesh.cluster(number));

    parts.part("a container at another address of the network, one that is not in it");
    docker(&["network", "disconnect", NETWORK, &second.elastic()]);
    docker(&["network", "connect", NETWORK, &second.elastic()]);
    docker(&["network", "disconnect", NETWORK, &third.elastic()]);
    comes_to(
        mesh,
        &[
            (1, 2, "name-other-address"),
            (1, 3, "container-not-in-network"),
            // its open connections are of the old address, and no reset tells it that they lead nowhere
            (2, 1, "not-connected"),
            (2, 3, "container-not-in-network"),
            (3, 1, "container-not-in-network"),
            (3, 2, "container-not-in-network"),
        ],
    );
    is_mended(mesh);

    parts.part("a container that is paused; one that is stopped: the search says 200 and has fewer hits");
    [first, second, third].iter().for_each(links::write_document);
    docker(&["pause", &second.elastic()]);
    docker(&["stop", &third.elastic()]);
    let gone = "container-not-running";
    is_reported(mesh, &[(1, 2, gone), (1, 3, gone), (2, 1, gone), (2, 3, gone), (3, 1, gone), (3, 2, gone)]);
    let status = mesh.run(&["status"], 1);
    assert!(status.stderr.contains("cluster03-elastic: is stopped; `mesh manage start 3"), "{}", status.stderr);
    assert!(status.took < Duration::from_secs(3), "it asked about what is stopped: {:?}", status.took);
    let looking = mesh.start(&["-vv", "verify"]);
    let printed = looking.stderr();
    let interrupted = looking.interrupt_when("a look", || printed.text().contains("docker: list containers"));
    assert_eq!(interrupted.exit, Some(4), "{}", interrupted.stderr);
    assert!(interrupted.took < Duration::from_secs(3), "it waited for what is paused: {:?}", interrupted.took);
    let remedies = remedies(mesh);
    assert_eq!(remedies, ["`docker unpause cluster02-elastic`", "`mesh manage start 3`"]);
    docker(&["unpause", &second.elastic()]);
    let found = links::search(&first);
    assert_eq!(links::sources(&found), ["cluster01", "cluster02"]);
    assert_eq!(links::fate(&found, "cluster03"), "skipped");
    mesh.run(&["manage", "start", "3"], 0);
    all_up(mesh);
}

fn key_of(cluster: &Cluster<'_>) -> Value {
    serde_json::from_str(&cluster.mesh.read(&format!("{}/api-key.json", cluster.name()))).expect("should be JSON")
}

fn reload(cluster: &Cluster<'_>) {
    cluster.post("/_nodes/reload_secure_settings", &json!({}));
}

/// Gives a running server another certificate, of its own authority, that ends in so many days.
fn show(cluster: &Cluster<'_>, names: &[&str], days: i64) {
    let file = |name: &str| format!("{}/{name}", cluster.name());
    let authority_key = KeyPair::from_pem(&cluster.mesh.read(&file("certs/ca.key"))).expect("should be a key");
    let authority = Issuer::from_ca_cert_pem(&cluster.mesh.read(&file("certs/ca.crt")), authority_key)
        .expect("should be an authority");
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let mut certificate = CertificateParams::new(names).expect("should be names");
    certificate.not_before = OffsetDateTime::now_utc() - time::Duration::days(60);
    certificate.not_after = OffsetDateTime::now_utc() + time::Duration::days(days);
    let key = KeyPair::generate().expect("should be made");
    let signed = certificate.signed_by(&key, &authority).expect("should be signed");
    let path = |name: &str| cluster.mesh.path(&file(&format!("elastic/config/certs/{name}")));
    // in place: the owner and the mode stay
    fs::write(path("elastic.key"), key.serialize_pem()).expect("should be writable");
    fs::write(path("elastic.crt"), signed.pem()).expect("should be writable");
}

/// What `verify` says, as programs read it.
fn verify(mesh: &Mesh) -> Value {
    let run = mesh.start(&["verify", "-o", "json"]).end();
    let report: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}{}", run.stdout, run.stderr));
    assert_eq!(run.exit, Some(i32::from(report["up"] != true)), "{report}");
    assert_eq!(report["links"].as_array().map(Vec::len), Some(6), "{report}");
    report
}

/// The links that are down, each with the code of its cause.
fn causes(mesh: &Mesh) -> Vec<(String, String, String)> {
    let report = verify(mesh);
    let links = report["links"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or("no cause").to_owned();
    links
        .iter()
        .filter(|link| link["up"] != true)
        .map(|link| (text(&link["from"]), text(&link["to"]), text(&link["cause"]["code"])))
        .collect()
}

fn remedies(mesh: &Mesh) -> Vec<String> {
    let report = verify(mesh);
    let links = report["links"].as_array().cloned().unwrap_or_default();
    let mut remedies: Vec<String> =
        links.iter().filter_map(|link| link["cause"]["remedy"].as_str().map(str::to_owned)).collect();
    remedies.sort();
    remedies.dedup();
    remedies
}

/// `verify` names these links, each with this cause, and no others.
fn is_reported(mesh: &Mesh, wanted: &[(u8, u8, &str)]) {
    assert_eq!(causes(mesh), named(wanted));
}

/// `verify` comes to name these links and no others, once servers have seen the change and have closed what was open.
fn comes_to(mesh: &Mesh, wanted: &[(u8, u8, &str)]) {
    let mut last = Vec::new();
    let come = |last: &mut Vec<_>| {
        *last = causes(mesh);
        (*last == named(wanted)).then_some(())
    };
    let begun = std::time::Instant::now();
    while come(&mut last).is_none() {
        assert!(begun.elapsed() < SETTLED, "{last:?}");
    }
}

fn named(links: &[(u8, u8, &str)]) -> Vec<(String, String, String)> {
    let name = |number: &u8| format!("cluster{number:02}");
    links.iter().map(|(from, to, code)| (name(from), name(to), (*code).to_owned())).collect()
}

fn is_mended(mesh: &Mesh) {
    let run = mesh.run(&["verify", "--fix"], 0);
    assert!(run.stdout.contains("6 links proved"), "{}", run.stdout);
    all_up(mesh);
}

/// Every link is proved, and no canary stays.
fn all_up(mesh: &Mesh) {
    is_reported(mesh, &[]);
    for number in 1..=3 {
        assert!(untried::canaries(&mesh.cluster(number)).is_empty(), "cluster {number}");
    }
}
