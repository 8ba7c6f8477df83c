//! Choices that Docker's lists do not tell of yet. I/O: files beside the locks.
//!
//! A run that makes a mesh pulls images, which may take minutes, before it makes the network whose labels tell others
//! what is taken. Until it ends, a file tells them. The kernel holds it by `flock`, so the choice of a run that was
//! killed is void. Choices are made and read under the lock of the machine.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use nix::libc::{O_NOFOLLOW, O_NONBLOCK};

use super::lock::{CHOSEN, LockError};
use crate::mesh::choice::Choice;

/// Longer than the choice of the largest mesh.
const LONGEST: u64 = 64 << 10;

/// A choice that others heed until this is dropped or the process ends.
#[derive(Debug)]
#[must_use = "the choice is void when this is dropped"]
pub struct Reservation {
    _file: File,
}

impl Reservation {
    /// # Errors
    /// The file cannot be made or written: others would not learn of the choice.
    pub fn hold(path: PathBuf, choice: &Choice) -> Result<Self, LockError> {
        let hold = || -> io::Result<File> {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false).mode(0o600);
            let mut file = options.custom_flags(O_NOFOLLOW | O_NONBLOCK).open(&path)?;
            // those who read it hold it for a moment
            file.lock()?;
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(&serde_json::to_vec(choice)?)?;
            Ok(file)
        };
        hold().map(|file| Self { _file: file }).map_err(|cause| LockError::Io { path, cause })
    }
}

/// What other runs have chosen; `own` is the file of this one. A file that cannot be read tells nothing.
pub fn others(own: &Path) -> Vec<Choice> {
    let entries = own.parent().and_then(|dir| fs::read_dir(dir).ok()).into_iter().flatten();
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let choices = paths.filter(|path| path.to_string_lossy().ends_with(CHOSEN) && path != own);
    choices.filter_map(|path| held(&path)).collect()
}

/// The choice in a file that a run holds.
fn held(path: &Path) -> Option<Choice> {
    let file = OpenOptions::new().read(true).custom_flags(O_NOFOLLOW | O_NONBLOCK).open(path).ok()?;
    if !matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)) {
        return None;
    }
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::Mesh;

    #[test]
    fn a_choice_holds_for_others_until_its_run_ends() {
        let temp = tempfile::tempdir().unwrap();
        let path = |name: &str| temp.path().join(name);
        let choice = Mesh::example(99).choice();
        let reservation = Reservation::hold(path("mesh-one.chosen"), &choice).unwrap();
        assert_eq!(others(&path("mesh-two.chosen")), [choice]);
        assert_eq!(others(&path("mesh-one.chosen")), []);
        drop(reservation);
        assert_eq!(others(&path("mesh-two.chosen")), []);
        // the next run of that mesh makes another
        let smaller = Mesh::example(1).choice();
        let _reservation = Reservation::hold(path("mesh-one.chosen"), &smaller).unwrap();
        assert_eq!(others(&path("mesh-two.chosen")), [smaller]);
    }

    #[test]
    fn what_is_no_choice_tells_nothing() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("mesh.chosen");
        fs::write(&path, "{").unwrap();
        let held = File::open(&path).unwrap();
        held.lock().unwrap();
        std::os::unix::fs::symlink(&path, temp.path().join("mesh-link.chosen")).unwrap();
        assert_eq!(others(&temp.path().join("mesh-own.chosen")), []);
        assert_eq!(others(Path::new("/nowhere/mesh.chosen")), []);
        assert!(Reservation::hold(temp.path().join("no/such/directory"), &Mesh::example(1).choice()).is_err());
    }
}
