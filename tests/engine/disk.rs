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
fn what_a_file_system_keeps_on_its_disk_is_in_nobodys_way_and_stays() {
    let place = Place::new();
    let disk = Disk::mount(&place.mesh_dir());
    let of_disk = [".Trash-0", ".snapshot", ".zfs", "lost+found"];
    for name in of_disk {
        fs::create_dir(disk.0.join(name)).unwrap();
    }
    // it gets as far as the image
    let told = place.refused(&["create", "1", "--registry", "127.0.0.1:1", "--force"], 3);
    assert!(told.contains("cannot be pulled"), "{told}");
    assert_eq!(place.mesh(&["reset", "--yes"]).status.code(), Some(0), "there is no mesh yet");

    place.record(RECORD);
    fs::create_dir_all(disk.0.join("cluster01/elastic/data")).unwrap();
    let output = place.mesh(&["reset", "--yes"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told.contains("stays: it is a disk of its own"), "{told}");
    assert_eq!(names(&disk.0), of_disk);

    // no file system has a file of that name
    fs::remove_dir(disk.0.join("lost+found")).unwrap();
    fs::write(disk.0.join("lost+found"), "somebody's").unwrap();
    let told = place.refused(&["create", "1", "--registry", "127.0.0.1:1", "--force"], 3);
    assert!(told.contains("is not empty and holds no mesh.json"), "{told}");
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
        let told = place.refused(arguments, 3);
        assert!(told.contains("another file system is mounted inside the mesh") && told.contains(&unmount), "{told}");
    }
    drop(disk);
    let output = place.mesh(&["reset", "--yes"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!place.mesh_dir().exists());
}
