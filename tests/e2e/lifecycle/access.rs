//! Part of the lifecycle: credentials, names in certificates, ports and keys.

use serde_json::{Value, json};

use crate::support::{
    cluster::Cluster,
    curl::{UNTRUSTED, curl},
    docker::{address, container},
    mesh::Mesh,
};

fn clusters(mesh: &Mesh) -> impl Iterator<Item = Cluster<'_>> {
    (1..=3).map(|number| mesh.cluster(number))
}

fn kibana_url(cluster: &Cluster<'_>, path: &str) -> String {
    format!("https://127.0.0.1:{}{path}", 5600 + u16::from(cluster.number))
}

/// Access needs the cluster's own authority, TLS and the right password.
pub fn requires_credentials(mesh: &Mesh) {
    let password = mesh.credential("elastic");
    for cluster in clusters(mesh) {
        let (url, own) = (cluster.url("/_search"), cluster.authority());
        let other = mesh.cluster(cluster.number % 3 + 1).authority();
        assert_eq!(curl(&[("url", &url)]).exit, UNTRUSTED, "{url} without an authority");
        assert_eq!(
            curl(&[("url", &url), ("cacert", &other)]).exit,
            UNTRUSTED,
            "{url} with another cluster's authority"
        );
        assert_eq!(curl(&[("url", &kibana_url(&cluster, "/"))]).exit, UNTRUSTED, "Kibana without an authority");
        let plain = url.replace("https:", "http:");
        assert_eq!(curl(&[("url", &plain)]).status, 0, "{plain} should not be answered");
        for (login, status) in [
            (format!("elastic:{password}"), 200),
            ("elastic:wrong-password".to_owned(), 401),
            ("unknown:".to_owned(), 401),
        ] {
            assert_eq!(curl(&[("url", &url), ("cacert", &own), ("user", &login)]).status, status, "{url}");
        }
        assert_eq!(curl(&[("url", &url), ("cacert", &own)]).status, 401, "{url} without a password");
    }
}

/// Certificates hold for the names of `--san`, the container's name and its address, and for no other.
pub fn certificates_carry_names(mesh: &Mesh, names: &[&str]) {
    let bundle = mesh.path("ca.crt").display().to_string();
    for cluster in clusters(mesh) {
        for (service, port) in [
            (cluster.elastic(), 9200 + u16::from(cluster.number)),
            (cluster.kibana(), 5600 + u16::from(cluster.number)),
        ] {
            let exit = |name: &str| {
                let (url, to) = (format!("https://{name}:{port}/"), format!("{name}:{port}:127.0.0.1:{port}"));
                curl(&[("url", &url), ("connect-to", &to), ("cacert", &bundle)]).exit
            };
            let (own, address) = (service.clone(), address(&service));
            for name in names.iter().copied().chain([own.as_str(), &address, "localhost"]) {
                assert_eq!(exit(name), 0, "{service} should bear the name {name}");
            }
            assert_eq!(exit("elsewhere.example"), UNTRUSTED, "{service} should bear no other name");
        }
        // by the name in /etc/hosts, without Docker's published port
        let url = format!("https://{}:9200/", cluster.elastic());
        assert_eq!(curl(&[("url", &url), ("cacert", &bundle)]).status, 401, "{url}");
    }
}

/// Every port leads to its own service, and only from this machine.
pub fn ports_are_on_loopback_only(mesh: &Mesh) {
    let binding = |port: u16| json!([{ "HostIp": "127.0.0.1", "HostPort": port.to_string() }]);
    for cluster in clusters(mesh) {
        let number = u16::from(cluster.number);
        let elastic = json!({ "9200/tcp": binding(9200 + number), "9300/tcp": binding(9300 + number), "9443/tcp": binding(9400 + number) });
        assert_eq!(container(&cluster.elastic())["NetworkSettings"]["Ports"], elastic);
        assert_eq!(
            container(&cluster.kibana())["NetworkSettings"]["Ports"],
            json!({ "5601/tcp": binding(5600 + number) })
        );
    }
}

/// Kibana serves below its base path, is logged in, and says which cluster it is.
pub fn kibana_shows_its_banner(mesh: &Mesh) {
    let authority = mesh.path("ca.crt").display().to_string();
    for cluster in clusters(mesh) {
        let ask = |path: &str| curl(&[("url", &kibana_url(&cluster, path)), ("cacert", &authority)]);
        let base = format!("/{}", cluster.name());
        let status = ask(&format!("{base}/api/status"));
        assert_eq!(
            (status.status, &status.body()["status"]["overall"]["level"]),
            (200, &json!("available")),
            "{}",
            status.text
        );
        for outside in ["/api/status", "/", "/cluster99/api/status"] {
            assert_eq!(ask(outside).status, 404, "{outside} is outside the base path");
        }
        let page = ask(&base).text;
        let banner = format!("Data Mesh - Cluster{:02}", cluster.number);
        assert!(page.contains(&banner), "{page}");
    }
}

/// The key that the other clusters hold grants searches of the shared indices from another cluster, and nothing else.
pub fn a_key_grants_searches_only(mesh: &Mesh) {
    let (first, second) = (mesh.cluster(1), mesh.cluster(2));
    let saved: Value = serde_json::from_str(&mesh.read("cluster01/api-key.json")).expect("should be JSON");
    let header = format!("Authorization: ApiKey {}", saved["encoded"].as_str().expect("should hold the key"));
    for path in ["/mesh-cluster01/_search", "/_security/_authenticate", "/_cluster/health"] {
        let answer = curl(&[("url", &first.url(path)), ("cacert", &first.authority()), ("header", &header)]);
        assert_eq!(answer.status, 401, "a cross-cluster key should open no REST API: {path}: {}", answer.text);
    }

    first.put("/private", &json!({ "settings": { "number_of_replicas": 0 } }));
    first.put("/private/_doc/1?refresh=true", &json!({ "from": "cluster01" }));
    assert_eq!(first.get("/private/_count")["count"], 1);
    let named = second.ask("GET", "/cluster01:private/_search", None);
    assert!(
        named.text.contains("security_exception") && !named.text.contains("_source"),
        "{} {}",
        named.status,
        named.text
    );
    let by_pattern = second.get("/cluster*:pri*/_search");
    assert_eq!(by_pattern["hits"]["total"]["value"], 0, "{by_pattern}");
    first.delete("/private", None);
}
