//! What Docker records of the containers and their network: limits, restarts, logs, health, labels, addresses.

use serde_json::json;

use crate::support::{
    docker::{NETWORK, container, inspect},
    mesh::Mesh,
};

const GIBIBYTE: u64 = 1 << 30;

/// Every container restarts by itself, ends in peace, fills no disk and tells its health without a password.
pub fn are_set(mesh: &Mesh) {
    for name in mesh.containers() {
        let facts = container(&name);
        let (host, config) = (&facts["HostConfig"], &facts["Config"]);
        let memory = if name.ends_with("-elastic") { GIBIBYTE } else { GIBIBYTE / 2 };
        assert_eq!(host["Memory"], memory, "{name}");
        assert_eq!(host["RestartPolicy"]["Name"], "unless-stopped", "{name}");
        let log = json!({ "Type": "json-file", "Config": { "max-file": "3", "max-size": "10m" } });
        assert_eq!(host["LogConfig"], log, "{name}");
        assert_eq!(config["StopTimeout"], 120, "{name}");
        let check = config["Healthcheck"]["Test"][1].as_str().expect("should have a check").to_owned();
        assert!(check.starts_with("curl ") && check.contains("--cacert") && !check.contains(" -u"), "{name}: {check}");
        let (cluster, service) = name.split_once('-').expect("should be a service's name");
        let labels = &config["Labels"];
        assert_eq!((&labels["mesh.cluster"], &labels["mesh.service"]), (&json!(cluster), &json!(service)));
        assert!(labels["mesh.id"].is_string() && labels["mesh.fingerprint"].is_string(), "{name}: {labels}");
    }
}

/// Docker gives addresses from the end of the network, where no service has its own.
pub fn of_the_network_are_apart(mesh: &Mesh) {
    let range = inspect("network", NETWORK)["IPAM"]["Config"][0].clone();
    let subnet =
        range["Subnet"].as_str().and_then(|net| net.strip_suffix(".0/24")).expect("should be a /24").to_owned();
    assert_eq!(range["IPRange"], format!("{subnet}.224/27"));
    for name in mesh.containers() {
        let facts = container(&name);
        let endpoint = &facts["NetworkSettings"]["Networks"][NETWORK];
        let fixed = endpoint["IPAMConfig"]["IPv4Address"].as_str().expect("should be fixed").to_owned();
        let last: u8 = fixed.rsplit('.').next().and_then(|part| part.parse().ok()).expect("should be an address");
        assert!((11..=209).contains(&last), "{name}: {fixed}");
        assert_eq!(endpoint["IPAddress"], fixed, "{name}");
    }
}
