//! Whether servers are of the smoke profile.

use crate::support::mesh::Mesh;

/// A check of the first cluster, by what a server says of its JVM and of its remotes.
pub fn is_of_the_smoke_profile(mesh: &Mesh) {
    let nodes = mesh.cluster(1).get("/_nodes/jvm?filter_path=nodes.*.jvm.gc_collectors");
    let node = nodes["nodes"].as_object().and_then(|nodes| nodes.values().next()).expect("should have a node");
    assert_eq!(node["jvm"]["gc_collectors"][0], "Copy", "the serial collector: {nodes}");
    let settings = mesh.cluster(1).get("/_cluster/settings?flat_settings=true");
    assert_eq!(settings["persistent"]["cluster.remote.cluster02.proxy_socket_connections"], "1", "{settings}");
}
