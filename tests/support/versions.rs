//! The versions that these tests have images of, and what each cluster runs and keeps through an upgrade.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::{docker::try_docker, mesh::Mesh};

pub const OLD: &str = "8.19.21";
pub const NEW: &str = "9.5.3";

/// The image of a container; empty where there is no such container.
pub fn image(name: &str) -> String {
    let (there, image) = try_docker(&["inspect", "--type", "container", "--format", "{{.Config.Image}}", name]);
    if there { image.trim().to_owned() } else { String::new() }
}

pub fn version(mesh: &Mesh, number: u8) -> String {
    let nodes = mesh.cluster(number).get("/_nodes?filter_path=nodes.*.version");
    let node = nodes["nodes"].as_object().and_then(|nodes| nodes.values().next()).expect("should have a node");
    node["version"].as_str().expect("should have a version").to_owned()
}

pub fn versions(mesh: &Mesh, count: u8) -> Vec<String> {
    (1..=count).map(|number| version(mesh, number)).collect()
}

/// What an upgrade has no business with: passwords, and for each cluster the id of its key and its authority.
pub fn secrets(mesh: &Mesh, count: u8) -> BTreeMap<String, String> {
    let mut secrets = BTreeMap::from([("credentials.txt".to_owned(), mesh.read("credentials.txt"))]);
    for number in 1..=count {
        let name = mesh.cluster(number).name();
        let key: Value = serde_json::from_str(&mesh.read(&format!("{name}/api-key.json"))).expect("should be JSON");
        secrets.insert(format!("{name} key"), key["id"].as_str().expect("should have an id").to_owned());
        secrets.insert(format!("{name} ca.crt"), mesh.read(&format!("{name}/certs/ca.crt")));
    }
    secrets
}
