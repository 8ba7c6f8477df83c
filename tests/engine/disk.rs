//! A mesh on a disk of its own, and a disk inside a mesh.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::place::{Place, RECORD};

/// A small file system, unmounted when this is dropped.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: &Path) -> Self {
        fs::create_dir_all(at).unwrap();
        assert!(
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=64m", "tmpfs"]).arg(at).status().unwrap().success()
        );
        Self(at.to_owned())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.collect();
    names.sort();
    names
}

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn what_a_file_system_keeps_on_its_disk_stays_and_blocks_nothing() {
    let place = Place::new();
    let disk = Disk::mount(&place.mesh_dir());
    let of_disk = [".Trash-0", ".snapshot", ".zfs", "lost+found"];
    for name in of_disk {
        fs::create_dir(disk.0.join(name)).unwrap();
    }
    // it gets as far as the image
    let printed = place.refused(&["create", "1", "--registry", "127.0.0.1:1", "--force"], 3);
    assert!(printed.contains("cannot be pulled"), "{printed}");
    assert_eq!(place.mesh(&["reset", "--yes"]).status.code(), Some(0), "there is no mesh yet");

    place.record(RECORD);
    fs::create_dir_all(disk.0.join("cluster01/elastic/data")).unwrap();
    let output = place.mesh(&["reset", "--yes"]);
    let printed = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{printed}");
    assert!(printed.contains("stays: it is a disk of its own"), "{printed}");
    assert_eq!(names(&disk.0), of_disk);

    // no file system has a file of that name
    fs::remove_dir(disk.0.join("lost+found")).unwrap();
    fs::write(disk.0.join("lost+found"), "a user's").unwrap();
    let printed = place.refused(&["create", "1", "--registry", "127.0.0.1:1", "--force"], 3);
    assert!(printed.contains("is not empty and holds no mesh.json"), "{printed}");
}

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn a_disk_inside_the_mesh_is_named_before_anything_is_removed() {
    let place = Place::new();
    place.record(RECORD);
    let data = place.mesh_dir().join("cluster03/elastic/data");
    let disk = Disk::mount(&data);
    fs::write(data.join("precious"), "x").unwrap();
    let unmount = format!("`umount {}`", data.display());
    for arguments in [&["reset", "--yes"][..], &["create", "2", "--yes", "--registry", "mesh.invalid", "--force"]] {
        let printed = place.refused(arguments, 3);
        assert!(
            printed.contains("another file system is mounted inside the mesh") && printed.contains(&unmount),
            "{printed}"
        );
    }
    drop(disk);
    let output = place.mesh(&["reset", "--yes"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!place.mesh_dir().exists());
}
