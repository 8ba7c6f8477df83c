//! `--profile smoke`: the smallest servers, of this major version and the one before.

use crate::support::{
    Parts,
    mesh::{Mesh, SMALL},
    smoke::is_of_the_smoke_profile,
};

/// A running server of this profile reads a keystore of an older format, and writes it in its own when it starts again.
/// So does one of the version before.
#[test]
#[ignore = "needs root, Docker and the images of images/: run by scripts/test"]
fn older_versions_have_the_smoke_profile_too() {
    let parts = Parts::begin();
    let mesh = Mesh::new("smoke");
    let smoke = [&["create", "2", "--stack-version", "8.19.21", "--no-kibana"], &SMALL[..]].concat();
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
