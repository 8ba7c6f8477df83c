//! Files for other programs: in a directory that is theirs, or one among others. I/O: disk.

use std::path::Path;

use crate::{
    ask::export::Exported,
    error::{Error, Exit},
    world::disk::{self, Tree, resolve},
};

/// Writes a file among those of others, for everyone to read.
pub fn publish(path: &Path, text: &str) -> Result<(), Error> {
    disk::publish(path, text.as_bytes())
        .map_err(|error| Error::from(error).hint("name a file in a directory that you may write in with `--into`"))
}

/// A directory that files are exported into.
pub struct Export {
    tree: Tree,
}

impl Export {
    /// Opens a directory, or makes it.
    ///
    /// # Errors
    /// It cannot be made, or holds something that no export writes: that would be mixed with it, or overwritten.
    pub fn open(dir: &Path, is_own: impl Fn(&str) -> bool) -> Result<Self, Error> {
        let hint = "name a directory of its own with `--into`";
        let tree = Tree::create_public(&resolve(dir)?).map_err(|error| Error::from(error).hint(hint))?;
        let entries = tree.entries("")?;
        match entries.iter().find(|name| !is_own(name)) {
            None => Ok(Self { tree }),
            Some(other) => Err(Error::new(
                Exit::Request,
                format!("{} holds {other}, which no export wrote", tree.root().display()),
            )
            .hint(hint)),
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
