//! Commands on containers that are not the recorded mesh's, or not under its names: none reports as done what it did
//! not do.

use std::{fs, process::Command};

use crate::{
    place::{Place, RECORD},
    support::docker::{container, docker},
};

/// An image of a program that does nothing for a while, made of this machine's own files.
const IDLE: &str = "mesh-test/idle:1";
/// The ID in [`RECORD`].
const ID: &str = "0123456789abcdef";

/// A container that runs, with a mesh's labels; removed when this is dropped.
struct Idle(&'static str);

impl Idle {
    fn run(place: &Place, name: &'static str, id: &str) -> Self {
        let files = "tar -ch -C / bin/sleep $(ldd /bin/sleep | grep -o '/[^ ]*' | cut -c 2-) | docker import - ";
        let imported = Command::new("sh").args(["-c", &format!("{files}{IDLE}")]).output().unwrap();
        assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
        let labels = [
            format!("mesh.id={id}"),
            format!("mesh.dir={}", place.mesh_dir().display()),
            "mesh.cluster=cluster01".to_owned(),
            "mesh.service=elastic".to_owned(),
        ];
        let labels = labels.iter().flat_map(|label| ["--label", label]);
        let begin = ["run", "--detach", "--stop-signal", "KILL", "--name", name];
        docker(&begin.into_iter().chain(labels).chain([IDLE, "/bin/sleep", "600"]).collect::<Vec<_>>());
        Self(name)
    }

    fn runs(&self) -> bool {
        container(self.0)["State"]["Running"] == true
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        let _ = Command::new("docker").args(["rm", "--force", self.0]).output();
        let _ = Command::new("docker").args(["rmi", IDLE]).output();
    }
}

fn printed(place: &Place, arguments: &[&str], exit: i32) -> String {
    let output = place.mesh(arguments);
    let printed = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {printed}");
    printed
}

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn a_container_under_another_name_is_not_reported_as_stopped() {
    let place = Place::new();
    place.record(RECORD);
    let mut renamed = Idle::run(&place, "renamed", ID);
    for action in ["stop", "down"] {
        let printed = printed(&place, &["manage", action, "1"], 1);
        assert!(printed.contains("container renamed is the mesh's under another name"), "{printed}");
        assert!(printed.contains("`docker rename renamed cluster01-elastic`"), "{printed}");
        assert!(renamed.runs());
    }
    assert!(printed(&place, &["manage", "stop", "2"], 0).contains("nothing to do: no container of cluster02 runs"));

    // under its name it is stopped, whatever cannot be read
    docker(&["rename", "renamed", "cluster01-elastic"]);
    renamed.0 = "cluster01-elastic";
    let config = place.mesh_dir().join("cluster01/elastic/config");
    fs::create_dir_all(&config).unwrap();
    fs::write(config.join("elasticsearch.keystore"), "damaged").unwrap();
    fs::write(place.mesh_dir().join("credentials.txt"), "damaged").unwrap();
    assert!(printed(&place, &["manage", "stop", "1"], 0).contains("stopped cluster01"));
    assert!(!renamed.runs());
    assert!(printed(&place, &["manage", "down", "1"], 0).contains("removed the containers of cluster01"));
}

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn containers_of_another_mesh_of_the_directory_are_left_alone() {
    let place = Place::new();
    place.record(RECORD);
    let other = Idle::run(&place, "cluster01-elastic", "ffffffffffffffff");
    for arguments in [
        &["manage", "stop", "1"][..],
        &["manage", "down", "1"],
        &["manage", "start", "1"],
        &["keys", "rotate"],
        &["certs", "rotate"],
        &["verify", "--fix"],
        &["upgrade", "9.9.9", "--yes"],
        &["create"],
        &["reset", "--yes"],
    ] {
        let printed = printed(&place, arguments, 3);
        assert!(printed.contains("than its mesh.json describes"), "{arguments:?}: {printed}");
    }
    assert!(other.runs());
}
