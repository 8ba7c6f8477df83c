//! Runs that have other files, or another network, than the engine: refused before anything is made, since containers
//! would start on the engine's files, an older mesh's data among them.

use std::{fs, os::unix::fs::symlink};

use crate::{
    place::{CREATE, Place, snapshot},
    support::docker::docker,
};

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn the_engine_has_other_files_at_the_same_place() {
    let place = Place::new();
    let tmpfs = |on: &str| format!("mount -t tmpfs tmpfs '{}'", place.dir.path().join(on).display());
    let containers = docker(&["ps", "-aq"]);
    let refuses = |on: &str| {
        let before = snapshot(place.dir.path());
        let (exit, printed) =
            place.apart(&["--mount", "--propagation", "private"], &tmpfs(on), &[&CREATE[..], &["--force"]].concat());
        assert_eq!(exit, Some(3), "{printed}");
        let dir = place.mesh_dir();
        assert!(printed.contains(&format!("Docker's engine does not see the files of {}", dir.display())), "{printed}");
        assert!(printed.contains(&format!("-v {0}:{0}", dir.display())), "{printed}");
        assert!(!printed.contains("pull images"), "nothing is pulled before: {printed}");
        assert_eq!(snapshot(place.dir.path()), before);
        assert_eq!(docker(&["ps", "-aq"]), containers);
    };
    refuses("");
    // with the directories of an older mesh, whose data a new container would start on
    fs::create_dir_all(place.mesh_dir().join("cluster01/elastic/data")).unwrap();
    refuses("mesh");
}

/// The engine sees the same files, by whatever name: the run gets as far as the pull.
#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn the_engine_has_the_same_files() {
    let place = Place::new();
    let real = place.dir.path().join("real");
    fs::create_dir(&real).unwrap();
    symlink(&real, place.mesh_dir()).unwrap();
    let printed = place.refused(&[&CREATE[..], &["--force"]].concat(), 3);
    assert!(printed.contains("✓ prove the directory") && printed.contains("cannot be pulled"), "{printed}");
}

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn the_engine_publishes_in_another_network() {
    let place = Place::new();
    let (exit, printed) = place.apart(&["--net"], "", &CREATE);
    assert_eq!(exit, Some(3), "{printed}");
    assert!(
        printed.contains("not in the network of Docker's engine") && printed.contains("--network host"),
        "{printed}"
    );
    assert!(!place.mesh_dir().exists());
}
