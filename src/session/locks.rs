//! The locks of a run. I/O: lock files.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::place::{Place, home, is_root, name_of_dir};
use crate::{
    console::Console,
    error::{Error, Exit},
    mesh::{Mesh, choice::Choice, name::MeshName},
    world::{
        disk::Tree,
        lock::{self, Holder, Lock, LockError, Of},
        reservation::{self, Reservation},
    },
};

/// Much longer than a choice takes: two looks at Docker.
const CHOSEN_WITHIN: Duration = Duration::from_mins(2);
/// A wait of less is not worth a word.
const NOTICED: Duration = Duration::from_secs(2);
/// Time between two attempts.
const INTERVAL: Duration = Duration::from_millis(50);

/// The locks of the meshes that a run may change: one, unless a directory, its name and Docker's labels disagree about
/// which mesh it is.
///
/// Root and the user whose mesh it is have locks of their own by its name, and one directory: so that is locked, too.
#[derive(Debug, Default)]
pub struct Locks {
    /// The first to be freed, since it is the last that another run takes.
    dir: Option<Tree>,
    meshes: Vec<(Option<MeshName>, Lock)>,
    reservation: Option<Reservation>,
}

impl Locks {
    pub fn none() -> Self {
        Self::default()
    }

    /// The lock of the mesh that was named, and of the one whose directory this is: a record that would tell the name
    /// may be lost. With them the lock of the directory itself, where it is there by now.
    ///
    /// # Errors
    /// Another run holds one of them.
    pub fn of(place: &Place) -> Result<Self, Error> {
        let mut locks = Self::none();
        locks.add(place.name.clone())?;
        if let Some(name) = name_of_dir(&place.dir) {
            locks.add(Some(name))?;
        }
        locks.dir = directory(&place.dir)?;
        Ok(locks)
    }

    /// Takes the lock of one more mesh; `false` if it is held already.
    pub fn add(&mut self, name: Option<MeshName>) -> Result<bool, Error> {
        if self.meshes.iter().any(|(held, _)| *held == name) {
            return Ok(false);
        }
        let lock = Lock::take(&path(Of::Mesh(name.as_ref()))?, &Holder::this_run())?;
        self.meshes.push((name, lock));
        Ok(true)
    }

    /// Whether this run changes nothing.
    pub fn is_empty(&self) -> bool {
        self.meshes.is_empty()
    }

    /// Lets other runs know what was chosen for `mesh`, until this one ends. Done under the lock of the machine.
    pub fn reserve(&mut self, mesh: &Mesh) -> Result<(), Error> {
        let path = path(Of::Choice(mesh.name.as_ref()))?;
        self.reservation = Some(Reservation::hold(path, &mesh.choice())?);
        Ok(())
    }
}

/// What other runs have chosen for meshes other than the one of this name.
pub fn reserved(name: Option<&MeshName>) -> Vec<Choice> {
    path(Of::Choice(name)).map(|own| reservation::others(&own)).unwrap_or_default()
}

/// The lock of this machine, held while a network and ports are chosen. It is waited for.
pub async fn machine(console: &Console) -> Result<Lock, Error> {
    let (path, holder, begun) = (path(Of::Machine)?, Holder::this_run(), Instant::now());
    let mut noted = false;
    loop {
        match Lock::take(&path, &holder) {
            Err(held @ LockError::Held { .. }) if begun.elapsed() < CHOSEN_WITHIN => {
                if !noted && begun.elapsed() > NOTICED {
                    console
                        .note(&format!("waiting, since a network and ports are chosen by one run at a time: {held}"));
                    noted = true;
                }
                #[expect(clippy::disallowed_methods, reason = "between two attempts, with a deadline")]
                tokio::time::sleep(INTERVAL).await;
            }
            taken => return Ok(taken?),
        }
    }
}

/// The lock of a mesh's directory; `None` where there is none, or it cannot be opened, which is reported when it is
/// used.
fn directory(dir: &Path) -> Result<Option<Tree>, Error> {
    let Ok(Some(tree)) = Tree::open(dir) else { return Ok(None) };
    if tree.try_lock()? {
        return Ok(Some(tree));
    }
    Err(LockError::Held { path: dir.to_owned(), holder: None }.into())
}

fn path(of: Of<'_>) -> Result<PathBuf, Error> {
    lock::path(of, is_root(), home().as_deref())
        .ok_or_else(|| Error::new(Exit::Request, "there is no home directory to keep the lock in").hint("set `HOME`"))
}

/// The lock of the mesh of this name, for whoever only wants to know who holds it.
pub fn lock_of(name: Option<&MeshName>) -> Option<PathBuf> {
    path(Of::Mesh(name)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_is_there_is_locked_by_one_run() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().to_owned();
        let held = directory(&dir).unwrap();
        assert!(held.is_some());
        let refused = directory(&dir).unwrap_err();
        assert_eq!(refused.exit, Exit::Locked);
        assert_eq!(refused.message, format!("another run holds `{}`", dir.display()));
        drop(held);
        let held = directory(&dir).unwrap();
        assert!(held.is_some());
        // as `mesh create --reset` does while it holds the lock
        temp.close().unwrap();
        assert!(directory(&dir).unwrap().is_none());
    }
}
