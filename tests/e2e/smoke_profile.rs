//! `--profile smoke`: the smallest servers, of this major version and the one before.

use crate::support::{
    Parts,
    mesh::{Mesh, SMALL},
};

/// A running server of this profile reads a keystore of an older format, and writes it in its own when it starts again.
/// So does one of the version before.
#[test]
#[ignore = "needs root, Docker and the images of images/: run by scripts/test"]
fn older_versions_have_the_smoke_profile_too() {
    let parts = Parts::begin();
    let mesh = Mesh::new("smoke");
    let smoke =
        [&["create", "2", "--profile", "smoke", "--stack-version", "8.19.21", "--no-kibana"], &SMALL[..]].concat();
    mesh.run(&smoke, 0);
    is_of_the_smoke_profile(&mesh);
    parts.part("once more, after its servers have started again");
    mesh.run(&["manage", "restart", "1", "2"], 0);
    let again = mesh.run(&smoke, 0).stdout;
    assert!(again.contains("nothing to do"), "{again}");
    mesh.run(&["verify"], 0);
    mesh.run(&["create", "3"], 0);
    mesh.run(&["verify"], 0);
    parts.part("the first cluster is removed by name, and the others keep their numbers");
    let refused = mesh.run(&["create", "2-3", "--yes"], 2).stderr;
    assert!(refused.contains("create 2-3 --remove 1"), "{refused}");
    mesh.run(&["create", "2-3", "--yes", "--remove", "1"], 0);
    mesh.run(&["verify"], 0);
    mesh.run(&["search", "mesh-*"], 0);
    parts.part("done");
}

/// By what a server says of its JVM and of its remotes.
pub fn is_of_the_smoke_profile(mesh: &Mesh) {
    let nodes = mesh.cluster(1).get("/_nodes/jvm?filter_path=nodes.*.jvm.gc_collectors");
    let node = nodes["nodes"].as_object().and_then(|nodes| nodes.values().next()).expect("should have a node");
    assert_eq!(node["jvm"]["gc_collectors"][0], "Copy", "the serial collector: {nodes}");
    let settings = mesh.cluster(1).get("/_cluster/settings?flat_settings=true");
    assert_eq!(settings["persistent"]["cluster.remote.cluster02.proxy_socket_connections"], "1", "{settings}");
}
