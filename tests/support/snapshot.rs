//! What a run that changes nothing leaves alone: containers with their starts, and every file that is not a server's
//! own data.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::support::{docker::container, hosts, mesh::Mesh};

/// A run on a mesh that is as asked has to say so within this.
const AT_ONCE: Duration = Duration::from_millis(if cfg!(debug_assertions) { 3000 } else { 1000 });

/// Inode, time of the last change of content and of the inode in nanoseconds, mode, owner.
type File = (u64, i128, i128, u32, u32);

#[derive(Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Id and last start of each container.
    containers: BTreeMap<String, (String, String)>,
    files: BTreeMap<PathBuf, File>,
    hosts: Vec<u8>,
}

impl Snapshot {
    pub fn of(mesh: &Mesh) -> Self {
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let containers = mesh.containers().into_iter().map(|name| {
            let facts = container(&name);
            (name, (text(&facts["Id"]), text(&facts["State"]["StartedAt"])))
        });
        let mut files = BTreeMap::new();
        collect(&mesh.dir, &mut files);
        Self { containers: containers.collect(), files, hosts: hosts::bytes() }
    }

    /// Panics where a container was made or started since.
    pub fn containers_are_still(&self, mesh: &Mesh) {
        assert_eq!(Self::of(mesh).containers, self.containers, "containers changed");
    }

    /// Panics with what differs, rather than with all there is.
    pub fn is_still(&self, mesh: &Mesh) {
        let now = Self::of(mesh);
        assert_eq!(now.containers, self.containers, "containers changed");
        assert!(now.hosts == self.hosts, "/etc/hosts changed");
        let changed: Vec<&PathBuf> = now
            .files
            .keys()
            .chain(self.files.keys())
            .filter(|path| now.files.get(*path) != self.files.get(*path))
            .collect();
        assert!(changed.is_empty(), "files changed: {changed:?}");
        assert!(self.files.len() > 10, "should have looked at files: {}", self.files.len());
    }
}

/// A run on a mesh that is as asked: no container, file or address changes, and it says so at once.
pub fn create_changes_nothing(mesh: &Mesh, args: &[&str]) {
    let before = Snapshot::of(mesh);
    let run = mesh.run(&[&["create"], args].concat(), 0);
    assert!(run.stdout.contains("nothing to do"), "{run:?}");
    assert!(run.took < AT_ONCE, "took {:?}", run.took);
    before.is_still(mesh);
}

fn collect(dir: &Path, files: &mut BTreeMap<PathBuf, File>) {
    for entry in fs::read_dir(dir).expect("should be readable") {
        let path = entry.expect("should be readable").path();
        let facts = fs::symlink_metadata(&path).expect("should be there");
        let time = |seconds: i64, nanoseconds: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds);
        let changed = time(facts.mtime(), facts.mtime_nsec());
        let touched = time(facts.ctime(), facts.ctime_nsec());
        let servers_own = facts.is_dir() && ["data", "logs"].iter().any(|name| path.ends_with(name));
        if servers_own {
            continue;
        }
        files.insert(path.clone(), (facts.ino(), changed, touched, facts.mode(), facts.uid()));
        if facts.is_dir() {
            collect(&path, files);
        }
    }
}
