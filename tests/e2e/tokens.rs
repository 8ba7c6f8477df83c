//! The service token with which Kibana logs in: replaced, deleted by hand, and taken by a mesh that has a password.

use std::{
    fs,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::{
    curl::{Answer, curl},
    docker::{container, started},
    mesh::Mesh,
};

const FILE: &str = "cluster01/elastic/config/service_tokens";
const TOKEN: &str = "kibana_token.cluster01";
/// A server looks at the file every 5 s.
const READ_WITHIN: Duration = Duration::from_secs(20);

/// What Elasticsearch answers to whoever presents this token.
fn presented(mesh: &Mesh, token: &str) -> Answer {
    let cluster = mesh.cluster(1);
    let (url, header) = (cluster.url("/_security/_authenticate"), format!("authorization: Bearer {token}"));
    curl(&[("url", &url), ("cacert", &cluster.authority()), ("header", &header)])
}

fn is_let_in(mesh: &Mesh) {
    let body = presented(mesh, &mesh.credential(TOKEN)).body();
    assert_eq!(
        (&body["username"], &body["token"]["type"]),
        (&json!("elastic/kibana"), &json!("_service_account_file"))
    );
}

fn is_refused_soon(mesh: &Mesh, token: &str) {
    let begun = Instant::now();
    while presented(mesh, token).status != 401 {
        assert!(begun.elapsed() < READ_WITHIN, "the token should be refused");
    }
    println!("          refused after {:.1} s", begun.elapsed().as_secs_f64());
}

fn nothing_is_to_do(mesh: &Mesh) {
    assert!(mesh.run(&["create", "--dry-run"], 0).stdout.contains("nothing to do"));
    mesh.run(&["status"], 0);
}

/// Elasticsearch keeps running, and Kibana starts once with the new one.
pub fn are_replaced(mesh: &Mesh) {
    let (elastic, kibana) = (started(&mesh.cluster(1).elastic()), started(&mesh.cluster(1).kibana()));
    let old = mesh.credential(TOKEN);
    is_let_in(mesh);
    let refused = mesh.run(&["keys", "rotate", "--kibana"], 2).stderr;
    assert!(refused.contains("this revokes service tokens") && refused.contains("--yes"), "{refused}");
    mesh.run(&["keys", "rotate", "--kibana", "--yes"], 0);
    assert_ne!(mesh.credential(TOKEN), old);
    is_let_in(mesh);
    is_refused_soon(mesh, &old);
    assert_eq!(started(&mesh.cluster(1).elastic()), elastic, "Elasticsearch should not have been restarted");
    assert_ne!(started(&mesh.cluster(1).kibana()), kibana, "Kibana should have been restarted");
    nothing_is_to_do(mesh);
}

/// With the token, Kibana works again, and nothing was restarted for it.
pub fn come_back(mesh: &Mesh) {
    let names = [mesh.cluster(1).elastic(), mesh.cluster(1).kibana()];
    let before = names.each_ref().map(|name| started(name));
    fs::remove_file(mesh.path(FILE)).expect("should be there");
    is_refused_soon(mesh, &mesh.credential(TOKEN));
    let begun = Instant::now();
    while !mesh.run(&["status"], 1).stderr.contains("Elasticsearch does not know its service token") {
        assert!(begun.elapsed() < READ_WITHIN, "the cause should be named once Kibana is not let in");
    }
    let plan = mesh.run(&["create", "--dry-run"], 0).stdout;
    assert!(plan.contains("~ service token of Kibana on cluster01-elastic"), "{plan}");
    mesh.run(&["create"], 0);
    is_let_in(mesh);
    assert_eq!(names.each_ref().map(|name| started(name)), before, "nothing should have been restarted");
    // Kibana tries again by itself
    let begun = Instant::now();
    while mesh.start(&["status"]).end().exit != Some(0) {
        assert!(begun.elapsed() < READ_WITHIN, "Kibana should work again");
    }
}

/// A mesh that an earlier program made, as its record tells: it has the password until newer defaults are asked for.
pub fn come_with_new_defaults(mesh: &Mesh) {
    let mut record: Value = serde_json::from_str(&mesh.read("mesh.json")).expect("should be JSON");
    assert_eq!((&record["defaults"], &record["clusters"]["cluster01"]["defaults"]), (&json!(2), &json!(2)));
    for of in ["", "/clusters/cluster01"] {
        let fields = record.pointer_mut(of).and_then(Value::as_object_mut).expect("should have fields");
        fields.remove("defaults");
    }
    fs::write(mesh.path("mesh.json"), record.to_string()).expect("should be writable");
    mesh.run(&["create"], 0);
    let (elastic, token) = (started(&mesh.cluster(1).elastic()), mesh.read("cluster01/kibana/config/kibana.yml"));
    assert!(token.contains("elasticsearch.password: ") && !token.contains("serviceAccountToken"), "by the password");
    let password = mesh.credential("kibana_system");
    let status = mesh.run(&["status"], 0).stderr;
    assert!(status.contains("newer defaults are available"), "{status}");
    mesh.run(&["create"], 0);
    assert_eq!(mesh.credential("kibana_system"), password, "what was not asked for is not changed");
    assert!(!mesh.read("credentials.txt").contains(TOKEN) && mesh.read(FILE).is_empty());
    let refused = mesh.run(&["keys", "rotate", "--kibana", "--yes"], 2).stderr;
    assert!(refused.contains("`mesh create --new-defaults` gives every Kibana a token"), "{refused}");

    let plan = mesh.run(&["create", "--new-defaults", "--dry-run"], 0).stdout;
    assert!(plan.contains("setting elasticsearch.serviceAccountToken is added"), "{plan}");
    mesh.run(&["create", "--new-defaults"], 0);
    is_let_in(mesh);
    assert!(!mesh.read("credentials.txt").contains("kibana_system"), "one secret less");
    assert!(!mesh.read("cluster01/kibana/config/kibana.yml").contains(&password), "Kibana should not have it");
    let user = mesh.cluster(1).get("/_security/user/kibana_system");
    assert_eq!(user["kibana_system"]["enabled"], false, "{user}");
    assert_eq!(started(&mesh.cluster(1).elastic()), elastic, "Elasticsearch should not have been restarted");
    assert_eq!(container(&mesh.cluster(1).kibana())["Config"]["Labels"]["mesh.defaults"], "2");
    nothing_is_to_do(mesh);
}
