//! A file that is there for a moment, for others to see. Does I/O.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use super::error::{DiskError, fail};

/// What its name begins with: as that of a `mesh.json` in the making, which a directory for a mesh may hold.
const PREFIX: &str = ".mesh.json.mesh-tmp-seen-";
/// One that is older was left by a run that was killed.
const LEFT: Duration = Duration::from_mins(1);

/// An empty file that is removed again when this is dropped.
#[derive(Debug)]
pub struct Marker {
    path: PathBuf,
}

impl Marker {
    /// Where a file of this name would be in a directory.
    pub fn path_in(dir: &Path, name: &str) -> PathBuf {
        dir.join(format!("{PREFIX}{name}"))
    }

    /// Puts one into an existing directory, and takes away those that were left there.
    ///
    /// # Errors
    /// There is such a file, or none can be made.
    pub fn put(dir: &Path, name: &str) -> Result<Self, DiskError> {
        clear(dir);
        let path = Self::path_in(dir, name);
        fs::File::create_new(&path).map_err(fail("create", &path))?;
        Ok(Self { path })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Marker {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// What cannot be taken away does no harm.
fn clear(dir: &Path) {
    let ours = |name: &OsStr| name.to_str().is_some_and(|name| name.starts_with(PREFIX));
    let entries = fs::read_dir(dir).into_iter().flatten().filter_map(Result::ok);
    for entry in entries.filter(|entry| ours(&entry.file_name())) {
        let made = entry.metadata().and_then(|meta| meta.modified());
        if made.is_ok_and(|made| made.elapsed().is_ok_and(|age| age > LEFT)) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn a_marker_leaves_nothing_and_takes_away_what_killed_runs_left() {
        let temp = tempfile::tempdir().unwrap();
        let names = || fs::read_dir(temp.path()).unwrap().count();
        let killed = fs::File::create(Marker::path_in(temp.path(), "killed")).unwrap();
        killed.set_modified(SystemTime::now() - Duration::from_mins(2)).unwrap();
        let other = Marker::put(temp.path(), "other").unwrap();
        assert_eq!(names(), 1, "the killed run's is gone");
        let marker = Marker::put(temp.path(), "new").unwrap();
        assert!(marker.path().exists() && other.path().exists(), "that of another run stays");
        assert!(Marker::put(temp.path(), "new").is_err());
        drop((marker, other));
        assert_eq!(names(), 0);
    }
}
