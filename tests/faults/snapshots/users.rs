//! Users that a restore brings back, and a run that ends before they are recorded.

use serde_json::{Value, json};

use super::{Disk, content, load};
use crate::support::{Parts, interrupted::kill_after_stage_and_steps, mesh::Mesh};

#[test]
#[ignore = "takes minutes: run by scripts/faults"]
fn users_that_a_killed_restore_brought_back_are_recorded() {
    let parts = Parts::begin();
    let mesh = Mesh::new("restored-users");
    let disk = Disk::new("restored-users", 40);
    let create = ["1", "--no-kibana", "--snapshots", disk.text()];
    mesh.create(&create);
    load(&mesh, 0, 100);
    let before = content(&mesh, "orders");
    mesh.run(&["users", "add", "anna"], 0);
    mesh.run(&["snapshots", "create"], 0);
    mesh.run(&["reset", "--yes"], 0);

    parts.part("killed once the server has them, and its passwords are those of the mesh before");
    mesh.create(&create);
    let restore = ["-v", "snapshots", "restore", "1", "last", "--with", "security", "--yes"];
    kill_after_stage_and_steps(mesh.start(&restore), "restore the states of features", 0);

    parts.part("no command changes users meanwhile, and the next `create` records them");
    let refused = mesh.run(&["users", "add", "bob"], 1).stderr;
    assert!(refused.contains("`mesh create"), "{refused}");
    mesh.run(&["create", "--recover-credentials"], 0);
    assert_eq!(mesh.cluster(1).get("/_security/user/anna")["anna"]["roles"], json!(["mesh_reader"]));
    let users = mesh.run(&["users", "ls", "-o", "json"], 0).stdout;
    let users: Value = serde_json::from_str(&users).expect("should be JSON");
    assert_eq!((&users["users"][0]["user"], &users["users"][0]["missing"]), (&json!("anna"), &json!([])), "{users}");
    assert_eq!(content(&mesh, "orders"), before);
    let plan = mesh.run(&["create", "--dry-run"], 0).stdout;
    assert!(plan.contains("nothing to do"), "{plan}");
    mesh.run(&["verify"], 0);
    parts.part("done");
}
