//! Every port and file of a mesh, tried without credentials: from another address, without an authority, a certificate
//! or a key; as another user of the machine; through symbolic links planted where files are written.

use std::{
    fs,
    net::{IpAddr, SocketAddr, TcpStream},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use serde_json::json;

use crate::support::{
    Parts,
    curl::{UNTRUSTED, curl},
    links,
    mesh::{CALLER, Mesh},
    snapshot::Snapshot,
};

/// curl's exit code for an answer that is no HTTP: whoever gives it has let curl in.
const ANSWERED: i32 = 1;

#[test]
#[ignore = "needs root, Docker and the images of images/: run by scripts/test"]
fn no_access_without_credentials() {
    let parts = Parts::begin();
    let mesh = Mesh::new("security");
    mesh.create(&["2"]);
    (1..=2).for_each(|number| links::write_document(&mesh.cluster(number)));

    parts.part("from another address of this machine");
    let published = [9201, 9202, 9301, 9302, 9401, 9402, 5601, 5602];
    for port in published {
        assert!(opens((IpAddr::from([127, 0, 0, 1]), port)), "port {port} should be open on 127.0.0.1");
        for address in addresses() {
            assert!(!opens((address, port)), "port {port} should not be open on {address}");
        }
    }

    parts.part("without an authority, a certificate or a key");
    without_trust(&mesh, &published);

    parts.part("with the key of a cluster, to what it does not share");
    let second = mesh.cluster(2);
    second.put("/private", &json!({ "settings": { "number_of_replicas": 0 } }));
    second.put("/private/_doc/1?refresh=true", &json!({ "from": "private" }));
    let found = mesh.cluster(1).ask("GET", "/cluster02:private/_search", None);
    assert!(!found.text.contains("\"from\":\"private\""), "{}", found.text);
    let found = mesh.cluster(1).get("/cluster02:*/_search");
    assert!(found.to_string().contains("cluster02:mesh-cluster02"), "{found}");
    assert!(!found.to_string().contains("private"), "{found}");

    parts.part("as another user of this machine");
    for file in [
        "credentials.txt",
        "cluster01/certs/ca.key",
        "cluster01/api-key.json",
        "cluster01/keystore.json",
        "cluster01/elastic/config/elasticsearch.keystore",
        "cluster01/elastic/config/service_tokens",
        "cluster01/elastic/config/certs/elastic.key",
        "cluster01/kibana/config/kibana.yml",
    ] {
        assert!(!may_read(&mesh.path(file)), "{file} should be closed to others");
    }
    assert!(may_read(&mesh.path("ca.crt")), "what is public should be open");

    parts.part("by links where files are written");
    links_are_not_followed(&mesh);
    parts.part("done");
}

fn opens(address: impl Into<SocketAddr>) -> bool {
    TcpStream::connect_timeout(&address.into(), Duration::from_secs(2)).is_ok()
}

/// Those of IPv4 of this machine that are not loopback.
fn addresses() -> Vec<IpAddr> {
    let output = Command::new("hostname").arg("-I").output().expect("hostname should be there");
    let found: Vec<IpAddr> =
        String::from_utf8_lossy(&output.stdout).split_whitespace().filter_map(|text| text.parse().ok()).collect();
    let found: Vec<IpAddr> = found.into_iter().filter(IpAddr::is_ipv4).collect();
    assert!(!found.is_empty(), "this machine should have another address");
    found
}

/// Every port, asked by clients that lack one thing each.
fn without_trust(mesh: &Mesh, ports: &[u16]) {
    let own = |port: u16| mesh.cluster(u8::try_from(port % 100).expect("should be a cluster's number"));
    for port in ports {
        let (https, http) = (format!("https://127.0.0.1:{port}/"), format!("http://127.0.0.1:{port}/"));
        let untrusting = curl(&[("url", &https)]);
        assert_eq!((untrusting.exit, untrusting.status), (UNTRUSTED, 0), "{https} without an authority");
        let plain = curl(&[("url", &http)]);
        assert!(plain.status == 0 || plain.status == 400, "{http} in the clear: {plain:?}");
        assert!(!plain.text.contains("cluster"), "{http} in the clear: {plain:?}");
    }
    for port in [9301, 9302] {
        let (url, authority) = (format!("https://127.0.0.1:{port}/"), own(port).authority());
        let bare = curl(&[("url", &url), ("cacert", &authority)]);
        assert!(bare.exit > ANSWERED, "{url} without a certificate: {bare:?}");
        let other = mesh.cluster(u8::try_from(9303 - port).expect("should be a cluster's number")).name();
        let pair = |end: &str| mesh.path(&format!("{other}/elastic/config/certs/elastic.{end}")).display().to_string();
        let foreign = curl(&[("url", &url), ("cacert", &authority), ("cert", &pair("crt")), ("key", &pair("key"))]);
        assert!(foreign.exit > ANSWERED, "{url} with the certificate of {other}: {foreign:?}");
        // what is refused above is refused for the certificate's sake
        let pair = |end: &str| {
            let name = own(port).name();
            mesh.path(&format!("{name}/elastic/config/certs/elastic.{end}")).display().to_string()
        };
        let known = curl(&[("url", &url), ("cacert", &authority), ("cert", &pair("crt")), ("key", &pair("key"))]);
        assert_eq!(known.exit, ANSWERED, "{url} with its own certificate: {known:?}");
    }
    for port in [9401, 9402] {
        let (url, authority) = (format!("https://127.0.0.1:{port}/_search"), own(port).authority());
        let keyless = curl(&[("url", &url), ("cacert", &authority)]);
        assert_ne!(keyless.exit, 0, "{url} should speak no HTTP: {keyless:?}");
    }
    for port in [9201, 9202] {
        let (url, authority) = (format!("https://127.0.0.1:{port}/_search"), own(port).authority());
        assert_eq!(curl(&[("url", &url), ("cacert", &authority)]).status, 401, "{url} without a password");
        let key = format!("Authorization: ApiKey {}", encoded(mesh, 3 - own(port).number));
        let by_key = curl(&[("url", &url), ("cacert", &authority), ("header", &key)]);
        assert!(matches!(by_key.status, 401 | 403), "{url} with a key that is for clusters: {by_key:?}");
    }
    for port in [5601, 5602] {
        let (cluster, authority) = (own(port), own(port).authority());
        let url = format!("https://127.0.0.1:{port}/{}/api/spaces/space", cluster.name());
        let stranger = curl(&[("url", &url), ("cacert", &authority)]);
        assert_ne!(stranger.status, 200, "{url} without a login: {stranger:?}");
    }
}

fn encoded(mesh: &Mesh, number: u8) -> String {
    let saved: serde_json::Value =
        serde_json::from_str(&mesh.read(&format!("cluster0{number}/api-key.json"))).expect("should be JSON");
    saved["encoded"].as_str().expect("should hold the key").to_owned()
}

fn may_read(path: &Path) -> bool {
    let caller = CALLER.to_string();
    let mut command = Command::new("setpriv");
    command.args(["--reuid", &caller, "--regid", &caller, "--clear-groups", "cat"]).arg(path);
    command.output().expect("setpriv should be there").status.success()
}

/// In the place of each kind of file and directory that is written, a link out of the mesh's directory: refused or
/// replaced, and what it points to stays as it is.
fn links_are_not_followed(mesh: &Mesh) {
    let outside = mesh.dir.with_extension("outside");
    fs::create_dir(&outside).expect("should be writable");
    fs::write(outside.join("precious"), "precious").expect("should be writable");
    let before = Snapshot::of(mesh);
    for name in [
        "mesh.json",
        "credentials.txt",
        "ca.crt",
        "cluster01",
        "cluster01/api-key.json",
        "cluster01/keystore.json",
        "cluster01/certs",
        "cluster01/certs/ca.crt",
        "cluster01/elastic",
        "cluster01/elastic/config",
        "cluster01/elastic/config/certs",
        "cluster01/elastic/config/certs/elastic.key",
        "cluster01/elastic/config/elasticsearch.keystore",
        "cluster01/elastic/config/elasticsearch.yml",
        "cluster01/elastic/config/service_tokens",
        "cluster01/elastic/config/users",
        "cluster01/elastic/config/jvm.options.d",
        "cluster01/kibana/config/kibana.yml",
    ] {
        let (path, kept) = (mesh.path(name), outside.with_extension("kept"));
        let was = fs::rename(&path, &kept).is_ok();
        let target = if kept.is_dir() { outside.clone() } else { outside.join("precious") };
        symlink(&target, &path).expect("should be writable");
        let run = mesh.start(&["create", "--recover-credentials"]).end();
        let printed = run.exit == Some(3) && run.stderr.contains("is a symbolic link");
        let replaced = run.exit == Some(0);
        assert!(printed || replaced, "{name}: {run:?}");
        let left: Vec<PathBuf> = fs::read_dir(&outside)
            .expect("should be readable")
            .map(|entry| entry.expect("should be there").path())
            .collect();
        assert_eq!(left, [outside.join("precious")], "{name}");
        assert_eq!(fs::read_to_string(outside.join("precious")).expect("should be there"), "precious", "{name}");
        fs::remove_file(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        if was {
            fs::rename(&kept, &path).expect("should be ours");
        }
    }
    before.containers_are_still(mesh);
    fs::remove_dir_all(&outside).expect("should be ours");
}
