//! A disk that is full at each write of a mesh's preparation in turn: it is reported with its remedy, no file is torn,
//! and the preparation continues when there is room.

use std::{fs, path::Path, process::Command};

use serde_json::Value;

use crate::support::{
    Parts, leftovers, links,
    mesh::{Mesh, SMALL},
};

/// Pages of 4 KiB, one a file or directory of the preparation at least.
const MOST: u32 = 60;

/// What the credentials of a mesh without Kibana are.
const WITHOUT_KIBANA: [&str; 2] = ["elastic", "kibana_encryption_key"];

/// A small disk of its own for a mesh's directory, taken away however the test ends.
struct Disk<'a>(&'a Path);

impl Disk<'_> {
    fn mount(&self, options: &str) {
        fs::create_dir_all(self.0).expect("should be writable");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(self.0).status();
        assert!(done.is_ok_and(|status| status.success()), "mount -o {options}");
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        leftovers::clear_directory(self.0);
        let _ = Command::new("umount").arg("--lazy").arg(self.0).status();
    }
}

#[test]
#[ignore = "needs root, Docker and the images of images/: run by scripts/test"]
fn a_full_disk_tears_no_file() {
    let parts = Parts::begin();
    let mesh = Mesh::new("disk-full");
    let disk = Disk(&mesh.dir);
    disk.mount("size=4k");
    // the disk's size is what this is about
    let create = [&["create", "1", "--no-kibana", "--force"], &SMALL[..]].concat();

    parts.part("a page more each time");
    let mut met = 0;
    let keystore = mesh.path("cluster01/elastic/config/elasticsearch.keystore");
    for pages in 1..MOST {
        if keystore.exists() {
            break;
        }
        disk.mount(&format!("remount,size={}k", pages * 4));
        let run = mesh.start(&create).end();
        assert!(matches!(run.exit, Some(3 | 4)), "{pages} pages: {run:?}");
        let printed = &run.stderr;
        assert!(
            printed.contains("no space left on device") && printed.contains(&mesh.dir.display().to_string()),
            "{printed}"
        );
        assert!(printed.contains("hint: free some space on its disk (`df -h "), "{printed}");
        nothing_is_torn(&mesh.dir);
        met += 1;
    }
    assert!(keystore.exists(), "the preparation should have come to the keystore: {met} writes were met");
    assert!(met > 8, "{met} writes were met");
    assert!(mesh.containers().is_empty(), "nothing should have been started");

    parts.part("the same with room");
    disk.mount("remount,size=2g");
    mesh.run(&create, 0);
    links::write_document(&mesh.cluster(1));
    assert_eq!(links::sources(&links::search(&mesh.cluster(1))), ["cluster01"]);
    assert!(mesh.run(&create, 0).stdout.contains("nothing to do"));
    parts.part("done");
}

/// Every file is whole, and nothing that was not finished is left.
fn nothing_is_torn(dir: &Path) {
    for entry in fs::read_dir(dir).expect("should be readable") {
        let path = entry.expect("should be readable").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        assert!(!name.contains(".mesh-tmp-"), "{} is left", path.display());
        if path.is_dir() {
            nothing_is_torn(&path);
            continue;
        }
        let text = fs::read_to_string(&path).unwrap_or_else(|_| "a keystore".to_owned());
        assert!(!text.is_empty(), "{} is empty", path.display());
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("json") => assert!(serde_json::from_str::<Value>(&text).is_ok(), "{} is torn", path.display()),
            Some("crt" | "key") => assert!(text.ends_with("-----\n"), "{} is torn", path.display()),
            Some("txt") => assert_eq!(names(&text), WITHOUT_KIBANA, "{} is torn", path.display()),
            _ => {}
        }
    }
}

/// The names in a file of credentials, of the lines that end.
fn names(text: &str) -> Vec<&str> {
    text.split_inclusive('\n')
        .filter_map(|line| line.strip_suffix('\n')?.split_once('='))
        .map(|(name, _)| name)
        .collect()
}
