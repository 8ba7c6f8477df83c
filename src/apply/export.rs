//! Files for other programs: in a directory that is theirs, or one among others. I/O: disk.

use std::path::Path;

use crate::{
    ask::export::Exported,
    error::{Error, Exit},
    world::disk::{self, Tree, resolve, unfinished},
};

/// Writes a file among those of others, for everyone to read.
pub fn publish(path: &Path, text: &str) -> Result<(), Error> {
    disk::publish(path, text.as_bytes())
        .map_err(|error| Error::from(error).hint("name a file in a directory that you may write in with `--into`"))
}

/// The files of a directory that have such a name, with their texts; none where it cannot be read.
pub fn texts(dir: &Path, is_one: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let Ok(Some(tree)) = Tree::open(dir) else { return Vec::new() };
    let names = names_in(&tree).into_iter().filter(|name| is_one(name));
    let text = |name: String| {
        let text = tree.read(&name).ok()??;
        Some((name, String::from_utf8(text).ok()?))
    };
    names.filter_map(text).collect()
}

/// The names in a directory, links among them; none where it cannot be read.
pub fn names(dir: &Path) -> Vec<String> {
    Tree::open(dir).ok().flatten().map(|tree| names_in(&tree)).unwrap_or_default()
}

fn names_in(tree: &Tree) -> Vec<String> {
    tree.entries("").unwrap_or_default()
}

/// A directory that files are exported into.
pub struct Export {
    tree: Tree,
}

/// For a directory that no export can be written into.
const HINT: &str = "name a directory of its own with `--into`";

impl Export {
    /// Opens a directory to write into, or makes it. What an interrupted export left is removed.
    ///
    /// # Errors
    /// It cannot be made, another run is writing into it, or it holds something that no export writes: that would be
    /// mixed with it, or overwritten.
    pub fn open(dir: &Path, is_own: impl Fn(&str) -> bool) -> Result<Self, Error> {
        let tree = Tree::create_public(&resolve(dir)?).map_err(|error| Error::from(error).hint(HINT))?;
        if !tree.try_lock()? {
            return Err(Error::new(Exit::Locked, format!("another run is writing into {}", tree.root().display()))
                .hint("wait until it has ended, or name another directory with `--into`"));
        }
        let export = Self::of(tree, is_own)?;
        // no run has the lock, so none is writing them
        for name in export.tree.entries("")?.iter().filter(|name| unfinished(name).is_some()) {
            export.tree.remove_tree(name)?;
        }
        Ok(export)
    }

    /// Opens a directory to compare what is in it; `None` if it is missing.
    ///
    /// # Errors
    /// It cannot be read, or holds something that no export writes.
    pub fn look(dir: &Path, is_own: impl Fn(&str) -> bool) -> Result<Option<Self>, Error> {
        let tree = Tree::open(&resolve(dir)?).map_err(|error| Error::from(error).hint(HINT))?;
        tree.map(|tree| Self::of(tree, is_own)).transpose()
    }

    fn of(tree: Tree, is_own: impl Fn(&str) -> bool) -> Result<Self, Error> {
        let entries = tree.entries("")?;
        match entries.iter().find(|name| !is_own(unfinished(name).unwrap_or(name))) {
            None => Ok(Self { tree }),
            Some(other) => Err(Error::new(
                Exit::Request,
                format!("{} holds {other}, which no export wrote", tree.root().display()),
            )
            .hint(HINT)),
        }
    }

    /// Whether a file is there as it would be written.
    pub fn holds(&self, file: &Exported) -> Result<bool, Error> {
        Ok(self.tree.read(&file.name)?.as_ref() == Some(&file.text))
    }

    /// The first line of a file; `None` where there is no such file, or its first line is no text.
    pub fn first_line(&self, name: &str) -> Result<Option<String>, Error> {
        let text = self.tree.read(name)?;
        let line = text.as_deref().and_then(|text| text.split(|byte| *byte == b'\n').next());
        Ok(line.and_then(|line| String::from_utf8(line.to_vec()).ok()))
    }

    /// The files of an earlier export that this one does not have.
    pub fn left(&self, is_kept: impl Fn(&str) -> bool) -> Result<Vec<String>, Error> {
        Ok(self.tree.entries("")?.into_iter().filter(|name| !is_kept(name)).collect())
    }

    /// Removes the files of an earlier export that this one does not have.
    pub fn keep_only(&self, is_kept: impl Fn(&str) -> bool) -> Result<(), Error> {
        self.left(is_kept)?.iter().try_for_each(|name| Ok(self.tree.remove_tree(name)?))
    }

    pub fn dir(&self) -> &Path {
        self.tree.root()
    }

    /// Writes a file whole, over that of an earlier export.
    pub fn write(&self, file: &Exported) -> Result<(), Error> {
        let mode = if file.is_private { 0o600 } else { 0o644 };
        Ok(self.tree.write(&file.name, &file.text, mode, None)?)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "what is on the disk afterwards is compared")]

    use std::fs;

    use super::*;

    fn is_own(name: &str) -> bool {
        name == "track.json"
    }

    #[test]
    fn what_an_interrupted_export_left_is_in_the_way_of_none() {
        let temp = tempfile::tempdir().unwrap();
        let left = temp.path().join(".track.json.mesh-tmp-0123456789abcdef");
        fs::write(&left, "half of").unwrap();
        assert!(Export::look(temp.path(), is_own).unwrap().is_some() && left.exists(), "a look changes nothing");
        drop(Export::open(temp.path(), is_own).unwrap());
        assert!(!left.exists());
        let other = temp.path().join(".notes.mesh-tmp-0123456789abcdef");
        fs::write(&other, "").unwrap();
        assert!(Export::open(temp.path(), is_own).is_err() && other.exists());
    }

    #[test]
    fn one_run_at_a_time_writes_into_a_directory() {
        let temp = tempfile::tempdir().unwrap();
        let first = Export::open(temp.path(), is_own).unwrap();
        let refused = Export::open(temp.path(), is_own).err().unwrap();
        assert_eq!(refused.exit, Exit::Locked);
        assert!(refused.message.starts_with("another run is writing into "), "{refused}");
        drop(first);
        assert!(Export::open(temp.path(), is_own).is_ok());
    }

    #[test]
    fn texts_are_those_of_the_files_that_are_named_so() {
        let temp = tempfile::tempdir().unwrap();
        for name in ["track.json", "notes"] {
            fs::write(temp.path().join(name), name).unwrap();
        }
        let named = |dir: &Path| texts(dir, is_own);
        assert_eq!(named(temp.path()), [("track.json".to_owned(), "track.json".to_owned())]);
        assert_eq!(names(temp.path()), ["notes", "track.json"]);
        let missing = temp.path().join("missing");
        assert!(named(&missing).is_empty() && names(&missing).is_empty());
    }

    #[test]
    fn a_look_makes_no_directory() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("proxy");
        assert!(Export::look(&dir, is_own).unwrap().is_none() && !dir.exists());
    }
}
