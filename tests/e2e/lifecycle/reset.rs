//! Part of the lifecycle: the end of a mesh: `mesh reset` and `mesh create --reset`.

use std::{collections::BTreeSet, fs};

use serde_json::Value;

use crate::support::{
    docker::{containers, docker, networks, volumes},
    hosts, links,
    mesh::{Mesh, SERVER},
    snapshot::Snapshot,
};

fn id(mesh: &Mesh) -> Value {
    let record: Value = serde_json::from_str(&mesh.read("mesh.json")).expect("should be JSON");
    record["id"].clone()
}

/// Neither a terminal to ask at nor `--yes`.
pub fn needs_consent(mesh: &Mesh) {
    let before = Snapshot::of(mesh);
    let plan = mesh.run(&["reset", "--dry-run"], 0).stdout;
    assert!(plan.contains("container cluster01-elastic") && plan.contains("Nothing was changed"), "{plan}");
    let refused = mesh.run(&["reset"], 2);
    assert!(refused.stderr.contains("hint:") && refused.stderr.contains("--yes"), "{}", refused.stderr);
    before.is_still(mesh);
}

/// The images of the new mesh come before the end of the old one.
pub fn keeps_the_old_mesh_if_the_new_cannot_be(mesh: &Mesh) {
    let before = Snapshot::of(mesh);
    let run = mesh.run(&["create", "2", "--reset", "--registry", "mesh.local", "--stack-version", "99.0.0"], 3);
    assert!(run.stderr.contains("elasticsearch:99.0.0") && run.stderr.contains("hint:"), "{}", run.stderr);
    before.is_still(mesh);
    links::every_search_finds_all(mesh, 3);
}

/// A fresh mesh in the place of the old one, without a question.
pub fn starts_afresh(mesh: &Mesh) {
    let (old, password) = (id(mesh), mesh.credential("elastic"));
    mesh.run(&[&["create", "2", "--reset", "--no-kibana"], &SERVER[..]].concat(), 0);
    assert_ne!(id(mesh), old, "the mesh should be a new one");
    assert_ne!(mesh.credential("elastic"), password, "the password should be a new one");
    assert_eq!(mesh.containers(), ["cluster01-elastic", "cluster02-elastic"]);
    assert!(!mesh.path("cluster03").exists(), "the directory of cluster03 should be gone");
    for number in [1, 2] {
        let cluster = mesh.cluster(number);
        assert_eq!(links::search(&cluster)["hits"]["total"]["value"], 0, "old documents should be gone");
        links::has_one_key(&cluster);
    }
    (1..=2).for_each(|number| links::write_document(&mesh.cluster(number)));
    links::every_search_finds_all(mesh, 2);
}

/// Half of it is gone already; the other half goes, too.
pub fn removes_what_is_left(mesh: &Mesh, hosts_before: &[u8], volumes_before: &[String]) {
    docker(&["rm", "--force", &mesh.cluster(1).elastic()]);
    fs::remove_dir_all(mesh.path("cluster02")).expect("should be removable");
    mesh.run(&["reset", "--yes"], 0);
    assert_eq!(containers("mesh.id"), Vec::<String>::new(), "containers are left");
    assert_eq!(networks("mesh.id"), Vec::<String>::new(), "networks are left");
    let volumes: BTreeSet<String> = volumes().into_iter().collect();
    assert_eq!(volumes, volumes_before.iter().cloned().collect(), "volumes are left");
    assert!(!mesh.dir.exists(), "{} is left", mesh.dir.display());
    assert_eq!(
        String::from_utf8_lossy(&hosts::bytes()),
        String::from_utf8_lossy(hosts_before),
        "/etc/hosts is not as it was"
    );
    let again = mesh.run(&["reset", "--yes"], 0);
    assert!(again.stdout.contains("nothing to do"), "{}", again.stdout);
}
