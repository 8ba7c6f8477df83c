//! A caller who is not root but may use Docker: the mesh is theirs, and the machine's own files stay as they are.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, chown},
    path::Path,
};

use crate::{
    Parts,
    docker::container,
    hosts, links,
    mesh::{CALLER, Mesh, SMALL},
};

#[test]
#[ignore = "needs root, Docker and the images of images/: run by scripts/test"]
fn a_caller_who_is_not_root_has_a_mesh_too() {
    let parts = Parts::begin();
    let mesh = Mesh::new("caller").called_by_nobody();
    let hosts_before = hosts::bytes();
    // a place that is theirs, in one that is not
    fs::create_dir(&mesh.dir).expect("should be writable");
    chown(&mesh.dir, Some(CALLER), Some(CALLER)).expect("should be ours to give");

    parts.part("a mesh of somebody's own");
    let create = [&["create", "2", "--no-kibana"], &SMALL[..]].concat();
    mesh.run(&create, 0);
    (1..=2).for_each(|number| links::write_document(&mesh.cluster(number)));
    links::every_search_finds_all(&mesh, 2);
    assert_eq!(container("cluster01-elastic")["Config"]["User"], format!("{CALLER}:0"));
    for file in ["mesh.json", "credentials.txt", "cluster01/certs/ca.key", "cluster01/elastic/config/elasticsearch.yml"]
    {
        assert_eq!(owner(&mesh.path(file)), CALLER, "{file}");
    }
    assert_eq!(hosts::bytes(), hosts_before);
    assert!(mesh.run(&["create"], 0).stdout.contains("nothing to do"));
    mesh.run(&["manage", "restart", "1"], 0);

    parts.part("and away with it");
    mesh.run(&["reset", "--yes"], 0);
    assert!(mesh.containers().is_empty());
    assert_eq!(fs::read_dir(&mesh.dir).expect("should stay: its parent is not theirs").count(), 0);
    parts.part("done");
}

fn owner(path: &Path) -> u32 {
    fs::metadata(path).expect("should be there").uid()
}
