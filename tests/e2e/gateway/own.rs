//! A gateway as a container of the mesh, which is kept as the rest of it is: certificates, drift, its image, a lost
//! record.

use std::{fs, net::TcpListener, path::Path};

use serde_json::Value;

use super::{PORT, health};
use crate::support::{
    Parts,
    curl::UNTRUSTED,
    docker::{docker, inspect, started, try_docker},
    mesh::Mesh,
    proxy::{Certificate, Door, NGINX},
};

const CONTAINER: &str = "mesh-gateway";
/// The image of the tests, by another name.
const OTHER_IMAGE: &str = "mesh.local/nginx/nginx:e2e";
const ELASTIC: &str = "/cluster02/elastic/";

fn address() -> String {
    format!("127.0.0.1:{}", PORT + 1)
}

/// The gateway as a client has it that trusts what is in this file.
fn door<'a>(mesh: &'a Mesh, authority: &Path) -> Door<'a> {
    Door { mesh, port: PORT + 1, authority: authority.to_owned(), down: 502 }
}

fn json(mesh: &Mesh, command: &[&str], exit: i32) -> Value {
    serde_json::from_str(&mesh.run(&[command, &["-o", "json"]].concat(), exit).stdout).expect("should be JSON")
}

fn metric(mesh: &Mesh) -> String {
    let metrics = mesh.run(&["status", "-o", "prometheus"], 0).stdout;
    metrics.lines().find(|line| line.starts_with("mesh_gateway_up ")).expect("should have a gateway").to_owned()
}

pub(super) fn is_kept(parts: &Parts, mesh: &Mesh, dir: &Path) {
    let own = door(mesh, &mesh.dir.join("ca.crt"));
    let address = address();
    let create = ["create", "--gateway", &address, "--gateway-image", NGINX];

    parts.part("a gateway of the mesh: made, with every route");
    let refused = mesh.run(&[&create[..], &["--bind", "0.0.0.0"]].concat(), 2);
    assert!(refused.stderr.contains("past the gateway"), "{}", refused.stderr);
    let plan = mesh.run(&[&create[..], &["--dry-run"]].concat(), 0);
    let moved = format!("https://localhost:5601/cluster01 → https://localhost:{}/cluster01", PORT + 1);
    assert!(plan.stderr.contains(&moved), "{}", plan.stderr);
    mesh.run(&create, 0);
    for path in ["/", "/cluster01/elastic/", ELASTIC, "/cluster01/api/status", "/cluster02/api/status"] {
        assert_eq!(own.ask(path, &[]).status, 200, "{path}");
    }
    let proved = json(mesh, &["verify"], 0);
    assert_eq!(proved["gateway"]["routes"].as_array().map(Vec::len), Some(4), "{proved}");
    let status = json(mesh, &["status"], 0);
    assert!(status["in_sync"] == true && status["gateway"]["state"] == "ready", "{status}");
    assert_eq!(metric(mesh), "mesh_gateway_up 1");
    assert_eq!(inspect("container", CONTAINER)["HostConfig"]["ReadonlyRootfs"], true);

    let first = started(CONTAINER);
    certificates_are_renewed(parts, mesh, dir);
    a_given_certificate_is_taken_over(parts, mesh, dir);
    assert_eq!(started(CONTAINER), first, "nothing of this should restart it");
    drifts(parts, mesh);
    is_asked_for(parts, mesh);
    gets_another_image(parts, mesh);

    parts.part("a gateway of the mesh: taken away");
    mesh.run(&["create", "--no-gateway"], 0);
    assert!(!mesh.dir.join("gateway").exists() && !try_docker(&["inspect", CONTAINER]).0);
}

fn certificates_are_renewed(parts: &Parts, mesh: &Mesh, dir: &Path) {
    let bundle = mesh.dir.join("ca.crt");
    let own = door(mesh, &bundle);
    let files = || ["gateway/certs/ca.crt", "gateway/config/tls.crt"].map(|file| mesh.read(file));

    parts.part("a gateway of the mesh: its certificate is renewed");
    let before = files();
    mesh.run(&["certs", "rotate", "gateway"], 0);
    let renewed = files();
    assert!(renewed[0] == before[0] && renewed[1] != before[1], "the certificate alone should be another");
    assert_eq!(own.ask(ELASTIC, &[]).status, 200);

    parts.part("a gateway of the mesh: authorities are renewed, its own and a cluster's");
    let old = dir.join("old-ca.crt");
    fs::copy(&bundle, &old).expect("should be readable");
    let read = health(&own);
    mesh.run(&["certs", "rotate", "--ca", "gateway", "1", "--yes"], 0);
    assert_ne!(health(&own), read, "it has read other authorities");
    assert_ne!(files()[0], renewed[0]);
    assert_eq!(door(mesh, &old).ask(ELASTIC, &[]).exit, UNTRUSTED, "the old authority should be refused");
    let listed = json(mesh, &["certs", "ls", "gateway"], 0);
    let rows: Vec<_> = listed["certificates"].as_array().expect("should be rows").iter().collect();
    assert!(rows.len() == 2 && rows.iter().all(|row| row["state"] == "good"), "{listed}");
    mesh.run(&["verify"], 0);
}

/// Files of the user's, by which the gateway is believed until `mesh` issues its certificate again.
fn a_given_certificate_is_taken_over(parts: &Parts, mesh: &Mesh, dir: &Path) {
    let (one, two) = (Certificate::make(dir, "given"), Certificate::make(dir, "another"));
    let [given, key, other] = [&one.certificate, &one.key, &two.key].map(|path| path.display().to_string());
    let create = |key: &str, exit| mesh.run(&["create", "--gateway-cert", &given, "--gateway-key", key], exit);

    parts.part(
        "a gateway of the mesh: the user's certificate, with a wrong key, the right one, and another in its place",
    );
    let refused = create(&other, 3).stderr;
    assert!(refused.contains("the private key does not belong"), "{refused}");
    assert!(refused.contains("--gateway-cert FILE --gateway-key FILE"), "{refused}");
    assert_eq!(door(mesh, &mesh.dir.join("ca.crt")).ask(ELASTIC, &[]).status, 200, "nothing should have changed");
    create(&key, 0);
    assert_eq!(door(mesh, &one.certificate).ask(ELASTIC, &[]).status, 200);
    let listed = mesh.run(&["certs", "ls"], 0);
    assert!(listed.stdout.contains("gateway, as given") && listed.stderr.contains("gives it another"), "{listed:?}");
    let refused = mesh.run(&["certs", "rotate", "gateway"], 2).stderr;
    assert!(refused.contains("was given") && refused.contains("--no-gateway-cert"), "{refused}");
    fs::copy(&two.certificate, &one.certificate).expect("should be writable");
    fs::copy(&two.key, &one.key).expect("should be writable");
    assert_eq!(json(mesh, &["status"], 1)["in_sync"], false, "the user renewed it");
    mesh.run(&["create"], 0);
    let shown = door(mesh, &two.certificate);
    assert_eq!(shown.ask(ELASTIC, &[]).status, 200);

    parts.part("a gateway of the mesh: mesh.json is lost");
    let record = || -> Value { serde_json::from_str(&mesh.read("mesh.json")).expect("should be JSON") };
    let before = record();
    fs::remove_file(mesh.dir.join("mesh.json")).expect("should be there");
    let printed = mesh.run(&["create"], 0).stderr;
    assert!(printed.contains("keeps the certificate that it was given"), "{printed}");
    let after = record();
    assert_eq!(after["gateway"], before["gateway"]);
    for setting in ["gateway", "gateway_image"] {
        assert_eq!(after["spec"][setting], before["spec"][setting], "{setting}");
    }
    assert_eq!(shown.ask(ELASTIC, &[]).status, 200);
    mesh.run(&["create", "--no-gateway-cert", "--no-gateway-key"], 0);
    assert_eq!(door(mesh, &mesh.dir.join("ca.crt")).ask(ELASTIC, &[]).status, 200);
}

fn drifts(parts: &Parts, mesh: &Mesh) {
    let own = door(mesh, &mesh.dir.join("ca.crt"));
    let before = started(CONTAINER);

    parts.part("a gateway of the mesh: drift");
    fs::write(mesh.dir.join("gateway/config/cluster02.crt"), "").expect("should be writable");
    docker(&["kill", "--signal", "HUP", CONTAINER]);
    assert_eq!(json(mesh, &["status"], 1)["in_sync"], false);
    mesh.run(&["create"], 0);
    assert_eq!(started(CONTAINER), before, "a file is read without a restart");
    mesh.run(&["manage", "stop", "gateway"], 0);
    let down = json(mesh, &["status"], 1);
    assert_eq!(down["gateway"]["state"], "stopped", "{down}");
    assert_eq!(metric(mesh), "mesh_gateway_up 0");
    assert_eq!(json(mesh, &["verify"], 1)["gateway"]["up"], false);
    let hindered = mesh.run(&["certs", "rotate", "gateway"], 1).stderr;
    assert!(hindered.contains("the gateway would have to be made, started or removed first"), "{hindered}");
    mesh.run(&["manage", "start", "gateway"], 0);
    let lines = mesh.run(&["logs", "gateway", "--raw"], 0).stdout;
    assert!(lines.contains("cluster02.crt"), "nginx should have named what it does not take: {lines}");
    docker(&["rm", "--force", CONTAINER]);
    mesh.run(&["create"], 0);
    assert_eq!(own.ask(ELASTIC, &[]).status, 200);

    mesh.run(&["manage", "down", "gateway"], 0);
    drop(TcpListener::bind(address()).expect("its port should be free"));
    assert_eq!(json(mesh, &["status"], 1)["gateway"]["state"], "absent");
    mesh.run(&["manage", "up", "gateway"], 0);
    assert_eq!(own.ask(ELASTIC, &[]).status, 200);
}

/// Without a record and a container, its files alone are left: they are kept until the user says where it is.
fn is_asked_for(parts: &Parts, mesh: &Mesh) {
    parts.part("a gateway of the mesh: mesh.json and its container are lost");
    let authority = mesh.read("gateway/certs/ca.crt");
    fs::remove_file(mesh.dir.join("mesh.json")).expect("should be there");
    docker(&["rm", "--force", CONTAINER]);
    let refused = mesh.run(&["create"], 3).stderr;
    assert!(refused.contains("`mesh create --gateway ADDRESS:PORT`"), "{refused}");
    mesh.run(&["create", "--gateway", &address(), "--gateway-image", NGINX], 0);
    assert_eq!(mesh.read("gateway/certs/ca.crt"), authority);
    assert_eq!(door(mesh, &mesh.dir.join("ca.crt")).ask(ELASTIC, &[]).status, 200);
}

/// Its container alone is replaced, and the plan says why.
fn gets_another_image(parts: &Parts, mesh: &Mesh) {
    parts.part("a gateway of the mesh: another image");
    docker(&["tag", NGINX, OTHER_IMAGE]);
    let create = ["create", "--gateway-image", OTHER_IMAGE];
    let plan = mesh.run(&[&create[..], &["--dry-run"]].concat(), 0).stdout;
    assert!(plan.contains(&format!("container mesh-gateway: image {NGINX} → {OTHER_IMAGE}")), "{plan}");
    assert!(!plan.contains("cluster01-kibana") && !plan.contains("cluster01-elastic"), "{plan}");
    mesh.run(&create, 0);
    assert_eq!(inspect("container", CONTAINER)["Config"]["Image"], OTHER_IMAGE);
    assert_eq!(door(mesh, &mesh.dir.join("ca.crt")).ask(ELASTIC, &[]).status, 200);
}

/// Nothing of a gateway is left where its mesh is removed.
pub(super) fn goes_with_the_mesh(parts: &Parts, mesh: &Mesh) {
    parts.part("a gateway of the mesh: removed with it");
    mesh.run(&["create", "--no-kibana", "--gateway", &address(), "--gateway-image", OTHER_IMAGE], 0);
    assert!(mesh.dir.join("gateway").exists() && try_docker(&["inspect", CONTAINER]).0);
    mesh.run(&["reset", "--yes"], 0);
    assert!(!mesh.dir.join("gateway").exists() && !try_docker(&["inspect", CONTAINER]).0);
    docker(&["rmi", OTHER_IMAGE]);
}
